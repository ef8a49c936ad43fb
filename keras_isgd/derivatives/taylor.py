"""Derivatives of a network in one forward pass: Taylor mode, layer by layer."""

from collections.abc import Iterable
from typing import NamedTuple

import keras
import tensorflow as tf

from keras_isgd.derivatives.activations import HIGHEST_ORDER
from keras_isgd.derivatives.channels import Name, Request, is_laplacian, plan
from keras_isgd.derivatives.jet import Recorder, Use, coordinates
from keras_isgd.derivatives.rules import Unsupported, through

__all__ = ["Passage", "derivatives", "passage", "serves"]


def derivatives(
    network: keras.Model,
    x: tf.Tensor,
    requests: Iterable[Request],
    record: Recorder | None = None,
) -> dict[Request, tf.Tensor]:
    """Returns the requested derivatives of a network at points.

    Value and derivatives pass each layer together, by the chain rule in closed form
    (Faa di Bruno). A Laplacian is carried as one channel. See Bettencourt, Johnson
    and Duvenaud (2019) for Taylor mode, Li et al. (2023, "forward Laplacian") for
    the collapsed sum.

    Args:
        network: maps `(n, d)` to `(n, outputs)`.
        x: points, `(n, d)`.
        requests: `(component, indices)` pairs as for `tape.derivatives`.
        record: called with each `Use` of weights on the way, see `jet.Recorder`.

    Returns:
        A dictionary from those pairs to tensors `(n, 1)`.

    Raises:
        Unsupported: a layer without a rule, or an order above 4.
    """
    for _, indices in requests:
        if not serves(indices):
            raise Unsupported(f"a derivative of order {len(indices)}")
    names = plan(indices for _, indices in requests)
    jet = through(network, coordinates(x, names, record))
    n = tf.shape(x)[0]

    def pick(component: int, indices: Name) -> tf.Tensor:
        if is_laplacian(indices) and indices not in names:
            return sum(pick(component, (i, i)) for i in indices[1:])
        channel = jet.channels.get(indices)
        if channel is None:
            return tf.zeros([n, 1], x.dtype)
        return tf.broadcast_to(channel[:, component : component + 1], [n, 1])

    return {request: pick(*request) for request in requests}


def serves(indices: Name) -> bool:
    """Tells whether a derivative's order is one that Taylor mode has formulas for."""
    return is_laplacian(indices) or len(indices) <= HIGHEST_ORDER


class Passage(NamedTuple):
    """How Taylor mode passes a network.

    Attributes:
        obstacle: a phrase that says why it cannot, or None.
        complete: whether every trained weight enters by recorded uses alone.
    """

    obstacle: str | None
    complete: bool


def passage(network: keras.Model, names: Iterable[Name]) -> Passage:
    """Tries whether Taylor mode passes a network; nothing is computed.

    The network is traced with the weights of each recorded `Use` held fixed: a weight
    that then still moves a derivative enters by another way, such as a rule that
    multiplies by it unseen. (To hold the results of the uses fixed would hide a weight
    before a use.)

    Args:
        network: as for `derivatives`.
        names: the derivatives that are asked for.
    """
    if not getattr(network, "inputs", None):
        return Passage(
            f"{network.name!r} is neither a functional nor a built Sequential model",
            False,
        )
    weights = network.trainable_variables
    requests = [(0, name) for name in names]
    complete = []

    def trace(x: tf.Tensor) -> list[tf.Tensor]:
        values = [weight.value for weight in weights]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            found = list(
                derivatives(network, x, requests, _with_fixed_weights).values()
            )
        slopes = tape.gradient(found, values)
        complete.append(all(slope is None for slope in slopes))
        return found

    start = network.inputs[0]
    spec = tf.TensorSpec((2, start.shape[-1]), start.dtype)
    try:
        tf.function(trace, autograph=False).get_concrete_function(spec)
    except Unsupported as reason:
        return Passage(str(reason), False)
    return Passage(None, complete[-1])


def _with_fixed_weights(use: Use) -> list[tf.Tensor]:
    """The outputs of a use, which depend on its inputs alone."""
    kernel = tf.stop_gradient(tf.convert_to_tensor(use.kernel))
    outputs = [h * kernel if use.elementwise else h @ kernel for h in use.inputs]
    if use.bias is not None:
        outputs[0] += tf.stop_gradient(tf.convert_to_tensor(use.bias))
    return [
        tf.broadcast_to(z, tf.shape(whole))
        for z, whole in zip(outputs, use.outputs, strict=True)
    ]
