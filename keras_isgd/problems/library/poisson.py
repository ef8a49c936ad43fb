"""Poisson's equation in many dimensions and on other domains than a box."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box, Disk, Rectangle
from keras_isgd.problems.conditions import Condition, Dirichlet, Neumann
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_array, check_count, check_positive

__all__ = ["PoissonDisk", "PoissonHoles", "PoissonLShape", "PoissonND"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class PoissonND(Problem):
    """-Laplacian u = f on the unit cube of d dimensions, u given on its boundary.

        u(x) = sin(pi x_1 / 2) + ... + sin(pi x_d / 2)

    Source: Hao et al., PINNacle (NeurIPS 2024), with d = 5; manufactured.

    Args:
        dimension: d, a whole number from 1 to 20.

    Raises:
        ValueError: another dimension.
    """

    reference = "Hao et al., PINNacle (2024); manufactured"

    def __init__(self, dimension: int = 5) -> None:
        self.dimension = check_count("dimension", dimension)
        if self.dimension > 20:
            raise ValueError(
                f"Expected `dimension` up to 20, got {dimension}: the Laplacian takes "
                "a second derivative in each, and Gauss-Newton some hundred rows."
            )
        self.coordinates = tuple(f"x{i}" for i in range(1, self.dimension + 1))
        self.domain = Box([0.0] * self.dimension, [1.0] * self.dimension)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian() + self.source(x)

    def conditions(self) -> list[Condition]:
        return [Dirichlet(on="boundary", value=self.exact)]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, d)`, shape `(n, 1)`."""
        return (math.pi / 2) ** 2 * self.exact(x)

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, d)`, shape `(n, 1)`."""
        return tf.reduce_sum(tf.sin(math.pi / 2 * x), axis=1, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        return {"dimension": self.dimension}


def _lower(x: Any) -> Any:
    return x[:, 1] <= 0.0


def _upper(x: Any) -> Any:
    return x[:, 1] > 0.0


@keras.saving.register_keras_serializable(package="keras_isgd")
class PoissonDisk(Problem):
    """Laplacian u = 0 on the unit disk; u given on y < 0, du/dn on y > 0.

        u(x, y) = x^2 - y^2,  du/dn = 2 (x^2 - y^2) on the circle

    Source: a question that DeepXDE's users ask (its issues 38 and 279).
    """

    coordinates = ("x", "y")
    domain = Disk((0.0, 0.0), 1.0)
    reference = "closed form"

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian()

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet(on=_lower, value=self.exact, name="given"),
            Neumann(on=_upper, value=self.flux, name="flux"),
        ]

    def flux(self, x: tf.Tensor) -> tf.Tensor:
        """du/dn at points of the circle, `(n, 2)`, shape `(n, 1)`."""
        return 2.0 * self.exact(x)

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        return x[:, 0:1] ** 2 - x[:, 1:2] ** 2


@keras.saving.register_keras_serializable(package="keras_isgd")
class PoissonLShape(Problem):
    """-Laplacian u = f on (-1, 1)^2 without x, y > 0, with u given on its boundary.

        "smooth": u(x, y) = exp(-pi x) sin(pi y), f = 0
        "corner": u(r, a) = r^(2/3) sin(2 a / 3), f = 0, where r and a are the polar
                  coordinates about the corner that points inwards, and a = 0 and
                  a = 3 pi / 2 are its two edges; its gradient is infinite there

    Source: "smooth", users of DeepXDE (its issue 279); "corner", the L-shape of
    textbooks (Grisvard, Elliptic Problems in Nonsmooth Domains, 1985).

    Args:
        solution: "smooth" or "corner".

    Raises:
        ValueError: another solution.
    """

    coordinates = ("x", "y")
    domain = Rectangle((-1.0, -1.0), (1.0, 1.0)) - Rectangle((0.0, 0.0), (2.0, 2.0))
    reference = "closed form"

    def __init__(self, solution: str = "smooth") -> None:
        if solution not in ("smooth", "corner"):
            raise ValueError(
                f'Expected `solution` to be "smooth" or "corner", got {solution!r}.'
            )
        self.solution = solution

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian()

    def conditions(self) -> list[Condition]:
        return [Dirichlet(on="boundary", value=self.exact)]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        a, b = x[:, 0:1], x[:, 1:2]
        if self.solution == "smooth":
            return tf.exp(-math.pi * a) * tf.sin(math.pi * b)
        radius = tf.sqrt(a**2 + b**2)
        # The edges lie along x > 0 and y > 0; the domain is on the other side.
        angle = tf.math.floormod(tf.atan2(b, a) - math.pi / 2, 2.0 * math.pi)
        # Rounding takes a point on the first edge to 2 pi.
        angle = tf.where(angle > 1.75 * math.pi, angle - 2.0 * math.pi, angle)
        return radius ** (2.0 / 3.0) * tf.sin(2.0 / 3.0 * angle)

    def get_config(self) -> dict[str, Any]:
        return {"solution": self.solution}


@keras.saving.register_keras_serializable(package="keras_isgd")
class PoissonHoles(Problem):
    """Laplacian u = 0 on a square with round holes, u given on its boundary.

        u(x, y) = sum_i (-1)^i log |(x, y) - c_i|

    on (-0.5, 0.5)^2 without disks of radius r about the c_i: a source or a sink in
    each hole.

    Source: the domain is the one of Hao et al., PINNacle (NeurIPS 2024), with four
    holes; the solution is a closed form.

    Args:
        centres: c, pairs of numbers.
        radius: r, a positive number.

    Raises:
        ValueError: no centres, other than pairs, holes that touch each other or the
            square, or a radius that is not positive.
    """

    coordinates = ("x", "y")
    reference = "domain of Hao et al., PINNacle (2024); closed form"

    def __init__(
        self,
        centres: Sequence[Sequence[float]] = (
            (0.3, 0.3),
            (-0.3, 0.3),
            (-0.3, -0.3),
            (0.3, -0.3),
        ),
        radius: float = 0.1,
    ) -> None:
        self.radius = check_positive("radius", radius)
        found = check_array("`centres`", [list(c) for c in centres])
        if found.ndim != 2 or found.shape[1] != 2:
            raise ValueError(f"Expected `centres` to be pairs, got {centres!r}.")
        self.centres = found.tolist()
        apart = np.linalg.norm(found[:, None] - found, axis=2)
        np.fill_diagonal(apart, np.inf)
        inside = np.all(np.abs(found) < 0.5 - self.radius)
        if not inside or np.min(apart) <= 2.0 * self.radius:
            raise ValueError(
                f"Holes of radius {radius} about {self.centres} touch each other or "
                "the edges of the square (-0.5, 0.5)^2: move them apart."
            )
        domain: Any = Rectangle((-0.5, -0.5), (0.5, 0.5))
        for centre in self.centres:
            domain = domain - Disk(centre, self.radius)
        self.domain = domain

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian()

    def conditions(self) -> list[Condition]:
        return [Dirichlet(on="boundary", value=self.exact)]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        total = tf.zeros_like(x[:, 0:1])
        for number, (a, b) in enumerate(self.centres):
            squares = (x[:, 0:1] - a) ** 2 + (x[:, 1:2] - b) ** 2
            total += (-1) ** number * 0.5 * tf.math.log(squares)
        return total

    def get_config(self) -> dict[str, Any]:
        return {"centres": self.centres, "radius": self.radius}
