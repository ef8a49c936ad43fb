"""Waves: plane ones, on a drum, of sound, and of light."""

import math

import numpy as np
import tensorflow as tf
from scipy import special

import keras_isgd as ki
from as_given_problems.common import Case, Stated, uniform_columns, uniform_points
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Disk, Interval, Rectangle

PI = math.pi


class PlaneWave(ki.Problem):
    """Laplacian w = -k^2 w with k = 10 for w = a + i b, and w_n - i k w on all sides.

    The solution is a plane wave that travels at an angle of 0.6.
    """

    coordinates = ("x", "y")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0))
    outputs = ("a", "b")
    k = 10.0
    direction = (math.cos(0.6), math.sin(0.6))

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        real, imaginary = w["a"], w["b"]
        return {
            "real": real.laplacian() + self.k**2 * real.value,
            "imaginary": imaginary.laplacian() + self.k**2 * imaginary.value,
        }

    def conditions(self) -> list[ki.Condition]:
        return [ki.Operator("boundary", self.impedance)]

    def impedance(self, w: Field, x: tf.Tensor, normals: tf.Tensor) -> tf.Tensor:
        """w_n - i k w less that of the plane wave, real and imaginary part."""
        k, (along, up) = self.k, self.direction
        nx, ny = normals[:, :1], normals[:, 1:2]
        phase = k * (along * x[:, :1] + up * x[:, 1:2])
        growth = k * (along * nx + up * ny)
        cos, sin = tf.cos(phase), tf.sin(phase)
        real, imaginary = w["a"], w["b"]
        real_slope = real.d("x") * nx + real.d("y") * ny
        imaginary_slope = imaginary.d("x") * nx + imaginary.d("y") * ny
        real_row = real_slope + k * imaginary.value - (k * sin - sin * growth)
        imaginary_row = imaginary_slope - k * real.value - (cos * growth - k * cos)
        return tf.concat([real_row, imaginary_row], axis=1)


def _plane_wave() -> Stated:
    problem, points = PlaneWave(), uniform_points((0.0, 0.0), (1.0, 1.0))
    phase = problem.k * (points @ np.array(problem.direction))
    return Stated(problem, points, np.stack([np.cos(phase), np.sin(phase)], axis=1))


class Drum(ki.Problem):
    """u_tt = Laplacian u on a disk, from J_0(k r) at rest, k the second zero of J_0."""

    coordinates = ("x", "y", "t")
    domain = Disk((0.0, 0.0), 1.0) * Interval(0.0, 2.0)
    zero = float(special.jn_zeros(0, 2)[1])

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("tt") - u.laplacian()

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("boundary"),
            ki.Initial(self.first),
            ki.Initial(0.0, order=1),
        ]

    def first(self, x: tf.Tensor) -> tf.Tensor:
        """u at first, `(n, 1)`."""
        radius = tf.norm(x[:, :2], axis=1, keepdims=True)
        return tf.math.special.bessel_j0(self.zero * radius)


class DrumOperator(Drum):
    """u_tt = Laplacian u likewise, with u_t = 0 at first as an operator."""

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("boundary"),
            ki.Initial(self.first),
            ki.Operator("t_min", lambda u, x: u.d("t")),
        ]


def _drum_of(problem: Drum) -> Stated:
    square, angle, time = uniform_columns((0.0, 1.0), (0.0, 2.0 * PI), (0.0, 2.0))
    radius, k = np.sqrt(square), problem.zero
    points = [radius * np.cos(angle), radius * np.sin(angle), time]
    values = special.j0(k * radius) * np.cos(k * time)
    return Stated(problem, np.concatenate(points, axis=1), values)


def _between_walls(place: np.ndarray, middle: float, sign: float) -> np.ndarray:
    """A pulse and its images in the walls at 0 and 1, which have a sign."""
    values = np.zeros_like(place)
    for m in range(-3, 4):
        image = place + middle - 2 * m
        values += np.exp(-(((place - middle - 2 * m) / 0.1) ** 2))
        values += sign * np.exp(-((image / 0.1) ** 2))
    return values


class Acoustics(ki.Problem):
    """p_t + u_x = 0, u_t + p_x = 0: a pulse of sound between two walls."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 1.0) * Interval(0.0, 2.0)
    outputs = ("p", "u")
    middle = 0.4

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        p, u = w["p"], w["u"]
        return {"mass": p.d("t") + u.d("x"), "momentum": u.d("t") + p.d("x")}

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(component="u"),
            ki.Initial(self.pulse, component="p"),
            ki.Initial(0.0, component="u"),
        ]

    def pulse(self, x: tf.Tensor) -> tf.Tensor:
        """p at first, `(n, 1)`."""
        return tf.exp(-(((x[:, :1] - self.middle) / 0.1) ** 2))


def _acoustics() -> Stated:
    problem, points = Acoustics(), uniform_points((0.0, 0.0), (1.0, 2.0), 6000)
    x, t = points[:, :1], points[:, 1:]
    right = _between_walls(x - t, problem.middle, 1.0)
    left = _between_walls(x + t, problem.middle, 1.0)
    values = np.concatenate([0.5 * (right + left), 0.5 * (right - left)], axis=1)
    return Stated(problem, points, values)


class Maxwell(ki.Problem):
    """e E_t + H_x = 0, m H_t + E_x = 0: a pulse of light between two mirrors.

    SI units: E in volts and H in amperes for each metre, metres and seconds.
    """

    coordinates = ("x", "t")
    end = 6e-9
    domain = Interval(0.0, 1.0) * Interval(0.0, end)
    outputs = ("E", "H")
    permittivity, permeability, middle = 8.854e-12, 4e-7 * PI, 0.5

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        electric, magnetic = w["E"], w["H"]
        return {
            "electric": self.permittivity * electric.d("t") + magnetic.d("x"),
            "magnetic": self.permeability * magnetic.d("t") + electric.d("x"),
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(component="E"),
            ki.Initial(self.pulse, component="E"),
            ki.Initial(0.0, component="H"),
        ]

    def pulse(self, x: tf.Tensor) -> tf.Tensor:
        """E at first, `(n, 1)`."""
        return 100.0 * tf.exp(-(((x[:, :1] - self.middle) / 0.1) ** 2))


def _maxwell() -> Stated:
    problem = Maxwell()
    points = uniform_points((0.0, 0.0), (1.0, problem.end), 6000)
    speed = 1.0 / math.sqrt(problem.permittivity * problem.permeability)
    impedance = math.sqrt(problem.permeability / problem.permittivity)
    x, way = points[:, :1], speed * points[:, 1:]
    right = _between_walls(x - way, problem.middle, -1.0)
    left = _between_walls(x + way, problem.middle, -1.0)
    electric, magnetic = 50.0 * (right + left), 50.0 * (right - left) / impedance
    return Stated(problem, points, np.concatenate([electric, magnetic], axis=1))


class CoherentState(ki.Problem):
    """i psi_t = -psi_xx / 2 + x^2 psi / 2, a packet that swings, psi = u + i v."""

    coordinates, outputs = ("x", "t"), ("u", "v")
    domain = Interval(-8.0, 8.0) * Interval(0.0, 2.0 * PI)
    swing = 2.0

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        u, v = w["u"], w["v"]
        potential = 0.5 * x[:, :1] ** 2
        return {
            "real": u.d("t") + 0.5 * v.d("xx") - potential * v.value,
            "imaginary": v.d("t") - 0.5 * u.d("xx") + potential * u.value,
        }

    def conditions(self) -> list[ki.Condition]:
        def packet(x: tf.Tensor) -> tf.Tensor:
            return PI**-0.25 * tf.exp(-0.5 * (x[:, :1] - self.swing) ** 2)

        ends = ("x_min", "x_max")
        return [
            ki.Initial(packet, component="u"),
            ki.Initial(0.0, component="v"),
            ki.Dirichlet(ends, 0.0, component="u"),
            ki.Dirichlet(ends, 0.0, component="v"),
        ]


def _coherent_state() -> Stated:
    problem = CoherentState()
    x, t = uniform_columns((-8.0, 8.0), (0.0, 2.0 * PI))
    a = problem.swing
    angle = 0.5 * t + a * x * np.sin(t) - 0.25 * a**2 * np.sin(2.0 * t)
    psi = PI**-0.25 * np.exp(-0.5 * (x - a * np.cos(t)) ** 2 - 1j * angle)
    return Stated(problem, np.c_[x, t], np.c_[psi.real, psi.imag])


class Scatterer(ki.Problem):
    """What a disk without sound on it scatters of a plane wave, k = 5, w = u + i v.

    On a circle of radius 2.5 around it w_r = (i k - 1 / (2 r)) w.
    """

    coordinates, outputs = ("x", "y"), ("u", "v")
    domain = Disk((0.0, 0.0), 2.5) - Disk((0.0, 0.0), 1.0)
    k, outer = 5.0, 2.5

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {n: w[n].laplacian() + self.k**2 * w[n].value for n in self.outputs}

    def conditions(self) -> list[ki.Condition]:
        def inside(x: np.ndarray) -> np.ndarray:
            return np.hypot(x[:, 0], x[:, 1]) < 1.7

        def outside(x: np.ndarray) -> np.ndarray:
            return ~inside(x)

        def leaves(of: str, sign: float, other: str) -> ki.Operator:
            def rows(w: Field, x: tf.Tensor, normals: tf.Tensor) -> tf.Tensor:
                slope = normals[:, :1] * w[of].d("x") + normals[:, 1:] * w[of].d("y")
                spread = w[of].value / (2.0 * self.outer)
                return slope + sign * self.k * w[other].value + spread

            return ki.Operator(outside, rows, name=f"leaves_{of}")

        return [
            ki.Dirichlet(inside, lambda x: -tf.cos(self.k * x[:, :1]), component="u"),
            ki.Dirichlet(inside, lambda x: -tf.sin(self.k * x[:, :1]), component="v"),
            leaves("u", 1.0, "v"),
            leaves("v", -1.0, "u"),
        ]


def _scatterer() -> Stated:
    """40 pairs of Bessel functions, each with both conditions."""
    k, outer = Scatterer.k, Scatterer.outer
    points = uniform_points((-outer, -outer), (outer, outer), 6000)
    r = np.hypot(points[:, 0], points[:, 1])
    points = points[(r > 1.0) & (r < outer)]
    r, angle = np.hypot(points[:, 0], points[:, 1]), np.arctan2(*points.T[::-1])
    values = np.zeros(len(points), complex)
    for m in range(40):
        first = special.jv(m, k)
        second = special.yv(m, k)

        def leaving(function, slope, m=m):
            here = function(m, k * outer)
            return k * slope(m, k * outer) + (0.5 / outer - 1j * k) * here

        ends = [leaving(special.jv, special.jvp), leaving(special.yv, special.yvp)]
        # a J + b Y is the wave's part on the disk and leaves: b = -a ends[0] / ends[1].
        part = -(1 if m == 0 else 2) * 1j**m * first
        a = part / (first - second * ends[0] / ends[1])
        b = -a * ends[0] / ends[1]
        radial = a * special.jv(m, k * r) + b * special.yv(m, k * r)
        values += radial * np.cos(m * angle)
    return Stated(Scatterer(), points, np.c_[values.real, values.imag])


CASES = {
    "plane-wave": Case("a plane wave, k = 10, impedance on all sides", _plane_wave),
    "drum": Case("a drum in x, y and t", lambda: _drum_of(Drum())),
    "drum-operator": Case(
        "the drum with u_t = 0 at first as an operator",
        lambda: _drum_of(DrumOperator()),
    ),
    "acoustics": Case("sound between walls", _acoustics),
    "maxwell": Case("Maxwell's equations in SI units between mirrors", _maxwell),
    "coherent-state": Case("a packet that swings in a potential", _coherent_state),
    "scatterer": Case("what a disk scatters of a plane wave, k = 5", _scatterer),
}
