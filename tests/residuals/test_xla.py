"""Residuals that join and cut tensors, compiled by XLA and not."""

import functools
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki


class Joined(ki.Problem):
    """Every way to join columns in one residual, with first and second derivatives."""

    coordinates = ("x", "t")

    domain = ki.Box((0.0, 0.0), (1.0, 1.0))

    def __init__(self, outputs, coefficients, mixes):
        self.outputs = outputs
        self.coefficients = {"nu": 0.7, "mu": -0.4} if coefficients else {}
        self.mixes = mixes

    def residual(self, u, x):
        nu = u.coefficient("nu") * u.coefficient("mu") if self.coefficients else 0.3
        both = tf.concat([u.value, u.d("x")], axis=1)
        pair = tf.stack([u[0].value[:, 0], u[self.outputs - 1].d("t")[:, 0]], axis=1)
        left, right = tf.split(pair, 2, axis=1)
        one = tf.slice(both, [0, 1], [-1, 1])
        chosen = tf.gather(both, [1, 0], axis=1)
        where = tf.where(x[:, :1] > 0.5, nu * left * right, u[0].d("xx"))
        padded = tf.pad(tf.unstack(both, axis=1)[0][:, None] ** 2, [[0, 0], [1, 0]])
        # Few columns, since each costs a backward pass.
        rows = tf.concat([one * both[:, :1] + padded[:, 1:], where], axis=1)
        rows += chosen**2
        return rows - nu * tf.reduce_mean(u.value) if self.mixes else rows

    def conditions(self):
        return [ki.Data([[0.2, 0.3], [0.7, 0.9]], [0.5, -0.5], component=0)]


def objective_of(problem, engine, jit):
    network = ki.networks.mlp(2, problem.outputs, width=3, depth=1, seed=1)
    for weight in network.trainable_variables:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    model = ki.PINN(network, problem, derivatives=engine)
    model.compile(optimizer=ki.ISGD(), jit_compile=jit)
    points = problem.points(4, seed=1)
    return model.objective(next(iter(points)))


@functools.cache
def differences(*kind):
    """Rows, directional derivatives and gradient by central differences of values."""
    objective = objective_of(Joined(*kind), "tape", jit=False)
    w = objective.parameters.read()
    residual = tf.function(objective.residual)
    directions = np.random.default_rng(2).normal(size=(3, w.shape[0]))
    h = 1e-5
    slopes = [(residual(w + h * v) - residual(w - h * v)) / (2 * h) for v in directions]
    return residual(w).numpy(), directions, np.array(slopes)


# Half of all combinations, in which each four of the five settings meet in every way.
SETTINGS = [
    setting
    for setting in itertools.product((False, True), repeat=5)
    if sum(setting) % 2 == 1
]


@pytest.mark.xla
@pytest.mark.parametrize(("tape", "jit", "several", "coefficients", "mixes"), SETTINGS)
def test_jacobian_and_gradient_are_those_of_differences(
    tape, jit, several, coefficients, mixes
):
    engine, outputs = ("tape" if tape else "taylor"), (3 if several else 1)
    rows, directions, slopes = differences(outputs, coefficients, mixes)
    objective = objective_of(Joined(outputs, coefficients, mixes), engine, jit)
    w = objective.parameters.read()

    @tf.function(jit_compile=jit)
    def compiled(w):
        return *objective.linearise(w), objective.value_and_gradient(w)[1]

    residual, jacobian, gradient = compiled(w)
    np.testing.assert_allclose(residual, rows, rtol=1e-10, atol=1e-12)
    found = directions @ np.transpose(jacobian)
    np.testing.assert_allclose(found, slopes, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(gradient, 2 * rows @ jacobian.numpy(), rtol=1e-9)


class Lorenz(ki.Problem):
    """Three equations with three unknown coefficients, and measured values."""

    coordinates = ("t",)
    domain = ki.Box(0.0, 0.5)
    outputs = 3
    coefficients = {"s": 1.0, "r": 1.0, "b": 1.0}

    def residual(self, u, t):
        s, r, b = (u.coefficient(name) for name in self.coefficients)
        x, y, z = (u[i].value for i in range(3))
        return tf.concat(
            [
                u[0].d("t") - s * (y - x),
                u[1].d("t") - (x * (r - z) - y),
                u[2].d("t") - (x * y - b * z),
            ],
            axis=1,
        )

    def conditions(self):
        times = np.linspace(0.0, 0.5, 6)[:, None]
        values = np.hstack([-8.0 + times, 7.0 - times, 27.0 - 9.0 * times])
        return [ki.Initial(-8.0, component=0), ki.Data(times, values)]


class Epidemic(ki.Problem):
    """SIR in shares of the population, with two unknown coefficients and counts."""

    coordinates = ("t",)
    domain = ki.Box(0.0, 1.0)
    outputs = 3
    coefficients = {"b": 0.2, "g": 0.1}

    def residual(self, u, t):
        b, g = (u.coefficient(name) for name in self.coefficients)
        infections, recoveries = b * u[0].value * u[1].value, g * u[1].value
        slopes = [-infections, infections - recoveries, recoveries]
        return u.d("t") - 150.0 * tf.concat(slopes, axis=1)

    def conditions(self):
        times = np.linspace(0.0, 1.0, 7)[:, None]
        return [ki.Data(times, 0.1 * times, component=1, weight=10.0)]


@pytest.mark.xla
@pytest.mark.parametrize("problem", [Lorenz(), Epidemic()], ids=["Lorenz", "SIR"])
@pytest.mark.parametrize("optimizer", [ki.ISGD, keras.optimizers.Adam])
def test_systems_with_coefficients_train_under_xla(problem, optimizer):
    model = ki.PINN(ki.networks.mlp(1, 3, width=6, depth=1, seed=0), problem)
    model.compile(optimizer=optimizer(), jit_compile=True)
    points = problem.points(20, resample=False)
    first = model.evaluate(points, verbose=0, return_dict=True)["loss"]
    before = {name: float(v.numpy()) for name, v in model.coefficients.items()}
    model.fit(points, epochs=1, steps_per_epoch=3, verbose=0)
    assert model.evaluate(points, verbose=0, return_dict=True)["loss"] < first
    after = {name: float(v.numpy()) for name, v in model.coefficients.items()}
    assert all(np.isfinite(v) and v != before[k] for k, v in after.items())
