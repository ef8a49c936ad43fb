"""Contracts that every inner solver keeps, over all of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize

import keras_isgd as ki
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.solvers import SOLVERS
from keras_isgd.solvers.base import Solver

_DECAY = keras.optimizers.schedules.ExponentialDecay(0.3, 1, 0.993)
ACCURATE = {
    "adam": lambda: ki.solvers.Adam(_DECAY, steps=6000),
    "lbfgs": lambda: ki.solvers.LBFGS(steps=200, tolerance=1e-13),
    "gauss_newton": lambda: ki.solvers.GaussNewton(iterations=400, tolerance=1e-12),
    "ssbroyden": lambda: ki.solvers.SSBroyden(steps=200, tolerance=1e-13),
}
SHORT = {
    "adam": lambda: ki.solvers.Adam(0.05, steps=5),
    "lbfgs": lambda: ki.solvers.LBFGS(steps=2),
    "gauss_newton": lambda: ki.solvers.GaussNewton(iterations=2),
    "ssbroyden": lambda: ki.solvers.SSBroyden(steps=2),
}
NAMES = sorted(SOLVERS)


def _objective(solver, rows, start, dtype="float64"):
    """L(w) = |rows(w)|^2 as what the solver needs."""
    w = keras.Variable(np.asarray(start), dtype=dtype)
    if solver.needs is ki.LeastSquares:
        return ki.LeastSquares(lambda: rows(tf.convert_to_tensor(w)), [w])
    return ki.Objective(lambda: tf.reduce_sum(rows(tf.convert_to_tensor(w)) ** 2), [w])


def _solve(solver, objective, alpha, jit=False):
    @tf.function(jit_compile=jit, autograph=False)
    def run():
        start = objective.evaluate(objective.parameters.read())
        problem = ProximalProblem(
            objective, start, tf.constant(alpha, objective.parameters.dtype)
        )
        state = solver.initial_state(start.w.shape[0], start.w.dtype)
        return solver.solve(problem, problem.start, state), problem.start

    return run()


def test_every_solver_is_covered():
    assert set(ACCURATE) == set(SHORT) == set(SOLVERS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "jit"),
    [
        (name, jit)
        for name in NAMES
        for jit in (False, True)
        if not jit or SOLVERS[name].supports_jit
    ],
)
def test_quadratic_against_the_closed_form(name, dtype, jit):
    solver = ACCURATE[name]()
    rng = np.random.default_rng(3)
    c, e = rng.normal(size=(7, 5)), rng.normal(size=7)
    start = rng.normal(size=5)
    objective = _objective(
        solver,
        lambda w: tf.linalg.matvec(c.astype(dtype), w) - e.astype(dtype),
        start,
        dtype,
    )
    result, _ = _solve(solver, objective, 1.0, jit)
    exact = np.linalg.solve(np.eye(5) + 2.0 * c.T @ c, start + 2.0 * c.T @ e)
    tolerance = {"float32": 1e-4, "float64": 1e-8}[dtype]
    np.testing.assert_allclose(result.w, exact, rtol=tolerance, atol=tolerance)
    assert result.w.dtype == dtype


def _rosenbrock(w):
    return tf.concat([10.0 * (w[1:] - w[:-1] ** 2), 1.0 - w[:-1]], axis=0)


@pytest.mark.parametrize("name", NAMES)
def test_rosenbrock_against_scipy(name):
    start = np.array([-0.5, 0.8, 0.3])
    alpha = 0.02
    solver = ACCURATE[name]()
    result, first = _solve(solver, _objective(solver, _rosenbrock, start), alpha)

    def prox(w):
        return 0.5 * np.sum((w - start) ** 2) + alpha * optimize.rosen(w)

    reference = optimize.minimize(prox, start, tol=1e-12)
    np.testing.assert_allclose(result.w, reference.x, atol=1e-6)
    assert result.value <= first.value


@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradient_belong_to_the_result(name):
    solver = SHORT[name]()
    objective = _objective(solver, _rosenbrock, [-0.5, 0.8, 0.3])
    result, _ = _solve(solver, objective, 0.5)
    value, gradient = objective.value_and_gradient(result.w)
    moved = result.w - objective.parameters.read()
    np.testing.assert_allclose(
        result.value, 0.5 * np.sum(moved**2) + 0.5 * value, rtol=1e-12
    )
    np.testing.assert_allclose(result.gradient, moved + 0.5 * gradient, rtol=1e-9)
    assert int(result.status) == ki.Status.OUT_OF_STEPS
    assert int(result.evaluations) >= int(result.iterations) > 0


@pytest.mark.parametrize("name", NAMES)
def test_counts_evaluations_as_they_happen(name):
    calls = []

    def rows(w):
        tf.py_function(lambda: calls.append(1), [], [])
        return _rosenbrock(w)

    solver = SHORT[name]()
    objective = _objective(solver, rows, [1.0, 2.0])
    result, _ = _solve(solver, objective, 0.1)
    assert len(calls) == int(result.evaluations) + 1  # the start's own


@pytest.mark.parametrize("name", NAMES)
def test_nan_beyond_the_start_leaves_the_start(name):
    solver = ACCURATE[name]()
    objective = _objective(
        solver,
        lambda w: (
            w + tf.where(tf.reduce_any(w != 1.0), np.float64(np.nan), np.float64(0))
        ),
        np.ones(3),
    )
    result, first = _solve(solver, objective, 1.0)
    np.testing.assert_array_equal(result.w, np.ones(3))
    assert not ki.Status(int(result.status)).taken
    assert result.value == first.value


@pytest.mark.parametrize("name", NAMES)
def test_nan_at_the_start_ends_at_once(name):
    solver = ACCURATE[name]()
    result, _ = _solve(
        solver, _objective(solver, lambda w: w * np.nan, np.ones(3)), 1.0
    )
    assert int(result.evaluations) <= 3
    assert not ki.Status(int(result.status)).taken


@pytest.mark.parametrize("name", NAMES)
def test_at_the_minimum_nothing_moves(name):
    solver = ACCURATE[name]()
    result, _ = _solve(solver, _objective(solver, lambda w: w, np.zeros(3)), 1.0)
    np.testing.assert_allclose(result.w, np.zeros(3), atol=1e-12)
    assert ki.Status(int(result.status)).taken


def test_adam_is_keras_adam():
    start = np.array([-0.5, 0.8, 0.3])
    solver = ki.solvers.Adam(0.01, steps=25)
    objective = _objective(solver, _rosenbrock, start)
    alpha = 0.3
    result, _ = _solve(solver, objective, alpha)

    w = keras.Variable(start, dtype="float64")
    keras_adam = keras.optimizers.Adam(0.01)
    for _ in range(25):
        _, gradient = objective.value_and_gradient(tf.convert_to_tensor(w))
        keras_adam.apply([w.value - start + alpha * gradient], [w])
    # Keras passes its rate and its betas through float32.
    np.testing.assert_allclose(result.w, w.numpy(), rtol=1e-5)


def test_adam_falls_back_on_its_best_iterate():
    # A step of 10 overshoots a narrow valley for good; of the iterates only some
    # are below the start.
    w = keras.Variable([0.0], dtype="float64")
    objective = ki.Objective(lambda: tf.reduce_sum(tf.abs(w - 9.0)), [w])
    result, first = _solve(ki.solvers.Adam(10.0, steps=3), objective, 1e6)
    last, _ = _solve(ki.solvers.Adam(40.0, steps=3), objective, 1e6)
    assert result.value < first.value
    assert int(last.status) == ki.Status.NO_DECREASE
    np.testing.assert_array_equal(last.w, [0.0])


def test_lbfgs_does_not_call_stagnation_solved():
    # In float32 the offset hides the last decrease, and TFP reports convergence.
    curvatures = np.logspace(-2, 2, 30).astype("float32")
    w = keras.Variable(np.ones(30), dtype="float32")
    objective = ki.Objective(
        lambda: 1e7 + tf.reduce_sum(curvatures * (w - 0.1) ** 2), [w]
    )
    result, _ = _solve(ki.solvers.LBFGS(steps=100), objective, 1.0)
    assert np.max(np.abs(result.gradient)) > 0.1
    assert int(result.iterations) < 100
    assert int(result.status) == ki.Status.STALLED


@pytest.mark.parametrize("name", NAMES)
def test_config_round_trip(name):
    solver = ACCURATE[name]()
    config = keras.saving.serialize_keras_object(solver)
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is type(solver)
    assert copy.get_config() == solver.get_config()


def test_names_and_refusals():
    assert isinstance(ki.solvers.get("adam"), ki.solvers.Adam)
    with pytest.raises(ValueError, match=r'"auto", "adam", "lbfgs"'):
        ki.solvers.get("newton")
    with pytest.raises(TypeError, match="solver object"):
        ki.solvers.get(keras.optimizers.Adam())
    with pytest.raises(ValueError, match="steps"):
        ki.solvers.Adam(steps=0)
    with pytest.raises(ValueError, match="learning_rate"):
        ki.solvers.Adam(learning_rate=-1.0)
    with pytest.raises(ValueError, match="beta_2"):
        ki.solvers.Adam(beta_2=1.0)
    with pytest.raises(ValueError, match="memory"):
        ki.solvers.LBFGS(memory=0)
    with pytest.raises(ValueError, match="tolerance"):
        ki.solvers.LBFGS(tolerance=-1e-3)
    with pytest.raises(TypeError):
        Solver()


def test_every_status_is_a_sentence():
    for status in ki.Status:
        assert str(status).endswith(".")
        assert len(str(status).split()) > 4


def test_lbfgs_uses_no_pair_that_it_was_told_to_forget():
    # TFP's recursion runs over the whole queue, however many pairs are valid.
    solver = ki.solvers.LBFGS(steps=3, memory=5)
    objective = _objective(solver, _rosenbrock, [-0.5, 0.8, 0.3])
    start = objective.evaluate(objective.parameters.read())
    clean = solver.initial_state(3, tf.float64)
    rng = np.random.default_rng(0)
    stale = clean._replace(
        position_deltas=tf.constant(rng.normal(size=(5, 3))),
        gradient_deltas=tf.constant(rng.normal(size=(5, 3))),
    )
    # One pair that holds, and four from before.
    one = stale._replace(pairs=tf.constant(1))
    alone = tf.constant([[0.0]] * 4 + [[1.0]], tf.float64)
    expected = one._replace(
        position_deltas=alone * one.position_deltas,
        gradient_deltas=alone * one.gradient_deltas,
    )
    for found, right in ((stale, clean), (one, expected)):
        np.testing.assert_array_equal(
            solver.solve(objective, start, found).w,
            solver.solve(objective, start, right).w,
        )
    changed = solver.state_for_new_alpha(stale._replace(pairs=tf.constant(9)))
    np.testing.assert_array_equal(
        solver.solve(objective, start, changed).w,
        solver.solve(objective, start, clean).w,
    )
