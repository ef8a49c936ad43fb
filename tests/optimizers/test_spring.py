"""SPRING: momentum in the minimal-norm step, and when it is chosen."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.optimizers.auto_control import LARGE

P, M = 60, 20


class Rows:
    """A linear system of which each step sees some new rows."""

    def __init__(self, noise=0.0):
        rng = np.random.default_rng(0)
        self.u, _ = np.linalg.qr(rng.normal(size=(P, P)))
        self.scale = np.logspace(0, -1, P)
        self.solution = rng.normal(size=P)
        self.noise = noise
        self.rng = rng
        self.w = keras.Variable(np.zeros(P), dtype="float64")
        self.a = tf.Variable(np.zeros((M, P)))
        self.b = tf.Variable(np.zeros(M))
        self.objective = ki.LeastSquares(
            lambda: tf.linalg.matvec(self.a, self.w.value) - self.b, [self.w]
        )
        self.draw()

    def draw(self):
        a = (self.rng.normal(size=(M, P)) * self.scale) @ self.u.T
        self.a.assign(a)
        self.b.assign(a @ self.solution + self.noise * self.rng.normal(size=M))

    def error(self):
        gap = self.w.numpy() - self.solution
        return np.linalg.norm(gap) / np.linalg.norm(self.solution)


def _isgd(**arguments):
    control = ki.SPRING(**arguments)
    return ki.ISGD(inner="gauss_newton", step_control=control)


def _stacked(a, r, damping, anchor):
    """argmin |r + J s|^2 + lambda |s - anchor|^2 by SciPy's and NumPy's own means."""
    root = np.sqrt(damping)
    left = np.vstack([a, root * np.eye(P)])
    right = np.concatenate([-r, root * anchor])
    return np.linalg.lstsq(left, right, rcond=None)[0]


def test_the_first_step_is_levenberg_marquardts():
    rows = Rows()
    _isgd().minimize(rows.objective)
    a, b = rows.a.numpy(), rows.b.numpy()
    damping = 1e-2 * np.mean(np.sum(a**2, axis=1))
    step = _stacked(a, -b, damping, np.zeros(P))
    np.testing.assert_allclose(rows.w.numpy(), step, rtol=1e-9, atol=1e-12)


def test_a_step_with_momentum_solves_the_stacked_least_squares():
    rows = Rows()
    optimizer = _isgd()
    optimizer.build([rows.w])
    rng = np.random.default_rng(5)
    w, anchor = rng.normal(size=P), 0.1 * rng.normal(size=P)
    rows.w.assign(w)
    given = {
        "rate": 0.3,
        "damping": 1e-3,
        "momentum": anchor,
        "stepped": 1,
        "after": w,
        "before": w,
    }
    for name, value in given.items():
        optimizer.state()[f"control_{name}"].assign(value)
    report = optimizer.minimize(rows.objective)
    a, b = rows.a.numpy(), rows.b.numpy()
    damping = 1e-3 * np.mean(np.sum(a**2, axis=1))
    step = _stacked(a, a @ w - b, damping, 0.7 * anchor)
    np.testing.assert_allclose(rows.w.numpy(), w + 0.6 * step, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(float(report.learning_rate), 0.5 / damping, rtol=1e-12)
    kept = optimizer.state()["control_momentum"].numpy()
    np.testing.assert_allclose(kept, step, rtol=1e-8, atol=1e-10)


def test_a_consistent_system_is_solved_from_new_rows_in_each_step():
    rows = Rows()
    optimizer = _isgd()
    for _ in range(400):
        report = optimizer.minimize(rows.objective)
        assert float(report.loss) <= float(report.loss_before)
        rows.draw()
    assert rows.error() < 1e-3


def test_noise_is_averaged_by_momentum():
    def ends(**arguments):
        rows = Rows(noise=0.05)
        optimizer = _isgd(**arguments)
        errors = []
        for _ in range(300):
            optimizer.minimize(rows.objective)
            rows.draw()
            errors.append(rows.error())
        return np.median(errors[-50:])

    assert ends() < 0.5 * ends(smallest_rate=1.0)


def test_bounds_fall_and_noise_is_averaged_further_in_a_long_run():
    rows = Rows(noise=0.05)
    optimizer = _isgd()
    errors = []
    for _ in range(1000):
        optimizer.minimize(rows.objective)
        rows.draw()
        errors.append(rows.error())
    state = optimizer.state()
    settled, rate = (
        float(state[f"control_{name}"].numpy()) for name in ("settled", "rate")
    )
    least = 0.01 / np.sqrt(1.0 + settled * M / P)
    assert 0.99 * least <= rate < 0.2 * 0.01
    # With a constant bound both are the same.
    assert np.median(errors[-100:]) < 0.75 * np.median(errors[200:300])


def test_on_fixed_points_steps_are_full_ones():
    rows = Rows()
    optimizer = _isgd()
    for _ in range(25):
        report = optimizer.minimize(rows.objective)
    assert float(optimizer.state()["control_rate"].numpy()) == 1.0
    assert float(report.loss) < 1e-10 * float(np.sum(rows.b.numpy() ** 2))


def test_weights_that_were_set_from_outside_begin_without_momentum():
    rows = Rows()
    optimizer = _isgd()
    for _ in range(3):
        optimizer.minimize(rows.objective)
        rows.draw()
    w = np.random.default_rng(9).normal(size=P)
    rows.w.assign(w)
    rate = float(optimizer.state()["control_rate"].numpy())
    optimizer.state()["control_damping"].assign(1e-3)
    optimizer.minimize(rows.objective)
    a, b = rows.a.numpy(), rows.b.numpy()
    damping = 1e-3 * np.mean(np.sum(a**2, axis=1))
    step = _stacked(a, a @ w - b, damping, np.zeros(P))
    eta = min(2.0 * rate, 1.0)
    np.testing.assert_allclose(rows.w.numpy(), w + eta * step, rtol=1e-8, atol=1e-10)


def test_what_it_cannot_work_on_is_refused():
    w = keras.Variable(np.zeros(3), dtype="float64")
    many = ki.LeastSquares(lambda: tf.concat([w.value] * 2, axis=0) - 1.0, [w])
    with pytest.raises(TypeError, match=r"6 rows, 3 weights.*fewer points"):
        _isgd().minimize(many)
    with pytest.raises(TypeError, match='inner="gauss_newton"'):
        ki.ISGD(inner="lbfgs", step_control=ki.SPRING()).minimize(many)


def _wide(width, rows):
    """A network of some 2 w + w^2 weights and a loss of so many rows."""
    network = ki.networks.mlp(1, width=width, depth=2, seed=0)
    model = ki.PINN(network, ki.problems.Poisson1D())
    model.compile(optimizer=ki.ISGD())
    points = model.problem.points(interior=rows - 2, seed=0)
    model.fit(points, epochs=1, steps_per_epoch=2, verbose=0)
    return model


def test_large_networks_on_few_rows_take_it():
    model = _wide(70, 40)
    assert model.count_params() > LARGE
    assert model.optimizer.description.endswith(
        "40 rows, in their space, with momentum"
    )
    assert model.optimizer.state()["control_stepped"].numpy() == 1


def test_small_networks_do_not():
    model = _wide(20, 40)
    assert model.optimizer.description.endswith("40 rows")
    assert "control_momentum" not in model.optimizer.state()


def test_the_default_points_of_a_large_network_are_few():
    network = ki.networks.mlp(2, width=70, depth=2, seed=0)
    sets = next(iter(ki.PINN(network, ki.problems.Poisson2D()).default_points()))
    assert sum(len(x) for x in sets.values()) < 600


def test_a_large_network_goes_on_from_a_file_bit_for_bit(tmp_path):
    model = _wide(70, 40)
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    points = model.problem.points(interior=38, seed=0)
    for each in (model, again):
        each.fit(points, epochs=4, initial_epoch=2, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 4
    for one, other in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
