"""Fully connected networks."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from keras_isgd.geometry import Box
from keras_isgd.networks.checks import Extent, check_extent
from keras_isgd.networks.initializers import CentredBias, WideKernel
from keras_isgd.networks.layers import TrainableSine, sine
from keras_isgd.utils.checks import (
    check_array,
    check_count,
    check_positive,
    check_seed,
)

__all__ = [
    "checked_scales",
    "first_layer",
    "input_scale_for",
    "last_layer",
    "layer_seeds",
    "mlp",
]

# Factor on the last kernel of a network whose first layer resolves fine features.
_SMALL_START = 0.01
_DTYPES = ("float32", "float64")


def input_scale_for(
    frequency: float, domain: Extent | None = None, depth: int = 2
) -> float:
    """Returns a first-layer scale K for the highest frequency expected.

    Rule of thumb: a third of the frequency, or half of it for a single hidden layer
    (of sines), which has no layer behind it to make higher ones; and at least 4
    over the domain's shortest edge. It comes from the problems of
    `benchmarks/accuracy.py`: with one layer K = 7 for sin(pi x) sin(4 pi y), 20
    for sin(10 pi x) sin(10 pi y), 40 for sin(16 pi x) sin(16 pi y); with two, 50
    for sin(50 pi x). A layer of width eps counts as frequency 1 / eps. A scale far
    above it fits noise, one far below it needs many more steps.

    Args:
        frequency: of the shortest wave, in radians per unit of length: the length
            of its wave vector, which is 10 sqrt(2) pi for sin(10 pi x)
            sin(10 pi y). A positive number.
        domain: the problem's geometry, whose bounding box has the edges; an edge of
            length 1 if None.
        depth: number of hidden layers.

    Raises:
        ValueError: `frequency` is not positive and finite, `depth` no whole number
            >= 1, or a `domain` without a bounding box.
    """
    if domain is not None:
        check_extent("domain", domain)
    shortest = 1.0 if domain is None else min(domain.lengths)
    part = 2.0 if check_count("depth", depth) == 1 else 3.0
    return max(check_positive("frequency", frequency) / part, 4.0 / shortest)


def mlp(
    inputs: int = 1,
    outputs: int = 1,
    width: int = 40,
    depth: int = 3,
    activation: str | Callable[[Any], Any] = "tanh",
    input_scale: float | Sequence[float] | None = None,
    output_scale: float | None = None,
    features: keras.layers.Layer | None = None,
    domain: Extent | None = None,
    steep: Extent | None = None,
    dtype: str = "float64",
    seed: int | None = None,
    output_offset: float | Sequence[float] = 0.0,
) -> keras.Model:
    """Builds a fully connected network, a functional `keras.Model`.

    The start matters as much as the optimizer. With `input_scale` K, the first
    kernel is drawn from N(0, K^2) and the first biases spread the units' centres
    over the domain, so that the first layer already resolves features of length
    about 1/K everywhere; `input_scale_for` has a rule of thumb for K. The last
    kernel is then made small, so that the network starts near `output_offset`,
    which is zero unless given: second derivatives of the order of K^2 would
    otherwise dwarf the equation's data, and Gauss-Newton with a small start ends at
    far smaller errors.

    An equation that is not defined at zero, such as one with u^1.5 or log(u), needs
    a start where it is: a positive one, say, by `output_offset=1.5`.

    Args:
        inputs: number of coordinates, d.
        outputs: number of outputs.
        width: units in each hidden layer.
        depth: number of hidden layers.
        activation: a Keras activation by name or function, "sine", or
            "trainable_sine" (`TrainableSine`). It must be twice differentiable for
            a second-order equation ("relu" is not).
        input_scale: K, in units of one over length, a number or one for each input;
            None for Keras's own start (Glorot kernels and zero biases) in the first
            layer too.
        output_scale: factor on the last layer's Glorot kernel; if None, 0.01 with
            `input_scale` and 1 without.
        features: a layer between the coordinates and the first hidden layer, such
            as `FourierFeatures`; not together with `input_scale`.
        domain: a geometry in all inputs whose bounding box is for the centres; the
            unit box if None. Where parameters of the equation are inputs too, it is a
            `Box` of coordinates and parameters.
        steep: a `Box` where the solution is steep, such as a boundary layer: half
            of the first layer's units have their centres there, and a scale of at
            least 12 over its edges. Needs `input_scale`.
        dtype: "float64" or "float32".
        seed: whole number for the weights; None draws one from NumPy's generator,
            which `keras.utils.set_random_seed` sets.
        output_offset: what the last biases start at, and so the outputs, nearly: a
            number, or one for each output.

    Returns:
        A `keras.Model` from `(n, inputs)` to `(n, outputs)`.

    Raises:
        ValueError: an argument out of range.
    """
    sizes = {"inputs": inputs, "outputs": outputs, "width": width, "depth": depth}
    for name, value in sizes.items():
        check_count(name, value)
    if dtype not in _DTYPES:
        raise ValueError(
            f'Expected `dtype` to be "float64" or "float32", got {dtype!r}: second '
            "derivatives need the digits."
        )
    seeds = layer_seeds(seed, depth + 1)
    if output_scale is None:
        output_scale = 1.0 if input_scale is None else _SMALL_START
    _check_first_layer(inputs, input_scale, features, domain, steep)
    if input_scale is None:
        first = {"kernel_initializer": keras.initializers.GlorotNormal(seeds[0])}
    else:
        first = first_layer(inputs, input_scale, domain, steep, seeds[0])
    last = last_layer(outputs, output_scale, output_offset, seeds[-1])
    function = _activation(activation)

    x = keras.Input((inputs,), dtype=dtype, name="x")
    hidden = x if features is None else features(x)
    for number, layer_seed in enumerate(seeds[:-1], start=1):
        glorot = {"kernel_initializer": keras.initializers.GlorotNormal(layer_seed)}
        hidden = keras.layers.Dense(
            width,
            activation=function,
            dtype=dtype,
            name=f"hidden_{number}",
            **(first if number == 1 else glorot),
        )(hidden)
        if activation == "trainable_sine":
            hidden = TrainableSine(dtype=dtype, name=f"sine_{number}")(hidden)
    u = keras.layers.Dense(outputs, dtype=dtype, name="u", **last)(hidden)
    return keras.Model(x, u, name="mlp")


def layer_seeds(seed: int | None, count: int) -> list[int]:
    """Independent seeds: layers of neighbouring seeds must not share kernels."""
    seed = np.random.randint(2**31) if seed is None else check_seed(seed)
    return [int(s) % 2**31 for s in np.random.SeedSequence(seed).generate_state(count)]


def _activation(activation: str | Callable[[Any], Any]) -> Callable[[Any], Any]:
    if activation == "trainable_sine":
        return keras.activations.linear  # the sine is a layer of its own
    function = sine if activation == "sine" else keras.activations.get(activation)
    if function is keras.activations.relu:
        raise ValueError(
            "relu has no second derivative, so no PDE residual; choose tanh, sine, "
            "gelu, softplus or swish."
        )
    return function


def _check_first_layer(
    inputs: int,
    input_scale: float | Sequence[float] | None,
    features: keras.layers.Layer | None,
    domain: Extent | None,
    steep: Extent | None,
) -> None:
    for name, geometry in (("domain", domain), ("steep", steep)):
        if geometry is not None:
            check_extent(name, geometry)
    if domain is not None and domain.dimension != inputs:
        raise ValueError(
            f"Expected a domain of {inputs} dimensions, got {domain.dimension}. Where "
            "an equation's parameters are inputs too, give a Box of all inputs."
        )
    if features is not None and input_scale is not None:
        raise ValueError(
            "`input_scale` is for a first layer on the coordinates; with `features` "
            "their frequencies set the scale. Leave one of the two out."
        )
    if steep is not None and (input_scale is None or steep.dimension != inputs):
        raise ValueError(
            f"Expected `steep` beside `input_scale`, a box of {inputs} dimensions."
        )
    if domain is not None and input_scale is None:
        warnings.warn(
            "`domain` says where the centres of the first layer's units lie, which "
            "only `input_scale` gives them, so that it has no effect here. Give "
            "`input_scale`, or leave `domain` out; a later version will refuse it.",
            DeprecationWarning,
            stacklevel=3,
        )


def first_layer(
    inputs: int,
    input_scale: float | Sequence[float],
    domain: Extent | None,
    steep: Extent | None,
    seed: int,
) -> dict[str, Any]:
    """The initializers of a first layer that resolves lengths of 1/input_scale."""
    domain = domain or Box([0.0] * inputs, [1.0] * inputs)
    arguments: dict[str, Any] = {
        "scale": checked_scales(inputs, input_scale),
        "lower": _numbers(domain.lower),
        "upper": _numbers(domain.upper),
        "seed": seed,
        "steep": None
        if steep is None
        else (_numbers(steep.lower), _numbers(steep.upper)),
    }
    return {
        "kernel_initializer": WideKernel(**arguments),
        "bias_initializer": CentredBias(**arguments),
    }


def checked_scales(inputs: int, scale: float | Sequence[float]) -> float | list[float]:
    """A positive number, or one for each input."""
    if np.ndim(scale) == 0:
        return check_positive("input_scale", scale)
    scales = check_array("`input_scale`", scale)
    if scales.shape != (inputs,) or not np.all(scales > 0.0):
        raise ValueError(
            "Expected `input_scale` as a positive number, or one for each of the "
            f"{inputs} inputs, got {scale!r}."
        )
    return _numbers(scales.tolist())


def _numbers(corner: Sequence[float]) -> list[float]:
    """A corner as a file can hold it, from a tuple, an array or a tensor."""
    return [float(number) for number in corner]


def last_layer(
    outputs: int, scale: float, offset: float | Sequence[float], seed: int
) -> dict[str, Any]:
    """The initializers of the last layer: where the network starts."""
    scale = check_positive("output_scale", scale)
    offsets = check_array("`output_offset`", offset)
    if offsets.shape not in ((), (outputs,)):
        raise ValueError(
            f"Expected `output_offset` as a number, or one for each of the {outputs} "
            f"outputs, got shape {offsets.shape}."
        )
    return {
        # Glorot's normal distribution with its standard deviation times a factor.
        "kernel_initializer": keras.initializers.VarianceScaling(
            scale**2, "fan_avg", "truncated_normal", seed=seed
        ),
        "bias_initializer": keras.initializers.Constant(offsets.tolist()),
    }
