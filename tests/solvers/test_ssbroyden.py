"""The self-scaled update against its closed forms, and the method against SciPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize

import keras_isgd as ki
from keras_isgd.solvers.broyden_update import updated_inverse

UPDATES = ("ssbroyden", "ssbfgs", "bfgs")


def _pair(seed, p=8):
    """H, s and y with y.s > 0, of another quadratic than H's."""
    rng = np.random.default_rng(seed)
    root, other = rng.normal(size=(2, p, p))
    s = rng.normal(size=p)
    return root @ root.T + np.eye(p), s, (other @ other.T + np.eye(p)) @ s


def _updated(matrix, s, y, update):
    bent = s @ np.linalg.solve(matrix, s)
    return updated_inverse(*map(tf.constant, (matrix, s, y, bent)), update).numpy()


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("seed", range(6))
def test_the_secant_equation_holds_and_the_matrix_stays_positive(seed, update):
    matrix, s, y = _pair(seed)
    found = _updated(matrix, s, y, update)
    np.testing.assert_allclose(found @ y, s, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found, found.T, rtol=1e-12, atol=1e-12)
    assert np.linalg.eigvalsh(found)[0] > 0.0


def test_bfgs_is_its_product_form():
    matrix, s, y = _pair(3)
    left = np.eye(8) - np.outer(s, y) / (y @ s)
    expected = left @ matrix @ left.T + np.outer(s, s) / (y @ s)
    np.testing.assert_allclose(_updated(matrix, s, y, "bfgs"), expected, rtol=1e-10)


@pytest.mark.parametrize("seed", range(6))
def test_ssbroyden_inverts_the_scaled_update_of_the_hessian(seed):
    # B+ = tau (B - Bss'B/s'Bs + theta s'Bs w w') + y y'/y's, w = y/y's - Bs/s'Bs, with
    # theta and tau as arXiv 2405.04230's code has them, written out here once more.
    matrix, s, y = _pair(seed)
    hessian = np.linalg.inv(matrix)
    ys, bent, length = y @ s, s @ hessian @ s, y @ matrix @ y
    b, h = bent / ys, length / ys
    a = b * h - 1.0
    c = np.sqrt(a / (1.0 + a))
    lowest = min(1.0, h * (1.0 - c))
    theta = max((lowest - 1.0) / a, min(1.0 / lowest, (1.0 - b) / b))
    sigma = 1.0 + theta * a
    root, scale = abs(sigma) ** (1.0 / (1 - 8)), min(1.0, 1.0 / b)
    tau = min(scale * root, sigma) if theta <= 0 else scale * min(root, 1.0 / theta)
    w = y / ys - hessian @ s / bent
    scaled = hessian - np.outer(hessian @ s, hessian @ s) / bent
    scaled += theta * bent * np.outer(w, w)
    expected = np.linalg.inv(tau * scaled + np.outer(y, y) / ys)
    found = _updated(matrix, s, y, "ssbroyden")
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


def _rosenbrock(start):
    w = keras.Variable(np.asarray(start), dtype="float64")

    def loss():
        x = tf.convert_to_tensor(w)
        return tf.reduce_sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return w, ki.Objective(loss, [w])


@pytest.mark.parametrize("update", UPDATES)
def test_finds_the_minimum_that_scipy_finds(update):
    start = np.linspace(0.2, 1.5, 8)
    w, objective = _rosenbrock(start)
    optimizer = ki.SSBroyden(steps=60, update=update)
    for _ in range(3):
        report = optimizer.minimize(objective)
        assert float(report.loss) <= float(report.loss_before)
    reference = optimize.minimize(optimize.rosen, start, jac=optimize.rosen_der)
    np.testing.assert_allclose(w.numpy(), reference.x, atol=1e-4)


def test_needs_no_more_iterations_than_scipys_bfgs():
    start = np.linspace(-1.0, 1.5, 12)
    _, objective = _rosenbrock(start)
    report = ki.SSBroyden(steps=500, tolerance=1e-9).minimize(objective)
    goal = 1e-9 * np.max(np.abs(optimize.rosen_der(start)))
    options = {"gtol": goal, "maxiter": 2000}
    reference = optimize.minimize(
        optimize.rosen, start, jac=optimize.rosen_der, method="BFGS", options=options
    )
    assert int(report.status) == ki.Status.SOLVED
    assert int(report.inner_iterations) <= 1.2 * reference.nit


def test_ten_steps_of_three_are_one_of_thirty():
    start = np.linspace(-1.0, 1.5, 8)
    w, objective = _rosenbrock(start)
    optimizer = ki.SSBroyden(steps=3)
    for _ in range(10):
        optimizer.minimize(objective)
    whole, objective = _rosenbrock(start)
    ki.SSBroyden(steps=30).minimize(objective)
    np.testing.assert_allclose(w.numpy(), whole.numpy(), rtol=1e-6)
    assert np.max(np.abs(w.numpy() - start)) > 0.1


def test_begins_again_where_its_matrix_no_longer_fits():
    centre = keras.Variable([1.0, -1.0], dtype="float64", trainable=False)
    scale = keras.Variable([1.0, 1.0], dtype="float64", trainable=False)
    w = keras.Variable([3.0, 2.0], dtype="float64")
    objective = ki.Objective(
        lambda: keras.ops.sum(scale * (w - centre) ** 2 + 0.1 * (w - centre) ** 4), [w]
    )
    optimizer = ki.SSBroyden(steps=5)
    optimizer.minimize(objective)
    centre.assign([-40.0, 7.0])
    scale.assign([50.0, 1e-2])
    for _ in range(8):
        optimizer.minimize(objective)
    np.testing.assert_allclose(w.numpy(), [-40.0, 7.0], atol=1e-2)


def test_a_matrix_beyond_the_memory_is_refused_with_a_remedy():
    _, objective = _rosenbrock(np.zeros(100))
    with pytest.raises(ValueError, match=r"inverse Hessian of 100 weights.*LBFGS"):
        ki.SSBroyden(memory=1e-5).minimize(objective)


def test_a_learning_rate_cannot_be_set():
    with pytest.raises(TypeError, match="SSBroyden has no learning rate"):
        ki.SSBroyden().learning_rate = 0.1
