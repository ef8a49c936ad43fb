import keras
import numpy as np
import pytest

import keras_isgd as ki
from keras_isgd.problems import StiffQuadratic

_DECAY = keras.optimizers.schedules.ExponentialDecay(0.3, 1, 0.99)
INNER = {
    "adam": lambda: ki.solvers.Adam(_DECAY, steps=5000),
    "lbfgs": lambda: ki.solvers.LBFGS(steps=100, tolerance=1e-14),
}


ALPHAS = (1e-3, 0.5, 10.0, 1e4)


@pytest.mark.parametrize("inner", sorted(INNER))
def test_equation_8_on_the_stiff_quadratic(inner):
    # Along the slowest direction the bound of Eq. 8 is attained.
    problem = StiffQuadratic((1e-4, 1e4), minimum=(0.5, -0.25), start=(1.5, -0.25))
    optimizer = ki.ISGD(1.0, inner=INNER[inner]())
    objective = problem.objective()
    for alpha in ALPHAS:
        problem.theta.assign((1.5, -0.25))
        optimizer.learning_rate = alpha
        losses = [float(problem.loss())]
        for _ in range(3):
            report = optimizer.minimize(objective)
            losses.append(float(problem.loss()))
            assert float(report.loss_before) == losses[-2]
            assert float(report.loss) == losses[-1]
            assert float(report.implicit_residual) < 1e-6
        ratios = np.divide(losses[1:], losses[:-1])
        np.testing.assert_allclose(ratios, problem.implicit_ratio(alpha), rtol=1e-6)
    assert int(optimizer.iterations) == 3 * len(ALPHAS)


@pytest.mark.parametrize("inner", sorted(INNER))
def test_both_scales_decay_as_the_closed_form_says(inner):
    problem = StiffQuadratic((1e-4, 1e4), start=(1.0, 1.0))
    optimizer = ki.ISGD(1.0, inner=INNER[inner]())
    objective = problem.objective()
    for alpha in ALPHAS:
        problem.theta.assign((1.0, 1.0))
        optimizer.learning_rate = alpha
        optimizer.minimize(objective)
        exact = 1.0 / (1.0 + alpha * problem.curvatures)
        loss = 0.5 * np.sum(problem.curvatures * exact**2)
        np.testing.assert_allclose(float(problem.loss()), loss, rtol=1e-6)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_sgd_diverges_as_equation_7_says(alpha):
    problem = StiffQuadratic((1e-4, 1e4), start=(0.0, 1.0))
    sgd = keras.optimizers.SGD(alpha)
    before = float(problem.loss())
    for _ in range(3):
        sgd.apply([problem.curvatures * problem.theta.value], [problem.theta])
    ratio = (float(problem.loss()) / before) ** (1 / 3)
    assert ratio > 1
    np.testing.assert_allclose(ratio, problem.explicit_ratio(alpha), rtol=1e-6)


@pytest.mark.parametrize("inner", sorted(INNER))
def test_more_inner_steps_are_more_implicit(inner):
    if inner == "adam":
        counts = (5, 50, 2000)
        rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.995)
        solvers = [ki.solvers.Adam(rate, steps=k) for k in counts]
    else:
        solvers = [ki.solvers.LBFGS(steps=k, tolerance=0.0) for k in (1, 2, 4)]
    residuals = []
    for solver in solvers:
        problem = StiffQuadratic((0.1, 1.0, 7.0), start=(1.0, -2.0, 3.0))
        report = ki.ISGD(1.0, inner=solver).minimize(problem.objective())
        residuals.append(float(report.implicit_residual))
    assert residuals[0] > residuals[1] > residuals[2]
    assert residuals[2] < 1e-4


def _bowl(start=(1.0, 2.0)):
    return StiffQuadratic((1.0, 2.0), start=start)


@pytest.mark.parametrize("inner", ["adam", "lbfgs"])
def test_learning_rate_changes_without_a_retrace(inner):
    traces = []
    problem = _bowl()

    def loss():
        traces.append(1)
        return problem.loss()

    objective = ki.Objective(loss, [problem.theta])
    optimizer = ki.ISGD(1.0, inner=INNER[inner]())
    optimizer.minimize(objective)
    count = len(traces)
    for alpha in (0.1, 20.0):
        before = problem.theta.numpy()
        optimizer.learning_rate = alpha
        optimizer.minimize(objective)
        np.testing.assert_allclose(
            problem.theta.numpy(), before / (1 + alpha * problem.curvatures), rtol=1e-6
        )
    assert len(traces) == count


def test_schedule_counts_implicit_steps():
    problem = _bowl()
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(
        [0, 1], [1.0, 3.0, 9.0]
    )
    optimizer = ki.ISGD(schedule, inner=INNER["lbfgs"]())
    objective = problem.objective()
    theta = problem.theta.numpy()
    for alpha in (1.0, 3.0, 9.0):
        optimizer.minimize(objective)
        theta = theta / (1 + alpha * problem.curvatures)
        np.testing.assert_allclose(problem.theta.numpy(), theta, rtol=1e-7)


def test_alpha_keeps_float64():
    optimizer = ki.ISGD(0.1)
    assert float(optimizer.learning_rate) == 0.1
    optimizer.learning_rate = 0.3
    assert optimizer.get_config()["learning_rate"] == 0.3


@pytest.mark.parametrize("bad", [0.0, -0.5, float("nan"), float("inf"), "fast"])
def test_bad_alpha_is_refused(bad):
    with pytest.raises(ValueError, match="learning rate"):
        ki.ISGD(bad)
    optimizer = ki.ISGD(1.0)
    with pytest.raises(ValueError, match="learning rate"):
        optimizer.learning_rate = bad


def test_a_schedule_that_reaches_zero_takes_no_step():
    problem = _bowl()
    optimizer = ki.ISGD(keras.optimizers.schedules.PolynomialDecay(1.0, 1, 0.0))
    objective = problem.objective()
    optimizer.minimize(objective)
    theta = problem.theta.numpy()
    report = optimizer.minimize(objective)
    np.testing.assert_array_equal(problem.theta.numpy(), theta)
    assert optimizer.status is ki.Status.BAD_LEARNING_RATE
    assert "schedule" in str(optimizer.status)
    assert float(report.implicit_residual) == 1.0


@pytest.mark.parametrize("inner", ["adam", "lbfgs"])
def test_nan_loss_leaves_the_weights(inner):
    w = keras.Variable([1.0, 1.0], dtype="float64")
    objective = ki.Objective(lambda: keras.ops.sum(w) * np.nan, [w])
    optimizer = ki.ISGD(1.0, inner=inner)
    optimizer.minimize(objective)
    np.testing.assert_array_equal(w.numpy(), [1.0, 1.0])
    assert optimizer.status is ki.Status.NOT_FINITE_START


def test_a_step_that_raises_the_loss_is_not_taken():
    w = keras.Variable([1.0], dtype="float64")
    objective = ki.Objective(lambda: keras.ops.sum(keras.ops.abs(w)), [w])
    optimizer = ki.ISGD(1.0, inner=ki.solvers.Adam(100.0, steps=1))
    optimizer.minimize(objective)
    assert w.numpy() == 1.0
    assert optimizer.status is ki.Status.NO_DECREASE


def test_constraints_hold_and_still_lower_the_loss():
    w = keras.Variable([3.0, 0.5], dtype="float64")
    w.constraint = keras.constraints.NonNeg()
    objective = ki.Objective(
        lambda: keras.ops.sum((w - np.array([-1.0, 1.0])) ** 2), [w]
    )
    optimizer = ki.ISGD(100.0, inner="lbfgs")
    report = optimizer.minimize(objective)
    assert optimizer.status.taken
    np.testing.assert_allclose(w.numpy(), [0.0, 1.0], atol=5e-3)
    assert w.numpy()[0] == 0.0
    assert int(report.evaluations) > int(report.inner_iterations)


def test_ema_is_keras_ema():
    problem = _bowl()
    optimizer = ki.ISGD(1.0, inner="lbfgs", use_ema=True, ema_momentum=0.5)
    objective, average = problem.objective(), None
    for _ in range(4):
        optimizer.minimize(objective)
        theta = problem.theta.numpy()
        average = theta if average is None else 0.5 * average + 0.5 * theta
    optimizer.finalize_variable_values([problem.theta])
    np.testing.assert_allclose(problem.theta.numpy(), average, rtol=1e-6)


def test_ema_overwrites_every_few_steps():
    problem = _bowl()
    optimizer = ki.ISGD(
        1.0, inner="lbfgs", use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2
    )
    first = problem.theta.numpy() / (1 + problem.curvatures)
    second = first / (1 + problem.curvatures)
    objective = problem.objective()
    optimizer.minimize(objective)
    optimizer.minimize(objective)
    np.testing.assert_allclose(
        problem.theta.numpy(), 0.5 * first + 0.5 * second, rtol=1e-6
    )


def test_a_number_for_alpha_switches_the_control_off():
    assert ki.ISGD(0.5).step_control is None
    assert isinstance(ki.ISGD().step_control, ki.AutoControl)
    assert isinstance(ki.ISGD().inner, ki.solvers.Auto)


def test_adam_backs_off_after_a_failed_solve_and_recovers():
    # At this rate no iterate of the first solve is below the start.
    w = keras.Variable([1e-2, -1e-2], dtype="float64")
    objective = ki.Objective(lambda: keras.ops.sum(keras.ops.abs(w)), [w])
    optimizer = ki.ISGD(1.0, inner=ki.solvers.Adam(0.1, steps=1))
    taken = []
    for _ in range(4):
        optimizer.minimize(objective)
        taken.append(optimizer.status.taken)
    # 0.1, 0.05, 0.025 overshoot; 0.0125 does not.
    assert taken == [False, False, False, True]
    scale = optimizer.state()["inner_rate_scale"]
    assert 0.125 < float(scale.numpy()) < 0.25


def test_adam_stays_backed_off_under_a_schedule():
    w = keras.Variable([1e-2, -1e-2], dtype="float64")
    objective = ki.Objective(lambda: keras.ops.sum(keras.ops.abs(w)), [w])
    schedule = keras.optimizers.schedules.ExponentialDecay(1.0, 1, 0.99)
    optimizer = ki.ISGD(schedule, inner=ki.solvers.Adam(0.1, steps=1))
    for _ in range(3):
        optimizer.minimize(objective)
    assert float(optimizer.state()["inner_rate_scale"].numpy()) == 0.125


def test_lbfgs_goes_on_with_the_curvature_it_found_unless_alpha_changes():
    rng = np.random.default_rng(0)
    curvatures = 10.0 ** rng.uniform(-1, 2, size=12)

    def evaluations(alphas):
        problem = StiffQuadratic(curvatures, start=rng.normal(size=12))
        objective = problem.objective()
        optimizer = ki.ISGD(
            alphas[0], inner=ki.solvers.LBFGS(steps=80, memory=20, tolerance=1e-8)
        )
        counts = []
        for alpha in alphas:
            optimizer.learning_rate = alpha
            theta = problem.theta.numpy()
            counts.append(int(optimizer.minimize(objective).inner_iterations))
            np.testing.assert_allclose(
                problem.theta.numpy(), theta / (1 + alpha * curvatures), rtol=1e-5
            )
        return counts

    same, changing = evaluations([1.0, 1.0]), evaluations([1.0, 2.0])
    assert same[1] < 0.6 * same[0]
    assert changing[1] > 0.6 * changing[0]
