"""Corners and edges in which solutions have no derivatives.

The references are sums of functions that solve the equation, fitted to the conditions
on the boundary (Trefftz's method); the residuals of the fits are below 1e-7 of the
largest value.
"""

import math

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import Case, Stated, uniform_points
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Polygon, Rectangle

PI = math.pi


class Motz(ki.Problem):
    """Laplace's equation over an edge that is cold on one half and insulated beyond.

    Source: Motz, Quart. Appl. Math. 4 (1947).
    """

    coordinates = ("x", "y")
    domain = Rectangle((-1.0, 0.0), (1.0, 1.0))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian()

    def conditions(self) -> list[ki.Condition]:
        def cold(x: tf.Tensor) -> tf.Tensor:
            return (x[:, 1] < 1e-9) & (x[:, 0] <= 0.0)

        def insulated(x: tf.Tensor) -> tf.Tensor:
            return (x[:, 1] < 1e-9) & (x[:, 0] >= 0.0)

        return [
            ki.Dirichlet(cold, 0.0, name="cold"),
            ki.Dirichlet("x_max", 500.0, name="hot"),
            ki.Neumann(insulated, name="insulated"),
            ki.Neumann(("x_min", "y_max"), name="sides"),
        ]


def _motz() -> Stated:
    """Fits r^(k - 1/2) cos((k - 1/2) theta) to the three sides away from the edge."""
    powers = np.arange(40) + 0.5

    def power(x: np.ndarray, shift: float = 0.0) -> np.ndarray:
        return (x[:, :1] + 1j * x[:, 1:]) ** (powers - shift)

    t = 0.5 - 0.5 * np.cos(PI * (np.arange(200) + 0.5) / 200)
    right, left = (np.stack([0.0 * t + x, t], axis=1) for x in (1.0, -1.0))
    top = np.stack([2.0 * t - 1.0, 0.0 * t + 1.0], axis=1)
    # The derivative of z^p is p z^(p - 1): its real part along x, and the imaginary
    # part with a minus sign along y.
    rows = [
        power(right).real,
        powers * power(left, 1.0).real,
        -powers * power(top, 1.0).imag,
    ]
    values = np.concatenate([np.full(200, 500.0), np.zeros(400)])
    factors = np.linalg.lstsq(np.concatenate(rows), values, rcond=None)[0]
    points = uniform_points((-1.0, 0.0), (1.0, 1.0))
    return Stated(Motz(), points, power(points).real @ factors[:, None])


class TorsionL(ki.Problem):
    """-Laplacian u = 1 in an L, 0 on its boundary."""

    coordinates = ("x", "y")
    corners = ((-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1))
    domain = Polygon(corners)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian() + 1.0

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet()]


def _torsion_l() -> Stated:
    corners = TorsionL.corners
    t = 0.5 - 0.5 * np.cos(PI * (np.arange(400) + 0.5) / 400)[:, None]
    edges = [
        np.asarray(a) + t * np.subtract(b, a)
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
    ]
    boundary = np.concatenate(edges)
    harmonic = _harmonic_in_l(boundary)
    factors = np.linalg.lstsq(harmonic, -_bent(boundary), rcond=None)[0]
    points = uniform_points((-1.0, -1.0), (1.0, 1.0))
    points = points[(points[:, 0] < 0.0) | (points[:, 1] > 0.0)]
    values = _bent(points) + _harmonic_in_l(points) @ factors
    return Stated(TorsionL(), points, values[:, None])


def _polar(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance from the middle corner, and angle from the edge along x, up to 3 pi / 2.

    Args:
        x: points of the L, `(n, 2)`.
    """
    angle = np.arctan2(x[:, 1], x[:, 0])
    angle = np.where(angle < -1e-9, angle + 2.0 * PI, angle)
    return np.hypot(x[:, 0], x[:, 1]), angle


def _bent(x: np.ndarray) -> np.ndarray:
    """A solution of the equation that vanishes on the two edges of the corner."""
    r, angle = _polar(x)
    logarithm = np.log(np.maximum(r, 1e-300))
    # The imaginary part of z^2 log z brings what cos 2 theta lacks on the second edge.
    more = logarithm * np.sin(2.0 * angle) + angle * np.cos(2.0 * angle)
    return r**2 * (np.cos(2.0 * angle) / 4.0 - 1.0 / 4.0 - more / (3.0 * PI))


def _harmonic_in_l(x: np.ndarray) -> np.ndarray:
    """Harmonic functions, with the singularities of all corners, `(n, k)`."""
    r, angle = _polar(x)
    powers = np.arange(1, 61) * 2.0 / 3.0
    found = [(r[:, None] / 1.4) ** powers * np.sin(powers * angle[:, None])]
    towards = {(-1, -1): 1 + 1j, (-1, 1): 1 - 1j, (1, 1): -1 - 1j}
    for corner in TorsionL.corners:
        if corner == (0, 0):
            continue
        middle = towards.get(corner, -1 + 1j)
        z = x[:, 0] - corner[0] + 1j * (x[:, 1] - corner[1])
        z = np.where(z == 0.0, 1e-300, z * np.conj(middle) / abs(middle))
        for power in (2, 6, 10, 14):
            wave = z**power * np.log(z)
            found.append(np.stack([wave.real, wave.imag], axis=1))
    return np.concatenate(found, axis=1)


CASES = {
    "motz": Case("heat over an edge, half of which is insulated (Motz)", _motz),
    "torsion-l": Case("torsion of a bar in the form of an L", _torsion_l),
}
