"""Keras networks that suit PINNs."""

import keras
import numpy as np

from keras_isgd import sampling
from keras_isgd.sampling import Box
from keras_isgd.solvers.solver import check_count, check_positive

__all__ = ["mlp", "sine"]


@keras.saving.register_keras_serializable(package="keras_isgd")
def sine(x):
    """The activation sin(x)."""
    return keras.ops.sin(x)


@keras.saving.register_keras_serializable(package="keras_isgd")
class CentredBias(keras.initializers.Initializer):
    """Biases that put each unit's centre at a random point of a box.

    A unit act(k . (x - c)) with its kernel column k from
    `RandomNormal(stddev=scale, seed=seed)` has the bias -k . c.

    Args:
        scale: standard deviation of the kernel.
        lower: lower corner of the box, d numbers.
        upper: upper corner of the box, d numbers.
        seed: whole number, the kernel's.
    """

    def __init__(self, scale, lower, upper, seed):
        self.scale = scale
        self.lower = list(lower)
        self.upper = list(upper)
        self.seed = seed

    def __call__(self, shape, dtype=None):
        (units,) = shape
        d = len(self.lower)
        kernel = _wide_kernel(self.scale, self.seed)((d, units), dtype)
        rng = np.random.default_rng(self.seed)
        centres = rng.uniform(self.lower, self.upper, size=(units, d)).T
        return -keras.ops.sum(kernel * keras.ops.cast(centres, kernel.dtype), axis=0)

    def get_config(self):
        return {
            "scale": self.scale,
            "lower": self.lower,
            "upper": self.upper,
            "seed": self.seed,
        }


def _wide_kernel(scale, seed):
    return keras.initializers.RandomNormal(stddev=scale, seed=seed)


def mlp(
    inputs=1,
    outputs=1,
    width=40,
    depth=3,
    activation="tanh",
    input_scale=None,
    domain=None,
    dtype="float64",
    seed=None,
):
    """Builds a fully connected network, a functional `keras.Model`.

    The start matters as much as the optimizer. With `input_scale` K, the first
    kernel is drawn from N(0, K^2) and the first biases spread the units' centres
    over the domain, so that the first layer already resolves features of length
    about 1/K everywhere. Rule of thumb: K = 4 for a solution with a few waves in
    the domain, 1/4 of the steepest relative slope for layers and for waves.

    Args:
        inputs: number of coordinates, d.
        outputs: number of outputs.
        width: units in each hidden layer.
        depth: number of hidden layers.
        activation: a Keras activation by name or function, or "sine". It must be
            twice differentiable for a second-order equation ("relu" is not).
        input_scale: K, in units of one over length; None for Keras's own start
            (Glorot kernels and zero biases) in the first layer too.
        domain: the `Box` for the centres; the unit box if None.
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
    seed = np.random.randint(2**31) if seed is None else sampling.check_seed(seed)
    # Independent for each layer: neighbouring seeds must not share kernels.
    seeds = [
        int(s) % 2**31 for s in np.random.SeedSequence(seed).generate_state(depth + 1)
    ]
    activation = sine if activation == "sine" else keras.activations.get(activation)
    if activation is keras.activations.relu:
        raise ValueError(
            "relu has no second derivative, so no PDE residual; choose tanh, sine, "
            "gelu, softplus or swish."
        )

    x = keras.Input((inputs,), dtype=dtype, name="x")
    hidden = x
    for layer in range(depth):
        first = layer == 0 and input_scale is not None
        initializers = (
            _first_layer(input_scale, domain, seeds[layer])
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
    u = keras.layers.Dense(
        outputs,
        dtype=dtype,
        name="u",
        kernel_initializer=keras.initializers.GlorotNormal(seed=seeds[depth]),
    )(hidden)
    return keras.Model(x, u, name="mlp")


def _first_layer(input_scale, domain, seed):
    scale = check_positive("input_scale", input_scale)
    return {
        "kernel_initializer": _wide_kernel(scale, seed),
        "bias_initializer": CentredBias(scale, domain.lower, domain.upper, seed),
    }
