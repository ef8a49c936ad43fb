"""Fully connected networks."""

import keras
import numpy as np

from keras_isgd.geometry import Box
from keras_isgd.networks.initializers import CentredBias, WideKernel
from keras_isgd.networks.layers import TrainableSine, sine
from keras_isgd.utils.checks import check_count, check_positive, check_seed

__all__ = ["input_scale_for", "mlp"]


def input_scale_for(frequency, domain=None, depth=2):
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
        domain: the problem's `Box`; an edge of length 1 if None.
        depth: number of hidden layers.

    Raises:
        ValueError: `frequency` is not positive and finite, or `depth` no whole
            number >= 1.
    """
    shortest = 1.0 if domain is None else min(domain.lengths)
    part = 2.0 if check_count("depth", depth) == 1 else 3.0
    return max(check_positive("frequency", frequency) / part, 4.0 / shortest)


def mlp(
    inputs=1,
    outputs=1,
    width=40,
    depth=3,
    activation="tanh",
    input_scale=None,
    output_scale=None,
    features=None,
    domain=None,
    steep=None,
    dtype="float64",
    seed=None,
):
    """Builds a fully connected network, a functional `keras.Model`.

    The start matters as much as the optimizer. With `input_scale` K, the first
    kernel is drawn from N(0, K^2) and the first biases spread the units' centres
    over the domain, so that the first layer already resolves features of length
    about 1/K everywhere; `input_scale_for` has a rule of thumb for K. The last
    kernel is then made small, so that the network starts near zero: second
    derivatives of the order of K^2 would otherwise dwarf the equation's data, and
    Gauss-Newton with a small start ends at far smaller errors.

    Args:
        inputs: number of coordinates, d.
        outputs: number of outputs.
        width: units in each hidden layer.
        depth: number of hidden layers.
        activation: a Keras activation by name or function, "sine", or
            "trainable_sine" (`TrainableSine`). It must be twice differentiable for
            a second-order equation ("relu" is not).
        input_scale: K, in units of one over length; None for Keras's own start
            (Glorot kernels and zero biases) in the first layer too.
        output_scale: factor on the last layer's Glorot kernel; if None, 0.01 with
            `input_scale` and 1 without.
        features: a layer between the coordinates and the first hidden layer, such
            as `FourierFeatures`; not together with `input_scale`.
        domain: the `Box` for the centres; the unit box if None.
        steep: a `Box` where the solution is steep, such as a boundary layer: half
            of the first layer's units have their centres there, and a scale of at
            least 12 over its edges. Needs `input_scale`.
        dtype: "float64" or "float32".
        seed: whole number for the weights; None draws one from NumPy's generator,
            which `keras.utils.set_random_seed` sets.

    Returns:
        A `keras.Model` from `(n, inputs)` to `(n, outputs)`.

    Raises:
        ValueError: an argument out of range.
    """
    for name, value in (
        ("inputs", inputs),
        ("outputs", outputs),
        ("width", width),
        ("depth", depth),
    ):
        check_count(name, value)
    if dtype not in ("float32", "float64"):
        raise ValueError(
            f'Expected `dtype` to be "float64" or "float32", got {dtype!r}: second '
            "derivatives need the digits."
        )
    domain = Box([0.0] * inputs, [1.0] * inputs) if domain is None else domain
    if domain.dimension != inputs:
        raise ValueError(
            f"Expected a domain of {inputs} dimensions, got {domain.dimension}."
        )
    seed = np.random.randint(2**31) if seed is None else check_seed(seed)
    # Independent for each layer: neighbouring seeds must not share kernels.
    seeds = [
        int(s) % 2**31 for s in np.random.SeedSequence(seed).generate_state(depth + 1)
    ]
    if output_scale is None:
        output_scale = 1.0 if input_scale is None else 0.01
    output_scale = check_positive("output_scale", output_scale)
    if features is not None and input_scale is not None:
        raise ValueError(
            "`input_scale` is for a first layer on the coordinates; with `features` "
            "their frequencies set the scale. Leave one of the two out."
        )
    if steep is not None and (input_scale is None or steep.dimension != inputs):
        raise ValueError(
            f"Expected `steep` beside `input_scale`, a box of {inputs} dimensions."
        )
    trainable_sine = activation == "trainable_sine"
    if trainable_sine:
        activation = "linear"
    activation = sine if activation == "sine" else keras.activations.get(activation)
    if activation is keras.activations.relu:
        raise ValueError(
            "relu has no second derivative, so no PDE residual; choose tanh, sine, "
            "gelu, softplus or swish."
        )

    x = keras.Input((inputs,), dtype=dtype, name="x")
    hidden = x if features is None else features(x)
    for layer in range(depth):
        first = layer == 0 and input_scale is not None
        initializers = (
            _first_layer(input_scale, domain, steep, seeds[layer])
            if first
            else {
                "kernel_initializer": keras.initializers.GlorotNormal(seed=seeds[layer])
            }
        )
        hidden = keras.layers.Dense(
            width,
            activation=activation,
            dtype=dtype,
            name=f"hidden_{layer + 1}",
            **initializers,
        )(hidden)
        if trainable_sine:
            hidden = TrainableSine(dtype=dtype, name=f"sine_{layer + 1}")(hidden)
    u = keras.layers.Dense(
        outputs,
        dtype=dtype,
        name="u",
        # Glorot's normal distribution with its standard deviation times a factor.
        kernel_initializer=keras.initializers.VarianceScaling(
            output_scale**2, "fan_avg", "truncated_normal", seed=seeds[depth]
        ),
    )(hidden)
    return keras.Model(x, u, name="mlp")


def _first_layer(input_scale, domain, steep, seed):
    arguments = {
        "scale": check_positive("input_scale", input_scale),
        "lower": domain.lower,
        "upper": domain.upper,
        "seed": seed,
        "steep": None if steep is None else (steep.lower, steep.upper),
    }
    return {
        "kernel_initializer": WideKernel(**arguments),
        "bias_initializer": CentredBias(**arguments),
    }
