"""What a network must be to be differentiated and trained."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import keras
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.utils.devices import device_type

__all__ = [
    "Extent",
    "Size",
    "check_columns",
    "check_extent",
    "check_network",
    "mixed_policy",
    "size_of",
]

_STOCHASTIC = (
    keras.layers.BatchNormalization,
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.AlphaDropout,
)


def check_columns(input_shape: Sequence[int | None], largest: int) -> None:
    """Checks that points have a coordinate of the number `largest`.

    Raises:
        ValueError: they have fewer, or it is not known how many.
    """
    count = input_shape[-1]
    if count is None or count <= largest:
        raise ValueError(f"Expected at least {largest + 1} coordinates, got {count}.")


class ProblemShape(Protocol):
    """What of a `Problem` a network has to match."""

    @property
    def input_count(self) -> int:
        """The number of the network's inputs."""

    @property
    def network_outputs(self) -> int:
        """The number of its outputs."""


class Extent(Protocol):
    """What of a geometry says where it lies: its bounding box."""

    @property
    def dimension(self) -> int:
        """The number of coordinates, d."""

    @property
    def lower(self) -> Sequence[float]:
        """The lower corner, d numbers."""

    @property
    def upper(self) -> Sequence[float]:
        """The upper corner, d numbers."""

    @property
    def lengths(self) -> Sequence[float]:
        """The edge lengths, d numbers."""


class Size(NamedTuple):
    """The numbers of columns that a network takes and returns, and its dtype."""

    inputs: int
    outputs: int
    dtype: str


def check_extent(name: str, geometry: Any) -> None:
    """Checks that an argument is a geometry with a bounding box.

    Raises:
        ValueError: otherwise.
    """
    needed = ("dimension", "lower", "upper", "lengths")
    if not all(hasattr(geometry, attribute) for attribute in needed):
        raise ValueError(
            f"Expected `{name}` to be a geometry with a bounding box, such as ki.Box; "
            f"got {geometry!r}."
        )


def size_of(network: keras.Model) -> Size:
    """Returns the size of a network of one input and one output, each a matrix.

    Raises:
        ValueError: no built network from `(n, d)` to `(n, outputs)`, or one of another
            dtype than float64 and float32.
    """
    shapes: list[Any] = [
        getattr(network, f"{side}_shape", None) for side in ("input", "output")
    ]
    if not isinstance(network, keras.Model) or not all(
        isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int)
        for shape in shapes
    ):
        raise ValueError(
            "Expected a functional or built Sequential keras.Model from (n, d) to "
            f"(n, outputs), such as ki.networks.mlp(); got {network!r}."
        )
    weights = network.trainable_variables
    dtype = weights[0].dtype if weights else network.inputs[0].dtype
    if dtype not in ("float32", "float64"):
        raise ValueError(f"Expected a network in float64 or float32, got {dtype}.")
    return Size(shapes[0][1], shapes[1][1], dtype)


def mixed_policy(layer: keras.layers.Layer) -> str | None:
    """Returns the name of a layer's mixed-precision policy, or None."""
    policy = layer.dtype_policy
    return policy.name if policy.compute_dtype != policy.variable_dtype else None


def check_network(network: keras.Model, problem: ProblemShape) -> str:
    """Checks that a network suits a problem.

    Args:
        network: what the user handed to `PINN`.
        problem: the `Problem`.

    Returns:
        The dtype of its weights, "float32" or "float64".

    Raises:
        ValueError: with a sentence, if it does not suit.
    """
    if not isinstance(network, keras.Model) or not hasattr(network, "output_shape"):
        raise ValueError(
            "Expected `network` to be a functional or a built Sequential keras.Model, "
            f"such as ki.networks.mlp(); got {network!r}."
        )
    if not network.trainable_variables:
        raise ValueError("The network has no trainable weights; nothing to train.")
    # Nested models hold layers of their own.
    for layer in compat.flatten_layers(network, include_self=False):
        policy = mixed_policy(layer)
        if policy:
            raise ValueError(
                f"The layer {layer.name!r} has the mixed precision policy "
                f"{policy!r}, in which second derivatives are wrong by 1e-2. "
                'Build the network with dtype="float64" or "float32".'
            )
        if isinstance(layer, _STOCHASTIC):
            raise ValueError(
                f"The layer {layer.name!r} ({type(layer).__name__}) couples or "
                "perturbs points, so that derivatives at a point mean nothing. Leave "
                "it out."
            )
    dtypes = sorted({v.dtype for v in network.trainable_variables})
    if len(dtypes) > 1 or dtypes[0] not in ("float32", "float64"):
        raise ValueError(
            f"Expected a network of one dtype, float64 or float32, got {dtypes}."
        )
    expected = (None, problem.input_count), (None, problem.network_outputs)
    found = tuple(network.input_shape), tuple(network.output_shape)
    if found != expected:
        raise ValueError(
            f"{type(problem).__name__} needs a network from {expected[0]} to "
            f"{expected[1]}, got one from {found[0]} to {found[1]}."
        )
    _warn_of_tensor_float_32(network, dtypes[0])
    return dtypes[0]


def _warn_of_tensor_float_32(network: keras.Model, dtype: str) -> None:
    if (
        dtype == "float32"
        and device_type(network.trainable_variables[0]) == "GPU"
        and tf.config.experimental.tensor_float_32_execution_enabled()
    ):
        warnings.warn(
            "TensorFloat-32 is on: matrix products on this GPU keep 10 bits, too few "
            "for second derivatives. Switch it off by "
            "tf.config.experimental.enable_tensor_float_32_execution(False), or build "
            "the network in float64.",
            stacklevel=3,
        )
