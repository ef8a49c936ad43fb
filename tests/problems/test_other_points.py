"""Integrals, delays and integro-differential equations: rows of several points."""

import numpy as np
import pytest
import tensorflow as tf
from jacobians import rows_and_jacobian

import keras_isgd as ki

NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)
NODES, WEIGHTS = 0.5 + 0.5 * NODES, 0.5 * WEIGHTS


class Volterra(ki.Problem):
    """u' = the integral of cos(x - s) u(s) over (0, x), a node for each point."""

    coefficients = {"c": ki.Coefficient(1.5, lower=0.5)}

    def residual(self, u, x):
        s = x[:, None, :] * tf.constant(NODES, x.dtype)[None, :, None]
        inside = tf.cos(x - s[:, :, 0]) * u.at(s).value + 0.1 * u.at(s).d("x")
        weights = tf.constant(WEIGHTS, x.dtype)
        total = tf.reduce_sum(x * weights * inside, axis=1, keepdims=True)
        return u.d("x") - u.coefficient("c") * total


class Fredholm(ki.Problem):
    """u = the integral of x s u(s)^2 over (0, 1), the same nodes for all points."""

    def residual(self, u, x):
        s = tf.constant(NODES, x.dtype)[:, None]
        weights = tf.constant(WEIGHTS, x.dtype)[:, None]
        kernel = x * tf.transpose(s * weights)
        return u.value - kernel @ u.at(s).value ** 2


class Delay(ki.Problem):
    """u' = -u(x / 2)."""

    def residual(self, u, x):
        return u.d("x") + u.at(0.5 * x).value


class Mass(ki.Problem):
    """An equation whose solution is fixed by two integrals, in time and a parameter."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (2.0, 1.0))
    parameters = {"k": (1.0, 2.0)}

    def residual(self, u, x):
        return u.d("t") - u.parameter("k") * u.d("xx")

    def conditions(self):
        return [
            ki.Integral(of=lambda u, x: u.value**2, value=lambda x: x[:, 1:2]),
            ki.Integral("x_max", of=lambda u, x, n: n[:, :1] * u.d("x"), nodes=5),
        ]


KINDS = pytest.mark.parametrize("kind", [Volterra, Fredholm, Delay, Mass])


def objectives(kind):
    """The loss by Taylor mode and by nested tapes, of one network."""
    problem = kind()
    network = ki.networks.mlp(problem.input_count, 1, 6, 1, seed=3)
    boundary = None if problem.input_count == 1 else 4
    sets = next(iter(problem.points(7, boundary, seed=1)))
    models = [ki.PINN(network, problem, derivatives=d) for d in ("taylor", "tape")]
    return [model.objective(sets) for model in models], models, sets


@KINDS
def test_jacobians_agree_with_tapes_through_all_rows(kind):
    (taylor, tape), models, _ = objectives(kind)
    layouts = {term.layout for term in models[0]._terms}
    assert layouts <= {"pointwise", "coupled"}
    w = taylor.parameters.read()
    rows, expected = rows_and_jacobian(tape, w)
    found_rows, found = tf.function(taylor.linearise)(w)
    np.testing.assert_allclose(found_rows, rows, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)
    fused = tf.function(taylor.linearise, jit_compile=True)(w)[1]
    np.testing.assert_allclose(fused, expected, rtol=1e-9, atol=1e-11)
    value, gradient = taylor.value_and_gradient(w)
    np.testing.assert_allclose(value, np.sum(rows**2), rtol=1e-12)
    np.testing.assert_allclose(gradient, 2 * expected.T @ rows, rtol=1e-9, atol=1e-11)
    operators = taylor.operators(w)
    v = np.random.default_rng(0).normal(size=found.shape[1])
    along = operators.jvp(tf.constant(v))
    np.testing.assert_allclose(along, expected @ v, rtol=1e-8, atol=1e-10)
    back = operators.vjp(tf.constant(rows))
    np.testing.assert_allclose(2 * back, gradient, rtol=1e-8, atol=1e-10)


def test_the_rows_are_the_equation():
    """Against SciPy's idea of the integral, for a network that is a polynomial."""
    problem = Volterra()
    model = ki.PINN(ki.networks.mlp(1, 1, 6, 2, seed=3), problem)
    x = np.array([[0.2], [0.9]])
    from scipy.integrate import quad

    def u(s):
        return float(model.network(np.array([[s]]))[0, 0])

    def u_x(s):
        return (u(s + 1e-6) - u(s - 1e-6)) / 2e-6

    for point, row in zip(x[:, 0], model.residual(x).numpy()[:, 0]):
        inside = quad(
            lambda s, point=point: np.cos(point - s) * u(s) + 0.1 * u_x(s), 0, point
        )
        assert row == pytest.approx(u_x(point) - 1.5 * inside[0], abs=1e-7)


def test_layouts():
    layouts = {
        kind: objectives(kind)[1][0]._terms[0].layout
        for kind in (Volterra, Fredholm, Delay)
    }
    assert layouts == {Volterra: "pointwise", Fredholm: "coupled", Delay: "pointwise"}


def test_an_integral_over_space_holds_at_each_time_and_parameter():
    problem = Mass()
    model = ki.PINN(ki.networks.mlp(3, 1, 6, 2, seed=3), problem)
    term = model._terms[1]
    rows = term.rows_at(term.points, model.network, {}).numpy()
    assert rows.shape == (64, 1)
    for (_, t, k), row in zip(term.points.numpy()[:3], rows[:3, 0]):
        s = np.linspace(0, 2, 2001)
        u = model.network(np.stack([s, 0 * s + t, 0 * s + k], axis=1)).numpy()
        assert row == pytest.approx(np.trapezoid(u[:, 0] ** 2, s) - t, abs=1e-6)


class Wrong(ki.Problem):
    """Other points that no network can be evaluated at."""

    coefficients = {"lag": 0.1}

    def __init__(self, points):
        self.points_of = points

    def residual(self, u, x):
        return u.d("x") - u.at(self.points_of(u, x)).value


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (lambda u, x: x - u.value, "depend on the network's own values"),
        (lambda u, x: x - u.coefficient("lag"), "depend on a coefficient"),
        (lambda u, x: tf.concat([x, x], axis=1), r"Expected points \(n, m, 1\)"),
        (lambda u, x: x[:, 0], r"Expected points \(n, m, 1\)"),
    ],
)
def test_other_points_that_are_refused(points, words):
    with pytest.raises(ValueError, match=words):
        ki.PINN(ki.networks.mlp(1, 1, 4, 1), Wrong(points))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"of": None}, "as a function"),
        ({"of": lambda u: u}, r"function of \(u, x\)"),
        ({"of": lambda u, x: u.value, "nodes": 0}, "nodes"),
        ({"of": lambda u, x: u.value, "over": [[0.5]]}, "not over single points"),
    ],
)
def test_integrals_that_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        ki.Integral(**arguments)


def test_an_integral_is_over_space():
    class Late(Mass):
        def conditions(self):
            return [ki.Integral("t_max", of=lambda u, x: u.value)]

    with pytest.raises(ValueError, match="over space"):
        ki.PINN(ki.networks.mlp(3, 1, 4, 1), Late())
