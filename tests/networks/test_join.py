"""Networks of several parts, each a function of its own."""

import math

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
    small,
    tanh_unit,
)
from taylor_cases import compiled, disagreement, evaluate

import keras_isgd as ki
from keras_isgd.derivatives import derivatives, tape, taylor
from keras_isgd.derivatives.channels import plan
from keras_isgd.derivatives.jet import coordinates
from keras_isgd.derivatives.rules import through
from keras_isgd.networks import Columns, Part, Positive, join


def parts():
    """u(x, t), v and w of (t, x), k(x) > 0 and b(u, k)."""
    return {
        "b": Part(small(2, 1, seed=4), of=("u", "k")),
        "u": small(2, 1, seed=1),
        ("v", "w"): Part(small(2, 2, seed=2), of=("t", "x")),
        "k": Part(small(1, 1, seed=3), of="x", positive=True, start=2.0),
    }


def test_columns_are_the_parts_in_order():
    made = parts()
    network = join(("x", "t"), made)
    b, u, v, w, k = np.split(network(POINTS).numpy(), 5, axis=1)
    np.testing.assert_array_equal(u, made["u"](POINTS))
    vw = made["v", "w"].network(POINTS[:, ::-1])
    np.testing.assert_allclose(np.hstack([v, w]), vw, rtol=1e-14)
    raw = made["k"].network(POINTS[:, :1]).numpy()
    shift = math.log(math.e - 1)
    np.testing.assert_allclose(k, 2.0 * np.log1p(np.exp(raw + shift)), rtol=1e-13)
    np.testing.assert_allclose(b, made["b"].network(np.hstack([u, k])), rtol=1e-13)
    assert network.input_shape == (None, 2)
    assert network.output_shape == (None, 5)


def test_weights_are_those_of_the_parts():
    made = parts()
    network = join(("x", "t"), made)
    theirs = [p.network if isinstance(p, Part) else p for p in made.values()]
    expected = {id(v) for part in theirs for v in part.trainable_variables}
    assert {id(v) for v in network.trainable_variables} == expected


def test_derivatives_agree_with_tapes():
    network = join(("x", "t"), parts())
    assert taylor.passage(network, UP_TO_FOUR) == (None, True)
    check_against_tapes(network, few_requests(5))
    check_against_tapes(network, few_requests(5), POINTS[:1])
    check_against_tapes(network, all_requests(5), tolerance=1e-11)


def test_derivatives_have_their_closed_form():
    inner, unit = tanh_unit(1.3, -0.7, 0.2)
    x = keras.Input((1,), dtype="float64")
    layer = keras.layers.Dense(1, "tanh", dtype="float64")
    of_one = keras.Model(x, layer(x))
    layer.set_weights([np.array([[0.9]]), np.array([-0.4])])
    network = join(("x", "y"), {"u": inner, "b": Part(of_one, of="u")})

    def b(x, y):
        return mpmath.tanh(mpmath.mpf(0.9) * unit(x, y) - mpmath.mpf(0.4))

    requests = [(1, name) for name in UP_TO_FOUR]
    found = taylor.derivatives(network, tf.constant(POINTS), requests)
    for name in UP_TO_FOUR:
        expected = exact(b, name)
        size = np.max(np.abs(expected))
        np.testing.assert_allclose(found[1, name], expected, rtol=0, atol=1e-12 * size)
    found = taylor.derivatives(network, tf.constant(POINTS), [(1, LAPLACIAN)])
    expected = exact(b, (0, 0)) + exact(b, (1, 1))
    np.testing.assert_allclose(found[1, LAPLACIAN], expected, rtol=0, atol=1e-12)


def test_a_function_of_one_coordinate_carries_no_other_derivatives():
    network = join(("x", "t"), {"k": Part(small(1), of="x")})
    names = plan([LAPLACIAN, (0, 1), (1, 1)])
    jet = through(network, coordinates(tf.constant(POINTS), names))
    assert set(jet.channels) == {(), (0,), LAPLACIAN}


@pytest.mark.xla
def test_xla_compiles_values_and_gradients():
    network = join(("x", "t"), parts())
    x, requests = tf.constant(POINTS), few_requests(5)
    expected = evaluate(tape, network, x, requests)
    found = compiled(taylor, network, x, requests, jit=True)
    assert disagreement(found, expected) < 1e-11


def test_networks_are_saved(tmp_path):
    network = join(("x", "t"), parts())
    network.set_weights([w + 0.1 for w in network.get_weights()])
    loaded = saved_and_loaded(network, tmp_path)
    np.testing.assert_array_equal(loaded(POINTS), network(POINTS))
    assert taylor.passage(loaded, UP_TO_FOUR) == (None, True)


def test_networks_are_exported(tmp_path):
    class System(ki.Problem):
        coordinates = ("x", "t")
        outputs = 5
        domain = ki.Box((0.0, 0.0), (1.0, 1.0))

        def residual(self, u, x):
            return u[1].d("xxt") + u[4].d("x")

    network = join(("x", "t"), parts())
    ki.export(ki.PINN(network, System()), tmp_path / "solver")
    loaded = tf.saved_model.load(tmp_path / "solver")
    np.testing.assert_allclose(loaded.serve(POINTS), network(POINTS), rtol=1e-13)
    d = loaded.derivatives(POINTS)
    expected = d["u_xxt"][:, 1:2] + d["u_x"][:, 4:5]
    np.testing.assert_allclose(loaded.residual(POINTS), expected, rtol=1e-11)


def test_an_unknown_function_of_the_solution_is_found():
    """-b(u) u'' + u = f with b(s) = (1 + s^2) / (1 + 2 s^2)."""
    points = np.linspace(0.0, 1.0, 33)[:, None]

    class Unknown(ki.Problem):
        outputs = 2

        def residual(self, u, x):
            solution = tf.sin(math.pi * x)
            b = (1.0 + solution**2) / (1.0 + 2.0 * solution**2)
            f = b * math.pi**2 * solution + solution
            return -u[1].value * u[0].d("xx") + u[0].value - f

        def conditions(self):
            return [ki.Data(points, np.sin(math.pi * points), component=0)]

    mlp = ki.networks.mlp
    network = join(
        ("x",),
        {
            "u": mlp(1, width=12, depth=1, input_scale=4.0, seed=0),
            "b": Part(
                mlp(1, width=8, depth=1, input_scale=4.0, seed=1),
                of="u",
                positive=True,
                start=1.0,
            ),
        },
    )
    model = ki.PINN(network, Unknown(), loss_weights={"data": 1e3})
    assert set(model.engines()) == {taylor}
    model.compile(optimizer=ki.ISGD())
    model.fit(Unknown().points(64, resample=False), epochs=40, verbose=0)
    u, b = np.split(network(points).numpy(), 2, axis=1)
    np.testing.assert_allclose(u, np.sin(math.pi * points), atol=1e-4)
    # At the ends u'' is zero, so that nothing is known of b there.
    expected = (1.0 + u**2) / (1.0 + 2.0 * u**2)
    np.testing.assert_allclose(b[u > 0.1], expected[u > 0.1], atol=5e-3)


# -- refusals -------------------------------------------------------------------------


def one(of=None, **arguments):
    inputs = 2 if of is None else 1
    return Part(small(inputs, 1), of=of, **arguments)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({}, "at least one part"),
        ({"u": one("z")}, "u is a function of z; expected .* out of x, t, u"),
        (
            {"u": Part(small(2), ("x", "x"))},
            "a function of x, x; expected different",
        ),
        ({"x": one()}, "different names for all inputs and outputs; x comes"),
        ({"u": one(), ("u", "v"): Part(small(2, 2))}, "; u comes twice"),
        ({"k": one("b"), "b": one("k")}, "a circle in k of b; b of k"),
        ({"u": one(), "k": one("k")}, "a circle in k of k"),
        ({"u": small(1)}, r"from \(n, 2\) to \(n, 1\), got one from \(n, 1\)"),
        ({"u": small(2, 2)}, r"1 outputs of x, t, .*to \(n, 2\)"),
        ({("u", "v"): small(2, 1)}, r"'u', 'v' is 2 outputs of x, t"),
        ({"u": "mlp"}, "In the part 'u': Expected a functional"),
        ({"u": one(start=1.0)}, "has a `start`, which is for positive=True"),
        ({"u": one(positive=True, start=0.0)}, "`start` to be a positive finite"),
        ({"u": one(positive=True, start=[1.0, 2.0])}, "one for each of 1 outputs"),
        ({"": one()}, "names of inputs and outputs"),
        ({3: one()}, "names .* got 3"),
        ({"u": one(), "v": Part(small(dtype="float32"))}, "got float32 and float64"),
    ],
)
def test_wrong_parts(made, words):
    with pytest.raises(ValueError, match=words):
        join(("x", "t"), made)


def test_wrong_inputs():
    for inputs in ((), ("x", 3), ("x", "")):
        with pytest.raises(ValueError, match="names of inputs and outputs"):
            join(inputs, {"u": small()})
    with pytest.raises(ValueError, match="; x comes twice"):
        join(("x", "x"), {"u": small()})
    # One name is one input.
    assert join("x", {"u": small(1)}).input_shape == (None, 1)


# -- layers ---------------------------------------------------------------------------


def test_columns_are_taken_in_order():
    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(Columns([1, 2], dtype="float64")(x), x[:, 1:3])
    np.testing.assert_array_equal(Columns([3, 0], dtype="float64")(x), x[:, [3, 0]])
    layer = Columns([3, 0], name="picked", dtype="float64")
    again = Columns.from_config(layer.get_config())
    assert again.name == "picked"
    np.testing.assert_array_equal(again(x), x[:, [3, 0]])
    with pytest.raises(ValueError, match=r"columns from 0 to 3 of 4, got \[4\]"):
        Columns([4])(x)
    for wrong in ([], [-1], 1, [True], ["x"]):
        with pytest.raises(ValueError, match="a list of whole numbers from 0"):
            Columns(wrong)


@pytest.mark.parametrize("start", [None, 5.0, [0.1, 300.0]])
def test_positive_starts_where_it_is_told(start):
    layer = Positive(start, name="k", dtype="float64")
    expected = np.broadcast_to(math.log(2.0) if start is None else start, (1, 2))
    np.testing.assert_allclose(layer(np.zeros((1, 2))), expected, rtol=1e-14)
    assert np.all(layer(np.full((1, 2), -30.0)) > 0.0)
    x = tf.constant(POINTS)
    slope = derivatives(layer, x, [(0, (0,))])[0, (0,)]
    z = POINTS[:, :1] + (0.0 if start is None else math.log(math.e - 1))
    factor = 1.0 if start is None else np.ravel(start)[0]
    np.testing.assert_allclose(slope, factor / (1 + np.exp(-z)), rtol=1e-13)
    again = Positive.from_config(layer.get_config())
    assert again.name == "k"
    np.testing.assert_array_equal(again(POINTS), layer(POINTS))
