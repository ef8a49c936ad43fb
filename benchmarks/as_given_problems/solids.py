"""Solids: a bar, a cylinder under pressure, a beam, a plate, clay, a prism."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import (
    Case,
    Stated,
    line,
    uniform_columns,
    uniform_points,
)
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Annulus, Interval, Rectangle, Triangle

PI = math.pi


class ThermoelasticBar(ki.Problem):
    """E u'' - E a T' = 0, k T'' + q = 0: a heated bar that is held at both ends.

    u is in metres, T in kelvin; E = 2e11 Pa, a = 1.2e-5 / K, k = 50 W / (m K) and
    q = 1e5 W / m^3.
    """

    coordinates = ("x",)
    length = 2.0
    domain = Interval(0.0, length)
    outputs = ("u", "T")
    young, expansion, conductivity, heating = 2e11, 1.2e-5, 50.0, 1e5

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        u, temperature = w["u"], w["T"]
        thermal = self.young * self.expansion * temperature.d("x")
        return {
            "stress": self.young * u.d("xx") - thermal,
            "heat": self.conductivity * temperature.d("xx") + self.heating,
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(component="u"),
            ki.Dirichlet("x_min", 300.0, component="T"),
            ki.Dirichlet("x_max", 350.0, component="T"),
        ]


def _thermoelastic_bar() -> Stated:
    problem, length = ThermoelasticBar(), ThermoelasticBar.length
    curved = problem.heating / (2.0 * problem.conductivity)

    def warmth(x: np.ndarray | float) -> np.ndarray | float:
        """The integral of the temperature from 0 to x."""
        bulge = curved * (length * x**2 / 2.0 - x**3 / 3.0)
        return 300.0 * x + 12.5 * x**2 + bulge

    x = line(0.0, length, 1001)
    temperature = 300.0 + 25.0 * x + curved * x * (length - x)
    moved = problem.expansion * (warmth(x) - warmth(length) * x / length)
    return Stated(problem, x, np.concatenate([moved, temperature], axis=1))


class ThickCylinder(ki.Problem):
    """div sigma = 0 for a quarter of a steel cylinder under pressure, plane strain.

    Metres and pascal: radii 0.1 and 0.2, 1e8 Pa inside, Young's modulus 210e9 Pa and
    Poisson's ratio 0.3. `lame` and `shear` are Lame's two constants.
    """

    coordinates = ("x", "y")
    inner, outer, pressure = 0.1, 0.2, 1e8
    young, poisson = 210e9, 0.3
    lame = young * poisson / ((1.0 + poisson) * (1.0 - 2.0 * poisson))
    shear = young / (2.0 * (1.0 + poisson))
    domain = Annulus((0.0, 0.0), inner, outer) & Rectangle((0.0, 0.0), (0.3, 0.3))
    outputs = ("u", "v")

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        u, v = w["u"], w["v"]
        along, mixed = self.lame + 2.0 * self.shear, self.lame + self.shear
        return {
            "x": along * u.d("xx") + self.shear * u.d("yy") + mixed * v.d("xy"),
            "y": along * v.d("yy") + self.shear * v.d("xx") + mixed * u.d("xy"),
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Operator(
                lambda x: tf.norm(x, axis=1) < self.inner * 1.001,
                self.pressed(self.pressure),
                name="inner",
            ),
            ki.Operator(
                lambda x: tf.norm(x, axis=1) > self.outer * 0.999,
                self.pressed(0.0),
                name="outer",
            ),
            ki.Dirichlet(lambda x: x[:, 0] < 1e-9, component="u", name="left"),
            ki.Dirichlet(lambda x: x[:, 1] < 1e-9, component="v", name="bottom"),
            ki.Operator(lambda x: x[:, 0] < 1e-9, self.sheared, name="left_shear"),
            ki.Operator(lambda x: x[:, 1] < 1e-9, self.sheared, name="bottom_shear"),
        ]

    def sheared(self, w: Field, x: tf.Tensor) -> tf.Tensor:
        """The shear stress, `(n, 1)`."""
        return self.shear * (w["u"].d("y") + w["v"].d("x"))

    def pressed(self, pressure: float) -> Callable[..., tf.Tensor]:
        """Returns the traction's difference from that of a pressure, `(n, 2)`."""

        def difference(w: Field, x: tf.Tensor, normals: tf.Tensor) -> tf.Tensor:
            x_strain, y_strain = w["u"].d("x"), w["v"].d("y")
            along = self.lame + 2.0 * self.shear
            x_stress = along * x_strain + self.lame * y_strain
            y_stress = along * y_strain + self.lame * x_strain
            shear = self.sheared(w, x)
            nx, ny = normals[:, :1], normals[:, 1:2]
            x_row = x_stress * nx + shear * ny + pressure * nx
            y_row = shear * nx + y_stress * ny + pressure * ny
            return tf.concat([x_row, y_row], axis=1)

        return difference


def _thick_cylinder() -> Stated:
    """Lame's solution."""
    problem = ThickCylinder()
    inner, outer, nu = problem.inner, problem.outer, problem.poisson
    radius, angle = uniform_columns((inner, outer), (0.0, PI / 2.0), count=3000)
    factor = problem.pressure * inner**2 / (outer**2 - inner**2)
    spread = (1.0 + nu) * (1.0 - 2.0 * nu) / problem.young * radius
    moved = factor * (spread + (1.0 + nu) / problem.young * outer**2 / radius)
    direction = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    return Stated(problem, radius * direction, moved * direction)


class VibratingBeam(ki.Problem):
    """m u_tt + E I u_xxxx = 0: a simply supported steel beam for two periods.

    Metres, kilograms and seconds: E I = 2e6 N m^2, m = 50 kg / m, 5 m long.
    """

    coordinates = ("x", "t")
    stiffness, mass, length = 2e6, 50.0, 5.0
    frequency = (PI / length) ** 2 * math.sqrt(stiffness / mass)
    domain = Interval(0.0, length) * Interval(0.0, 4.0 * PI / frequency)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return self.mass * u.d("tt") + self.stiffness * u.d("xxxx")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(),
            ki.Operator("boundary", lambda u, x: u.d("xx")),
            ki.Initial(lambda x: 0.01 * tf.sin(PI * x[:, :1] / self.length)),
            ki.Initial(0.0, order=1),
        ]


def _vibrating_beam() -> Stated:
    problem = VibratingBeam()
    points = uniform_points(problem.domain.lower, problem.domain.upper)
    shape = 0.01 * np.sin(PI * points[:, :1] / problem.length)
    return Stated(problem, points, shape * np.cos(problem.frequency * points[:, 1:]))


class KirchhoffPlate(ki.Problem):
    """D (u_xxxx + 2 u_xxyy + u_yyyy) = q: a simply supported steel plate under a load.

    Metres and pascal: q = 1e4 Pa on 1 by 1.5 m, 10 mm thick.
    """

    coordinates = ("x", "y")
    width, height, load = 1.0, 1.5, 1e4
    stiffness = 2e11 * 0.01**3 / (12.0 * (1.0 - 0.3**2))
    domain = Rectangle((0.0, 0.0), (width, height))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        bent = u.d("xxxx") + 2.0 * u.d("xxyy") + u.d("yyyy")
        return self.stiffness * bent - self.load

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(),
            ki.Operator(("left", "right"), lambda u, x: u.d("xx")),
            ki.Operator(("bottom", "top"), lambda u, x: u.d("yy")),
        ]


def _kirchhoff_plate() -> Stated:
    """Navier's series."""
    problem = KirchhoffPlate()
    width, height = problem.width, problem.height
    points = uniform_points((0.0, 0.0), (width, height), 3000)
    values = np.zeros((len(points), 1))
    for m in range(1, 60, 2):
        for n in range(1, 60, 2):
            wave = np.sin(m * PI * points[:, :1] / width)
            wave = wave * np.sin(n * PI * points[:, 1:] / height)
            values += wave / (m * n * ((m / width) ** 2 + (n / height) ** 2) ** 2)
    factor = 16.0 * problem.load / (PI**6 * problem.stiffness)
    return Stated(problem, points, factor * values)


class Consolidation(ki.Problem):
    """p_t = c p_zz with c = 1e-7 m^2 / s: water is pressed out of a layer of clay.

    Pascal, metres and seconds. The pressure is 1e5 Pa at first and 0 at its drained
    end, so that it jumps where they meet.
    """

    coordinates = ("z", "t")
    diffusivity, height, end, load = 1e-7, 10.0, 1e8, 1e5
    domain = Interval(0.0, height) * Interval(0.0, end)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - self.diffusivity * u.d("zz")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("z_min", 0.0),
            ki.Neumann("z_max"),
            ki.Initial(self.load),
        ]


def _consolidation() -> Stated:
    """Terzaghi's series, from a thousandth of the time on."""
    problem = Consolidation()
    points = uniform_points((0.0, 0.0), (problem.height, problem.end))
    points[:, 1] = np.maximum(points[:, 1], problem.end * 1e-3)
    place, time = points[:, :1] / problem.height, points[:, 1:]
    passed = problem.diffusivity * time / problem.height**2
    values = np.zeros_like(place)
    for m in range(400):
        number = PI * (2 * m + 1) / 2.0
        values += 2.0 / number * np.sin(number * place) * np.exp(-(number**2) * passed)
    return Stated(problem, points, problem.load * values)


class TorsionTriangle(ki.Problem):
    """u_xx + u_yy = -1: Prandtl's stress function of a prism with three equal sides."""

    coordinates = ("x", "y")
    height = math.sqrt(3.0) / 2.0
    domain = Triangle((0.0, 0.0), (1.0, 0.0), (0.5, height))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian() + 1.0

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet()]


def _torsion_triangle() -> Stated:
    """The product of the distances from the three sides, over the height.

    Gradients of two distances have the scalar product -1/2, so that the Laplacian of
    the product is minus the sum of the distances, which is the height everywhere.
    """
    problem, root = TorsionTriangle(), math.sqrt(3.0)
    points = uniform_points((0.0, 0.0), (1.0, problem.height), 6000)
    x, y = points[:, 0], points[:, 1]
    distances = np.array([y, (root * x - y) / 2.0, (root * (1.0 - x) - y) / 2.0])
    inside = distances.min(axis=0) > 0.0
    values = distances.prod(axis=0)[inside] / problem.height
    return Stated(problem, points[inside], values[:, None])


CASES = {
    "thermoelastic-bar": Case(
        "a heated bar held at both ends, pascal and kelvin", _thermoelastic_bar
    ),
    "thick-cylinder": Case(
        "a thick cylinder under pressure, plane strain, steel in pascal and metres",
        _thick_cylinder,
    ),
    "vibrating-beam": Case(
        "a vibrating steel beam, metres and kilograms, two periods", _vibrating_beam
    ),
    "kirchhoff-plate": Case(
        "a simply supported steel plate under a load", _kirchhoff_plate
    ),
    "consolidation": Case(
        "consolidation of a clay layer, pascal and seconds to 1e8, values that jump "
        "at the corner",
        _consolidation,
    ),
    "torsion-triangle": Case(
        "torsion of a prism with three equal sides", _torsion_triangle
    ),
}
