"""Ellipses."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import SLACK
from keras_isgd.geometry.distance import DistanceGeometry
from keras_isgd.geometry.names import check_name
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.vectors import (
    check_proportions,
    check_vector,
    corners,
    directions,
)

__all__ = ["Ellipse"]

# Nodes of the table of arc lengths: linear interpolation in it is good to 1e-7.
_NODES = 2**14
# Halvings of the bracket in which the nearest point is sought; float64 has 52 digits.
_HALVINGS = 60
# Below it, the equation of the ellipse says more than a quotient.
_SMALL = 1e-8


class Ellipse(DistanceGeometry):
    """An ellipse with its inside, in the plane.

    Args:
        centre: two numbers.
        semi_axes: two positive numbers, half its lengths along x and y.
        angle: by which it is turned, in radians, counterclockwise.
        name: of its boundary; "ellipse" if None.

    Raises:
        ValueError: numbers that are not finite, or axes that are not positive.
    """

    def __init__(
        self, centre: Any, semi_axes: Any, angle: float = 0.0, name: str | None = None
    ) -> None:
        self._centre = check_vector("The centre", centre, 2)
        self._axes = check_vector("The list of semi-axes", semi_axes, 2)
        if not (self._axes > 0.0).all():
            raise ValueError(f"Expected positive semi-axes, got {semi_axes!r}.")
        check_proportions("An ellipse", self._axes.tolist())
        self._angle = float(check_vector("The angle", angle, 1)[0])
        self.name = check_name(name)
        cos, sin = math.cos(self._angle), math.sin(self._angle)
        # Columns are the directions of the axes.
        self._turn = np.array([[cos, -sin], [sin, cos]])
        half = np.sqrt((self._turn**2) @ self._axes**2)
        self.lower, self.upper = corners(
            "An ellipse", self._centre - half, self._centre + half
        )
        lengths = self._arc_lengths()
        self._circumference = float(lengths[-1])
        self._shares = lengths / lengths[-1]

    def _arc_lengths(self) -> np.ndarray:
        """Lengths of the boundary from the first axis to the nodes of the table."""
        t = np.linspace(0.0, 2.0 * math.pi, _NODES + 1)
        middle = (t[1:] + t[:-1]) / 2.0
        a, b = self._axes
        speeds = [np.hypot(a * np.sin(s), b * np.cos(s)) for s in (t, middle)]
        # Simpson's rule between nodes.
        steps = (speeds[0][1:] + speeds[0][:-1] + 4.0 * speeds[1]) * (t[1] / 6.0)
        return np.concatenate([[0.0], np.cumsum(steps)])

    @property
    def measure(self) -> float:
        """The area."""
        return math.pi * float(np.prod(self._axes))

    @property
    def proposal_measure(self) -> float:
        return self.measure

    def support(self, directions: np.ndarray) -> np.ndarray:
        half = np.linalg.norm(self._axes * (directions @ self._turn), axis=1)
        return directions @ self._centre + half

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        disk = np.sqrt(unit[:, :1]) * directions(unit[:, 1:], 2)
        return self._outward(self._axes * disk), np.ones(len(unit), bool)

    def _outward(self, own: np.ndarray) -> np.ndarray:
        """From coordinates along the axes to x."""
        return self._centre + own @ self._turn.T

    def _own(self, x: np.ndarray) -> np.ndarray:
        """From x to coordinates along the axes."""
        return (x - self._centre) @ self._turn

    def _level(self, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(x/a)^2 + (y/b)^2 - 1, `(n,)`, and its gradient along the axes, `(n, 2)`."""
        scaled = own / self._axes
        return np.sum(scaled**2, axis=1) - 1.0, 2.0 * scaled / self._axes

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        # The distance to first order, which is exact enough for a small slack.
        level, gradient = self._level(self._own(x))
        return level <= slack * np.linalg.norm(gradient, axis=1)

    def pieces(self) -> tuple[Piece, ...]:
        return (
            Piece(
                names=(self.name or "ellipse",),
                measure=self._circumference,
                unit_dimension=1,
                place=self._place,
            ),
        )

    def _place(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nodes = np.linspace(0.0, 2.0 * math.pi, _NODES + 1)
        angle = np.interp(unit[:, 0], self._shares, nodes)
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return self._outward(self._axes * circle), self._unit(circle / self._axes)

    def _unit(self, own: np.ndarray) -> np.ndarray:
        """Unit vectors in x along vectors in own coordinates."""
        return own / np.linalg.norm(own, axis=1, keepdims=True) @ self._turn.T

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        level, gradient = self._level(self._own(x))
        slope = np.linalg.norm(gradient, axis=1)
        on = np.abs(level) <= SLACK * self.size * slope
        normals = np.full_like(x, np.nan)
        normals[on] = self._unit(gradient[on])
        return normals

    def signed_distance(self, x: Any) -> np.ndarray:
        own = self._own(self.checked(x))
        nearest = self._nearest(np.abs(own))
        distance = np.linalg.norm(np.abs(own) - nearest, axis=1)
        return np.where(self._level(own)[0] <= 0.0, -distance, distance)

    def _nearest(self, y: np.ndarray) -> np.ndarray:
        """The nearest point of the ellipse to points of the first quadrant.

        It is a_i^2 y_i / (t + a_i^2), with the one t above -min(a)^2 that puts it on
        the ellipse (D. Eberly, Distance from a point to an ellipse, 2013).
        """
        if self._axes[0] < self._axes[1]:
            return self._sorted_nearest(y[:, ::-1], *self._axes[::-1])[:, ::-1]
        return self._sorted_nearest(y, *self._axes)

    @staticmethod
    def _sorted_nearest(y: np.ndarray, a: float, b: float) -> np.ndarray:
        """The same with a >= b; in units of b, s = t/b^2 + 1 > 0."""
        ratio = (a / b) ** 2 - 1.0
        z0, z1 = a * y[:, 0] / b**2, y[:, 1] / b
        low, high = z1.copy(), np.hypot(z0, z1) + 1e-300
        for _ in range(_HALVINGS):
            s = (low + high) / 2.0
            inside = (z0 / (s + ratio)) ** 2 + (z1 / np.maximum(s, 1e-300)) ** 2 < 1.0
            low, high = np.where(inside, low, s), np.where(inside, s, high)
        x0 = (a / b) ** 2 * y[:, 0] / (high + ratio + 1e-300)
        # On the long axis s can be 0, and the ellipse says how far away y is.
        x0 = np.minimum(x0, a)
        on_ellipse = b * np.sqrt(1.0 - (x0 / a) ** 2)
        x1 = np.where(high > _SMALL, y[:, 1] / np.maximum(high, _SMALL), on_ellipse)
        return np.stack([x0, x1], axis=1)

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        turn, axes = tf.constant(self._turn, x.dtype), tf.constant(self._axes, x.dtype)
        scaled = tf.matmul(x - tf.constant(self._centre, x.dtype), turn) / axes
        level = 1.0 - tf.reduce_sum(scaled**2, axis=1, keepdims=True)
        slope = 4.0 * tf.reduce_sum((scaled / axes) ** 2, axis=1, keepdims=True)
        # Normalised to slope one (Shapiro 2007, Eq. 4.3); the root is nowhere zero.
        return level / tf.sqrt((level / min(self._axes)) ** 2 + slope)

    def __repr__(self) -> str:
        centre, axes = tuple(self._centre.tolist()), tuple(self._axes.tolist())
        return f"Ellipse({centre}, {axes}, {self._angle})"
