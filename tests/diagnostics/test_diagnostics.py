"""Curvature, loss decay and Gram matrices against closed forms and differences."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd import diagnostics
from keras_isgd.diagnostics.hessian import lanczos


def _pinn(width=5):
    problem = ki.problems.Poisson1D("u_L")
    model = ki.PINN(ki.networks.mlp(1, width=width, depth=1, seed=0), problem)
    batch = next(iter(problem.points(20, resample=False, seed=0)))
    return model, batch


def test_hessian_of_a_pinn_is_the_difference_of_its_gradients():
    model, batch = _pinn()
    objective = model.objective(batch)
    w = objective.parameters.read()
    matrix = diagnostics.hessian(objective)
    h = 1e-5
    for i in (0, 7, len(matrix) - 1):
        unit = tf.one_hot(i, len(matrix), dtype=w.dtype)
        plus = objective.value_and_gradient(w + h * unit)[1]
        minus = objective.value_and_gradient(w - h * unit)[1]
        expected = ((plus - minus) / (2 * h)).numpy()
        np.testing.assert_allclose(
            matrix[i], expected, atol=1e-6 * np.abs(matrix).max()
        )
    values = diagnostics.hessian_spectrum(objective)
    assert np.sum(values) == pytest.approx(np.trace(matrix))
    ends = diagnostics.extreme_eigenvalues(objective, tolerance=1e-10)
    assert ends.largest == pytest.approx(values[-1], rel=1e-8)
    assert ends.smallest == pytest.approx(values[0], abs=1e-8 * values[-1])
    assert ends.products <= len(matrix)


@pytest.mark.parametrize("seed", range(3))
def test_lanczos_errors_bound_the_errors(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(60, 60))
    matrix = matrix + matrix.T
    exact = np.linalg.eigvalsh(matrix)
    ends = lanczos(lambda v: matrix @ v, 60, 12, 1e-12, seed)
    assert ends.products == 12
    assert ends.largest_error > 0
    assert np.min(np.abs(exact - ends.largest)) <= ends.largest_error * (1 + 1e-9)
    assert np.min(np.abs(exact - ends.smallest)) <= ends.smallest_error * (1 + 1e-9)


def test_lanczos_ends_in_an_invariant_space():
    ends = lanczos(lambda v: 3.0 * v, 10, 10, 1e-12, 0)
    assert ends.products == 1
    assert ends.smallest == ends.largest == pytest.approx(3.0)
    assert lanczos(lambda v: 0.0 * v, 4, 4, 1e-12, 0).largest == 0.0


def test_what_cannot_be_is_refused():
    model, batch = _pinn()
    with pytest.raises(TypeError, match=r"model\.objective"):
        diagnostics.hessian_spectrum(model)
    theta = keras.Variable([1.0], dtype="float64")
    square = ki.Objective(lambda: theta[0] ** 2, [theta])
    with pytest.raises(TypeError, match="sum of squares"):
        diagnostics.gram_matrix(square)
    objective = model.objective(batch)
    with pytest.raises(ValueError, match="steps"):
        diagnostics.extreme_eigenvalues(objective, steps=0)
    with pytest.raises(ValueError, match="every"):
        diagnostics.LossDecay({}, every=0)


def test_a_hessian_too_large_is_refused_before_it_allocates(monkeypatch):
    model, batch = _pinn()
    objective = model.objective(batch)
    monkeypatch.setattr(objective.parameters, "size", 20_000)
    with pytest.raises(ValueError, match=r"with a copy, would take 5\.96 GiB"):
        diagnostics.hessian(objective)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(1e-7),
        lambda: ki.ISGD(1e-5, inner=ki.solvers.GaussNewton(iterations=30)),
    ],
    ids=["gradient descent", "implicit"],
)
def test_loss_decay_is_that_of_the_expansions(optimizer):
    model, batch = _pinn()
    model.compile(optimizer=optimizer())
    decay = diagnostics.LossDecay(batch, every=2)
    points = model.problem.points(20, resample=False, seed=0)
    model.fit(points, epochs=4, verbose=0, callbacks=[decay])
    assert [s["iteration"] for s in decay.steps] == [1, 3]
    for step in decay.steps:
        assert step["change"] < 0
        # The remainders are of third order in a small step.
        assert step["explicit"] == pytest.approx(step["change"], rel=1e-5)
        assert step["implicit"] == pytest.approx(step["change"], rel=1e-5)
        assert step["curvature_after"] > 0
    if isinstance(model.optimizer, ki.ISGD):
        assert all(step["implicit_gap"] < 1e-5 for step in decay.steps)
    else:
        assert all(math.isnan(step["implicit_gap"]) for step in decay.steps)


def test_gram_matrix_of_a_pinn_has_the_gradients_of_its_rows():
    model, batch = _pinn()
    objective = model.objective(batch)
    w = objective.parameters.read()
    with tf.GradientTape() as tape:
        tape.watch(w)
        rows = objective.residual(w)
    jacobian = tape.jacobian(rows, w).numpy()
    np.testing.assert_allclose(
        diagnostics.gram_matrix(objective),
        jacobian @ jacobian.T,
        atol=1e-10 * np.abs(jacobian).max() ** 2,
    )


def _points(n=6, d=3):
    return np.random.default_rng(0).normal(size=(n, d))


def test_limit_gram_matrix_is_the_mean_over_many_networks():
    x = _points()
    limit, error = diagnostics.limit_gram_matrix(x)
    assert error < 1e-6
    rng = np.random.default_rng(1)
    samples = 400_000
    weights = rng.normal(size=(samples, x.shape[1]))
    outer = rng.uniform(-1.0, 1.0, size=samples)
    seen = diagnostics.two_layer_gram_matrix(x, weights, outer)
    assert np.all(np.abs(seen - limit) < 5.0 * np.abs(x @ x.T) / samples**0.5)
    assert np.linalg.eigvalsh(limit)[0] > 0


def test_limit_gram_matrix_in_closed_form():
    # act' = z: E[(w . x)(w . y)] = x . y, so H = (x . y)^2.
    x = _points()
    limit, error = diagnostics.limit_gram_matrix(
        x, slope=lambda z: z, outer_square=1.0, order=100
    )
    np.testing.assert_allclose(limit, (x @ x.T) ** 2, rtol=1e-12, atol=1e-12)
    assert error < 1e-10
    with pytest.raises(ValueError, match="order"):
        diagnostics.limit_gram_matrix(x, order=7)


def test_two_layer_gram_matrix_is_that_of_the_gradients():
    x = tf.constant(_points())
    rng = np.random.default_rng(2)
    outer = rng.uniform(-1.0, 1.0, size=7)
    weights = tf.constant(rng.normal(size=(7, 3)))
    with tf.GradientTape() as tape:
        tape.watch(weights)
        hidden = tf.tanh(tf.matmul(x, weights, transpose_b=True))
        u = tf.linalg.matvec(hidden, outer) / 7**0.5
    jacobian = tf.reshape(tape.jacobian(u, weights), (6, -1)).numpy()
    np.testing.assert_allclose(
        diagnostics.two_layer_gram_matrix(x, weights, outer),
        jacobian @ jacobian.T,
        rtol=1e-12,
        atol=1e-14,
    )


def test_theorem_bound_holds_for_an_implicit_step_on_a_quadratic():
    # With a constant Gram matrix H the residual shrinks by 1 / (1 + alpha H).
    alpha, curvature = 0.3, 2.0
    bound = diagnostics.theorem_bound(5.0, alpha, curvature, 10)
    exact = 5.0 * (1.0 + alpha * curvature) ** (-2.0 * np.arange(11))
    assert bound[0] == 5.0
    assert np.all(exact <= bound)
    assert bound[3] == pytest.approx(5.0 / 1.3**3)


def test_each_place_has_its_own_matrix():
    model, batch = _pinn()
    objective = model.objective(batch)
    w = objective.parameters.read()
    there = (w + 0.3).numpy()
    functions = (
        diagnostics.hessian,
        diagnostics.hessian_spectrum,
        diagnostics.gram_matrix,
        lambda *where: diagnostics.extreme_eigenvalues(*where)[:2],
    )
    here = [function(objective) for function in functions]
    moved = [function(objective, there) for function in functions]
    for variable in model.trainable_variables:
        variable.assign_add(0.3 * tf.ones_like(variable))
    for function, before, expected in zip(functions, here, moved, strict=True):
        assert not np.allclose(before, expected, rtol=1e-3)
        np.testing.assert_allclose(function(objective), expected, rtol=1e-6, atol=1e-9)
    for wrong, words in (
        (there[:-1], r"got shape \(15,\)"),
        (there * 1j, "is complex"),
    ):
        with pytest.raises(ValueError, match=f"`w`.*{words}"):
            diagnostics.hessian(objective, wrong)


@pytest.mark.parametrize(
    "function",
    [diagnostics.hessian, diagnostics.hessian_spectrum, diagnostics.gram_matrix],
)
def test_budgets(function):
    objective = _pinn()[0].objective(_pinn()[1])
    function(objective, memory=1e-4)
    with pytest.raises(ValueError, match="more than the 1e-06 GiB allowed"):
        function(objective, memory=1e-6)


def test_arguments_of_lanczos():
    objective = _pinn()[0].objective(_pinn()[1])

    def ends(**arguments):
        return diagnostics.extreme_eigenvalues(objective, **arguments)

    assert ends(steps=3).products == 3
    loose, tight = ends(tolerance=0.5), ends(tolerance=1e-12)
    assert loose.products < tight.products
    assert ends(steps=3, seed=0) == ends(steps=3, seed=0) != ends(steps=3, seed=1)
    for wrong in ({"tolerance": -1.0}, {"tolerance": math.nan}, {"seed": -1}):
        with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
            ends(**wrong)


def test_slopes_and_orders_of_gram_matrices():
    x = _points()
    weights = np.random.default_rng(3).normal(size=(9, 3))
    # act' = 1: H = x . x' times the mean of a^2.
    linear = diagnostics.two_layer_gram_matrix(
        x, weights, np.full(9, 2.0), slope=np.ones_like
    )
    np.testing.assert_allclose(linear, 4.0 * x @ x.T, rtol=1e-12, atol=1e-12)
    coarse, fine = (diagnostics.limit_gram_matrix(x, order=n)[1] for n in (12, 120))
    assert fine < 0.1 * coarse
    for wrong in (7, 16.0, True):
        with pytest.raises(ValueError, match="`order` as a whole number >= 8"):
            diagnostics.limit_gram_matrix(x, order=wrong)


def test_theorem_bound_depends_on_each_argument():
    expected = 3.0 * (1.0 + 0.5 * 0.4 * 5.0) ** -np.arange(3.0)
    np.testing.assert_allclose(diagnostics.theorem_bound(3.0, 0.4, 5.0, 2), expected)
