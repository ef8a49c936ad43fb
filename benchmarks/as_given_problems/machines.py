"""Parts of machines, in SI units: a battery's particle, a bearing, a duct, a beam."""

import numpy as np
import tensorflow as tf
from scipy import linalg, special

import keras_isgd as ki
from as_given_problems.common import Case, Stated, chebyshev, line, uniform_points
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Ball, Interval, Rectangle

PI = np.pi


class Particle(ki.Problem):
    """Lithium in a sphere of a battery's electrode that takes a constant current.

    c_t = D (c_rr + 2 c_r / r); metres, seconds, moles for each cubic metre.
    """

    coordinates, outputs = ("r", "t"), ("c",)
    domain = Interval(0.0, 5e-6) * Interval(0.0, 1000.0)
    radius, diffusivity, current, first = 5e-6, 1e-14, 5e-6, 2e4

    def residual(self, c: Field, x: tf.Tensor) -> tf.Tensor:
        around = c.d("rr") + 2.0 / x[:, :1] * c.d("r")
        return c.d("t") - self.diffusivity * around

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Neumann("r_min", 0.0),
            ki.Neumann("r_max", -self.current / self.diffusivity),
            ki.Initial(self.first),
        ]


def _particle() -> Stated:
    """Carslaw and Jaeger, Conduction of Heat in Solids (1959), 9.7 (6): a series."""
    p = Particle
    random = np.random.default_rng(1)
    r = random.uniform(0.0, p.radius, 4000)
    # The series converges slowly at first.
    t = random.uniform(20.0, 1000.0, 4000)
    s, tau = r / p.radius, p.diffusivity * t / p.radius**2
    found = 3.0 * tau + (5.0 * s**2 - 3.0) / 10.0
    for n in range(1, 200):
        # tan a = a
        a = (n + 0.5) * PI - 1.0 / ((n + 0.5) * PI)
        for _ in range(20):
            a -= (np.sin(a) - a * np.cos(a)) / (a * np.sin(a))
        ball = np.sinc(a * s / PI) * a / np.sin(a)
        found -= 2.0 / a**2 * ball * np.exp(-(a**2) * tau)
    values = p.first - p.current * p.radius / p.diffusivity * found
    return Stated(Particle(), np.c_[r, t], values[:, None])


class Bearing(ki.Problem):
    """Reynolds' equation in a journal bearing that may have negative pressures.

    (h^3 p_a)_a + R^2 (h^3 p_z)_z = 6 mu U R h_a with the film h = c (1 + e cos a).
    """

    coordinates, outputs = ("a", "z"), ("p",)
    domain = Rectangle((0.0, -0.02), (2.0 * PI, 0.02))
    radius, clearance, eccentricity, viscosity, speed = 0.025, 25e-6, 0.6, 0.02, 5.0

    def residual(self, p: Field, x: tf.Tensor) -> tf.Tensor:
        h = self.clearance * (1.0 + self.eccentricity * tf.cos(x[:, :1]))
        slope = -self.clearance * self.eccentricity * tf.sin(x[:, :1])
        around = h**3 * p.d("aa") + 3.0 * h**2 * slope * p.d("a")
        along = self.radius**2 * h**3 * p.d("zz")
        return around + along - 6.0 * self.viscosity * self.speed * self.radius * slope

    def conditions(self) -> list[ki.Condition]:
        return [ki.Periodic("a"), ki.Dirichlet(("z_min", "z_max"), 0.0)]


def _bearing() -> Stated:
    """Fourier's functions around, Chebyshev's along: 96 x 41 points."""
    b, count = Bearing, 96
    z, slope = chebyshev(41, -0.02, 0.02)
    a = 2.0 * PI * np.arange(count) / count
    waves = np.fft.fftfreq(count, 1.0 / count)
    waves[count // 2] = 0.0
    every = np.fft.fft(np.eye(count), axis=0)
    first = np.fft.ifft(1j * waves[:, None] * every, axis=0).real
    h = b.clearance * (1.0 + b.eccentricity * np.cos(a))
    tilt = -b.clearance * b.eccentricity * np.sin(a)
    around = h[:, None] ** 3 * (first @ first) + (3.0 * h**2 * tilt)[:, None] * first
    inner = (slope @ slope)[1:-1, 1:-1]
    # A X + X B = C, with R^2 h^3 divided out.
    scale = b.radius**2 * h**3
    right = 6.0 * b.viscosity * b.speed * b.radius * tilt / scale
    values = linalg.solve_sylvester(
        around / scale[:, None], inner.T, np.tile(right[:, None], (1, 39))
    )
    points = np.stack([g.ravel() for g in np.meshgrid(a, z[1:-1], indexing="ij")], 1)
    return Stated(Bearing(), points, values.reshape(-1, 1))


class Duct(ki.Problem):
    """A flow between plates that enters warm: 3/2 (1 - y^2) T_x = T_yy.

    The wall is cold from x = 0 on, where T jumps from 1 to 0.
    """

    coordinates, outputs = ("x", "y"), ("T",)
    domain = Rectangle((0.0, 0.0), (0.5, 1.0))

    def residual(self, temperature: Field, x: tf.Tensor) -> tf.Tensor:
        speed = 1.5 * (1.0 - x[:, 1:] ** 2)
        return speed * temperature.d("x") - temperature.d("yy")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("x_min", 1.0),
            ki.Dirichlet("y_max", 0.0),
            ki.Neumann("y_min", 0.0),
        ]


def _duct() -> Stated:
    """Graetz' series: eigenfunctions on 61 of Chebyshev's points."""
    y, slope = chebyshev(61, 0.0, 1.0)
    # T is 0 on the wall, and T_y is 0 in the middle, which gives T there.
    middle = -slope[0, 1:-1] / slope[0, 0]
    second = slope @ slope
    matrix = second[1:-1, 1:-1] + np.outer(second[1:-1, 0], middle)
    speed = 1.5 * (1.0 - y[1:-1] ** 2)
    rates, modes = np.linalg.eig(matrix / speed[:, None])
    parts = np.linalg.solve(modes, np.ones(59))
    x = np.linspace(0.01, 0.5, 50)
    values = (modes * parts) @ np.exp(np.outer(rates, x))
    points = np.stack([g.ravel() for g in np.meshgrid(x, y[1:-1], indexing="ij")], 1)
    return Stated(Duct(), points, values.real.T.reshape(-1, 1))


class ShearBeam(ki.Problem):
    """Timoshenko's beam, a steel cantilever of 2 m under 10 kN/m."""

    coordinates, outputs = ("x",), ("w", "phi")
    domain = Interval(0.0, 2.0)
    bending, shear, load = 210e9 * 8e-6, 5e8, 1e4

    def residual(self, f: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        w, phi = f["w"], f["phi"]
        gap = w.d("x") - phi.value
        return {
            "moment": self.bending * phi.d("xx") + self.shear * gap,
            "force": self.shear * (w.d("xx") - phi.d("x")) + self.load,
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("x_min", 0.0, component="w"),
            ki.Dirichlet("x_min", 0.0, component="phi"),
            ki.Neumann("x_max", 0.0, component="phi"),
            ki.Operator("x_max", lambda f, x, n: f["w"].d("x") - f["phi"].value),
        ]


def _shear_beam() -> Stated:
    b, x, end = ShearBeam, line(0.0, 2.0, 501), 2.0
    phi = b.load / (6.0 * b.bending) * (3.0 * end**2 * x - 3.0 * end * x**2 + x**3)
    bent = 6.0 * end**2 * x**2 - 4.0 * end * x**3 + x**4
    sheared = b.load / b.shear * (end * x - x**2 / 2.0)
    w = b.load / (24.0 * b.bending) * bent + sheared
    return Stated(ShearBeam(), x, np.c_[w, phi])


class Hearth(ki.Problem):
    """A narrow source of heat, 0.03 wide, in a square with cold sides."""

    coordinates = ("x", "y")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0))
    middle, width = (0.35, 0.6), 0.03

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        away = (x[:, :1] - self.middle[0]) ** 2 + (x[:, 1:] - self.middle[1]) ** 2
        density = 2.0 * PI * self.width**2
        return u.laplacian() + tf.exp(-away / (2.0 * self.width**2)) / density

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=0.0)]


def _hearth() -> Stated:
    """80 x 80 sines; what of the source lies beyond the sides is negligible."""
    points = uniform_points((0.0, 0.0), (1.0, 1.0))
    near = Hearth.middle + 0.1 * uniform_points((-1.0, -1.0), (1.0, 1.0), 1000)
    points = np.r_[points, near]
    k = PI * np.arange(1, 81)
    squares = k[:, None] ** 2 + k**2
    smooth = np.exp(-(Hearth.width**2) * squares / 2.0)
    parts = 4.0 * smooth / squares
    parts *= np.outer(np.sin(k * Hearth.middle[0]), np.sin(k * Hearth.middle[1]))
    x, y = np.sin(points[:, :1] * k), np.sin(points[:, 1:] * k)
    return Stated(Hearth(), points, np.sum((x @ parts) * y, axis=1, keepdims=True))


class Catalyst(ki.Problem):
    """What diffuses into a porous sphere and reacts there, Thiele's modulus 5."""

    coordinates, outputs = ("x", "y", "z"), ("c",)
    domain = Ball((0.0, 0.0, 0.0), 1.0)
    modulus = 5.0

    def residual(self, c: Field, x: tf.Tensor) -> tf.Tensor:
        return c.laplacian() - self.modulus**2 * c.value

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=1.0)]


def _catalyst() -> Stated:
    points = uniform_points((-1.0,) * 3, (1.0,) * 3, 6000)
    points = points[np.linalg.norm(points, axis=1) < 1.0]
    r = Catalyst.modulus * np.linalg.norm(points, axis=1, keepdims=True)
    values = special.spherical_in(0, r) / special.spherical_in(0, Catalyst.modulus)
    return Stated(Catalyst(), points, values)


CASES = {
    "battery-particle": Case("lithium in a battery's particle, SI", _particle),
    "bearing": Case("pressure in a journal bearing, SI", _bearing),
    "duct": Case("heat in a flow between plates, values that jump", _duct),
    "shear-beam": Case("a beam that bends and shears, SI", _shear_beam),
    "hearth": Case("a narrow source of heat in a square", _hearth),
    "catalyst": Case("diffusion and reaction in a ball", _catalyst),
}
