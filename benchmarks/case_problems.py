"""Problems that people brought to public trackers, and what is to be reached.

See `cases.py`, which solves them.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd import geometry as shapes

PI = math.pi


class Disk(ki.Problem):
    """Laplace's equation, given values below, given slopes above (deepxde 38, 279)."""

    coordinates = ("x", "y")
    domain = shapes.Disk((0.0, 0.0), 1.0)

    def residual(self, u, x):
        return u.laplacian()

    def conditions(self):
        return [
            ki.Dirichlet(on=lambda x: x[:, 1] < 0, value=self.exact),
            ki.Neumann(on=lambda x: x[:, 1] > 0, value=lambda x: 2 * self.exact(x)),
        ]

    def exact(self, x):
        return x[:, :1] ** 2 - x[:, 1:2] ** 2


class LShape(ki.Problem):
    """Laplace's equation on an L (deepxde 38)."""

    coordinates = ("x", "y")
    domain = shapes.Rectangle((-1.0, -1.0), (1.0, 1.0)) - shapes.Rectangle(
        (0.0, 0.0), (1.0, 1.0)
    )

    def residual(self, u, x):
        return u.laplacian()

    def conditions(self):
        return [ki.Dirichlet(value=self.exact)]

    def exact(self, x):
        return tf.exp(-PI * x[:, :1]) * tf.sin(PI * x[:, 1:2])


class RobinPlate(ki.Problem):
    """A plate that loses heat through two edges (deepxde 253)."""

    coordinates = ("x", "y")
    domain = shapes.Rectangle((0.0, 0.0), (0.6, 1.0))
    at = np.array([[0.6, 0.2], [0.0, 0.5], [0.3, 0.5]])
    right = np.array([18.2538, 35.4012, 28.3200])

    def residual(self, u, x):
        return u.laplacian()

    def conditions(self):
        return [
            ki.Dirichlet("bottom", 100.0),
            ki.Neumann("left"),
            ki.Robin(("right", "top"), a=750.0 / 52.0, b=1.0),
        ]


class HeatForEveryK(ki.Problem):
    """Heat whose diffusivity is a third input (deepxde 1762, 658)."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))
    parameters = {"k": (0.2, 1.0)}

    def residual(self, u, x):
        return u.d("t") - u.parameter("k") * u.d("xx")

    def conditions(self):
        return [ki.Dirichlet(), ki.Initial(lambda x: tf.sin(PI * x[:, :1]))]

    def exact(self, x):
        return tf.exp(-x[:, 2:3] * PI**2 * x[:, 1:2]) * tf.sin(PI * x[:, :1])


class TwoMaterials(ki.Problem):
    """Heat through a poor and a good conductor (deepxde 1969)."""

    coordinates = ("x", "y")
    domain = shapes.Rectangle((0.0, -1.0), (1.0, 1.0))
    subdomains = {
        "lower": shapes.Rectangle((0.0, -1.0), (1.0, 0.0)),
        "upper": shapes.Rectangle((0.0, 0.0), (1.0, 1.0)),
    }
    k = {"lower": 1.38, "upper": 400.0}

    def residual(self, u, x):
        return self.k[u.subdomain] * u.laplacian()

    def conditions(self):
        return [
            ki.Dirichlet("bottom", 293.15),
            ki.Neumann("left"),
            ki.Neumann("right"),
            ki.Neumann("top", 200.0 / 400.0),
            ki.Interface(("lower", "upper"), k=(1.38, 400.0)),
        ]

    def exact(self, x):
        y = x[:, 1:2]
        below, above = (
            293.15 + 200.0 / 1.38 * (y + 1.0),
            293.15 + 200.0 / 1.38 + 0.5 * y,
        )
        return tf.where(y < 0, below, above)


class FokkerPlanck(ki.Problem):
    """A density whose integral is one (NeuralPDE 854)."""

    domain = shapes.Interval(-2.2, 2.2)

    def residual(self, u, x):
        drift = (0.3 - 1.5 * x**2) * u.value + (0.3 * x - 0.5 * x**3) * u.d("x")
        return drift - 0.125 * u.d("xx")

    def conditions(self):
        return [ki.Dirichlet(), ki.Integral(of=lambda u, x: u.value, value=1.0)]

    def exact(self, x):
        return 0.3246981 * tf.exp(2.0 * (0.6 * x**2 - 0.5 * x**4))


class Eigenvalue(ki.Problem):
    """-u'' / 2 = E u between two walls, with a norm of one."""

    domain = shapes.Interval(0.0, 1.0)
    coefficients = {"E": 4.0}
    right = {"E": PI**2 / 2}

    def residual(self, u, x):
        return 0.5 * u.d("xx") + u.coefficient("E") * u.value

    def conditions(self):
        return [
            ki.Dirichlet(),
            ki.Integral(of=lambda u, x: u.value**2, value=1.0, name="norm"),
        ]


class Lorenz(ki.Problem):
    """Three unknown numbers from 25 exact values (deepxde 55, 422)."""

    coordinates = ("t",)
    domain = shapes.Interval(0.0, 3.0)
    outputs = ("x", "y", "z")
    coefficients = {"s": 1.0, "r": 1.0, "b": 1.0}
    right = {"s": 10.0, "r": 15.0, "b": 8.0 / 3.0}

    def __init__(self):
        def slope(t, v):
            x, y, z = v
            return [10.0 * (y - x), x * (15.0 - z) - y, x * y - 8.0 / 3.0 * z]

        self.times = np.linspace(0.0, 3.0, 26)[1:]
        self.values = _solved(slope, (-8.0, 7.0, 27.0), self.times)

    def residual(self, u, x):
        s, r, b = (u.coefficient(name) for name in "srb")
        x, y, z = (u[name].value for name in "xyz")
        return {
            "x": u["x"].d("t") - s * (y - x),
            "y": u["y"].d("t") - x * (r - z) + y,
            "z": u["z"].d("t") - x * y + b * z,
        }

    def conditions(self):
        return [
            ki.Initial([-8.0, 7.0, 27.0]),
            ki.Data(self.times[:, None], self.values),
        ]


class SIR(ki.Problem):
    """An epidemic in raw counts, two unknown rates (deepxde 515)."""

    coordinates = ("t",)
    domain = shapes.Interval(0.0, 150.0)
    outputs = ("S", "I", "R")
    coefficients = {"b": 0.2, "g": 0.1}
    right = {"b": 0.5, "g": 0.33}
    people = 7_900_010.0

    def __init__(self):
        def slope(t, v):
            new = 0.5 * v[0] * v[1] / self.people
            return [-new, new - 0.33 * v[1], 0.33 * v[1]]

        self.times = np.arange(0.0, 151.0)
        self.values = _solved(slope, (self.people - 10.0, 10.0, 0.0), self.times)

    def residual(self, u, x):
        new = u.coefficient("b") * u["S"].value * u["I"].value / self.people
        healed = u.coefficient("g") * u["I"].value
        return {
            "S": u["S"].d("t") + new,
            "I": u["I"].d("t") - new + healed,
            "R": u["R"].d("t") - healed,
        }

    def conditions(self):
        return [
            ki.Initial([self.people - 10.0, 10.0, 0.0]),
            ki.Data(self.times[:, None], self.values),
        ]


class UnknownK(ki.Problem):
    """An unknown function k(x) as a second output, from 21 values of u."""

    domain = shapes.Interval(0.0, 1.0)
    outputs = ("u", "k")

    def residual(self, u, x):
        k, v = u["k"], u["u"]
        return k.d("x") * v.d("x") + k.value * v.d("xx") + 1.0

    def conditions(self):
        x = np.linspace(0.0, 1.0, 21)[:, None]
        return [
            ki.Dirichlet("x_min", 1.0, component="k"),
            ki.Data(x, self.exact(x)[:, :1], component="u"),
        ]

    def exact(self, x):
        c = 1.0 / math.log(1.5) - 2.0
        return tf.concat([2 * (c + 2) * tf.math.log(1 + x / 2) - 2 * x, 1 + x / 2], 1)


class LotkaVolterra(ki.Problem):
    """Hares and foxes in their own numbers (deepxde 85)."""

    coordinates = ("t",)
    domain = shapes.Interval(0.0, 10.0)
    outputs = ("r", "p")

    def residual(self, u, x):
        r, p = u["r"].value, u["p"].value
        return {
            "r": u["r"].d("t") - 2.0 * r + 0.04 * r * p,
            "p": u["p"].d("t") - 0.02 * r * p + 1.06 * p,
        }

    def conditions(self):
        return [ki.Initial([100.0, 15.0])]

    def exact(self, x):
        def slope(t, v):
            return [2 * v[0] - 0.04 * v[0] * v[1], 0.02 * v[0] * v[1] - 1.06 * v[1]]

        return _solved(slope, (100.0, 15.0), np.asarray(x)[:, 0])


class Beam(ki.Problem):
    """The bending moment of a beam in any unit of length (NeuralPDE 582)."""

    def __init__(self, length):
        self.length = length
        self.domain = shapes.Interval(0.0, length)

    def residual(self, u, x):
        return u.d("xx") + 1.0

    def conditions(self):
        return [ki.Dirichlet()]

    def exact(self, x):
        return 0.5 * x * (self.length - x)


class UnknownFlux(ki.Problem):
    """-y'(0) = C, unknown, from ten values of y (deepxde 1612)."""

    domain = shapes.Interval(0.0, 5.0)
    coefficients = {"C": 1.0}
    right = {"C": 2.0}

    def residual(self, u, x):
        return u.d("xx") - u.value

    def conditions(self):
        x = np.linspace(0.0, 5.0, 12)[1:-1, None]
        return [
            ki.Neumann("x_min", lambda u, x: u.coefficient("C")),
            ki.Neumann("x_max"),
            ki.Data(x, 2.0 * np.cosh(5.0 - x) / np.sinh(5.0)),
        ]


class Fractional(ki.Problem):
    """A periodic solution of a system with broken powers (deepxde 1177)."""

    coordinates = ("t",)
    domain = shapes.Interval(0.0, 2.0 * PI)
    outputs = ("u", "v")
    at = np.array([[0.0]])
    right = np.array([[1.421682, 1.675655]])

    def residual(self, u, x):
        a, b = u["u"].value, u["v"].value
        made = 1.1 * (3.0 - b) ** 1.5 * a**3.5
        return {
            "u": u["u"].d("t") - (2.0 + tf.sin(x) - made + 1.3 * b**2.2),
            "v": u["v"].d("t") - (1.0 + tf.cos(x) + made - 2.4 * b**2.2),
        }

    def conditions(self):
        return [ki.Periodic("t", orders=[0])]


class UnknownB(ki.Problem):
    """-b(u) u'' + u = f with an unknown function b of u (NeuralPDE 572)."""

    domain = shapes.Interval(0.0, 1.0)
    outputs = ("u", "b")

    def residual(self, u, x):
        solution = tf.sin(PI * x)
        right = self.b(solution) * PI**2 * solution + solution
        return -u["b"].value * u["u"].d("xx") + u["u"].value - right

    def conditions(self):
        x = np.linspace(0.0, 1.0, 101)[1:-1, None]
        return [ki.Data(x, np.sin(PI * x), component="u")]

    def b(self, s):
        return (1.0 + s**2) / (1.0 + 2.0 * s**2)

    def exact(self, x):
        solution = tf.sin(PI * x)
        return tf.concat([solution, self.b(solution)], axis=1)


class HeatSI(ki.Problem):
    """Heat in kelvin, millimetres and seconds."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1000.0, 1e6))

    def residual(self, u, x):
        return u.d("t") - 0.1 * u.d("xx")

    def conditions(self):
        start = ki.Initial(lambda x: 300.0 + 50.0 * tf.sin(PI * x[:, :1] / 1000.0))
        return [ki.Dirichlet(value=300.0), start]

    def exact(self, x):
        decay = tf.exp(-0.1 * (PI / 1000.0) ** 2 * x[:, 1:2])
        return 300.0 + 50.0 * decay * tf.sin(PI * x[:, :1] / 1000.0)


def _function_of_u(seed: int) -> keras.Model:
    """u(x) and b(u), as one network."""
    return ki.networks.join(
        ("x",),
        {
            "u": ki.networks.mlp(1, 1, 24, 2, input_scale=4.0, seed=seed),
            "b": ki.networks.Part(
                ki.networks.mlp(1, 1, 12, 1, input_scale=4.0, seed=seed + 100),
                of=("u",),
                positive=True,
            ),
        },
    )


def _near_one_and_a_half(seed: int) -> keras.Model:
    scale = 4.0 / (2.0 * PI)
    return ki.networks.mlp(
        1, 2, 24, 2, input_scale=scale, domain=Fractional.domain, seed=seed,
        output_offset=1.5,
    )  # fmt: skip


def _solved(slope: Callable, start: tuple, times: np.ndarray) -> np.ndarray:
    """The solution of an ordinary differential equation at times, `(n, k)`."""
    from scipy.integrate import solve_ivp

    span = (0.0, float(times[-1]))
    found = solve_ivp(
        slope, span, start, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-12
    )
    return found.y.T


def _relative_l2(model: ki.PINN) -> float:
    return model.errors()["relative_l2"]


def _max_error(model: ki.PINN) -> float:
    return model.errors()["max_error"]


def _of_numbers(model: ki.PINN) -> float:
    """The largest relative error of the coefficients."""
    return max(
        abs(float(model.coefficients[name].numpy()) / right - 1.0)
        for name, right in model.problem.right.items()
    )


def _of_points(model: ki.PINN) -> float:
    problem = model.problem
    found = model(problem.at).numpy()
    return float(np.abs(found - problem.right.reshape(found.shape)).max())


def _of_second(model: ki.PINN) -> float:
    """The relative error of the second output."""
    x = model.problem.test_points()
    found, right = model(x).numpy()[:, 1], model.problem.exact(x).numpy()[:, 1]
    return float(np.linalg.norm(found - right) / np.linalg.norm(right))


class Case(NamedTuple):
    """A problem, what is measured, and what is to be reached.

    Attributes:
        problem: makes it.
        error: of a model.
        goal: for the error.
        what: the error in words.
        network: from a seed; None leaves the choice to `PINN`.
    """

    problem: Callable[[], ki.Problem]
    error: Callable[[ki.PINN], float]
    goal: float
    what: str
    network: Callable[[int], keras.Model] | None = None


CASES = {
    "disk": Case(Disk, _relative_l2, 1e-6, "relative L2"),
    "l_shape": Case(LShape, _relative_l2, 1e-4, "relative L2"),
    "robin": Case(RobinPlate, _of_points, 0.02, "degrees at three points"),
    "heat_k": Case(HeatForEveryK, _relative_l2, 1e-4, "relative L2"),
    "two_materials": Case(TwoMaterials, _max_error, 1e-3, "degrees, maximum"),
    "fokker_planck": Case(FokkerPlanck, _relative_l2, 1e-5, "relative L2"),
    "eigenvalue": Case(Eigenvalue, _of_numbers, 1e-6, "relative, E"),
    "lorenz": Case(Lorenz, _of_numbers, 1e-5, "relative, worst coefficient"),
    "sir": Case(SIR, _of_numbers, 1e-3, "relative, worst coefficient"),
    "unknown_k": Case(UnknownK, _of_second, 1e-2, "relative L2 of k"),
    "unknown_b": Case(UnknownB, _of_second, 1e-2, "relative L2 of b", _function_of_u),
    "unknown_flux": Case(UnknownFlux, _of_numbers, 1e-5, "relative, C"),
    "fractional": Case(
        Fractional, _of_points, 1e-5, "u, v at 0, maximum", _near_one_and_a_half
    ),
    "beam": Case(lambda: Beam(6.0), _relative_l2, 1e-6, "relative L2"),
    "beam_mm": Case(lambda: Beam(6000.0), _relative_l2, 1e-6, "relative L2"),
    "beam_um": Case(lambda: Beam(6e-6), _relative_l2, 1e-6, "relative L2"),
    "heat_si": Case(HeatSI, _max_error, 1e-3, "kelvin, maximum"),
    "lotka_volterra": Case(LotkaVolterra, _relative_l2, 1e-5, "relative L2"),
}
