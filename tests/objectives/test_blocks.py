"""Losses in pieces: the same numbers in less memory."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import qmc

import keras_isgd as ki
from keras_isgd.objectives.blocks import PointwiseRows, SomeRows
from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.objectives.pieces import squares
from keras_isgd.objectives.weight_rows import WeightRows


def objective_of(memory, derivatives="auto", interior=103):
    problem = ki.problems.Helmholtz2D()
    network = ki.networks.mlp(2, width=7, depth=2, input_scale=2.0, seed=1)
    model = ki.PINN(network, problem, {"dirichlet_boundary": 5.0}, derivatives)
    data = next(iter(problem.points(interior, 20, seed=0)))
    whole = model.objective(data)
    return ki.LeastSquares(
        whole._rows_function, whole.parameters.variables, blocks=whole._blocks,
        memory=memory,
    )  # fmt: skip


@pytest.mark.parametrize("derivatives", ["taylor", "tape"])
@pytest.mark.parametrize("jit", [False, True])
def test_pieces_give_the_loss_and_gradient_of_the_whole(jit, derivatives):
    # 103 points in pieces of 9 leave a rest.
    small, large = (objective_of(m, derivatives) for m in (9 * 7680 / 2**30, 1.0))
    assert small._blocks[0].cost == pytest.approx(7680)
    w = large.parameters.read()
    for method in ("value_and_gradient", "value"):
        compiled = tf.function(getattr(small, method), jit_compile=jit)
        found, expected = compiled(w), getattr(large, method)(w)
        for a, b in zip(tf.nest.flatten(found), tf.nest.flatten(expected)):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
    assert "While" in str(compiled.get_concrete_function(w).graph.as_graph_def())


def test_memory_bounds_what_is_evaluated_at_once():
    seen = []

    def rows(x):
        seen.append(x.shape[0])
        return x

    block = PointwiseRows(rows, tf.ones((100, 1)), cost=1000)
    parameters = ParameterVector([_variable()])
    parts = parameters.unpack(parameters.read())
    value, _ = squares(block, parameters, parts, memory=30_000, gradient=False)
    assert value == 100.0
    assert max(seen) <= 30
    assert sum(seen) == 100
    with pytest.raises(ValueError, match="positive number of GiB"):
        ki.LeastSquares(lambda: None, [_variable()], blocks=[block], memory=0.0)
    with pytest.raises(ValueError, match="in `blocks`"):
        ki.LeastSquares(lambda: None, [_variable()], memory=1.0)


# -- samples ------------------------------------------------------------------------


def in_square(n=1700):
    points = qmc.Sobol(2, scramble=True, seed=1).random(n)
    return tf.constant(points)


def rows_at(x):
    """Rows whose Jacobian is large in a corner: exp(a x + b y), sin(c x y)."""
    a, b, c = (WEIGHTS[0][i] for i in range(3))
    first = tf.exp(a * x[:, :1] + b * x[:, 1:])
    return tf.concat([first, tf.sin(c * x[:, :1] * x[:, 1:])], axis=1)


WEIGHTS = [keras.Variable([3.0, -1.0, 2.0], dtype="float64")]


@pytest.mark.parametrize("known", [True, False], ids=["static", "dynamic"])
def test_a_sample_is_spread_over_the_domain_and_estimates_the_gram_matrix(known):
    x = in_square()
    parameters = ParameterVector(WEIGHTS)
    parts = parameters.unpack(parameters.read())

    @tf.function(input_signature=[tf.TensorSpec((1700 if known else None, 2), x.dtype)])
    def sample(x):
        block = PointwiseRows(rows_at, x).sampled(0.2)
        return block.inputs, *block.linearise(parameters, parts, fused=False)

    points, rows, jacobian = sample(x)
    assert points.shape == (340, 2)
    counts = np.histogram2d(*points.numpy().T, bins=2, range=[[0, 1]] * 2)[0]
    # 85 are expected in each quadrant; chi-square with 3 degrees of freedom.
    assert np.sum((counts - 85.0) ** 2 / 85.0) < 16.3
    all_rows, whole = PointwiseRows(rows_at, x).linearise(parameters, parts, False)
    expected = whole.numpy().T @ whole.numpy()
    found = jacobian.numpy().T @ jacobian.numpy()
    assert np.linalg.norm(found - expected) < 0.2 * np.linalg.norm(expected)
    squares = tf.reduce_sum(rows**2), tf.reduce_sum(all_rows**2)
    np.testing.assert_allclose(*squares, rtol=0.2)


def test_samples_of_all_parts_add_up_to_the_whole_without_bias(monkeypatch):
    """J_s^T J_s of many draws has the mean J^T J."""
    x = in_square(200)
    parameters = ParameterVector(WEIGHTS)
    parts = parameters.unpack(parameters.read())
    whole = PointwiseRows(rows_at, x).linearise(parameters, parts, False)[1].numpy()
    draw, seeds = np.random.default_rng, iter(range(1, 300))
    monkeypatch.setattr(np.random, "default_rng", lambda seed: draw(next(seeds)))
    per_point = whole.reshape(200, 2, 3)
    grams = []
    for _ in range(200):
        block = PointwiseRows(lambda i: i, tf.range(200)).sampled(0.25)
        chosen, factor = block.inputs.numpy(), block.factor
        assert len(set(chosen)) == 50
        rows = factor * per_point[chosen].reshape(-1, 3)
        grams.append(rows.T @ rows)
    expected = whole.T @ whole
    error = np.linalg.norm(np.mean(grams, axis=0) - expected)
    one = np.mean([np.linalg.norm(g - expected) for g in grams])
    assert error < 4.0 * one / np.sqrt(200)


@pytest.mark.parametrize("n", [1, 7, 32])
def test_small_blocks_are_kept_whole(n):
    block = PointwiseRows(rows_at, in_square(n))
    assert block.sampled(1e-3) is block
    assert PointwiseRows(rows_at, in_square(33)).sampled(1e-3).count() == 32


@pytest.mark.parametrize("engine", ["taylor", "tape"])
def test_terms_are_sampled_with_their_weights(engine):
    objective = objective_of(None, engine, interior=200)
    block, boundary = objective._blocks
    assert boundary.sampled(0.5) is boundary  # 20 points
    parameters = objective.parameters
    parts = parameters.unpack(parameters.read())
    rows, jacobian = block.linearise(parameters, parts, False)
    found = block.sampled(0.5).linearise(parameters, parts, False)
    chosen = [int(np.argmin(np.abs(rows * 2.0**0.5 - row))) for row in found[0].numpy()]
    assert len(set(chosen)) == 100
    for part, whole in zip(found, (rows, jacobian)):
        expected = 2.0**0.5 * whole.numpy()[chosen]
        np.testing.assert_allclose(part, expected, rtol=1e-10, atol=1e-12)


def test_rows_that_mix_points_are_sampled_after_the_whole():
    class Mean(ki.problems.Poisson1D):
        def residual(self, u, x):
            mean = tf.reduce_mean(u.value)
            return tf.concat([u.d("xx") - mean, u.value * mean], axis=1)

    problem = Mean("u_L")
    model = ki.PINN(ki.networks.mlp(1, width=4, depth=1, seed=0), problem)
    objective = model.objective({"interior": np.linspace(0.1, 0.9, 80)[:, None],
                                 "boundary": np.array([[0.0], [1.0]])})  # fmt: skip
    block = objective._blocks[0]
    parameters = objective.parameters
    parts = parameters.unpack(parameters.read())
    some = block.sampled(0.5)
    assert isinstance(some, SomeRows)
    assert some.factored(parameters, parts) is None
    chosen = some.chosen.numpy()
    whole = block.linearise(parameters, parts, False)
    for part, of_all in zip(some.linearise(parameters, parts, False), whole):
        of_all = of_all.numpy().reshape(80, 2, -1)
        expected = 2.0**0.5 * of_all[chosen].reshape(part.shape)
        np.testing.assert_allclose(part, expected, rtol=1e-12)
    with parameters.scope(parts):
        np.testing.assert_allclose(
            tf.reshape(some.rows(), [-1]), some.linearise(parameters, parts, False)[0]
        )


# -- weights ------------------------------------------------------------------------


def regularised():
    """Three weights of which two have a penalty, and the rows of it."""
    rng = np.random.default_rng(0)
    shapes = [(3, 2), (), (4,)]
    variables = [keras.Variable(rng.normal(size=s), dtype="float64") for s in shapes]
    return variables, WeightRows(((variables[2], 0.5), (variables[0], 0.02)))


def test_rows_of_weights_are_the_penalty_and_its_jacobian():
    variables, block = regularised()
    parameters = ParameterVector(variables)
    w = parameters.read()
    parts = parameters.unpack(w)
    penalty = 0.5 * np.sum(variables[2].numpy() ** 2)
    penalty += 0.02 * np.sum(variables[0].numpy() ** 2)
    value, gradient = squares(block, parameters, parts, 2**30)
    np.testing.assert_allclose(value, penalty)
    rows, jacobian = block.linearise(parameters, parts, False)
    np.testing.assert_allclose(gradient, 2 * rows.numpy() @ jacobian.numpy())
    # The rows are linear: they are J w.
    np.testing.assert_allclose(rows, jacobian.numpy() @ w.numpy())
    rng = np.random.default_rng(1)
    v, u = rng.normal(size=w.shape), rng.normal(size=rows.shape)
    factored = block.factored(parameters, parts)
    np.testing.assert_allclose(factored.flat(), rows)
    found = factored.jvp(variables, parameters.unpack(tf.constant(v)))
    np.testing.assert_allclose(found, jacobian.numpy() @ v)
    found = parameters.pack(factored.vjp(variables, tf.constant(u)))
    np.testing.assert_allclose(found, jacobian.numpy().T @ u)
    np.testing.assert_allclose(
        factored.gram(factored), jacobian.numpy() @ jacobian.numpy().T
    )


def test_weights_without_a_gradient_have_rows_and_no_column():
    variables, block = regularised()
    parameters = ParameterVector(variables[1:])
    parts = parameters.unpack(parameters.read())
    rows, jacobian = block.linearise(parameters, parts, False)
    assert rows.shape == (10,)
    np.testing.assert_array_equal(jacobian[4:], np.zeros((6, 5)))
    v = parameters.unpack(tf.ones(5, tf.float64))
    found = block.factored(parameters, parts).jvp(parameters.variables, v)
    np.testing.assert_allclose(found, np.sum(jacobian, axis=1))


def test_weights_are_sampled_like_points():
    variable = keras.Variable(np.random.default_rng(0).normal(size=(40, 5)))
    parameters = ParameterVector([variable])
    parts = parameters.unpack(parameters.read())
    block = WeightRows(((variable, 0.04),))
    rows, jacobian = block.sampled(0.25).linearise(parameters, parts, False)
    assert rows.shape == (50,)
    entries = np.argmax(jacobian, axis=1)
    assert len(set(entries)) == 50
    np.testing.assert_allclose(np.max(jacobian, axis=1), 0.2 * 2.0, rtol=1e-6)
    np.testing.assert_allclose(rows, 0.4 * variable.numpy().ravel()[entries], rtol=1e-6)
    small = WeightRows(((variables_of(8), 0.04),))
    assert small.sampled(0.01) is small


def variables_of(size):
    return keras.Variable(np.ones(size))


def _variable():
    return keras.Variable([1.0], dtype="float32")
