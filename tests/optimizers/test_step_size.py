"""How the step control chooses alpha."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from gauss_newton_cases import compiled, model_of, step_of

import keras_isgd as ki


def test_several_iterations_under_a_step_control():
    one = step_of(ki.ISGD(inner=ki.solvers.GaussNewton(1)))[-1]
    many = step_of(ki.ISGD(inner=ki.solvers.GaussNewton(60)))[-1]
    assert float(one.learning_rate) == float(many.learning_rate)
    assert float(many.implicit_residual) < 1e-3 * float(one.implicit_residual)


def test_without_the_matrix_the_control_still_moves_alpha():
    solver = ki.solvers.GaussNewton(factorisation="iterative", cg_tolerance=1e-4)
    model = compiled(model_of(), ki.ISGD(inner=solver))
    history = model.fit(
        model.problem.points(15, resample=False, seed=3), epochs=25, verbose=0
    ).history
    assert len(set(history["learning_rate"])) > 1
    assert history["loss"][-1] < 1e-3 * history["loss"][0]


@pytest.mark.parametrize("metric", ["euclidean", "scaled"])
@pytest.mark.parametrize("first", [1e3, 1e-6])
def test_takes_the_edge_between_good_steps_and_bad_ones(first, metric):
    control = ki.DecreaseRatio(target=0.6, per_decade=2, metric=metric)
    optimizer = ki.ISGD(first, step_control=control)
    _, objective, before, report = step_of(optimizer, input_scale=4.0)
    r, jacobian = (t.numpy() for t in objective.linearise(before))
    norms = np.linalg.norm(jacobian, axis=0)
    weights = norms / np.mean(np.sqrt(norms)) ** 2 + 1e-12
    weights = np.ones_like(norms) if metric == "euclidean" else weights

    def good(alpha):
        matrix = jacobian.T @ jacobian + np.diag(weights) / (2 * alpha)
        step = -np.linalg.solve(matrix, jacobian.T @ r)
        model = np.sum((r + jacobian @ step) ** 2)
        fall = r @ r - objective.value(before + step)
        return fall / (r @ r - model) >= 0.6

    alphas = first * 10.0 ** (np.arange(4, -9, -1) / 2)
    i = 3
    if good(alphas[i]):
        while i > 0 and good(alphas[i - 1]):
            i -= 1
    else:
        while not good(alphas[i]):
            i += 1
    np.testing.assert_allclose(report.learning_rate, alphas[i], rtol=1e-12)
    assert float(optimizer.learning_rate) == float(report.learning_rate)
    assert (i > 3) == (first == 1e3)  # one case falls, the other rises


def test_a_metric_needs_a_jacobian():
    control = ki.DecreaseRatio(metric="scaled")
    model = compiled(model_of(), ki.ISGD(inner="lbfgs", step_control=control))
    with pytest.raises(ValueError, match='Use inner="gauss_newton"'):
        model.fit(model.problem.points(5), verbose=0)
    with pytest.raises(ValueError, match="auto, scaled, euclidean"):
        ki.DecreaseRatio(metric="cosine")


def _line(points, inner):
    """u = w x fitted to y; each call of `step` sees one of the points."""
    w = keras.Variable([0.0], dtype="float64")
    place = tf.Variable(points[0], dtype=tf.float64)
    loss = ki.LeastSquares(lambda: w[:1] * place[:1] - place[1:], [w])
    optimizer = ki.ISGD(1e6, inner=inner, step_control=ki.DecreaseRatio())

    def step(point):
        place.assign(point)
        report = optimizer.minimize(loss)
        return float(w[0]), float(report.learning_rate), ki.Status(int(report.status))

    return optimizer, step


@pytest.mark.parametrize("inner", ["gauss_newton", "lbfgs"])
def test_a_step_that_new_points_disown_is_taken_back(inner):
    # The first point wants w = 5; for the second the start, w = 0, was far better.
    far, near = [1.0, 5.0], [10.0, 1.0]
    optimizer, step = _line([far], inner)
    w, alpha, _ = step(far)
    assert w == pytest.approx(5.0, abs=1e-3)
    w, lower, _ = step(near)
    # From w = 0 again, with a tenth of alpha, to the second point's 0.1.
    assert w == pytest.approx(0.1, abs=1e-3)
    assert lower == pytest.approx(0.1 * alpha)
    before = int(optimizer.evaluations)
    w, _, _ = step(near)  # the same point: nothing to take back
    assert w == pytest.approx(0.1, abs=1e-3)
    assert int(optimizer.evaluations) > before


def test_weights_set_from_outside_are_not_taken_back():
    optimizer, step = _line([[1.0, 5.0]], "gauss_newton")
    step([1.0, 5.0])
    (variable,) = optimizer._trainable_variables
    variable.assign([7.0])  # worse than where the last step began
    w, _, _ = step([1.0, 3.0])
    assert w == pytest.approx(3.0, abs=1e-3)
    assert float(optimizer._control_state.before[0]) == 7.0


def test_the_turn_needs_a_rise_and_a_fall():
    control = ki.DecreaseRatio(turn=1e3)
    state = control.initial_state(1, tf.float64)

    def turned(*alphas):
        nonlocal state
        for alpha in alphas:
            state = control._remember(state, tf.constant(alpha, tf.float64))
        return bool(state.turned)

    assert not turned(1.0, 1e-3, 1e-7)  # falls from the start
    assert not turned(1e-5, 1e-2, 1e-4)  # 1e5 up, 1e2 down
    assert turned(0.9e-5)
    assert turned(1e9)  # for good


@pytest.mark.parametrize("inner", ["adam", "lbfgs"])
def test_other_solvers_get_one_alpha_per_step(inner):
    solver = ki.solvers.Adam(0.02, steps=40) if inner == "adam" else inner
    model = compiled(model_of(), ki.ISGD(inner=solver))
    history = model.fit(
        model.problem.points(15, resample=False, seed=3), epochs=8, verbose=0
    ).history
    assert len(set(history["learning_rate"])) > 1
    assert history["loss"][-1] < 0.5 * history["loss"][0]
