"""Taylor rules of what stands between tensors, and of functions of all units."""

import keras
import mpmath
import numpy as np
import pytest
import tensorflow as tf
from structured_networks import (
    LAPLACIAN,
    POINTS,
    UP_TO_FOUR,
    all_requests,
    check_against_tapes,
    exact,
    few_requests,
    saved_and_loaded,
)
from taylor_cases import compiled, disagreement, evaluate

from keras_isgd.derivatives import register_rule, tape, taylor
from keras_isgd.derivatives.channels import plan
from keras_isgd.derivatives.composition import compose_jointly
from keras_isgd.derivatives.jet import coordinates
from keras_isgd.derivatives.rules import Unsupported

LAYERS, OPS = keras.layers, keras.ops


def network_of(function, outputs=1):
    """`function` of the points and of two units between 0.4 and 1.6, as a network."""
    x = keras.Input((2,), dtype="float64")
    layer = LAYERS.Dense(2, "tanh", dtype="float64")
    h = 1.0 + 0.6 * layer(x)
    last = LAYERS.Dense(outputs, dtype="float64")
    network = keras.Model(x, last(function(x, h)))
    rng = np.random.default_rng(0)
    for weight in network.trainable_variables:
        weight.assign(rng.normal(size=weight.shape))
    return network


OPERATIONS = {
    "slice": lambda x, h: x[:, 0:1] * h[:, 1:],
    "last column": lambda x, h: x[..., -1:] + h[:, :1],
    "step": lambda x, h: h[:, ::-1] * x,
    "all columns": lambda x, h: h[:, :] * x[..., :],
    "concatenate": lambda x, h: OPS.concatenate([x[:, 0:1], h], axis=1),
    "negative": lambda x, h: -h * x,
    "quotient": lambda x, h: x / h + h / 3.0 + 2.0 / h,
    "square": lambda x, h: h**2 + OPS.square(h) * x,
    "powers": lambda x, h: h**3 + h**-1.5 + x**2 * h**0.5,
    "exp": lambda x, h: OPS.exp(h) * x,
    "log": lambda x, h: OPS.log(h) * x,
    "sqrt": lambda x, h: OPS.sqrt(h) * x,
    "cos": lambda x, h: OPS.cos(h) * OPS.sin(x),
    "sigmoid": lambda x, h: OPS.sigmoid(h) * OPS.softplus(x) + OPS.tanh(h),
}


@pytest.mark.parametrize("kind", OPERATIONS)
def test_operations_agree_with_tapes(kind):
    network = network_of(OPERATIONS[kind])
    assert taylor.passage(network, UP_TO_FOUR) == (None, True)
    check_against_tapes(network, all_requests(1), tolerance=1e-11)
    check_against_tapes(network, few_requests(1), tolerance=1e-11)


def test_a_square_has_derivatives_where_it_is_zero():
    x = keras.Input((2,), dtype="float64")
    network = keras.Model(x, x[:, 0:1] ** 2 * x[:, 1:2])
    zeros = tf.zeros((1, 2), tf.float64)
    requests = [(0, name) for name in UP_TO_FOUR]
    found = taylor.derivatives(network, zeros, requests)
    for (_, name), value in found.items():
        assert float(value[0, 0]) == (2.0 if name == (0, 0, 1) else 0.0)


def test_slices_are_passed_after_loading(tmp_path):
    network = network_of(lambda x, h: x[:, 0:1] * h[..., 1:] / 3.0)
    loaded = saved_and_loaded(network, tmp_path)
    assert taylor.passage(loaded, [(0,)]) == (None, True)
    np.testing.assert_array_equal(loaded(POINTS), network(POINTS))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x, h: x[:, 0] * h[:, 0], "takes other than columns"),
        (lambda x, h: h[:, :, None][:, 0], "takes other than columns"),
        (lambda x, h: h[0:1, :], "takes other than columns"),
        (lambda x, h: h**h, "an exponent that is no number"),
        (lambda x, h: 2.0**h, "an exponent that is no number"),
        (lambda x, h: OPS.concatenate([h, h], axis=0), "concatenates along axis 0"),
        (lambda x, h: OPS.erf(h), "has no Taylor rule"),
    ],
)
def test_other_operations_are_refused(function, words):
    x = keras.Input((2,), dtype="float64")
    h = LAYERS.Dense(2, dtype="float64")(x)
    network = keras.Model(x, function(x, h))
    with pytest.raises(Unsupported, match=words):
        taylor.derivatives(network, tf.constant(POINTS), [(0, (0,))])


# -- functions of all units -----------------------------------------------------------


def turned(z):
    """Two functions of two units together."""
    a, b = z[:, 0:1], z[:, 1:2]
    return tf.concat([tf.sin(a * b) + a**3, tf.exp(a) * tf.cos(2.0 * b)], axis=1)


class Turned(LAYERS.Layer):
    def call(self, z):
        return turned(z)


@register_rule(Turned)
def _turned(layer, jet):
    return compose_jointly(turned, jet, 2)


def test_functions_of_coordinates_have_their_closed_form():
    names = plan(UP_TO_FOUR)
    jet = compose_jointly(turned, coordinates(tf.constant(POINTS), names), 2)
    assert set(jet.channels) == set(names)

    def first(x, y):
        return mpmath.sin(x * y) + x**3

    for name in names:
        expected = exact(first, name)
        size = np.max(np.abs(expected))
        found = jet.channels[name][:, :1]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * size)
    jet = compose_jointly(
        turned, coordinates(tf.constant(POINTS), plan([LAPLACIAN])), 2
    )
    expected = exact(first, (0, 0)) + exact(first, (1, 1))
    np.testing.assert_allclose(jet.channels[LAPLACIAN][:, :1], expected, rtol=1e-11)


def bent_and_turned():
    x = keras.Input((2,), dtype="float64")
    h = LAYERS.Dense(2, "tanh", dtype="float64")(x)
    return keras.Model(x, LAYERS.Dense(1, dtype="float64")(Turned(dtype="float64")(h)))


def test_functions_of_units_follow_the_chain_rule():
    network = bent_and_turned()
    check_against_tapes(network, [(0, (0, 0, 1, 1)), (0, (1, 1, 1))], tolerance=1e-11)
    check_against_tapes(network, few_requests(1))


@pytest.mark.xla
def test_xla_compiles_functions_of_units():
    network, x = bent_and_turned(), tf.constant(POINTS)
    expected = evaluate(tape, network, x, few_requests(1))
    found = compiled(taylor, network, x, few_requests(1), jit=True)
    assert disagreement(found, expected) < 1e-11
