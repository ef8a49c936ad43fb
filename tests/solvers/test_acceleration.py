"""Steps bent along the curvature of the residual."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from gauss_newton_cases import step_of

import keras_isgd as ki
from keras_isgd.solvers.gauss_newton.linear_model import LinearModel

# r_i = b_i . w + w^T C_i w / 2 has the constant curvature s^T C_i s along s.
RNG = np.random.default_rng(0)
SLOPES = RNG.normal(size=(7, 4))
CURVATURES = RNG.normal(size=(7, 4, 4))
CURVATURES += CURVATURES.transpose(0, 2, 1)
START = RNG.normal(size=4)


def _quadratic(rows=7):
    w = keras.Variable(START, dtype="float64")

    def residual():
        curved = tf.einsum("ijk,j,k->i", CURVATURES[:rows], w.value, w.value)
        return tf.linalg.matvec(SLOPES[:rows], w.value) + 0.5 * curved

    return ki.LeastSquares(residual, [w])


@pytest.mark.parametrize("rows", [3, 7])
@pytest.mark.parametrize("factorisation", ["gram", "exact"])
@pytest.mark.parametrize("scaled", [False, True])
def test_bend_against_the_normal_equations(rows, factorisation, scaled):
    damping = 0.3
    w = tf.constant(START)

    def correction(limit):
        model = LinearModel(_quadratic(rows), w, factorisation, limit, scaled=scaled)
        solved = model.prepare(damping)(tf.constant(damping, w.dtype))
        return model, solved, model.correction(solved.step, solved)

    model, solved, found = correction(1e9)
    step = solved.step.numpy()
    jacobian = SLOPES[:rows] + CURVATURES[:rows] @ START
    curvature = np.einsum("ijk,j,k->i", CURVATURES[:rows], step, step)
    metric = np.ones(4) if model.metric is None else model.metric.numpy()
    matrix = jacobian.T @ jacobian + damping * np.diag(metric)
    expected = -0.5 * np.linalg.solve(matrix, jacobian.T @ curvature)
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    # A limit just below its length makes the step straight.
    length = np.linalg.norm(np.sqrt(metric) * 2.0 * expected)
    length /= np.linalg.norm(np.sqrt(metric) * step)
    assert not np.any(correction(0.999 * length)[2])
    assert np.all(correction(1.001 * length)[2])


def test_a_linear_residual_leaves_steps_straight():
    w = keras.Variable(START, dtype="float64")
    objective = ki.LeastSquares(lambda: tf.linalg.matvec(SLOPES, w.value) - 1.0, [w])
    model = LinearModel(objective, tf.constant(START), "exact", 0.75)
    solved = model.prepare(1e-3)(tf.constant(1e-3, tf.float64))
    bend = model.correction(solved.step, solved).numpy()
    assert np.linalg.norm(bend) < 1e-9 * np.linalg.norm(solved.step)


def _steps_to_the_end_of_the_valley(acceleration):
    """Rosenbrock's function: a narrow curved valley from (-1.2, 1) to (1, 1)."""
    w = keras.Variable([-1.2, 1.0], dtype="float64")
    objective = ki.LeastSquares(
        lambda: tf.stack([100.0 * (w[1] - w[0] ** 2), 1.0 - w[0]]), [w]
    )
    optimizer = ki.ISGD(inner=ki.solvers.GaussNewton(acceleration=acceleration))
    for k in range(300):
        if float(optimizer.minimize(objective).loss) < 1e-16:
            return k
    return 300


def test_a_third_of_the_steps_along_a_curved_valley():
    straight = _steps_to_the_end_of_the_valley(None)
    assert 10 < straight < 300
    assert 3 * _steps_to_the_end_of_the_valley(0.75) < straight


def test_a_bent_step_with_a_fixed_alpha():
    alpha = 2.0
    solver = ki.solvers.GaussNewton(factorisation="exact", acceleration=1e9)
    move, objective, before, report = step_of(ki.ISGD(alpha, inner=solver))
    r, jacobian = (t.numpy() for t in objective.linearise(before))
    matrix = jacobian.T @ jacobian + np.eye(len(move)) / (2 * alpha)
    step = -np.linalg.solve(matrix, jacobian.T @ r)
    h = 1e-3
    ahead, behind = (objective.residual(before + t * step) for t in (h, -h))
    curvature = (ahead - 2.0 * r + behind).numpy() / h**2
    bend = -0.5 * np.linalg.solve(matrix, jacobian.T @ curvature)
    # The solver's difference is one-sided, off by the third derivative.
    distance = np.linalg.norm(move - step - bend)
    assert distance < 0.2 * np.linalg.norm(bend)
    assert int(report.status) == ki.Status.LOWERED


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf, "much"])
def test_refuses_a_limit_that_is_no_positive_number(value):
    with pytest.raises(ValueError, match="acceleration"):
        ki.solvers.GaussNewton(acceleration=value)


def test_refuses_to_bend_iterative_steps():
    with pytest.raises(ValueError, match="Iterative steps are straight"):
        ki.solvers.GaussNewton(factorisation="iterative", acceleration=0.5)
    too_small = ki.solvers.GaussNewton(memory=1e-9, acceleration=0.5)
    for alpha in (None, 0.5):
        with pytest.raises(ValueError, match="larger GaussNewton"):
            ki.ISGD(alpha, inner=too_small).minimize(_quadratic())
    for allowed in ("auto", None):
        solver = ki.solvers.GaussNewton(memory=1e-9, acceleration=allowed)
        assert ki.ISGD(inner=solver).minimize(_quadratic()).loss > 0.0


def test_the_default_is_bent_where_there_is_a_matrix():
    by_default = _steps_to_the_end_of_the_valley("auto")
    assert by_default == _steps_to_the_end_of_the_valley(0.75)


def test_configs_keep_it():
    for value in ("auto", None, 0.5):
        solver = ki.solvers.GaussNewton(acceleration=value)
        again = ki.solvers.GaussNewton.from_config(solver.get_config())
        assert again.acceleration == value
