"""Gauss-Newton steps of PINNs and supervised models."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from gauss_newton_cases import compiled, model_of, points_of, step_of

import keras_isgd as ki

# -- residual and Jacobian ----------------------------------------


class Coupled(ki.Problem):
    """Two equations, a coefficient, data, and flux and periodic conditions."""

    coordinates = ("x", "y")
    domain = ki.Box((0.0, 0.0), (1.0, 2.0))
    coefficients = {"nu": 0.3}

    def residual(self, u, x):
        flow = u.laplacian() - u.coefficient("nu") * u.value * u.d("x")
        return tf.concat([flow, u.d("y") - x[:, :1]], axis=1)

    def conditions(self):
        rng = np.random.default_rng(0)
        return [
            ki.Neumann(on="boundary", value=1.0),
            ki.Periodic("x"),
            ki.Data(rng.uniform(size=(4, 2)), rng.normal(size=4), weight=2.0),
        ]


class Mixing(ki.Problem):
    """A residual that is no function of one point."""

    def residual(self, u, x):
        return u.d("xx") - tf.reduce_mean(u.value)


@pytest.mark.parametrize("problem", [Coupled(), Mixing()])
def test_jacobian_against_finite_differences(problem):
    network = ki.networks.mlp(len(problem.coordinates), width=5, depth=2, seed=0)
    model = compiled(ki.PINN(network, problem))
    boundary = None if len(problem.coordinates) == 1 else 6
    data = next(iter(problem.points(5, boundary, seed=1)))
    objective = model.objective(data)
    w = objective.parameters.read()
    residual, jacobian = objective.linearise(w)
    m, p = jacobian.shape
    assert objective.row_count() == m
    np.testing.assert_allclose(residual, objective.residual(w), rtol=1e-12)
    loss, _ = model.closure(data)
    np.testing.assert_allclose(np.sum(residual**2), loss, rtol=1e-12)
    for i in (0, 7, p - 1):
        h = np.zeros(p)
        h[i] = 1e-6
        difference = (objective.residual(w + h) - objective.residual(w - h)) / 2e-6
        np.testing.assert_allclose(jacobian[:, i], difference, rtol=1e-5, atol=1e-7)
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=m), rng.normal(size=p)
    linear = objective.operators(w)
    np.testing.assert_allclose(
        linear.jvp(tf.constant(v)), jacobian.numpy() @ v, rtol=1e-9
    )
    np.testing.assert_allclose(
        linear.vjp(tf.constant(u)), u @ jacobian.numpy(), rtol=1e-9
    )
    np.testing.assert_allclose(
        objective.value_and_gradient(w)[1],
        2 * tf.linalg.matvec(jacobian, residual, True),
        rtol=1e-9,
    )


def test_a_thinned_jacobian_is_deprecated():
    model = compiled(model_of())
    objective = model.objective(points_of(model, 8))
    w = objective.parameters.read()
    _, jacobian = objective.linearise(w)
    with pytest.warns(DeprecationWarning, match="sampled_jacobian"):
        _, thinned = objective.linearise(w, 2)
    np.testing.assert_allclose(thinned, jacobian.numpy()[::2], rtol=1e-12)


def test_rows_must_be_a_vector():
    w = keras.Variable(np.ones((2, 2)), dtype="float64")
    objective = ki.LeastSquares(lambda: tf.convert_to_tensor(w), [w])
    with pytest.raises(ValueError, match=r"shape \(m,\), got \(2, 2\)"):
        objective.residual(objective.parameters.read())


# -- steps ----------------------------------------


@pytest.mark.parametrize("factorisation", ["auto", "gram", "exact", "iterative"])
def test_one_straight_iteration_is_a_levenberg_marquardt_step(factorisation):
    alpha = 0.02
    solver = ki.solvers.GaussNewton(
        factorisation=factorisation,
        cg_tolerance=1e-10,
        cg_steps=500,
        acceleration=None,
    )
    move, objective, before, report = step_of(ki.ISGD(alpha, inner=solver))
    r, jacobian = (t.numpy() for t in objective.linearise(before))
    matrix = jacobian.T @ jacobian + np.eye(len(move)) / (2 * alpha)
    expected = -np.linalg.solve(matrix, jacobian.T @ r)
    np.testing.assert_allclose(move, expected, rtol=1e-6, atol=1e-8)
    assert int(report.inner_iterations) == 1
    value, gradient = objective.value_and_gradient(objective.parameters.read())
    start = objective.value_and_gradient(before)[1]
    certificate = np.linalg.norm(move + alpha * gradient)
    certificate /= alpha * np.linalg.norm(start)
    np.testing.assert_allclose(report.implicit_residual, certificate, rtol=1e-9)
    np.testing.assert_allclose(value, report.loss, rtol=1e-12)
    assert report.loss < report.loss_before


@pytest.mark.parametrize("factorisation", ["exact", "iterative"])
def test_more_iterations_solve_the_implicit_equation(factorisation):
    # Decreases are seen down to rounding, 1e-16 of the value, and so gradients down to
    # the root of it: on some processors iterations end at 1.7e-8.
    tolerance, residuals = 5e-8 if factorisation == "exact" else 1e-8, []
    for iterations in (1, 40):
        solver = ki.solvers.GaussNewton(
            iterations, factorisation, cg_tolerance=1e-6, tolerance=tolerance
        )
        *_, report = step_of(ki.ISGD(0.2, inner=solver))
        residuals.append(float(report.implicit_residual))
    assert residuals[0] > 1e-4
    assert residuals[1] < tolerance
    assert int(report.status) == ki.Status.SOLVED


def test_the_matrix_is_left_out_when_it_exceeds_the_budget():
    model = compiled(model_of())
    objective = model.objective(points_of(model))
    size = 4 * 17 * objective.parameters.size * 8 / 2**30
    assert ki.solvers.GaussNewton(memory=1.01 * size).solves_any_damping(objective)
    assert not ki.solvers.GaussNewton(memory=0.99 * size).solves_any_damping(objective)
    assert not ki.solvers.GaussNewton(factorisation="iterative").solves_any_damping(
        objective
    )


def test_refusals():
    schedule = keras.optimizers.schedules.ExponentialDecay(1.0, 10, 0.5)
    with pytest.raises(ValueError, match="Leave one of the two out"):
        ki.ISGD(schedule, step_control=ki.DecreaseRatio())
    with pytest.raises(TypeError, match="step control such as"):
        ki.ISGD(step_control="best")
    with pytest.raises(ValueError, match="`target` in"):
        ki.DecreaseRatio(target=1.0)
    with pytest.raises(ValueError, match="`turn` > 1"):
        ki.DecreaseRatio(turn=1.0)
    with pytest.raises(ValueError, match="auto, gram, exact, iterative"):
        ki.solvers.GaussNewton(factorisation="cholesky")
    w = keras.Variable([1.0], dtype="float64")
    objective = ki.Objective(lambda: tf.reduce_sum(w**2), [w])
    with pytest.raises(TypeError, match="needs a LeastSquares loss"):
        ki.ISGD(inner="gauss_newton").minimize(objective)
    layer = keras.layers.Dense(1, kernel_regularizer="l1", dtype="float64")
    model = ki.PINN(
        keras.Sequential([keras.Input((1,)), layer]),
        ki.problems.SingularPerturbation(0.5),
    )
    model.compile(optimizer=ki.ISGD(inner="gauss_newton"))
    with pytest.raises(TypeError, match="regularisers other than L2"):
        model.fit(model.problem.points(5), verbose=0)


def test_config_round_trip():
    optimizer = ki.ISGD(inner=ki.solvers.GaussNewton(3), step_control="auto")
    again = ki.ISGD.from_config(optimizer.get_config())
    assert again.get_config() == optimizer.get_config()
    assert again.step_control.get_config() == ki.AutoControl().get_config()
    assert ki.ISGD.from_config(ki.ISGD(0.1).get_config()).step_control is None


# -- whole runs ----------------------------------------


@pytest.mark.parametrize("setting", [{}, {"jit_compile": True}, {"run_eagerly": True}])
def test_solves_an_equation_to_many_digits(setting):
    model = compiled(model_of(width=8, input_scale=3.0), **setting)
    steps = 8 if "run_eagerly" in setting else 45
    history = model.fit(model.problem.points(200, seed=0), epochs=steps, verbose=0)
    assert model.jit_compile == setting.get("jit_compile", False)
    alphas = history.history["learning_rate"]
    assert max(alphas) > 1e3 * min(alphas)
    if steps > 8:
        assert model.relative_l2() < 1e-7


def test_without_points_fit_draws_more_rows_than_weights():
    model = compiled(model_of(width=4))
    seen = []
    objective = model.objective

    def spy(data):
        made = objective(data)
        seen.append((made.row_count(), made.parameters.size))
        return made

    model.objective = spy
    model.fit(epochs=2, verbose=0)
    assert all(rows >= 2 * weights for rows, weights in seen)
    assert seen


def test_float32_reaches_its_precision():
    model = compiled(model_of(width=8, input_scale=3.0, dtype="float32"))
    model.fit(model.problem.points(100, seed=0), epochs=20, verbose=0)
    assert model.relative_l2() < 1e-3


def test_validation_points_expose_a_solution_between_the_points():
    # More parameters than rows, fixed points and a boundary layer that they miss.
    model = compiled(model_of(eps=0.01, width=12, input_scale=30.0))
    problem = model.problem
    history = model.fit(
        problem.points(12, resample=False, seed=0),
        epochs=40,
        verbose=0,
        validation_data=problem.points(500, resample=False, seed=1),
    ).history
    assert history["loss"][-1] < 1e-6
    assert history["val_loss"][-1] > 1e3 * history["loss"][-1]
    assert model.max_error() > 0.01


class Decay(ki.Problem):
    """u' = -nu u with u measured: nu = 0.7."""

    coordinates = ("t",)
    domain = ki.Box(0.0, 2.0)
    coefficients = {"nu": 0.1}

    def residual(self, u, t):
        return u.d("t") + u.coefficient("nu") * u.value

    def conditions(self):
        t = np.linspace(0.0, 2.0, 9)[:, None]
        return [ki.Data(t, np.exp(-0.7 * t))]


def test_a_coefficient_of_the_equation_is_found():
    network = ki.networks.mlp(1, width=8, depth=2, domain=Decay.domain, seed=0)
    model = compiled(ki.PINN(network, Decay()))
    model.fit(model.problem.points(100, seed=0), epochs=30, verbose=0)
    assert float(model.coefficients["nu"]) == pytest.approx(0.7, abs=1e-6)
