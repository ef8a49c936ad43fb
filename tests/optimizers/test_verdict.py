"""Whether a step is taken, and what is written then."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize

import keras_isgd as ki

INNER = {
    "auto": lambda: ki.ISGD(),
    "lbfgs": lambda: ki.ISGD(inner=ki.solvers.LBFGS(steps=8)),
    "lbfgs fixed alpha": lambda: ki.ISGD(2.0, inner="lbfgs"),
    "adam": lambda: ki.ISGD(inner=ki.solvers.Adam(0.05, steps=30)),
    "adam fixed alpha": lambda: ki.ISGD(20.0, inner=ki.solvers.Adam(0.05, steps=60)),
    "plain lbfgs": lambda: ki.LBFGS(steps=8),
}


def _poisson(w):
    """A Poisson likelihood of the rate w, 10 counted: -inf slopes below zero."""
    return tf.reduce_sum(w - 10.0 * tf.math.log(w))


def _offset(w):
    """Negative everywhere near the minimum at 3, 1."""
    return tf.reduce_sum((w - [3.0, 1.0]) ** 2) - 50.0


def _walled(w):
    """Infinite beyond a wall that hides nothing: the minimum is at 0.5, -0.5."""
    inside = tf.reduce_all(tf.abs(w) < 2.0)
    value = tf.reduce_sum((w - [0.5, -0.5]) ** 2) - 1.0
    return tf.where(inside, value, tf.cast(np.inf, w.dtype))


LOSSES = {
    "poisson": (_poisson, [1.6, 3.0]),
    "negative": (_offset, [-4.0, 5.0]),
    "walled": (_walled, [1.5, 1.8]),
}


class Case:
    """One traced step for all of `LOSSES`, chosen by a variable."""

    def __init__(self, inner, dtype):
        self.w = keras.Variable([1.0, 1.0], dtype=dtype)
        self.which = tf.Variable(0)
        self.objective = ki.Objective(self._loss, [self.w])
        self.optimizer = INNER[inner]()
        self.optimizer.build([self.w])
        self._fresh = [v.numpy() for v in self.optimizer.variables]

    def _loss(self):
        w = tf.convert_to_tensor(self.w)
        branches = [lambda f=f: f(w) for f, _ in LOSSES.values()]
        return tf.switch_case(tf.convert_to_tensor(self.which), branches)

    def start(self, loss):
        self.w.assign(LOSSES[loss][1])
        self.which.assign(list(LOSSES).index(loss))
        for variable, value in zip(self.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)


@pytest.mark.parametrize(
    ("inner", "dtype"),
    [(inner, "float64") for inner in INNER] + [("auto", "float32")],
)
def test_no_taken_step_raises_the_loss_and_the_minimum_is_found(inner, dtype):
    case = Case(inner, dtype)
    for loss, (function, start) in LOSSES.items():
        case.start(loss)
        value = float(function(tf.constant(start, dtype)))
        for _ in range(60):
            report = case.optimizer.minimize(case.objective)
            now = float(function(tf.convert_to_tensor(case.w)))
            assert now <= value + 4 * np.finfo(dtype).eps * abs(value)
            assert float(report.loss) == pytest.approx(now, rel=1e-6)
            assert float(report.loss_before) == pytest.approx(value, rel=1e-6)
            value = now
        best = optimize.minimize(
            lambda v, f=function: float(f(tf.constant(v))),
            np.asarray(start),
            method="L-BFGS-B",
            bounds=[(1e-3, 20.0) if loss == "poisson" else (-20.0, 20.0)] * 2,
        )
        tolerance = 2e-3 if dtype == "float32" else 1e-4
        assert value <= best.fun + tolerance * abs(best.fun)


def test_a_poisson_regression_from_keras_finds_its_rate():
    inputs = keras.Input((1,))
    layer = keras.layers.Dense(1, use_bias=False)
    model = ki.ClosureModel(inputs, layer(inputs))
    layer.kernel.assign([[1.6]])
    model.compile(optimizer=ki.ISGD(), loss="poisson")
    x, y = np.ones((1, 1)), np.full((1, 1), 10.0)
    history = model.fit(x, y, batch_size=1, epochs=12, verbose=0).history
    assert (np.diff([history["loss_before"][0], *history["loss"]]) <= 1e-6).all()
    assert layer.kernel.numpy()[0, 0] == pytest.approx(10.0, rel=1e-3)


def _switching(inner):
    """A loss whose points change: `place` moves a pole and the minimum."""
    w = keras.Variable([0.0], dtype="float64")
    bad = tf.Variable(False)
    objective = ki.LeastSquares(
        lambda: tf.where(bad & (w[:1] > 1.0), np.float64(np.inf), w[:1] - 2.0), [w]
    )
    return w, bad, objective, ki.ISGD(1e6, inner=inner, step_control=ki.DecreaseRatio())


@pytest.mark.parametrize("inner", ["gauss_newton", "lbfgs"])
def test_a_step_back_from_an_infinite_loss_is_taken(inner):
    w, bad, objective, optimizer = _switching(inner)
    optimizer.minimize(objective)
    assert float(w[0]) == pytest.approx(2.0, abs=1e-3)
    # On the next points the loss there is infinite, and finite where it came from.
    bad.assign(True)
    report = optimizer.minimize(objective)
    assert optimizer.status.taken
    assert float(w[0]) <= 1.0
    assert np.isfinite(float(report.loss))
    assert np.isinf(float(report.loss_before))
    bad.assign(False)
    optimizer.minimize(objective)
    assert optimizer.status.taken


def test_negative_losses_are_not_stepped_back_from():
    w = keras.Variable([4.0], dtype="float64")
    objective = ki.Objective(lambda: tf.reduce_sum(w**2) - 100.0, [w])
    optimizer = ki.ISGD(inner="lbfgs")
    for _ in range(5):
        optimizer.minimize(objective)
        assert optimizer.status is not ki.Status.STEPPED_BACK
    assert abs(float(w[0])) < 4.0


def test_a_refused_step_under_constraints_is_learned_from():
    # The unconstrained step goes to (-3, 3); projected it raises the loss at first.
    w = keras.Variable([1.0, 0.0], dtype="float64")
    w.constraint = keras.constraints.NonNeg()
    objective = ki.LeastSquares(
        lambda: tf.stack([w[0] + 2.0 * w[1] - 3.0, 3.0 * (w[0] + w[1]) - 1.0]), [w]
    )
    optimizer = ki.ISGD()
    losses, alphas, statuses = [float(objective.value(tf.convert_to_tensor(w)))], [], []
    for _ in range(30):
        optimizer.minimize(objective)
        losses.append(float(objective.value(tf.convert_to_tensor(w))))
        assert (w.numpy() >= 0.0).all()
        alphas.append(float(optimizer.learning_rate))
        statuses.append(optimizer.status)
    assert (np.diff(losses) <= 0.0).all()
    assert losses[-1] < 0.6 * losses[0]
    refused = [i for i, s in enumerate(statuses) if s is ki.Status.NO_DECREASE]
    assert refused
    # A refused step is not tried again: the next alpha is a tenth.
    for i in refused[:-1]:
        assert alphas[i] < alphas[i - 1]


def test_constraints_and_the_review_of_a_step_agree_on_the_weights():
    w = keras.Variable([5.0], dtype="float64")
    w.constraint = keras.constraints.NonNeg()
    far = tf.Variable(-3.0, dtype=tf.float64)
    objective = ki.LeastSquares(lambda: w[:1] - far, [w])
    optimizer = ki.ISGD(1e6, step_control=ki.DecreaseRatio())
    optimizer.minimize(objective)  # to 0, where the constraint ends it
    assert float(w[0]) == 0.0
    # On the next point the start, 5, was far better: the step is taken back.
    far.assign(5.0)
    optimizer.minimize(objective)
    assert float(w[0]) == pytest.approx(5.0, abs=1e-6)


def test_averages_move_with_steps_that_are_taken():
    w = keras.Variable([1.0], dtype="float64")
    wall = tf.Variable(False)
    objective = ki.Objective(
        lambda: tf.reduce_sum(tf.where(wall, np.float64(np.nan), w**2)), [w]
    )
    optimizer = ki.ISGD(1.0, inner="lbfgs", use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.minimize(objective)
    before = optimizer.state()["average_0"].numpy()
    wall.assign(True)
    optimizer.minimize(objective)
    assert optimizer.status is ki.Status.NOT_FINITE_START
    np.testing.assert_array_equal(optimizer.state()["average_0"].numpy(), before)


@pytest.mark.parametrize("name", ["isgd", "lbfgs"])
def test_batch_statistics_survive_a_batch_of_nan(name):
    inputs = keras.Input((2,))
    hidden = keras.layers.BatchNormalization()(inputs)
    model = ki.ClosureModel(inputs, keras.layers.Dense(1)(hidden))
    model.compile(optimizer={"isgd": ki.ISGD, "lbfgs": ki.LBFGS}[name](), loss="mse")
    x = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")
    y = x[:, :1]
    model.train_on_batch(x, y)
    before = [v.numpy() for v in model.weights]
    moved = model.layers[1].moving_mean.numpy()
    assert np.any(moved != 0.0)
    model.train_on_batch(np.where(x > 1.0, np.nan, x), y)
    for variable, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_solver_state_stays_when_a_step_cannot_begin():
    w = keras.Variable([1.0, 2.0], dtype="float64")
    wall = tf.Variable(False)
    objective = ki.Objective(
        lambda: tf.reduce_sum(tf.where(wall, np.float64(np.nan), (w - 3.0) ** 4)), [w]
    )
    optimizer = ki.ISGD(inner=ki.solvers.LBFGS(steps=4))
    optimizer.minimize(objective)
    counters = ("iterations", "evaluations", "status")
    before = {k: v.numpy() for k, v in optimizer.state().items() if k not in counters}
    wall.assign(True)
    optimizer.minimize(objective)
    after = {k: v.numpy() for k, v in optimizer.state().items() if k not in counters}
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_at_the_rounding_floor_a_step_says_converged_and_costs_little(dtype):
    # Two exponentials and a line, fitted to exact values: only rounding remains.
    t = np.linspace(0.0, 2.0, 60).astype(dtype)
    y = (np.exp(-1.3 * t) + 0.7 * np.exp(0.4 * t) - 2.0 * t).astype(dtype)
    w = keras.Variable([1.2, 0.6, 0.45, -1.9], dtype=dtype)

    def rows():
        return (
            tf.exp(-w[0] * t) + w[1] * tf.exp(w[2] * t) + w[3] * t - y
        )  # fmt: skip

    objective = ki.LeastSquares(rows, [w])
    optimizer = ki.ISGD()
    reports = [optimizer.minimize(objective) for _ in range(40)]
    statuses = [ki.Status(int(report.status)) for report in reports]
    assert statuses[0] is ki.Status.LOWERED
    first = statuses.index(ki.Status.CONVERGED)
    floor = (10 * np.finfo(dtype).eps) ** 2 * np.sum(y**2)
    assert float(reports[first].loss) < floor
    evaluations = np.diff([int(report.evaluations) for report in reports])[first:]
    assert np.median(evaluations) <= 6
    alphas = [float(report.learning_rate) for report in reports[first:]]
    assert min(alphas) > 1e-3 * max(alphas)


def test_a_minimum_that_is_not_zero_says_converged():
    w = keras.Variable([3.0, 1.0], dtype="float64")
    objective = ki.LeastSquares(
        lambda: tf.stack([w[0] - 1.0, w[0] + 1.0, w[1] - 2.0, w[1] ** 2 - 4.0]), [w]
    )
    optimizer = ki.ISGD()
    for _ in range(40):
        optimizer.minimize(objective)
    assert optimizer.status is ki.Status.CONVERGED
    np.testing.assert_allclose(w.numpy(), [0.0, 2.0], atol=1e-7)
