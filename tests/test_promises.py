"""What docs/promises.md says, attacked: every optimizer, every inner solver."""

import functools

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

import keras_isgd as ki

MAKERS = {
    "gauss-newton": lambda: ki.ISGD(inner="gauss_newton"),
    "exact": lambda: ki.ISGD(
        inner=ki.solvers.GaussNewton(factorisation="exact", iterations=2)
    ),
    "iterative": lambda: ki.ISGD(
        inner=ki.solvers.GaussNewton(factorisation="iterative")
    ),
    "gauss-newton fixed alpha": lambda: ki.ISGD(0.5, inner="gauss_newton"),
    "isgd-lbfgs": lambda: ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=6)),
    "isgd-adam": lambda: ki.ISGD(0.5, inner=ki.solvers.Adam(0.03, steps=12)),
    "isgd-lbfgs controlled": lambda: ki.ISGD(inner=ki.solvers.LBFGS(steps=6)),
    "lbfgs": lambda: ki.LBFGS(steps=4, memory=5),
    "ssbroyden": lambda: ki.SSBroyden(steps=4),
    "isgd-ssbroyden": lambda: ki.ISGD(0.5, inner=ki.solvers.SSBroyden(steps=6)),
}
FIXED = ("gauss-newton fixed alpha", "isgd-lbfgs", "isgd-adam", "isgd-ssbroyden")


class Case:
    """|tanh(A w) + B w - b|^2 of p weights and m rows, with numbers that change."""

    def __init__(self, name, m, p, dtype="float64"):
        self.w = keras.Variable(np.zeros(p), dtype=dtype)
        self.a = tf.Variable(np.zeros((m, p)), dtype=dtype)
        self.b = tf.Variable(np.zeros((m, p)), dtype=dtype)
        self.c = tf.Variable(np.zeros(m), dtype=dtype)
        self.objective = ki.LeastSquares(self._rows, [self.w])
        self.optimizer = MAKERS[name]()
        self.optimizer.build([self.w])
        self._fresh = [v.numpy() for v in self.optimizer.variables]
        self.loss = tf.function(
            lambda: self.objective.value(tf.convert_to_tensor(self.w))
        )

    def _rows(self):
        w = tf.convert_to_tensor(self.w)
        return (
            tf.tanh(tf.linalg.matvec(self.a, w)) + tf.linalg.matvec(self.b, w) - self.c
        )

    def start(self, w, a, b, c, alpha=None):
        for variable, value in zip(self.optimizer.variables, self._fresh):
            variable.assign(value)
        for variable, value in ((self.w, w), (self.a, a), (self.b, b), (self.c, c)):
            variable.assign(np.broadcast_to(value, variable.shape))
        if alpha is not None:
            self.optimizer.learning_rate = alpha

    def step(self):
        return self.optimizer.minimize(self.objective)


@functools.cache
def _case(name, m, p, dtype="float64"):
    return Case(name, m, p, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", MAKERS)
@hypothesis.settings(max_examples=8, deadline=None, derandomize=True)
@hypothesis.example(seed=24933, alpha=0.0, size=-1.0, wide=True)  # it once rose here
@hypothesis.given(
    seed=st.integers(0, 10**6),
    alpha=st.floats(-10.0, 10.0),
    size=st.floats(-3.0, 3.0),
    wide=st.booleans(),
)
def test_the_loss_never_rises(name, dtype, seed, alpha, size, wide):
    # In single precision one shape: each costs a trace.
    wide = wide or dtype == "float32"
    case = _case(name, *((3, 6) if wide else (7, 4)), dtype)
    rng = np.random.default_rng(seed)
    m, p = case.a.shape
    case.start(
        rng.normal(size=p) * 10.0**size,
        rng.normal(size=(m, p)),
        rng.normal(size=(m, p)) * rng.choice([0.0, 0.1, 1.0]),
        rng.normal(size=m),
        10.0**alpha if name in FIXED else None,
    )
    before = case.loss().numpy()
    for _ in range(3):
        report = case.step()
        after = case.loss().numpy()
        assert np.isfinite(case.w.numpy()).all()
        assert report.loss_before.numpy() == pytest.approx(before, rel=1e-5)
        assert report.loss.numpy() == pytest.approx(after, rel=1e-5)
        assert after <= before * (1 + 2 * np.finfo(dtype).eps)
        before = after


def _degenerate(m, p):
    """Starts w, matrices A and B, and targets, by what is wrong with them."""
    rng = np.random.default_rng(0)
    w, a, row = rng.normal(size=p), rng.normal(size=(m, p)), rng.normal(size=p)
    return {
        "zero Jacobian": (w, 0.0, 0.0, 1.0),
        "rank one": (w, 0.0, np.outer(np.ones(m), row), 1.0),
        "duplicated rows": (w, np.tile(row, (m, 1)), 0.0, 0.3),
        "zero residual": (0.0, 1.0, 1.0, 0.0),
        "weights of 1e-12": (1e-12 * w, a, 0.0, 0.2),
        "weights of 1e12": (1e12 * w, 0.0, a, 1.0),
        "rows of 1e12": (w, 0.0, 1e12 * a, 1.0),
        "rows of 1e-12": (w, 0.0, 1e-12 * a, 1e-12),
    }


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 6), (7, 4)])
def test_degenerate_problems_end_in_a_result_or_a_sentence(name, shape):
    case = _case(name, *shape)
    for what, (w, a, b, c) in _degenerate(*shape).items():
        case.start(w, a, b, c, 0.5 if name in FIXED else None)
        before = case.loss().numpy()
        for _ in range(4):
            report = case.step()
        after = case.loss().numpy()
        assert np.isfinite(case.w.numpy()).all(), what
        assert after <= before * (1 + 1e-12), what
        assert str(ki.Status(int(report.status.numpy()))), what
        if what in ("zero Jacobian", "zero residual"):
            np.testing.assert_array_equal(case.w.numpy(), np.broadcast_to(w, shape[1]))
        if what == "weights of 1e12" and name in ("gauss-newton", "exact"):
            assert after < 1e-6 * before, what


class Poison:
    """Makes the rows NaN or infinite in one evaluation, or in all from one on."""

    def __init__(self):
        self.count = self.at = 0
        self.value, self.forever = np.nan, False

    def set(self, at, value, forever):
        self.count, self.at, self.value, self.forever = 0, at, value, forever

    def __call__(self, rows):
        self.count += 1
        hit = self.count >= self.at if self.forever else self.count == self.at
        rows = rows.copy()
        if hit:
            rows[0] = self.value
        return rows


@pytest.mark.parametrize("name", MAKERS)
def test_non_finite_rows_at_any_evaluation_leave_good_weights(name):
    poison, w0 = Poison(), np.array([-0.5, 0.8, 0.3])
    w = keras.Variable(w0, dtype="float64")

    @tf.custom_gradient
    def poisoned(rows):
        out = tf.numpy_function(poison, [rows], rows.dtype)
        return tf.ensure_shape(out, rows.shape), lambda upstream: upstream

    def rows():
        v = tf.convert_to_tensor(w)
        return poisoned(tf.concat([10.0 * (v[1:] - v[:-1] ** 2), 1.0 - v[:-1]], axis=0))

    objective = ki.LeastSquares(rows, [w])
    optimizer = MAKERS[name]()
    optimizer.build([w])
    fresh = [v.numpy() for v in optimizer.variables]

    def loss():
        poison.set(0, np.nan, False)
        return float(objective.value(tf.convert_to_tensor(w)))

    poison.set(0, np.nan, False)
    optimizer.minimize(objective)
    evaluations, start = poison.count, None
    assert evaluations > 2
    statuses = set()
    for at in range(1, evaluations + 1):
        for value, forever in ((np.nan, False), (np.inf, True)):
            for variable, content in zip(optimizer.variables, fresh):
                variable.assign(content)
            w.assign(w0)
            start = loss()
            poison.set(at, value, forever)
            report = optimizer.minimize(objective)
            statuses.add(ki.Status(int(report.status.numpy())))
            assert np.isfinite(w.numpy()).all()
            assert loss() <= start
            # It goes on from there as soon as the fault is over.
            for _ in range(6):
                optimizer.minimize(objective)
            assert np.isfinite(w.numpy()).all()
            assert loss() < start, (at, value)
    assert ki.Status.NOT_FINITE_START in statuses


class Counting(ki.problems.SingularPerturbation):
    traced = 0

    def residual(self, u, x):
        type(self).traced += 1
        return super().residual(u, x)


@pytest.mark.parametrize("jit", [False, True])
def test_nothing_is_traced_again_after_the_first_two_steps(jit, tmp_path):
    problem = Counting(0.5)
    model = ki.PINN(ki.networks.mlp(1, width=4, depth=1, seed=0), problem)
    model.compile(optimizer=ki.ISGD(), jit_compile=jit)
    counts = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            counts.append(Counting.traced)

    model.fit(
        problem.points(12, resample=True, seed=0),
        epochs=9,
        verbose=0,
        validation_data=problem.points(5, resample=False),
        validation_steps=1,
        validation_freq=5,
        callbacks=[
            ki.callbacks.SwitchOptimizer(keras.optimizers.Adam(1e-3), 4),
            ki.callbacks.BackupAndRestore(tmp_path / "b"),
            ki.callbacks.SolverMonitor(),
            Watch(),
        ],
    )
    assert len(counts) == 9
    # The first validation, after step 5, traces a function of its own.
    assert counts[1:5] == [counts[1]] * 4
    assert counts[5:] == [counts[5]] * 4


def test_runs_repeat_bit_for_bit_and_with_xla_nearly():
    def train(jit):
        keras.utils.set_random_seed(4)
        problem = ki.problems.SingularPerturbation(0.5)
        model = ki.PINN(ki.networks.mlp(1, width=6, depth=1), problem)
        model.compile(optimizer=ki.ISGD(0.5, inner="gauss_newton"), jit_compile=jit)
        model.fit(problem.points(20, seed=2), epochs=3, verbose=0)
        return np.concatenate([v.numpy().ravel() for v in model.weights])

    first = train(False)
    np.testing.assert_array_equal(train(False), first)
    np.testing.assert_allclose(train(True), first, rtol=1e-9, atol=1e-11)
