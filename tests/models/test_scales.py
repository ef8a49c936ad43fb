"""Sizes of outputs and terms, from conditions and the equation."""

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.models.default_network import design_for


class Moment(ki.Problem):
    """M'' = -1: the bending moment of a beam of some length."""

    def __init__(self, length):
        self.length = length
        self.domain = ki.geometry.Interval(0.0, length)

    def get_config(self):
        return {"length": self.length}

    def residual(self, u, x):
        return u.d("xx") + 1.0

    def conditions(self):
        return [ki.Dirichlet(value=0.0)]


class Flow(ki.Problem):
    """Steady flow of some density and speed through a square."""

    coordinates = ("x", "y")
    outputs = ("u", "v", "p")

    def __init__(self, density, speed, length=1.0):
        self.density, self.speed, self.length = density, speed, length
        self.domain = ki.Box((0.0, 0.0), (length, length))

    def get_config(self):
        return {"density": self.density, "speed": self.speed, "length": self.length}

    def residual(self, w, x):
        u, v, p = w["u"], w["v"], w["p"]
        along = u.value * u.d("x") + v.value * u.d("y")
        across = u.value * v.d("x") + v.value * v.d("y")
        return tf.concat(
            [
                self.density * along + p.d("x"),
                self.density * across + p.d("y"),
                u.d("x") + v.d("y"),
            ],
            1,
        )

    def conditions(self):
        return [
            ki.Dirichlet("x_min", lambda x: self.speed * tf.sin(x[:, 1:]), "u"),
            ki.Dirichlet("x_max", lambda x: self.speed * tf.cos(x[:, 1:]), "v"),
        ]


def test_the_size_of_a_moment_is_that_of_the_length_squared():
    sizes = [design_for(Moment(length)).sizes[0] for length in (6.0, 6000.0, 6e-6)]
    np.testing.assert_allclose(sizes / sizes[0], [1.0, 1e6, 1e-12], rtol=1e-6)
    # L^2 / 8 is the largest moment.
    assert 0.1 < sizes[0] / (6.0**2 / 8) < 10.0


def test_the_size_of_a_pressure_is_that_of_density_and_speed():
    one, heavy, fast = (
        design_for(Flow(*arguments)).sizes
        for arguments in ((1.0, 1.0), (1000.0, 1.0), (1.0, 30.0))
    )
    assert heavy[2] / one[2] == pytest.approx(1e3, rel=1e-6)
    assert fast[2] / one[2] == pytest.approx(900.0, rel=1e-6)
    assert fast[0] / one[0] == pytest.approx(30.0, rel=1e-6)


def test_a_source_that_calls_for_more_than_is_prescribed():
    problem = Moment(10.0)
    problem.conditions = lambda: [ki.Dirichlet("x_min", 1e-3), ki.Dirichlet("x_max")]
    assert design_for(problem).sizes[0] > 1.0
    problem.conditions = lambda: [ki.Dirichlet("x_min", 1e3), ki.Dirichlet("x_max")]
    assert design_for(problem).sizes[0] == pytest.approx(500.0)


class Wall(ki.Problem):
    """A wall that is kept at 300 on one side and heated on the other."""

    def residual(self, u, x):
        return 50.0 * u.d("xx")

    def conditions(self):
        return [
            ki.Dirichlet("x_min", 300.0),
            ki.Operator("x_max", lambda u, x, n: 50.0 * u.d("x") - 1e4),
        ]


def test_an_output_with_a_single_value_varies_as_its_flux_says():
    design = design_for(Wall())
    assert design.middles[0] == 300.0
    # The solution is 300 + 200 x.
    assert 10.0 < design.sizes[0] < 1000.0
    assert design.sizes[0] != 300.0


class Substances(ki.Problem):
    """Two substances, one of which is spread evenly at first and at the ends."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1.0, 5.0))
    outputs = ("u", "v")

    def __init__(self, unit=1.0):
        self.unit = unit

    def get_config(self):
        return {"unit": self.unit}

    def residual(self, w, x):
        u, v = w["u"], w["v"]
        rate = u.value**2 * v.value / self.unit
        return {
            "u": u.d("t") - 1.0 - rate + 4.0 * u.value - 0.02 * u.d("xx"),
            "v": v.d("t")
            - 3.0 * self.unit * u.value
            + self.unit * rate
            - 0.02 * v.d("xx"),
        }

    def conditions(self):
        return [
            ki.Dirichlet(value=1.0, component="u"),
            ki.Dirichlet(value=3.0 * self.unit, component="v"),
            ki.Initial(lambda x: 1.0 + tf.sin(2.0 * np.pi * x[:, :1]), component="u"),
            ki.Initial(3.0 * self.unit, component="v"),
        ]


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_an_output_with_a_single_value_varies_as_others_make_it(unit):
    # With u = 1 and v = 3 both equations hold, and v would not vary at all.
    design = design_for(Substances(unit))
    assert design.sizes[0] == pytest.approx(1.0, rel=0.01)
    # By SciPy's Radau v is between 1.24 and 4.09.
    assert 0.3 < design.sizes[1] / unit < 10.0


class Chain(ki.Problem):
    """Decays one after another, of so many nuclei that one more is not to be seen."""

    coordinates = ("t",)
    domain = ki.geometry.Interval(0.0, 1e6)
    outputs = ("a", "b", "c")

    def __init__(self, number=1.0):
        self.number = number

    def get_config(self):
        return {"number": self.number}

    def residual(self, u, x):
        a, b, c = u["a"], u["b"], u["c"]
        return {
            "a": a.d("t") + 1e-5 * a.value,
            "b": b.d("t") - 1e-5 * a.value + 3e-6 * b.value,
            "c": c.d("t") - 3e-6 * b.value,
        }

    def conditions(self):
        return [
            ki.Initial(self.number, component="a"),
            ki.Initial(0.0, component="b"),
            ki.Initial(0.0, component="c"),
        ]


@pytest.mark.parametrize("number", [1e-20, 1.0, 1e20])
def test_sizes_follow_one_from_another_in_any_unit(number):
    sizes = design_for(Chain(number)).sizes / number
    # By its solution a falls from 1 to 0, b rises to 0.6 and c to 0.93.
    assert np.all((sizes > 0.1) & (sizes < 20.0))
    np.testing.assert_allclose(sizes, design_for(Chain()).sizes, rtol=0.2)


class Profile(ki.Problem):
    """u_xxx + u u_xx / 2 = 0 with zeros on one side and a slope on the other."""

    domain = ki.geometry.Interval(0.0, 10.0)

    def residual(self, u, x):
        return u.d("xxx") + 0.5 * u.value * u.d("xx")

    def conditions(self):
        return [
            ki.Dirichlet("x_min"),
            ki.Operator("x_min", lambda u, x, n: u.d("x")),
            ki.Operator("x_max", lambda u, x, n: u.d("x") - 1e3),
        ]


def test_an_output_of_zeros_has_the_size_of_its_slope():
    # The solution ends at about 1e4.
    assert 1e3 < design_for(Profile()).sizes[0] < 1e5


class Sound(ki.Problem):
    """Sound between closed ends: the pressure drives the velocity, and it the pressure.

    Args:
        density: of the air.
        speed: of sound.
        seconds: how long.
        leak: how far the velocity at the ends moves from zero.
    """

    coordinates, outputs = ("x", "t"), ("p", "v")

    def __init__(self, density, speed, seconds, leak=0.0):
        self.density, self.speed, self.leak = density, speed, leak
        self.domain = ki.Box((0.0, 0.0), (1.0, seconds))

    def residual(self, w, x):
        p, v = w["p"], w["v"]
        return {
            "pressure": p.d("t") + self.density * self.speed**2 * v.d("x"),
            "momentum": self.density * v.d("t") + p.d("x"),
        }

    def conditions(self):
        wave = ki.Initial(lambda x: 20.0 * tf.cos(np.pi * x[:, :1]), component="p")
        still = ki.Initial(0.0, component="v")
        rate = 2.0 * np.pi * self.speed

        def moves(x):
            return self.leak * tf.sin(rate * x[:, 1:])

        ends = ki.Dirichlet(("x_min", "x_max"), moves, component="v")
        return [wave, still, ends]


@pytest.mark.parametrize("periods", [0.5, 5.0, 50.0])
@pytest.mark.parametrize("leak", [0.0, 1e-4, 1e-9])
def test_what_drives_and_is_driven_has_the_size_of_a_wave(periods, leak):
    density, speed = 1.2, 340.0
    design = design_for(Sound(density, speed, 2.0 * periods / speed, leak))
    # p / (density speed), however many periods there are.
    assert design.sizes[0] == pytest.approx(20.0, rel=0.01)
    assert 1 / 3 < design.sizes[1] / (20.0 / (density * speed)) < 3


class Reaction(ki.Problem):
    """b' = 0.04 - 3e7 b^p, which ends where the two are in balance."""

    coordinates = ("t",)
    domain = ki.geometry.Interval(0.0, 1e3)
    power = 2

    def residual(self, u, t):
        return u.d("t") - 0.04 + 3e7 * u.value**self.power

    def conditions(self):
        return [ki.Initial(0.0)]


@pytest.mark.parametrize("power", [1, 2, 3])
def test_a_size_that_a_power_is_in_balance_with(power, monkeypatch):
    monkeypatch.setattr(Reaction, "power", power)
    size = design_for(Reaction()).sizes[0]
    assert 0.3 < size / (0.04 / 3e7) ** (1 / power) < 3.0


def test_balanced_weights_are_inverse_to_the_trace_of_each_column():
    problem = Flow(1000.0, 2.0)
    model = ki.PINN(ki.networks.mlp(2, 3, 8, 2, seed=1), problem)
    weights = model.balanced_weights()
    sets = next(iter(problem.points(64, 64, method="sobol")))
    variables = model.network.trainable_variables
    for term in model._terms:
        x = term.inputs(sets)
        with tf.GradientTape(persistent=True) as tape:
            rows = term.rows_at(x, model.network, {})
        size = np.zeros(rows.shape[1])
        jacobian = tape.jacobian(rows, variables, experimental_use_pfor=True)
        for part in jacobian:
            if part is not None:
                part = part.numpy().reshape(*rows.shape, -1)
                size += np.mean(np.sum(part**2, axis=2), axis=0)
        omega = np.ravel(weights[term.name])
        np.testing.assert_allclose(np.log(omega * size / 1000.0), 0.0, atol=0.7)
    model.loss_weights = weights
    assert model.loss_weights["residual"] == pytest.approx(weights["residual"])


def test_weights_of_ones_own_and_measurements_with_a_sigma_are_left_out():
    problem = Moment(1.0)
    problem.conditions = lambda: [
        ki.Dirichlet("x_min", weight=7.0),
        ki.Data([[0.5]], [1.0], sigma=0.1),
        ki.Dirichlet("x_max"),
    ]
    model = ki.PINN(ki.networks.mlp(1, 1, 8, 2, seed=1), problem)
    assert sorted(model.balanced_weights()) == ["dirichlet_x_max", "residual"]


@pytest.mark.parametrize("length", [6000.0, 6e-6])
def test_a_beam_is_solved_in_any_unit(length):
    problem = Moment(length)
    model = ki.PINN(problem=problem)
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    model.fit(epochs=40, verbose=0)
    x = np.linspace(0.0, length, 50)[:, None]
    exact = x * (length - x) / 2
    error = np.abs(model.predict(x, verbose=0) - exact).max() / exact.max()
    assert error < 1e-4


class Cantilever(ki.Problem):
    """A beam under its own weight that is held at one end."""

    def residual(self, u, x):
        return u.d("xxxx") + 1.0

    def conditions(self):
        return [
            ki.Dirichlet("x_min", 0.0),
            ki.Operator("x_min", lambda u, x, n: u.d("x"), name="clamped"),
            ki.Operator("x_max", lambda u, x, n: u.d("xx"), name="moment"),
            ki.Operator("x_max", lambda u, x, n: u.d("xxx"), name="force"),
        ]

    def exact(self, x):
        return -(x**4) / 24.0 + x**3 / 6.0 - x**2 / 4.0


def test_a_solution_of_fourth_order_is_larger_than_that_of_a_rough_one():
    # The end of the beam goes down by 1 / 8. A size of 1e-4, with which a network that
    # varies as the first layer does would balance the load, is never left.
    assert 2e-3 < design_for(Cantilever()).sizes[0] < 0.5
    model = ki.PINN(problem=Cantilever())
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    model.fit(epochs=100, verbose=0)
    assert model.errors()["relative_l2"] < 1e-3


class Unknown(ki.Problem):
    """(a u')' = f with an unknown a, which is 2 at both ends but for rounding."""

    outputs = ("u", "a")

    def residual(self, u, x):
        flux = u["a"].d("x") * u["u"].d("x") + u["a"].value * u["u"].d("xx")
        return flux - tf.sin(3.0 * x)

    def conditions(self):
        return [
            ki.Dirichlet(value=self.at_the_ends, component="a"),
            ki.Data([[0.2], [0.5], [0.8]], [1.0, 2.0, 1.5], "u"),
        ]

    def at_the_ends(self, x):
        return 2.0 + 9.0 * tf.sin(5.0 * np.pi * x)


def test_rounding_of_a_prescribed_value_is_no_size():
    # Of the order of the value itself, which is what balances (a u')' with varying u.
    assert 1.0 < design_for(Unknown()).sizes[1] < 4.0
