"""Activations with their first derivatives in closed form."""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

__all__ = [
    "ELEMENTWISE",
    "HIGHEST_ORDER",
    "Formulas",
    "cosine",
    "derivatives_of",
    "exponential",
    "linear",
    "power",
    "reciprocal",
    "register_activation",
    "sine",
    "softplus",
]

HIGHEST_ORDER = 4

# function(z, k) -> [f(z), f'(z), ..., f^(k)(z)]
Formulas = Callable[[tf.Tensor, int], list[Any]]


def linear(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    """z and its first derivatives."""
    ones = tf.ones((1, 1), z.dtype)
    return [z, ones, *[tf.zeros((1, 1), z.dtype)] * (order - 1)][: order + 1]


def _tanh(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    t = tf.tanh(z)
    first = 1.0 - t * t
    return _upto(
        order,
        lambda: t,
        lambda: first,
        lambda: -2.0 * t * first,
        lambda: (6.0 * t * t - 2.0) * first,
        lambda: (16.0 - 24.0 * t * t) * t * first,
    )


def sine(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    """sin(z) and its first derivatives."""
    s = tf.sin(z)
    c: Any = tf.cos(z) if order else None
    return _upto(order, lambda: s, lambda: c, lambda: -s, lambda: -c, lambda: s)


def _sigmoid(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    s = tf.sigmoid(z)
    first = s * (1.0 - s)
    return _upto(
        order,
        lambda: s,
        lambda: first,
        lambda: (1.0 - 2.0 * s) * first,
        lambda: (1.0 - 6.0 * first) * first,
        lambda: (1.0 - 2.0 * s) * (1.0 - 12.0 * first) * first,
    )


def softplus(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    """log(1 + exp(z)) and its first derivatives."""
    return [tf.math.softplus(z), *(_sigmoid(z, order - 1) if order else [])]


def _swish(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    s = _sigmoid(z, order)
    return [z * s[0], *(z * s[k] + k * s[k - 1] for k in range(1, order + 1))]


def _gelu(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    """z Phi(z) with the error function, Keras's default."""
    # TensorFlow casts 1 / sqrt(2) by way of float32, so that its gelu in float64
    # is one of slightly other width, and its derivatives are those of that one.
    k = tf.cast(0.7071067811865476, z.dtype)
    cumulative = 0.5 * tf.math.erfc(-z * k)
    density = k / math.sqrt(math.pi) * tf.exp(-((k * z) ** 2)) if order else None
    a = 2.0 * k * k  # nearly 1: density' = -a z density
    s = a * z * z
    return _upto(
        order,
        lambda: z * cumulative,
        lambda: cumulative + z * density,
        lambda: (2.0 - s) * density,
        lambda: (s - 4.0) * a * z * density,
        lambda: ((7.0 - s) * s - 4.0) * a * density,
    )


def _log_sigmoid(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    s = _sigmoid(-z, order - 1) if order else []
    return [tf.math.log_sigmoid(z), *(f if k % 2 == 0 else -f for k, f in enumerate(s))]


def _tanh_shrink(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    t = _tanh(z, order)
    return [z - t[0], *([t[0] * t[0]] if order else []), *(-f for f in t[2:])]


def exponential(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    """exp(z) and its first derivatives."""
    return [tf.exp(z)] * (order + 1)


def cosine(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    """cos(z) and its first derivatives."""
    s: Any = tf.sin(z) if order else None
    c = tf.cos(z)
    return _upto(order, lambda: c, lambda: -s, lambda: -c, lambda: s, lambda: c)


def _square(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    zero = tf.zeros((1, 1), z.dtype)
    return [z * z, 2.0 * z, zero + 2.0, zero, zero][: order + 1]


def reciprocal(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    """1 / z and its first derivatives."""
    found = [1.0 / z]
    for k in range(1, order + 1):
        found.append(-k * found[-1] * found[0])
    return found


def power(exponent: float) -> Formulas:
    """z^p and its first derivatives, for a fixed p."""

    def formulas(z: tf.Tensor, order: int) -> list[tf.Tensor]:
        found, factor = [], 1.0
        for k in range(order + 1):
            # Not z^-1 times zero, which is not a number at z = 0.
            rest = z ** (exponent - k) if factor else tf.zeros((1, 1), z.dtype)
            found.append(factor * rest)
            factor *= exponent - k
        return found

    return formulas


def _logarithm(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    return [tf.math.log(z), *(reciprocal(z, order - 1) if order else [])]


def _root(z: tf.Tensor, order: int) -> list[tf.Tensor]:
    found = [tf.sqrt(z)]
    for k in range(order):
        found.append((0.5 - k) * found[-1] / z)
    return found


def _upto(order: int, *formulas: Callable[[], tf.Tensor]) -> list[tf.Tensor]:
    return [formula() for formula in formulas[: order + 1]]


_KNOWN: dict[Callable, Formulas] = {
    keras.activations.linear: linear,
    keras.activations.tanh: _tanh,
    keras.activations.sigmoid: _sigmoid,
    keras.activations.softplus: softplus,
    keras.activations.silu: _swish,
    keras.activations.gelu: _gelu,
    keras.activations.exponential: exponential,
    keras.activations.log_sigmoid: _log_sigmoid,
    keras.activations.tanh_shrink: _tanh_shrink,
    keras.ops.sin: sine,
    keras.ops.tanh: _tanh,
    keras.ops.sigmoid: _sigmoid,
    keras.ops.softplus: softplus,
    keras.ops.cos: cosine,
    keras.ops.exp: exponential,
    keras.ops.log: _logarithm,
    keras.ops.sqrt: _root,
    keras.ops.square: _square,
    tf.sin: sine,
    tf.cos: cosine,
    tf.exp: exponential,
    tf.tanh: _tanh,
}

# What stands alone between tensors of a functional model.
ELEMENTWISE = tuple(f for f in _KNOWN if getattr(keras.ops, f.__name__, None) is f)


def register_activation(activation: Callable, formulas: Formulas) -> None:
    """Tells Taylor mode the derivatives of an activation.

    Args:
        activation: a function of one tensor, number by number, as a layer holds it.
        formulas: `function(z, k) -> [f(z), f'(z), ..., f^(k)(z)]` for any k up to 4.
    """
    _KNOWN[activation] = formulas


def derivatives_of(activation: Callable | None) -> Formulas | None:
    """Returns what was registered for an activation, or None; None means linear."""
    return linear if activation is None else _KNOWN.get(activation)
