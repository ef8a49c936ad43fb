"""Gauss-Newton steps of PINNs and supervised models."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki


def _model(eps=0.5, width=6, activation="tanh", dtype="float64", seed=1, **network):
    problem = ki.problems.SingularPerturbation(eps)
    network = ki.networks.mlp(
        1, width=width, depth=2, activation=activation, dtype=dtype, seed=seed,
        **network,
    )  # fmt: skip
    return ki.PINN(network, problem, loss_weights={"dirichlet_boundary": 3.0})


def _points(model, interior=15, **arguments):
    return next(iter(model.problem.points(interior, seed=3, **arguments)))


def _compiled(model, optimizer=None, **arguments):
    model.compile(optimizer=optimizer or ki.ISGD(), **arguments)
    return model


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
    model = _compiled(ki.PINN(network, problem))
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
        linear.forward(tf.constant(v)), jacobian.numpy() @ v, rtol=1e-9
    )
    np.testing.assert_allclose(
        linear.backward(tf.constant(u)), u @ jacobian.numpy(), rtol=1e-9
    )
    np.testing.assert_allclose(
        objective.value_and_gradient(w)[1],
        2 * tf.linalg.matvec(jacobian, residual, True),
        rtol=1e-9,
    )


def test_a_thinned_jacobian_has_every_other_point():
    model = _compiled(_model())
    objective = model.objective(_points(model, 8))
    w = objective.parameters.read()
    _, jacobian = objective.linearise(w)
    _, thinned = objective.linearise(w, 2)
    rows = [0, 2, 4, 6, 8]  # and the first of the two end points
    np.testing.assert_allclose(thinned, jacobian.numpy()[rows], rtol=1e-12)


def test_rows_must_be_a_vector():
    w = keras.Variable(np.ones((2, 2)), dtype="float64")
    objective = ki.LeastSquares(lambda: tf.convert_to_tensor(w), [w])
    with pytest.raises(ValueError, match=r"shape \(m,\), got \(2, 2\)"):
        objective.residual(objective.parameters.read())


# -- steps ----------------------------------------


def _step(optimizer, data=None, **arguments):
    """One step; returns the move, the objective at the start and the report."""
    model = _compiled(_model(**arguments), optimizer)
    objective = model.objective(data or _points(model))
    before = objective.parameters.read()
    optimizer.build(model.trainable_variables)
    report = optimizer.minimize(objective)
    return (objective.parameters.read() - before).numpy(), objective, before, report


@pytest.mark.parametrize("factorisation", ["auto", "gram", "exact", "iterative"])
def test_one_iteration_is_a_levenberg_marquardt_step(factorisation):
    alpha = 0.02
    solver = ki.solvers.GaussNewton(
        factorisation=factorisation, cg_tolerance=1e-10, cg_steps=500
    )
    move, objective, before, report = _step(ki.ISGD(alpha, inner=solver))
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
    assert value < report.loss


@pytest.mark.parametrize("factorisation", ["exact", "iterative"])
def test_more_iterations_solve_the_implicit_equation(factorisation):
    residuals = []
    for iterations in (1, 3, 40):
        solver = ki.solvers.GaussNewton(
            iterations, factorisation, cg_tolerance=1e-6, tolerance=1e-8
        )
        *_, report = _step(ki.ISGD(0.2, inner=solver))
        residuals.append(float(report.implicit_residual))
    assert residuals[0] > 5 * residuals[1]
    assert residuals[2] < 1e-8
    assert int(report.status) == ki.Status.SOLVED


def test_several_iterations_under_a_step_control():
    one = _step(ki.ISGD(inner=ki.solvers.GaussNewton(1)))[-1]
    many = _step(ki.ISGD(inner=ki.solvers.GaussNewton(60)))[-1]
    assert float(one.learning_rate) == float(many.learning_rate)
    assert float(many.implicit_residual) < 1e-3 * float(one.implicit_residual)


def test_the_matrix_is_left_out_when_it_exceeds_the_budget():
    model = _compiled(_model())
    objective = model.objective(_points(model))
    size = 4 * 17 * objective.parameters.size * 8 / 2**30
    assert ki.solvers.GaussNewton(memory=1.01 * size).searches(objective)
    assert not ki.solvers.GaussNewton(memory=0.99 * size).searches(objective)
    assert not ki.solvers.GaussNewton(factorisation="iterative").searches(objective)


def test_without_the_matrix_the_control_still_moves_alpha():
    solver = ki.solvers.GaussNewton(factorisation="iterative", cg_tolerance=1e-4)
    model = _compiled(_model(), ki.ISGD(inner=solver))
    history = model.fit(
        model.problem.points(15, resample=False, seed=3), epochs=25, verbose=0
    ).history
    assert len(set(history["learning_rate"])) > 1
    assert history["loss"][-1] < 1e-3 * history["loss"][0]


# -- the choice of alpha ----------------------------------------


def test_takes_the_largest_alpha_that_keeps_its_promise():
    control = ki.DecreaseRatio(target=0.6, per_decade=2)
    optimizer = ki.ISGD(0.7, step_control=control)
    _, objective, before, report = _step(optimizer, input_scale=4.0)
    r, jacobian = (t.numpy() for t in objective.linearise(before))

    def ratio(alpha):
        matrix = jacobian.T @ jacobian + np.eye(jacobian.shape[1]) / (2 * alpha)
        step = -np.linalg.solve(matrix, jacobian.T @ r)
        model = np.sum((r + jacobian @ step) ** 2)
        return (r @ r - objective.value(before + step)) / (r @ r - model)

    alphas = 0.7 * 10.0 ** (np.arange(4, -9, -1) / 2)
    good = [alpha for alpha in alphas if ratio(alpha) >= 0.6]
    np.testing.assert_allclose(report.learning_rate, good[0], rtol=1e-12)
    assert float(optimizer.learning_rate) == float(report.learning_rate)
    assert good[0] < alphas[0]  # or nothing was chosen


def test_the_turn_needs_a_rise_and_a_fall():
    control = ki.DecreaseRatio(turn=1e3)
    memory = control.initial_memory()

    def turned(*alphas):
        nonlocal memory
        for alpha in alphas:
            memory = control._remember(memory, tf.constant(alpha, tf.float64))
        return bool(memory.turned)

    assert not turned(1.0, 1e-3, 1e-7)  # falls from the start
    assert not turned(1e-5, 1e-2, 1e-4)  # 1e5 up, 1e2 down
    assert turned(0.9e-5)
    assert turned(1e9)  # for good


@pytest.mark.parametrize("inner", ["adam", "lbfgs"])
def test_other_solvers_get_one_alpha_per_step(inner):
    solver = ki.solvers.Adam(0.02, steps=40) if inner == "adam" else inner
    model = _compiled(_model(), ki.ISGD(inner=solver))
    history = model.fit(
        model.problem.points(15, resample=False, seed=3), epochs=8, verbose=0
    ).history
    assert len(set(history["learning_rate"])) > 1
    assert history["loss"][-1] < 0.5 * history["loss"][0]


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
    layer = keras.layers.Dense(1, kernel_regularizer="l2", dtype="float64")
    model = ki.PINN(
        keras.Sequential([keras.Input((1,)), layer]),
        ki.problems.SingularPerturbation(0.5),
    )
    model.compile(optimizer=ki.ISGD(inner="gauss_newton"))
    with pytest.raises(TypeError, match="without regularisers"):
        model.fit(model.problem.points(5), verbose=0)


def test_config_round_trip():
    optimizer = ki.ISGD(inner=ki.solvers.GaussNewton(3), step_control="auto")
    again = ki.ISGD.from_config(optimizer.get_config())
    assert again.get_config() == optimizer.get_config()
    assert again.step_control.get_config() == ki.DecreaseRatio().get_config()
    assert ki.ISGD.from_config(ki.ISGD(0.1).get_config()).step_control is None


# -- whole runs ----------------------------------------


@pytest.mark.parametrize("setting", [{}, {"jit_compile": True}, {"run_eagerly": True}])
def test_solves_an_equation_to_many_digits(setting):
    model = _compiled(_model(width=8, input_scale=3.0), **setting)
    steps = 8 if "run_eagerly" in setting else 45
    history = model.fit(model.problem.points(200, seed=0), epochs=steps, verbose=0)
    assert model.jit_compile == setting.get("jit_compile", False)
    alphas = history.history["learning_rate"]
    assert max(alphas) > 1e3 * min(alphas)
    if steps > 8:
        assert model.relative_l2() < 1e-7


def test_without_points_fit_draws_more_rows_than_weights():
    model = _compiled(_model(width=4))
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
    model = _compiled(_model(width=8, input_scale=3.0, dtype="float32"))
    model.fit(model.problem.points(100, seed=0), epochs=20, verbose=0)
    assert model.relative_l2() < 1e-3


def test_validation_points_expose_a_solution_between_the_points():
    # More parameters than rows, fixed points and a boundary layer that they miss.
    model = _compiled(_model(eps=0.01, width=20, input_scale=30.0))
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
    model = _compiled(ki.PINN(network, Decay()))
    model.fit(model.problem.points(100, seed=0), epochs=30, verbose=0)
    assert float(model.coefficients["nu"]) == pytest.approx(0.7, abs=1e-6)
