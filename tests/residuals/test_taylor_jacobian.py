"""The Jacobian in factors, against one backward pass through tapes for each row."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from jacobians import assert_close, rows_and_jacobian

import keras_isgd as ki
from keras_isgd.derivatives import register_rule
from keras_isgd.residuals import row_products
from keras_isgd.residuals.factored_jacobian import FactoredRows


class Plate(ki.Problem):
    """Two outputs, a coefficient, mixed derivatives, and every kind of condition."""

    coordinates = ("x", "t")
    outputs = 2
    domain = ki.Box((0.0, 0.0), (1.0, 2.0))
    coefficients = {"nu": 0.3, "beta": -1.2}

    def residual(self, u, x):
        nu, beta = u.coefficient("nu"), u.coefficient("beta")
        first = u[0].d("t") - nu * u[0].d("xx") + u[1].value * u[0].d("x")
        second = u[1].d("xt") + beta * u[0].value ** 2 * nu + u[1].laplacian("x", "t")
        return tf.concat([first, second], axis=1)

    def conditions(self):
        rng = np.random.default_rng(0)
        return [
            ki.Initial(0.5, component=0),
            ki.Periodic("x", orders=(0, 1, 2), component=1, weight=4.0),
            ki.Neumann("x_max", lambda x: x[:, 1:2]),
            ki.Data(rng.uniform(size=(4, 2)), rng.normal(size=(4, 2))),
        ]


class Integral(ki.Problem):
    """u'' = lam * (mean of u) u, which couples all points."""

    coefficients = {"lam": 2.0}

    def residual(self, u, x):
        mean = tf.reduce_mean(u.value)
        return u.d("xx") - u.coefficient("lam") * mean * u.value + u.d("x")[::-1]

    def conditions(self):
        return [ki.Dirichlet("x_min", 1.0)]


def network_of(problem, **arguments):
    return ki.networks.mlp(
        len(problem.coordinates), problem.outputs, 5, 2, seed=4, **arguments
    )


def joined(problem):
    """A network with a branch, a product and two uses of one layer."""
    x = keras.Input((len(problem.coordinates),), dtype="float64")
    layers = keras.layers
    first = layers.Dense(4, "tanh", dtype="float64")(x)
    shared = layers.Dense(4, "gelu", dtype="float64")
    second = shared(layers.Add(dtype="float64")([first, shared(first)]))
    product = layers.Multiply(dtype="float64")([first, second])
    wide = layers.Concatenate(dtype="float64")([product, second, x])
    return keras.Model(x, layers.Dense(problem.outputs, dtype="float64")(wide))


def layouts_of(model):
    return tuple(term.layout for term in model._terms)


def objectives(problem, make=network_of, count=9):
    """Objectives by Taylor mode and by nested tapes."""
    network = make(problem)
    boundary = None if len(problem.coordinates) == 1 else 5
    data = next(iter(problem.points(count, boundary, seed=2)))
    models = [ki.PINN(network, problem, derivatives=d) for d in ("taylor", "tape")]
    for model in models:
        for name, value in problem.coefficients.items():
            model.coefficients[name].assign(value)
    return [model.objective(data) for model in models], models


@functools.cache
def compared(kind, make):
    """The objective by Taylor mode, one by tapes, w, and rows and Jacobian by tapes."""
    (taylor, tape), models = objectives(kind(), make)
    w = taylor.parameters.read()
    return taylor, tape, models, w, *rows_and_jacobian(tape, w)


EVERY_KIND = pytest.mark.parametrize("kind", [Plate, Integral])
EVERY_NETWORK = pytest.mark.parametrize("make", [network_of, joined])


@EVERY_NETWORK
@EVERY_KIND
def test_rows_and_jacobian_agree_with_tapes(kind, make):
    taylor, _, models, w, rows, jacobian = compared(kind, make)
    layouts = layouts_of(models[0])
    assert layouts[0] == ("coupled" if kind is Integral else "pointwise")
    assert "general" not in layouts
    for jit in (False, True) if make is network_of else (False,):
        found = tf.function(taylor.linearise, jit_compile=jit)(w)
        assert_close(found[0], rows)
        assert_close(found[1], jacobian)
    assert_close(tf.function(taylor.residual)(w), rows)
    value, gradient = tf.function(taylor.value_and_gradient)(w)
    assert_close(value, np.sum(rows**2))
    assert_close(gradient, 2 * jacobian.T @ rows)


@EVERY_NETWORK
@EVERY_KIND
def test_products_with_the_jacobian_need_no_matrix(kind, make):
    taylor, _, _, w, _, jacobian = compared(kind, make)
    rng = np.random.default_rng(1)
    v = rng.normal(size=jacobian.shape[1])
    u = rng.normal(size=jacobian.shape[0])

    @tf.function
    def products(w, v, u):
        linear = taylor.operators(w)
        return linear.jvp(v), linear.vjp(u)

    forward, backward = products(w, tf.constant(v), tf.constant(u))
    assert_close(forward, jacobian @ v)
    assert_close(backward, jacobian.T @ u)


def test_products_by_tapes_are_the_same():
    _, tape, _, w, _, jacobian = compared(Plate, network_of)
    v = np.random.default_rng(1).normal(size=jacobian.shape[1])
    forward = tf.function(lambda w, v: tape.operators(w).jvp(v))
    assert_close(forward(w, tf.constant(v)), jacobian @ v)


@pytest.mark.parametrize("tile", [None, 20])
@EVERY_NETWORK
def test_gram_matrix_needs_no_jacobian(make, tile, monkeypatch):
    taylor, tape, _, w, rows, jacobian = compared(Plate, make)
    # As little work as with J is only for wide networks.
    assert taylor.gram(w) is None
    monkeypatch.setattr(FactoredRows, "gram_cost", lambda self: 0)
    tiled = []
    if tile is not None:
        monkeypatch.setattr(row_products, "_ENTRIES", 0)
        monkeypatch.setattr(row_products, "_TILE", tile)
        by_tiles = row_products._by_tiles
        monkeypatch.setattr(
            row_products, "_by_tiles", lambda *a: tiled.append(a) or by_tiles(*a)
        )

    def gram(w):
        linear = taylor.gram(w)
        return linear.residual, linear.gram

    for jit in (False, True) if make is network_of else (False,):
        residual, matrix = tf.function(gram, jit_compile=jit)(w)
        assert_close(residual, rows)
        assert_close(matrix, jacobian @ jacobian.T)
    assert bool(tiled) == (tile is not None)
    # Rows that mix points, and tapes, have none.
    assert tape.gram(w) is None
    coupled, _, _, w, *_ = compared(Integral, network_of)
    assert coupled.gram(w) is None


def test_jacobian_is_that_of_finite_differences():
    taylor, _, _, w, _, _ = compared(Plate, network_of)
    _, jacobian = tf.function(taylor.linearise)(w)
    residual = tf.function(taylor.residual)
    rng = np.random.default_rng(5)
    v = tf.constant(rng.normal(size=w.shape))
    h = 1e-5
    difference = (residual(w + h * v) - residual(w - h * v)) / (2 * h)
    assert_close(tf.linalg.matvec(jacobian, v), difference, 1e-8)


class Hidden(keras.layers.Layer):
    """x g, with a rule that hides its weight g."""

    def build(self, input_shape):
        self.g = self.add_weight(shape=(input_shape[-1],), initializer="ones")

    def call(self, x):
        return x * self.g


@register_rule(Hidden)
def _hidden(layer, jet):
    return jet.map(lambda channel: channel * tf.convert_to_tensor(layer.g))


def test_a_rule_that_hides_its_weights_costs_speed_and_no_column():
    def make(problem):
        x = keras.Input((1,), dtype="float64")
        hidden = Hidden(dtype="float64")(
            keras.layers.Dense(5, "tanh", dtype="float64")(x)
        )
        return keras.Model(x, keras.layers.Dense(1, dtype="float64")(hidden))

    problem = ki.problems.Poisson1D("u_L")
    network = make(problem)
    network.layers[-1].kernel.assign(np.zeros((5, 1)))  # the gradient of g is zero
    (taylor, tape), models = objectives(problem, lambda _: network)
    assert set(layouts_of(models[0])) == {"general"}
    network.layers[-1].kernel.assign(np.ones((5, 1)))
    w = taylor.parameters.read()
    assert_close(taylor.linearise(w)[1], tape.linearise(w)[1])


def test_rows_that_mix_points_show_where_the_network_is_zero():
    problem = Integral()
    network = network_of(problem)
    network.layers[-1].kernel.assign(np.zeros((5, 1)))
    layouts = layouts_of(ki.PINN(network, problem))
    assert layouts == ("coupled", "pointwise")


def test_engines_are_chosen_by_network_and_argument():
    problem = ki.problems.Poisson1D("u_L")

    def with_layer(layer):
        x = keras.Input((1,), dtype="float64")
        h = layer(keras.layers.Dense(5, "tanh", dtype="float64")(x))
        return keras.Model(x, keras.layers.Dense(1, dtype="float64")(h))

    strange = keras.layers.LayerNormalization(dtype="float64")
    assert set(layouts_of(ki.PINN(with_layer(strange), problem))) == {"general"}
    with pytest.raises(ValueError, match=r"LayerNormalization.*no Taylor rule"):
        ki.PINN(with_layer(strange), problem, derivatives="taylor")
    with pytest.raises(ValueError, match="one of auto, taylor, tape"):
        ki.PINN(network_of(problem), problem, derivatives="jet")
    model = ki.PINN(network_of(problem), problem, derivatives="tape")
    again = ki.PINN.from_config(model.get_config())
    assert again.derivatives == "tape"


@pytest.mark.parametrize("alpha", [None, 0.3], ids=["ratio", "fixed"])
def test_steps_without_the_jacobian_are_those_with_it(alpha):
    problem = ki.problems.Poisson2D((1,), (1.0,))
    data = next(iter(problem.points(24, 8, seed=0)))
    control = None if alpha else ki.DecreaseRatio(metric="euclidean")
    ends = []
    for derivatives in ("taylor", "tape"):
        network = ki.networks.mlp(2, width=60, depth=2, seed=1)
        model = ki.PINN(network, problem, derivatives=derivatives)
        objective = model.objective(data)
        w = objective.parameters.read()
        assert (objective.gram(w) is None) == (derivatives == "tape")
        inner = ki.solvers.GaussNewton(iterations=2, factorisation="gram")
        optimizer = ki.ISGD(alpha, inner=inner, step_control=control)
        model.compile(optimizer=optimizer)
        optimizer.build(model.trainable_variables)
        for _ in range(2):
            optimizer.minimize(objective)
        ends.append(objective.parameters.read() - w)
    assert_close(*ends, 1e-6)


@pytest.mark.parametrize("jit", [False, True])
def test_new_points_cause_no_retrace(jit):
    traces = []

    class Counted(ki.problems.Poisson1D):
        def residual(self, u, x):
            traces.append(1)
            return super().residual(u, x)

    problem = Counted("u_L")
    model = ki.PINN(network_of(problem), problem)
    model.compile(optimizer=ki.ISGD(), jit_compile=jit)
    points = problem.points(30, resample=True)
    model.fit(points, epochs=1, verbose=0)
    count = len(traces)
    assert count > 0
    model.fit(points, epochs=2, steps_per_epoch=3, verbose=0)
    assert len(traces) == count
