"""Evolution equations in windows of time."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import solve_ivp

import keras_isgd as ki
from keras_isgd.models.default_network import design_for
from keras_isgd.solving import march, training
from keras_isgd.solving.windows import Window, why_not


class Oscillator(ki.Problem):
    """u'' = -u - u^3: two initial values."""

    coordinates = ("t",)
    domain = ki.geometry.Interval(1.0, 7.0)

    def residual(self, u, x):
        return u.d("tt") + u.value + u.value**3

    def conditions(self):
        return [ki.Initial(1.0), ki.Initial(0.5, order=1)]


class Heat(ki.Problem):
    """u_t = u_xx."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1.0, 0.2))

    def residual(self, u, x):
        return u.d("t") - u.d("xx")

    def conditions(self):
        return [
            ki.Dirichlet(value=0.0),
            ki.Initial(lambda x: tf.sin(np.pi * x[:, :1])),
        ]

    def exact(self, x):
        return tf.exp(-(np.pi**2) * x[:, 1:]) * tf.sin(np.pi * x[:, :1])


def rows(t, model):
    """The rows of all conditions of a model at a first time, where its normal is -1."""
    x = tf.constant([[t, -1.0]], tf.float64)
    return [
        term.rows_at(x[:, : term.width], model.network, {}).numpy().item()
        for term in model._terms[1:]
    ]


def test_a_window_continues_value_and_slope_of_the_one_before():
    problem = Oscillator()
    network = design_for(problem).network(8, seed=1)
    window = Window(problem, network)
    model = ki.PINN(network, window.problem)
    assert list(model.loss_weights) == ["residual", "initial", "initial_dt"]
    x = tf.constant([[1.0]], tf.float64)

    def value_and_slope(at):
        at = tf.constant([[at]], tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(at)
            u = network(at)
        return np.array([u.numpy().item(), tape.gradient(u, at).numpy().item()])

    window.move(1.0, 3.0)
    np.testing.assert_allclose(rows(1.0, model), value_and_slope(1.0) - [1.0, 0.5])
    end = value_and_slope(3.0)
    window.move(3.0, 5.0, network.get_weights())
    np.testing.assert_allclose(rows(3.0, model), value_and_slope(3.0) - end, atol=1e-12)
    assert network(x).shape == (1, 1)


class Turning(ki.Problem):
    """u_t = u_xx + u_yy, periodic in x, which comes before the time in its inputs."""

    coordinates = ("x", "y", "t")
    domain = ki.Box((0.0, 0.0, 1.0), (2.0, 1.0, 3.0))

    def residual(self, u, x):
        return u.d("t") - u.laplacian()

    def conditions(self):
        edges = ki.Dirichlet(("y_min", "y_max"), 0.0)
        return [ki.Periodic("x"), edges, ki.Initial(1.0)]


@pytest.mark.parametrize("problem", [Oscillator(), Heat(), Turning()])
def test_halves_of_a_window_are_the_same_function(problem):
    network = design_for(problem).network(8, seed=1)
    window = Window(problem, network)
    axis = problem.time_axis
    low, high = problem.domain.lower[axis], problem.domain.upper[axis]
    end = low + 0.6 * (high - low)
    x = np.random.default_rng(0).uniform(
        problem.domain.lower, problem.domain.upper, (60, problem.input_count)
    )
    x[:, axis] = np.linspace(low, end, 60)
    window.move(low, end)
    network.set_weights([w + 0.1 for w in network.get_weights()])
    window.move(low, end)
    weights, before = network.get_weights(), network(x).numpy()
    halves = window.halves(weights, low, end)
    after = window.joined(halves, [0.5 * (low + end)])(x).numpy()
    np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-13)
    # Each is mapped to its own half, so that it is one window to go on with.
    network.set_weights(halves[1])
    window.move(0.5 * (low + end), end)
    np.testing.assert_allclose(network(x), before, rtol=1e-12, atol=1e-13)


class OfValues(Oscillator):
    """The same as two equations, with values at the first time in other words."""

    outputs = ("u", "v")

    def residual(self, u, x):
        u, v = u["u"], u["v"]
        return {
            "speed": u.d("t") - v.value,
            "force": v.d("t") + u.value + u.value**3,
        }

    def conditions(self):
        return [
            ki.Dirichlet("t_min", 1.0, "u", weight=3.0),
            ki.Dirichlet("t_min", lambda x: 0.5 * x, "v", name="v at first"),
        ]


class OfSlopes(Oscillator):
    """Value and slope at the first time as conditions of other kinds."""

    def conditions(self):
        return [
            ki.Dirichlet(("t_min",), 1.0),
            ki.Neumann("t_min", -0.5),
            ki.Operator("t_min", lambda u, x: u.d("tt") + u.value**2 - x),
            ki.Robin("t_min", a=2.0, b=1.0, value=1.5),
        ]


def test_any_condition_at_the_first_time_is_continued():
    problem = OfSlopes()
    network = design_for(problem).network(8, seed=1)
    window = Window(problem, network)
    model = ki.PINN(network, window.problem)
    assert list(model.loss_weights) == list(ki.PINN(network, problem).loss_weights)

    def expected(at):
        at = tf.constant([[at]], tf.float64)
        with tf.GradientTape() as outer:
            outer.watch(at)
            with tf.GradientTape() as inner:
                inner.watch(at)
                u = network(at)
            slope = inner.gradient(u, at)
        u, slope, bend = (
            z.numpy().item() for z in (u, slope, outer.gradient(slope, at))
        )
        return np.array([u, -slope, bend + u**2 - at.numpy().item(), 2.0 * u - slope])

    window.move(1.0, 3.0)
    given = np.array([1.0, -0.5, 0.0, 1.5])
    np.testing.assert_allclose(rows(1.0, model), expected(1.0) - given)
    end = expected(3.0)
    window.move(3.0, 5.0, network.get_weights())
    assert np.abs(expected(3.0) - end).min() > 1e-7
    np.testing.assert_allclose(rows(3.0, model), expected(3.0) - end, atol=1e-12)


def test_values_at_the_first_time_are_initial_values():
    problem = OfValues()
    network = design_for(problem).network(8, seed=1)
    window = Window(problem, network)
    model = ki.PINN(network, window.problem)
    names = list(ki.PINN(network, problem).loss_weights)
    assert list(model.loss_weights) == names
    assert model.loss_weights["dirichlet_t_min_u"] == 3.0
    assert names[-1] == "v at first"

    def values(at):
        return network(tf.constant([[at]], tf.float64)).numpy()[0]

    window.move(1.0, 3.0)
    np.testing.assert_allclose(rows(1.0, model), values(1.0) - [1.0, 0.5])
    end = values(3.0)
    window.move(3.0, 5.0, network.get_weights())
    np.testing.assert_allclose(rows(3.0, model), values(3.0) - end, atol=1e-12)


def test_points_move_with_the_window():
    problem = Heat()
    window = Window(problem, design_for(problem).network(4))
    points = window.points(problem.points(300, 20, resample=False))
    window.move(0.05, 0.1)
    sets = next(iter(points))
    t = sets["interior"][:, 1].numpy()
    assert 0.05 <= t.min() < 0.055
    assert 0.095 < t.max() <= 0.1
    assert np.all(sets["t_min"][:, 1].numpy() == 0.05)


class Relaxation(ki.Problem):
    """Van der Pol's equation with mu = 3, which jumps after slow stretches."""

    coordinates = ("t",)
    domain = ki.geometry.Interval(0.0, 4.0)

    def residual(self, u, t):
        return u.d("tt") - 3.0 * (1.0 - u.value**2) * u.d("t") + u.value

    def conditions(self):
        return [ki.Initial(2.0), ki.Initial(0.0, order=1)]


def test_a_jump_is_met_with_windows_as_short_as_it_needs(monkeypatch):
    monkeypatch.setattr(training, "_STANDING_STEPS", 10)
    # A first window that is too long, so that one has to be halved.
    monkeypatch.setattr(march, "_PARTS", 1)
    model = ki.solve(Relaxation(), seconds=100, callbacks=[StopAfter(600)])
    said = next(text for text in model.choices if text.startswith("Time"))
    assert "too long and were halved" in said
    assert "no solution yet" not in said
    t = np.linspace(0.0, 4.0, 300)
    exact = solve_ivp(
        lambda t, y: [y[1], 3.0 * (1.0 - y[0] ** 2) * y[1] - y[0]], (0.0, 4.0),
        [2.0, 0.0], "DOP853", t, rtol=1e-11, atol=1e-11,
    ).y[0]  # fmt: skip
    error = np.abs(model.predict(t[:, None], verbose=0)[:, 0] - exact)
    assert error.max() < 1e-2


class StopAfter(keras.callbacks.Callback):
    """Ends the whole call after so many steps, by the number and not by the clock."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left <= 0:
            self.model.stop_training = True


class Free(Oscillator):
    """u'' = 0."""

    def residual(self, u, x):
        return u.d("tt")


def test_weights_of_terms_are_those_of_a_window():
    problem = Free()
    network = design_for(problem).network(8, seed=1)
    window = Window(problem, network)
    model = ki.PINN(network, window.problem)
    whole = model.balanced_weights(window.few_points())
    assert whole == pytest.approx(model.balanced_weights())
    window.move(1.0, 2.5)
    quarter = model.balanced_weights(window.few_points())
    # In a quarter of the time u'' has rows 16 times as large, u' four times.
    ratio = {name: whole[name] / quarter[name] for name in whole}
    assert ratio["residual"] == pytest.approx(16.0**2, rel=0.2)
    assert ratio["initial_dt"] == pytest.approx(4.0**2, rel=0.01)
    assert ratio["initial"] == pytest.approx(1.0, rel=0.01)


def test_an_oscillator_in_windows_against_scipy(monkeypatch):
    # So that it ends when it stands still, and not when its time is over.
    monkeypatch.setattr(training, "_STANDING_STEPS", 10)
    problem = _changed(Oscillator(), domain=ki.geometry.Interval(1.0, 4.0))
    model = ki.solve(problem, seconds=60, windows=2, callbacks=[StopAfter(200)])
    t = np.linspace(1.0, 4.0, 200)
    exact = solve_ivp(
        lambda t, y: [y[1], -y[0] - y[0] ** 3], (1.0, 4.0), [1.0, 0.5],
        "DOP853", t, rtol=1e-11, atol=1e-11,
    ).y[0]  # fmt: skip
    # Two, and one more for each that had been too long.
    count = len([n for n in model.network.layers if n.name.startswith("window_")])
    assert count >= 2
    assert f"Time: {count} windows" in model.choices[-1]
    assert (count > 2) == ("were halved" in model.choices[-1])
    error = np.abs(model.predict(t[:, None], verbose=0)[:, 0] - exact)
    assert error.max() < 1e-3


class Same(ki.Condition):
    """u(x, y) = u(1 - x, y): a condition that needs the solution at two places."""

    kind = "same"

    def places(self, problem, x):
        return [x[:, :2], tf.concat([1.0 - x[:, :1], x[:, 1:2]], 1)]

    def residual(self, problem, fields, x):
        return fields[0].value - fields[1].value


def _changed(problem, **changes):
    for name, value in changes.items():
        setattr(problem, name, value)
    return problem


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"time": None, "conditions": lambda: [ki.Dirichlet(value=0.0)]},
            "no time",
        ),
        ({"coefficients": {"k": 1.0}}, "unknown numbers"),
        ({"conditions": lambda: [ki.Dirichlet(value=0.0)]}, "no initial condition"),
        (
            {"conditions": lambda: [ki.Initial(0.0), ki.Data([[0.5, 0.1]], [1.0])]},
            "at all times together",
        ),
        (
            {"conditions": lambda: [ki.Initial(0.0), ki.Dirichlet("t_max", 1.0)]},
            "one end of the time",
        ),
        (
            {"conditions": lambda: [ki.Initial(0.0), ki.Dirichlet([[0.5, 0.1]], 1.0)]},
            "points of its own",
        ),
        (
            {
                "conditions": lambda: [
                    ki.Initial(0.0),
                    ki.Operator(("x_min", "t_max"), lambda u, x, n: u.value),
                ]
            },
            "one end of the time",
        ),
        (
            {
                "conditions": lambda: [
                    ki.Initial(0.0),
                    ki.Operator(("t_min", "x_min"), lambda u, x, n: u.value),
                ]
            },
            "one end of the time",
        ),
        (
            {"conditions": lambda: [ki.Initial(0.0), Same("t_min")]},
            "'same_t_min' needs the solution at other points",
        ),
    ],
)
def test_why_not(changes, reason):
    problem = _changed(Heat(), **changes)
    assert reason in why_not(problem, design_for(problem))


def test_a_network_of_ones_own_has_no_window():
    assert "network was given" in why_not(Heat(), None)
    assert why_not(Heat(), design_for(Heat())) is None


class Memory(ki.Problem):
    """u' = -u(t / 2): a window does not know the solution at earlier times."""

    coordinates = ("t",)

    def residual(self, u, t):
        return u.d("t") + u.at(t / 2).value

    def conditions(self):
        return [ki.Initial(1.0)]


def test_an_equation_that_looks_back_has_no_windows():
    problem = Memory()
    reason = why_not(problem, design_for(problem))
    assert "'residual' needs the solution at other points" in reason
    with pytest.raises(ValueError, match="cannot be solved in windows"):
        ki.solve(problem, 5.0, windows=2)


def test_a_period_in_space_has_windows():
    problem = Heat()
    problem.conditions = lambda: [
        ki.Periodic("x"),
        ki.Initial(lambda x: tf.cos(2 * np.pi * x[:, :1])),
    ]
    design = design_for(problem)
    assert design.periodic == (0,)
    assert why_not(problem, design) is None
