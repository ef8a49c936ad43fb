"""Taylor mode against nested tapes, differences of values, and closed forms."""

import functools

import keras
import mpmath
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from taylor_cases import (
    ACTIVATIONS,
    BLOCKS,
    CASES,
    EXACT,
    Case,
    build,
    compiled,
    disagreement,
    evaluate,
    evaluate_by_uses,
    named,
    points,
    requests_for,
    up_to,
)

from keras_isgd.derivatives import (
    laplacian,
    register_activation,
    register_rule,
    tape,
    taylor,
)
from keras_isgd.derivatives.rules import Unsupported

LAYERS = keras.layers
random = functools.partial(settings, deadline=None, derandomize=True)


def check(network, x, requests, tolerance=1e-10):
    expected = evaluate(tape, network, x, requests)
    for way in (evaluate, evaluate_by_uses):
        assert disagreement(way(taylor, network, x, requests), expected) < tolerance


# -- nested tapes -------------------------------------------------------------------


@random(max_examples=20)
@given(st.data())
def test_random_networks_agree_with_tapes(data):
    case = data.draw(CASES)
    requests = data.draw(requests_for(case))
    x = points(case, data.draw(st.sampled_from([1, 9])))
    check(build(case), x, requests)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_block_and_activation_agrees_with_tapes(number):
    kind = sorted(BLOCKS)[number]
    activation = ACTIVATIONS[number % len(ACTIVATIONS)]
    features = "trained" if number % 2 else "frozen"
    blocks = [(kind, 4, activation), (kind, 3, "tanh")]
    case = Case(2, 2, features, blocks, number % 3 == 0, number)
    network, x = build(case), points(case, 9)
    check(network, x, {(1, (0, 0, 1, 1)), (0, (0, 0, 0, 1)), (0, laplacian((0, 1)))})
    # Without separate second derivatives, which a Laplacian would be summed of.
    check(network, x, {(0, laplacian((0, 1))), (1, (0, 1))})


@random(max_examples=6)
@given(st.data())
def test_graphs_agree_with_eager_tapes(data):
    case = data.draw(CASES)
    requests = data.draw(requests_for(case))
    network, x = build(case), points(case, 9)
    expected = evaluate(tape, network, x, requests)
    assert disagreement(compiled(taylor, network, x, requests), expected) < 1e-10


FLUX = [(0, ()), (0, (0,)), (0, (1,)), (0, laplacian((0, 1))), (1, ()), (1, (0,))]


def flux(values):
    """Mean squares of div((1 + u^2) grad u) + 1, and of q - (1 + u^2) u_x."""
    by_name = dict(zip(sorted(FLUX, key=str), values, strict=True))
    u, u_x, u_y, curvature, q, q_x = (by_name[name] for name in FLUX)
    divergence = (1.0 + u**2) * curvature + 2.0 * u * (u_x**2 + u_y**2)
    rows = tf.concat([divergence + 1.0, q - (1.0 + u**2) * u_x, q_x - 2.0 * u], axis=1)
    return tf.reduce_mean(rows**2)


@pytest.mark.parametrize("engine", [taylor, tape])
@pytest.mark.parametrize("kind", ["joined", "multiplied", "nested"])
def test_xla_compiles_the_gradient_of_a_flux_residual(kind, engine):
    case = Case(2, 2, "trained", [(kind, 5, "tanh"), ("plain", 4, "gelu")], False, 2)
    network, x = build(case), points(case, 9)
    expected = evaluate(tape, network, x, FLUX, flux)
    found = compiled(engine, network, x, FLUX, flux, jit=True)
    assert disagreement(found, expected) < 1e-10


@pytest.mark.parametrize("number", range(0, len(BLOCKS), 2))
def test_single_precision_keeps_its_digits(number):
    kind = sorted(BLOCKS)[number]
    blocks = [(kind, 5, ACTIVATIONS[number % len(ACTIVATIONS)]), ("plain", 5, "gelu")]
    case = Case(2, 1, "none", blocks, False, number)
    requests = {(0, indices) for indices in up_to(3, 2)} | {(0, laplacian((0, 1)))}
    expected = evaluate(taylor, build(case), points(case, 9), requests)
    single = points(case, 9, "float32")
    found = evaluate(taylor, build(case, "float32"), single, requests)
    assert all(value.dtype == tf.float32 for value in found[0])
    assert disagreement(found, expected) < 1e-4


# -- what uses no derivative rule at all --------------------------------------------


@random(max_examples=15)
@given(CASES)
def test_random_networks_agree_with_differences_of_values(case):
    network, x = build(case), points(case, 9)
    names = up_to(2, case.inputs)
    found = taylor.derivatives(network, x, [(0, name) for name in names])
    unit = np.eye(case.inputs)

    def first_output(y):
        return network(y).numpy()[:, :1]

    def difference(function, axis, h):
        return lambda y: (
            (function(y + h * unit[axis]) - function(y - h * unit[axis])) / (2 * h)
        )

    for name in names:
        function = first_output
        for axis in name:
            function = difference(function, axis, 1e-5 if len(name) == 1 else 3e-4)
        expected = function(x.numpy())
        size = max(np.max(np.abs(found[0, indices])) for indices in names)
        np.testing.assert_allclose(found[0, name], expected, rtol=0, atol=3e-6 * size)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_unit_has_its_closed_form_derivatives(activation):
    exact = EXACT[activation]
    a, b, c = 1.3, -0.7, 0.2
    x = keras.Input((2,), dtype="float64")
    unit = LAYERS.Dense(1, named(activation), dtype="float64")
    network = keras.Model(x, unit(x))
    unit.set_weights([np.array([[a], [b]]), np.array([c])])
    at = np.random.default_rng(3).uniform(-2.0, 2.0, (6, 2))
    z = at @ [a, b] + c
    with mpmath.workdps(40):
        slopes = [
            np.array([float(mpmath.diff(exact, mpmath.mpf(v), k)) for v in z])
            for k in range(5)
        ]
    names = up_to(4, 2)
    sum_of_seconds = (0, laplacian((0, 1)))
    found = {
        **taylor.derivatives(network, tf.constant(at), [(0, name) for name in names]),
        **taylor.derivatives(network, tf.constant(at), [sum_of_seconds]),
    }
    expected = {i: a ** i.count(0) * b ** i.count(1) * slopes[len(i)] for i in names}
    expected[sum_of_seconds[1]] = (a * a + b * b) * slopes[2]
    for name, value in expected.items():
        size = np.max(np.abs(value))
        np.testing.assert_allclose(
            found[0, name][:, 0], value, rtol=0, atol=1e-13 * size, err_msg=str(name)
        )


# -- layers and activations of one's own, and refusals ------------------------------


class Gain(keras.layers.Layer):
    """(x g + c) s with a scalar s."""

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.gain = self.add_weight(shape=shape, initializer="ones")
        self.offset = self.add_weight(shape=shape, initializer="ones")
        self.strength = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        return (x * self.gain + self.offset) * self.strength


@register_rule(Gain)
def _gain(layer, jet):
    return jet.scale(layer.gain).shift(layer.offset).scale(layer.strength)


def cube(z):
    return z**3


register_activation(
    cube, lambda z, k: [z**3, 3 * z**2, 6 * z, 6 + 0 * z, 0 * z][: k + 1]
)


def between(*layers, inputs=2):
    """tanh layer, `layers`, linear layer."""
    x = keras.Input((inputs,), dtype="float64")
    h = LAYERS.Dense(5, "tanh", dtype="float64")(x)
    for layer in layers:
        h = layer(h)
    return keras.Model(x, LAYERS.Dense(1, dtype="float64")(h))


def test_registered_layers_and_activations_are_passed():
    network = between(
        Gain(dtype="float64"), LAYERS.Dense(4, cube, dtype="float64"), keras.ops.tanh
    )
    for weight in network.weights:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    requests = {(0, ()), (0, (0, 1, 1)), (0, (0, 0, 0, 0)), (0, laplacian((0, 1)))}
    x = tf.constant(np.random.default_rng(1).uniform(size=(7, 2)))
    expected = evaluate(tape, network, x, requests)
    assert disagreement(evaluate(taylor, network, x, requests), expected) < 1e-10
    # One number for all units has no place among the recorded uses.
    network.layers[2].strength.trainable = False
    check(network, x, requests)
    network.layers[2].strength.trainable = True
    uses = []

    def record(use):
        uses.append(use)
        return use.outputs

    taylor.derivatives(network, x, requests, record)
    assert len(uses) == 5
    assert all(use.kernel is not network.layers[2].strength for use in uses)
    assert taylor.passage(network, [(0,)]) == (None, False)
    network.layers[2].strength.trainable = False
    assert taylor.passage(network, [(0,)]) == (None, True)


class Own(keras.Sequential):
    def call(self, x, training=None, mask=None):
        return 2.0 * super().call(x)


def dense(activation=None, dtype="float64", **arguments):
    return LAYERS.Dense(3, activation, dtype=dtype, name="d", **arguments)


def single(x):
    inner = keras.Input((5,), dtype="float32")
    return keras.Model(inner, dense()(inner))(x)


def adapted(x):
    layer = dense()
    outputs = layer(x)
    layer.enable_lora(2)
    return outputs


REFUSED = {
    "strange.*LayerNormalization.*no Taylor rule": LAYERS.LayerNormalization(
        dtype="float64", name="strange"
    ),
    "the activation 'relu' of 'd'": dense("relu"),
    "the activation .*approximate=True.* of 'd'": dense(
        functools.partial(keras.activations.gelu, approximate=True)
    ),
    "'d' computes in float32": dense(dtype="float32"),
    "'d' has an activity regulariser": dense(activity_regularizer="l2"),
    "Own.*neither a functional nor": Own([dense()]),
    "casts its input to float32": single,
    "'d' is called with inputs": lambda x: dense()(inputs=x),
    "'d' is quantised or has LoRA weights": adapted,
    "'c' concatenates along axis 0": lambda x: LAYERS.Concatenate(
        0, dtype="float64", name="c"
    )([x, x]),
    "a variable is used outside a layer": lambda x: x * keras.Variable(np.ones(5)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_taylor_mode_cannot_pass_is_refused_by_name(reason):
    network = between(REFUSED[reason])
    with pytest.raises(Unsupported, match=reason):
        taylor.derivatives(network, tf.zeros((3, 2), tf.float64), [(0, (0,))])


def test_reasons_are_phrases():
    def obstacle(network, *names):
        return taylor.passage(network, names).obstacle

    assert obstacle(between(), (0, 0, 1, 1)) is None
    assert obstacle(between(), (0,) * 5) == "a derivative of order 5"
    inside = LAYERS.LayerNormalization(dtype="float64", name="strange")
    assert "'strange'" in obstacle(between(keras.Sequential([inside])))

    class Subclassed(keras.Model):
        def call(self, x):
            return x

    model = Subclassed(name="own")
    model(tf.zeros((2, 2)))
    assert "'own' is neither" in obstacle(model, ())
    x = [keras.Input((1,), dtype="float64") for _ in range(2)]
    two = keras.Model(x, LAYERS.Add(dtype="float64")(x), name="two")
    assert obstacle(two, ()) == "'two' has several inputs or outputs"
