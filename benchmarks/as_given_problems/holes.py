"""Small holes: in a plate under tension, and a well."""

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import Case, Stated, uniform_points
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Disk, Rectangle


class PlateWithHole(ki.Problem):
    """div sigma = 0 for a steel plate with a hole under tension, plane stress.

    Metres and pascal: a square of 0.2 with a hole of radius 0.02, tension 1e8 Pa along
    x far away, Young's modulus 210e9 Pa and Poisson's ratio 0.3. The displacements of
    the infinite plate are prescribed on the outer edges. `plane` is E / (1 - nu^2).
    """

    coordinates = ("x", "y")
    half, radius, tension = 0.1, 0.02, 1e8
    young, poisson = 210e9, 0.3
    plane = young / (1.0 - poisson**2)
    shear = young / (2.0 * (1.0 + poisson))
    hole = Disk((0.0, 0.0), radius, name="hole")
    domain = Rectangle((-half, -half), (half, half), name="plate") - hole
    outputs = ("u", "v")

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        u, v = w["u"], w["v"]
        mixed = self.poisson * self.plane + self.shear
        return {
            "x": self.plane * u.d("xx") + self.shear * u.d("yy") + mixed * v.d("xy"),
            "y": self.plane * v.d("yy") + self.shear * v.d("xx") + mixed * u.d("xy"),
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("plate", self.moved),
            ki.Operator("hole", self.traction),
        ]

    def traction(self, w: Field, x: tf.Tensor, normals: tf.Tensor) -> tf.Tensor:
        """Force per area, `(n, 2)`."""
        x_strain, y_strain = w["u"].d("x"), w["v"].d("y")
        x_stress = self.plane * (x_strain + self.poisson * y_strain)
        y_stress = self.plane * (y_strain + self.poisson * x_strain)
        shear = self.shear * (w["u"].d("y") + w["v"].d("x"))
        nx, ny = normals[:, :1], normals[:, 1:2]
        return tf.concat([x_stress * nx + shear * ny, shear * nx + y_stress * ny], 1)

    def moved(self, x: tf.Tensor) -> tf.Tensor:
        """The displacements of the infinite plate, `(n, 2)`: Kirsch's solution."""
        square = tf.reduce_sum(x**2, axis=1, keepdims=True)
        cosine = (x[:, :1] ** 2 - x[:, 1:2] ** 2) / square  # of twice the angle
        sine = 2.0 * x[:, :1] * x[:, 1:2] / square
        near = self.radius**2 / square
        kappa = (3.0 - self.poisson) / (1.0 + self.poisson)
        outward = kappa - 1.0 + 2.0 * near
        outward += 2.0 * (1.0 + (1.0 + kappa) * near - near**2) * cosine
        around = -2.0 * (1.0 + (kappa - 1.0) * near + near**2) * sine
        turned = tf.concat([-x[:, 1:2], x[:, :1]], axis=1)
        return self.tension / (8.0 * self.shear) * (outward * x + around * turned)


def _plate_with_hole() -> Stated:
    problem, half = PlateWithHole(), PlateWithHole.half
    points = uniform_points((-half, -half), (half, half))
    points = points[np.linalg.norm(points, axis=1) > problem.radius]
    return Stated(problem, points, problem.moved(tf.constant(points)).numpy())


class Well(ki.Problem):
    """u_xx + u_yy = 0 with u = log r + x, around a well at the middle of an edge."""

    coordinates = ("x", "y")
    radius = 0.05
    domain = Rectangle((-1.0, 0.0), (1.0, 1.0)) - Disk((0.0, 0.0), radius)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian()

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=self.level)]

    def level(self, x: tf.Tensor) -> tf.Tensor:
        """u, `(n, 1)`."""
        square = tf.reduce_sum(x**2, axis=1, keepdims=True)
        return 0.5 * tf.math.log(square) + x[:, :1]


def _well() -> Stated:
    problem, points = Well(), uniform_points((-1.0, 0.0), (1.0, 1.0))
    points = points[np.linalg.norm(points, axis=1) > problem.radius]
    return Stated(problem, points, problem.level(tf.constant(points)).numpy())


CASES = {
    "plate-with-hole": Case(
        "a steel plate with a small hole under tension, plane stress, pascal and "
        "metres",
        _plate_with_hole,
    ),
    "well": Case("Laplace's equation around a small well at an edge", _well),
}
