"""Networks whose outputs pass a function of the coordinates: hard conditions."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import register_rule
from keras_isgd.derivatives.composition import compose_jointly
from keras_isgd.derivatives.jet import Jet
from keras_isgd.derivatives.rules import Unsupported
from keras_isgd.networks.checks import size_of
from keras_isgd.networks.saved_functions import NotSaveable, config_of, restored

__all__ = ["Transform", "transform"]

# function(x, N) -> u, all (n, ...)
Function = Callable[[tf.Tensor, tf.Tensor], Any]


def transform(network: keras.Model, function: Function) -> keras.Model:
    """Returns a network u(x) = f(x, N(x)), such as one that meets its conditions.

        ki.networks.transform(network, lambda x, N: x * (1 - x) * N + x)

    is x at both ends of (0, 1), whatever the weights are. A function that is affine in
    N, g(x) + D(x) N, is passed by Taylor mode, where its derivatives in x come from
    nested tapes; any other one is differentiated by nested tapes with its network.

    A function that was registered by `keras.saving.register_keras_serializable`, or a
    method of a registered object such as a `Problem`, is saved in `.keras` files with
    the network.

    Args:
        network: N, a built `keras.Model` from `(n, inputs)` to `(n, outputs)`.
        function: f(x, N) of TensorFlow or keras.ops functions, from all inputs
            `(n, inputs)` and N `(n, outputs)` to `(n, outputs)`, each row by itself.

    Returns:
        A functional `keras.Model` from `(n, inputs)` to `(n, outputs)` with the weights
        of `network`, in its dtype.

    Raises:
        ValueError: a function that does not depend on N, returns another shape or
            dtype, or cannot compute with tensors.

    Warns:
        UserWarning: a function that cannot be saved.
    """
    return transformed(network, function, "transform", stacklevel=3)


def transformed(
    network: keras.Model, function: Function, name: str, stacklevel: int
) -> keras.Model:
    """`transform` with a name for the model; warnings point to a caller."""
    if not callable(function):
        raise ValueError(
            f"Expected `function` to be a function of x and N, got {function!r}."
        )
    size = size_of(network)
    layer = Transform(function, dtype=size.dtype, name=f"{name}_{network.name}")
    x = keras.Input(
        (size.inputs,), dtype=size.dtype, name="x" if network.name != "x" else None
    )
    model = keras.Model(x, layer([x, network(x)]), name=name)
    try:
        config_of(function)
    except NotSaveable as reason:
        warnings.warn(str(reason), UserWarning, stacklevel=stacklevel)
    return model


@keras.saving.register_keras_serializable(package="keras_isgd")
class Transform(keras.layers.Layer):
    """The layer of `transform`: f(x, N) of two tensors.

    Args:
        function: f.
        **kwargs: of `keras.layers.Layer`.

    Attributes:
        affine: whether f is affine in N, once the layer is built.

    Raises:
        ValueError: as for `transform`.
    """

    def __init__(self, function: Function, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function

    def build(self, input_shape: Sequence[Sequence[int | None]]) -> None:
        inputs, self.units = (int(shape[-1] or 0) for shape in input_shape)
        dtype = self.compute_dtype
        self.affine = _is_affine(self.function, inputs, self.units, dtype)

    def call(self, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
        x, network = tensors
        return tf.convert_to_tensor(self.function(x, network))

    def compute_output_shape(
        self, input_shape: Sequence[Sequence[int | None]]
    ) -> tuple[int | None, ...]:
        return tuple(input_shape[1])

    def parts(self, x: tf.Tensor) -> tf.Tensor:
        """Returns g and D of g(x) + D(x) N side by side, `(n, k + k k)`.

        For k outputs; D_ij, which multiplies N_j in output i, is in column k + i k + j.
        """
        network = tf.zeros([tf.shape(x)[0], self.units], x.dtype)
        value, slopes = _slopes(self.function, x, network)
        return tf.concat(
            [value, *(tf.zeros_like(network) if s is None else s for s in slopes)],
            axis=1,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "function": config_of(self.function)}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: dict | None = None
    ) -> "Transform":
        config = dict(config)
        return cls(restored(config.pop("function"), custom_objects), **config)


@register_rule(Transform)
def _transform(layer: keras.layers.Layer, x: Jet, network: Jet) -> Jet:
    if not layer.affine:
        raise Unsupported(f"the function of {layer.name!r} is not affine in N")
    k = layer.units
    parts = compose_jointly(layer.parts, x, k + k * k)
    result = parts.take(range(k))
    for j in range(k):
        slope = parts.take(range(k + j, k + k * k, k))
        result = result + slope * network.take([j])
    return result


def _slopes(
    function: Function, x: tf.Tensor, network: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor | None]]:
    """f(x, N) and the derivatives of each output in N, `(n, k)`, None for zero."""
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(network)
        value = tf.convert_to_tensor(function(x, network))
        _check_value(value, x, network)
        columns = [value[:, i : i + 1] for i in range(value.shape[1])]
    slopes = [tape.gradient(column, network) for column in columns]
    return value, [None if s is None else tf.convert_to_tensor(s) for s in slopes]


def _check_value(value: tf.Tensor, x: tf.Tensor, network: tf.Tensor) -> None:
    if not value.shape.is_compatible_with(network.shape) or value.shape.rank != 2:
        raise ValueError(
            f"Expected the function to return {_shape(network)}, the shape of N, for x "
            f"of shape {_shape(x)}; got {_shape(value)}. Slices keep their column as "
            "x[:, 0:1], and a sum over columns by tf.reduce_sum(x, 1, keepdims=True)."
        )
    if value.dtype != network.dtype:
        raise ValueError(
            f"Expected the function of x and N to return {network.dtype.name}, as they "
            f"are, got {value.dtype.name}. Use tf.cast."
        )


def _shape(tensor: tf.Tensor) -> str:
    return str(tuple(tensor.shape))


def _is_affine(function: Function, inputs: int, units: int, dtype: str) -> bool:
    """Tells whether f(x, N) is affine in N, from the graph of its derivatives in N.

    Raises:
        ValueError: as for `transform`.
    """
    # No other number here, so that a shape (n, n) shows.
    n = inputs + units + 3
    found: list[tf.Tensor | None] = []

    def trace(x: tf.Tensor, network: tf.Tensor) -> tf.Tensor:
        value, slopes = _slopes(function, x, network)
        found.extend(slopes)
        return value

    specs = [tf.TensorSpec((n, columns), dtype) for columns in (inputs, units)]
    traced = tf.function(trace, autograph=False)
    try:
        graph = traced.get_concrete_function(*specs).graph
    except (TypeError, AttributeError, NotImplementedError) as error:
        raise ValueError(
            "The function of a hard condition has to be made of tf or keras.ops "
            f"functions of two tensors, x and N; it raised: {_first_line(error)}"
        ) from error
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        if "{{node" not in str(error):  # a sentence of ours, or the function's own
            raise
        raise ValueError(
            f"The function cannot compute with x of shape ({n}, {inputs}) and N of "
            f"shape ({n}, {units}): {_first_line(error)}"
        ) from error
    slopes = [slope for slope in found if slope is not None]
    if not slopes:
        raise ValueError(
            "The function does not depend on N, so that there is nothing to train: "
            "return, for example, g(x) + d(x) * N."
        )
    return not _depends(slopes, graph.inputs[1])


def _depends(tensors: Sequence[tf.Tensor], source: tf.Tensor) -> bool:
    """Tells whether tensors of a graph depend on the numbers of another one."""
    seen: set[str] = set()
    ahead = list(tensors)
    while ahead:
        tensor = ahead.pop()
        operation = tensor.op
        if operation.name == source.op.name:
            return True
        if operation.name not in seen:
            seen.add(operation.name)
            ahead.extend(operation.inputs)
    return False


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
