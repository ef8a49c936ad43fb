import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_isgd import networks
from keras_isgd.derivatives import Field, derivatives, laplacian, requests_of

RNG = np.random.default_rng(3)
POINTS = RNG.uniform(-1.0, 1.0, (11, 2))
WORDS = [
    "".join(word)
    for order in (1, 2, 3, 4)
    for word in itertools.combinations_with_replacement("xy", order)
]


def field(network, x=POINTS, coordinates=("x", "y"), outputs=1):
    """A field that computes whatever it is asked for."""
    x = tf.constant(x)

    def lookup(component, indices):
        return derivatives(network, x, {(component, indices)})[component, indices]

    return Field(lookup, coordinates, outputs)


def traced(function, coordinates=("x", "y"), outputs=1, sizes=1, coefficients=()):
    return requests_of(function, sizes, coordinates, outputs, coefficients, "float64")


def one_unit(activation, kernel, bias):
    """act(kernel . x + bias) as a Keras network."""
    x = keras.Input((len(kernel),), dtype="float64")
    unit = keras.layers.Dense(1, activation=activation, dtype="float64")
    network = keras.Model(x, unit(x))
    unit.set_weights([np.reshape(kernel, (-1, 1)), np.array([bias])])
    return network


def tanh_derivative(order, z):
    t = np.tanh(z)
    slope = 1 - t**2
    return [
        t,
        slope,
        -2 * t * slope,
        (6 * t**2 - 2) * slope,
        (16 * t - 24 * t**3) * slope,
    ][order]


class TwoOutputs(keras.layers.Layer):
    """u = sin(2x) e^y, v = x^3 y^2 + x."""

    def call(self, x):
        x, y = x[:, 0:1], x[:, 1:2]
        u = keras.ops.sin(2.0 * x) * keras.ops.exp(y)
        return keras.ops.concatenate([u, x**3 * y**2 + x], axis=1)


@pytest.fixture(scope="module")
def two_outputs():
    x = keras.Input((2,), dtype="float64")
    return keras.Model(x, TwoOutputs(dtype="float64")(x))


@pytest.mark.parametrize("word", WORDS)
def test_tanh_unit_has_its_closed_form_derivatives(word):
    a, b, c = 1.3, -0.7, 0.2
    network = one_unit("tanh", (a, b), c)
    z = POINTS @ [a, b] + c
    expected = a ** word.count("x") * b ** word.count("y")
    expected = expected * tanh_derivative(len(word), z)
    found = field(network).d(word)
    assert found.dtype == tf.float64
    np.testing.assert_allclose(found, expected[:, None], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("word", ["x", "xx", "xy", "xxy", "xyyy"])
def test_sine_unit_has_its_closed_form_derivatives(word):
    a, b, c = 2.1, 0.9, -0.4
    network = one_unit(networks.sine, (a, b), c)
    z = POINTS @ [a, b] + c + len(word) * math.pi / 2
    expected = a ** word.count("x") * b ** word.count("y") * np.sin(z)
    np.testing.assert_allclose(
        field(network).d(word), expected[:, None], rtol=1e-11, atol=1e-12
    )


def test_outputs_have_derivatives_of_their_own(two_outputs):
    u = field(two_outputs, outputs=2)
    x, y = POINTS[:, 0:1], POINTS[:, 1:2]
    s, c, e = np.sin(2 * x), np.cos(2 * x), np.exp(y)
    closed = {
        "x": (2 * c * e, 3 * x**2 * y**2 + 1),
        "y": (s * e, 2 * x**3 * y),
        "xx": (-4 * s * e, 6 * x * y**2),
        "xy": (2 * c * e, 6 * x**2 * y),
        "xxy": (-4 * s * e, 12 * x * y),
        "xxyy": (-4 * s * e, 12 * x),
    }
    np.testing.assert_allclose(u.value, np.hstack([s * e, x**3 * y**2 + x]))
    for word, columns in closed.items():
        np.testing.assert_allclose(u.d(word), np.hstack(columns), rtol=1e-12)
        for component in (0, 1):
            found = u[component].d(word)
            assert found.shape == (len(POINTS), 1)
            np.testing.assert_allclose(found, columns[component], rtol=1e-12)
    np.testing.assert_allclose(u[1].value, x**3 * y**2 + x)


@pytest.mark.parametrize("component", [2, -1, 1.0, "x", slice(0, 1)])
def test_no_such_output(two_outputs, component):
    with pytest.raises(IndexError, match="from 0 to 1"):
        field(two_outputs, outputs=2)[component]


@pytest.mark.parametrize(
    ("word", "lower", "axis"),
    [("x", "", 0), ("y", "", 1), ("xx", "x", 0), ("xy", "y", 0), ("xyy", "yy", 0)],
)
def test_agrees_with_central_differences(word, lower, axis):
    network = networks.mlp(2, 2, width=9, depth=2, seed=5, input_scale=2.0)
    h = 1e-4 * np.eye(2)[axis]

    def below(x):
        u = field(network, x, outputs=2)
        return np.asarray(u.d(lower) if lower else u.value)

    # Fourth order in h, so that 1e-9 can be asked for.
    differences = (
        8 * (below(POINTS + h) - below(POINTS - h))
        - (below(POINTS + 2 * h) - below(POINTS - 2 * h))
    ) / (12 * 1e-4)
    found = field(network, outputs=2).d(word).numpy()
    assert np.max(np.abs(found)) > 1e-2
    np.testing.assert_allclose(found, differences, rtol=1e-8, atol=1e-9)


def test_order_of_differentiation_does_not_matter(two_outputs):
    u = field(two_outputs, outputs=2)
    np.testing.assert_array_equal(u.d("xyx"), u.d("xxy"))
    np.testing.assert_array_equal(u.d("y", "x", "x"), u.d("xxy"))


def test_laplacian_leaves_time_out():
    kernel, bias = (0.6, -1.1, 0.8), 0.1
    network = one_unit("tanh", kernel, bias)
    x = RNG.uniform(-1.0, 1.0, (7, 3))
    u = field(network, x, ("x", "t", "y"))
    second = tanh_derivative(2, x @ kernel + bias)[:, None]
    np.testing.assert_allclose(u.laplacian(), (0.6**2 + 0.8**2) * second, rtol=1e-11)
    np.testing.assert_allclose(u.laplacian("x"), 0.6**2 * second, rtol=1e-11)
    np.testing.assert_allclose(
        u.laplacian("x", "t"), (0.6**2 + 1.1**2) * second, rtol=1e-11
    )


def test_coordinates_with_long_names():
    kernel, bias = (0.6, -1.1), 0.1
    network = one_unit("tanh", kernel, bias)
    u = field(network, coordinates=("x1", "x2"))
    z = (POINTS @ kernel + bias)[:, None]
    np.testing.assert_allclose(u.d("x1"), 0.6 * tanh_derivative(1, z), rtol=1e-11)
    np.testing.assert_allclose(
        u.d("x1", "x1"), 0.36 * tanh_derivative(2, z), rtol=1e-11
    )
    np.testing.assert_allclose(
        u.d("x2", "x1"), -0.66 * tanh_derivative(2, z), rtol=1e-11
    )
    np.testing.assert_allclose(
        u.laplacian(), (0.36 + 1.21) * tanh_derivative(2, z), rtol=1e-11
    )


@pytest.mark.parametrize("names", [("z",), ("xz",), ("x", "z"), ("",), ()])
def test_unknown_derivative_lists_the_coordinates(two_outputs, names):
    with pytest.raises(ValueError, match="coordinates are x, y"):
        field(two_outputs, outputs=2).d(*names)


def test_linear_network_has_zero_second_derivatives():
    network = one_unit(None, (3.0, -2.0), 1.0)
    u = field(network)
    np.testing.assert_allclose(u.d("x"), np.full((len(POINTS), 1), 3.0))
    for word in ("xx", "xy", "yyy"):
        np.testing.assert_array_equal(u.d(word), np.zeros((len(POINTS), 1)))


def test_output_that_ignores_a_coordinate_has_zero_derivative():
    u = field(lambda x: tf.exp(x[:, 0:1]))
    np.testing.assert_array_equal(u.d("y"), np.zeros((len(POINTS), 1)))
    np.testing.assert_array_equal(u.d("xy"), np.zeros((len(POINTS), 1)))
    np.testing.assert_allclose(u.d("xx"), np.exp(POINTS[:, 0:1]))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_compiled_is_the_same(jit_compile):
    network = networks.mlp(
        2, 2, width=8, depth=2, seed=1, output_scale=1.0, input_scale=3.0
    )
    requests = {(c, i) for c in (0, 1) for i in [(), (0, 0), (0, 1), (0, 0, 1)]}

    @tf.function(jit_compile=jit_compile)
    def compiled(x):
        found = derivatives(network, x, requests)
        return [found[key] for key in sorted(requests)]

    x = tf.constant(POINTS)
    eager = derivatives(network, x, requests)
    for key, found in zip(sorted(requests), compiled(x), strict=True):
        assert np.max(np.abs(eager[key])) > 1e-2
        np.testing.assert_allclose(found, eager[key], rtol=1e-10, atol=1e-11)


def test_float32_network_gives_float32():
    network = networks.mlp(2, width=8, depth=2, dtype="float32", seed=1)
    double = networks.mlp(2, width=8, depth=2, dtype="float64", seed=1)
    double.set_weights(network.get_weights())
    single = field(network, POINTS.astype("float32")).d("xy")
    assert single.dtype == tf.float32
    np.testing.assert_allclose(single, field(double).d("xy"), rtol=1e-3, atol=1e-5)


def test_one_forward_pass_and_only_what_leads_to_the_requests():
    calls = []

    def network(x):
        calls.append(x)
        return tf.concat([tf.sin(x[:, 0:1] * x[:, 1:2]), x**2], axis=1)

    requests = {(0, (0, 1)), (2, ()), (0, (0, 0, 1))}
    found = derivatives(network, tf.constant(POINTS), requests)
    assert len(calls) == 1
    # (0, 0) is on the way to (0, 0, 1); outputs 1 and y-derivatives are on none.
    on_the_way = {(0, ()), (0, (0,)), (0, (0, 0))}
    assert set(found) == requests | on_the_way


def test_requests_are_exactly_what_was_asked():
    def residual(fields, x):
        u, v = fields
        return u[1].d("yx") + u.laplacian()[:, 0:1] + v[0].value * x[:, 0:1]

    (first, second), columns = traced(residual, outputs=2, sizes=2)
    assert columns == 1
    assert first == {(1, (0, 1)), (0, laplacian({0, 1})), (1, laplacian({0, 1}))}
    assert second == {(0, ())}


def test_requests_count_the_columns_and_hand_out_coefficients():
    def residual(fields, x):
        nu = fields[0].coefficient("nu")
        return tf.concat([nu * fields[0].d("x"), x], axis=1)

    requests, columns = traced(residual, coefficients=("nu",))
    assert (requests, columns) == (({(0, (0,))},), 3)
    with pytest.raises(ValueError, match="declares nu"):
        traced(lambda fields, x: fields[0].coefficient("mu"), coefficients=("nu",))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda fields, x: fields[0].value[:, 0], "n, k"),
        (lambda fields, x: tf.reduce_sum(fields[0].value), "n, k"),
        (lambda fields, x: fields[0].value[1:], "n, k"),
        (lambda fields, x: fields[0].value - x[:, 0], "fixed k"),
        (lambda fields, x: fields[0].d("z"), "coordinates are x, y"),
    ],
    ids=["(n,)", "scalar", "rows lost", "(n, n)", "unknown"],
)
def test_requests_refuse_wrong_residuals(function, words):
    with pytest.raises(ValueError, match=words):
        traced(function)
