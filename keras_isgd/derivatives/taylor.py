"""Derivatives of a network in one forward pass: Taylor mode, layer by layer."""

import tensorflow as tf

from keras_isgd.derivatives.activations import HIGHEST_ORDER
from keras_isgd.derivatives.channels import is_laplacian, plan
from keras_isgd.derivatives.jet import coordinates
from keras_isgd.derivatives.rules import Unsupported, through

__all__ = ["derivatives", "why_not"]


def derivatives(network, x, requests, uses=None, watch=None):
    """Returns the requested derivatives of a network at points.

    Value and derivatives pass each layer together, by the chain rule in closed form
    (Faa di Bruno). A Laplacian is carried as one channel. See Bettencourt, Johnson
    and Duvenaud (2019) for Taylor mode, Li et al. (2023, "forward Laplacian") for
    the collapsed sum.

    Args:
        network: maps `(n, d)` to `(n, outputs)`.
        x: points, `(n, d)`.
        requests: `(component, indices)` pairs as for `tape.derivatives`.
        uses: a list for each `Use` of weights on the way, or None.
        watch: called with the result of each use.

    Returns:
        A dictionary from those pairs to tensors `(n, 1)`.

    Raises:
        Unsupported: a layer without a rule, or an order above 4.
    """
    for _, indices in requests:
        if not is_laplacian(indices) and len(indices) > HIGHEST_ORDER:
            raise Unsupported(f"a derivative of order {len(indices)}")
    names = plan(indices for _, indices in requests)
    jet = through(network, coordinates(x, names, uses, watch))
    n = tf.shape(x)[0]

    def pick(component, indices):
        if is_laplacian(indices) and indices not in names:
            return sum(pick(component, (i, i)) for i in indices[1:])
        channel = jet.channels.get(indices)
        if channel is None:
            return tf.zeros([n, 1], x.dtype)
        return tf.broadcast_to(channel[:, component : component + 1], [n, 1])

    return {request: pick(*request) for request in requests}


def why_not(network, requests):
    """Returns why Taylor mode cannot serve `requests`, a phrase, or None if it can."""
    if not getattr(network, "inputs", None):
        return f"{network.name!r} is neither a functional nor a built Sequential model"
    start = network.inputs[0]
    example = tf.zeros((2, start.shape[-1]), start.dtype)
    try:
        with tf.init_scope():
            derivatives(network, example, requests)
    except Unsupported as reason:
        return str(reason)
    return None
