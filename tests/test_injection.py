"""Faults put into a PINN in training: one point, one weight, one step; sizes; eps."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki

OPTIMIZERS = {
    "isgd": ki.ISGD,
    "isgd-lbfgs": lambda: ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=5)),
    "isgd-adam": lambda: ki.ISGD(0.5, inner=ki.solvers.Adam(1e-3, steps=10)),
    "lbfgs": lambda: ki.LBFGS(steps=3, memory=5),
}


class Faulty(ki.problems.SingularPerturbation):
    """Eq. 19 with a residual that is `fault` at points within 0.02 of `place`."""

    def __init__(self):
        super().__init__(0.5)
        self.place = tf.Variable(-1.0, dtype=tf.float64)
        self.fault = tf.Variable(np.nan, dtype=tf.float64)

    def residual(self, u, x):
        fault = tf.fill(tf.shape(x), tf.convert_to_tensor(self.fault))
        return tf.where(abs(x - self.place) < 0.02, fault, super().residual(u, x))


def _model(problem, optimizer, **arguments):
    network = ki.networks.mlp(1, width=6, depth=1, seed=2)
    model = ki.PINN(network, problem)
    model.compile(optimizer=optimizer, **arguments)
    return model


def _fit(model, epochs, *callbacks, points=None):
    points = points or model.problem.points(30, resample=False, seed=1)
    return model.fit(points, epochs=epochs, verbose=0, callbacks=list(callbacks))


def _weights(model):
    return np.concatenate([v.numpy().ravel() for v in model.trainable_weights])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_faulty_point_costs_the_steps_that_meet_it(name):
    problem = Faulty()
    model = _model(problem, OPTIMIZERS[name]())
    points = problem.points(30, resample=False, seed=1)
    x = next(iter(points))["interior"].numpy()[7, 0]
    _fit(model, 2, points=points)
    before, loss = _weights(model), model.evaluate(points, verbose=0)[0]

    problem.place.assign(x)
    for fault in (np.nan, np.inf):
        problem.fault.assign(fault)
        history = _fit(model, 3, points=points).history
        assert history["status"] == [ki.Status.NOT_FINITE_START] * 3
        np.testing.assert_array_equal(_weights(model), before)

    problem.place.assign(-1.0)
    _fit(model, 4, points=points)
    assert model.optimizer.status.taken
    assert model.evaluate(points, verbose=0)[0] < loss


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_weight_that_is_nan_ends_the_run_with_its_name(name, capsys, tmp_path):
    model = _model(ki.problems.SingularPerturbation(0.5), OPTIMIZERS[name]())
    kernel = model.network.weights[0]
    value = kernel.numpy()
    value[0, 3] = np.nan
    kernel.assign(value)
    others = [w.numpy() for w in model.network.weights[1:]]
    stop = ki.callbacks.StopWhenStuck()
    history = _fit(model, 50, stop).history
    assert len(history["loss"]) == 1
    assert kernel.path in stop.reason
    assert capsys.readouterr().out.count(kernel.path) == 1
    for weight, other in zip(model.network.weights[1:], others):
        np.testing.assert_array_equal(weight.numpy(), other)
    with pytest.raises(ValueError, match="NaN"):
        ki.export(model, tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_weight_beyond_a_wall_is_never_kept(name):
    """The residual is infinite where one weight passes a value: alpha must fall."""
    network = ki.networks.mlp(1, width=6, depth=1, seed=2)
    bias = network.trainable_variables[-1]
    start = bias.numpy()[0]
    wall = tf.Variable(np.inf, dtype=tf.float64)

    class Walled(ki.problems.SingularPerturbation):
        def residual(self, u, x):
            rows = super().residual(u, x)
            outside = abs(tf.convert_to_tensor(bias) - start) > wall
            return tf.where(
                outside, tf.fill(tf.shape(rows), tf.cast(np.inf, x.dtype)), rows
            )

    model = ki.PINN(network, Walled(0.5))
    model.compile(optimizer=OPTIMIZERS[name]())
    model.optimizer.build(model.trainable_variables)
    every = [*network.weights, *model.optimizer.variables]
    fresh = [v.numpy() for v in every]
    points = model.problem.points(30, resample=False, seed=1)
    before = model.evaluate(points, verbose=0)[0]
    _fit(model, 6, points=points)
    reached = abs(bias.numpy()[0] - start)

    for variable, value in zip(every, fresh):
        variable.assign(value)
    wall.assign(0.5 * reached)
    _fit(model, 6, points=points)
    assert np.isfinite(_weights(model)).all()
    assert 0.0 < abs(bias.numpy()[0] - start) <= 0.5 * reached
    after = model.evaluate(points, verbose=0)[0]
    assert after < 0.9 * before


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_that_is_not_finite_beyond_a_wall(name):
    """The loss is finite everywhere, its gradient and Jacobian only near the start."""
    start, wall = np.array([-0.5, 0.8]), tf.Variable(0.05, dtype=tf.float64)
    fault = tf.Variable(np.nan, dtype=tf.float64)
    w = keras.Variable(start, dtype="float64")

    @tf.custom_gradient
    def walled(v, outside, fault):
        def gradient(upstream):
            bad = tf.fill(tf.shape(upstream), fault)
            return tf.where(outside, bad, upstream), None, None

        return tf.identity(v), gradient

    def rows():
        v = tf.convert_to_tensor(w)
        v = walled(v, abs(v[0] - start[0]) > wall, tf.convert_to_tensor(fault))
        return tf.stack([10.0 * (v[1] - v[0] ** 2), 1.0 - v[0]])

    objective = ki.LeastSquares(rows, [w])
    optimizer = OPTIMIZERS[name]()
    optimizer.build([w])
    fresh = [v.numpy() for v in optimizer.variables]
    for value in (np.nan, np.inf):
        for variable, content in zip(optimizer.variables, fresh, strict=True):
            variable.assign(content)
        fault.assign(value)
        w.assign(start)
        wall.assign(0.05)
        losses = [float(objective.value(tf.convert_to_tensor(w)))]
        for _ in range(15):
            optimizer.minimize(objective)
            assert np.isfinite(w.numpy()).all()
            losses.append(float(objective.value(tf.convert_to_tensor(w))))
        assert (np.diff(losses) <= 1e-15 * losses[0]).all()
        if name == "isgd":  # which chooses alpha
            assert losses[-1] < losses[0]

        w.assign(start)
        wall.assign(-1.0)
        optimizer.minimize(objective)
        assert optimizer.status == ki.Status.NOT_FINITE_START
        np.testing.assert_array_equal(w.numpy(), start)


def test_a_run_without_a_finite_loss_stops_after_its_patience(capsys):
    problem = Faulty()
    model = _model(problem, ki.ISGD())
    points = problem.points(30, resample=False, seed=1)
    problem.place.assign(next(iter(points))["interior"].numpy()[0, 0])
    assert len(_fit(model, 60, points=points).history["loss"]) == 20
    assert "20 steps in a row" in capsys.readouterr().out
    shorter = ki.callbacks.StopWhenStuck(patience=3)
    assert len(_fit(model, 60, shorter, points=points).history["loss"]) == 3
    with pytest.raises(ValueError, match="patience"):
        ki.callbacks.StopWhenStuck(patience=0)


def test_a_closure_model_stops_too_and_gradient_optimizers_never_do():
    inputs = keras.Input((1,))
    model = ki.ClosureModel(inputs, keras.layers.Dense(1)(inputs))
    x, y = np.ones((4, 1)), np.full((4, 1), np.nan)
    model.compile(optimizer=ki.ISGD(), loss="mse")
    assert len(model.fit(x, y, 4, 40, 0).history["loss"]) == 20
    model.compile(optimizer="sgd", loss="mse")
    stop = ki.callbacks.StopWhenStuck(patience=1)
    history = model.fit(x, y, batch_size=4, epochs=3, verbose=0, callbacks=stop)
    assert len(history.history["loss"]) == 3
    assert stop.reason is None


def test_steps_that_find_nothing_smaller_count_only_where_asked():
    model = _model(ki.problems.SingularPerturbation(0.5), ki.ISGD(1.0, inner="lbfgs"))
    logs = {"status": float(ki.Status.NO_DECREASE)}
    for only, stops in ((True, False), (False, True)):
        stop = ki.callbacks.StopWhenStuck(patience=2, only_not_finite=only)
        stop.set_model(model)
        stop.on_train_begin()
        stop.on_train_batch_end(0, logs)
        stop.on_train_batch_end(1, {"status": float(ki.Status.SOLVED)})
        stop.on_train_batch_end(2, logs)
        assert stop.reason is None  # not in a row
        stop.on_train_batch_end(3, logs)
        assert (stop.reason is not None) == stops


@pytest.mark.parametrize("factorisation", ["gram", "exact"])
@pytest.mark.parametrize("alpha", [None, 0.5])
def test_a_jacobian_beyond_the_budget_is_refused_with_its_size(factorisation, alpha):
    problem = ki.problems.SingularPerturbation(0.5)

    def optimizer(memory):
        inner = ki.solvers.GaussNewton(factorisation=factorisation, memory=memory)
        return ki.ISGD(alpha, inner=inner)

    # 32 rows, 19 weights, 4 copies of 8 bytes.
    size = 32 * 19 * 4 * 8 / 2**30
    model = _model(problem, optimizer(0.99 * size))
    with pytest.raises(ValueError, match=r"32 rows and 19 parameters.*GiB") as raised:
        _fit(model, 1)
    assert f"{size:.3g} GiB" in str(raised.value)
    _fit(_model(problem, optimizer(1.01 * size)), 1)


def test_points_beyond_the_memory_are_refused_with_their_size():
    with pytest.raises(ValueError, match=r"1000000000000 points.* 1.49e\+04 GiB"):
        ki.problems.Helmholtz2D().points(10**12, method="sobol")
    with pytest.raises(ValueError, match="GiB"):
        ki.problems.SingularPerturbation(0.01).points(10**12, refine=0.5)


def test_a_gram_matrix_beyond_its_budget_is_refused_with_its_size():
    problem = ki.problems.SingularPerturbation(0.5)
    model = _model(problem, ki.ISGD())
    objective = model.objective(next(iter(problem.points(30, seed=1))))
    size = 32 * (19 + 32) * 8 / 2**30
    with pytest.raises(ValueError, match="32 rows and 19 weights"):
        ki.diagnostics.gram_matrix(objective, memory=0.99 * size)
    assert ki.diagnostics.gram_matrix(objective, memory=1.01 * size).shape == (32, 32)


@pytest.mark.parametrize(
    ("eps", "name"),
    [(eps, "isgd") for eps in (2.0, 1e-4, 1e-8)]
    + [(1e-8, name) for name in OPTIMIZERS if name != "isgd"],
)
def test_no_eps_ends_in_a_wrong_success(eps, name):
    problem = ki.problems.SingularPerturbation(eps)
    model = _model(problem, OPTIMIZERS[name]())
    refine = 0.5 if problem.steep else 0.0
    points = problem.points(40, resample=False, seed=1, refine=refine)
    check = problem.points(400, resample=False, seed=2, refine=refine)
    before = model.evaluate(points, verbose=0)[0]
    _fit(model, 8, points=points)
    assert np.isfinite(_weights(model)).all()
    assert model.evaluate(points, verbose=0)[0] < before
    error, loss = model.relative_l2(), model.evaluate(check, verbose=0)[0]
    assert np.isfinite(error)
    # What is far from the solution shows it on points that it was not trained on.
    assert error < 0.1 or loss > 1e-3
