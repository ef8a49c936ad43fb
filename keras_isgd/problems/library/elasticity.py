"""Linear elasticity: a plate under forces in its plane, and a beam."""

import math
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet, Neumann, Operator
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_positive

__all__ = ["EulerBeam", "PlaneElasticity"]

_PI = math.pi


@keras.saving.register_keras_serializable(package="keras_isgd")
class PlaneElasticity(Problem):
    """A square plate in plane strain: div s + f = 0 on (0, 1)^2.

        s_xx = (l + 2 m) u_x + l v_y,  s_yy = (l + 2 m) v_y + l u_x
        s_xy = m (u_y + v_x)

        u = cos(2 pi x) sin(pi y),  v = Q sin(pi x) y^4 / 4

    with f to match. At the bottom u = v = 0; at the sides v = 0 and s_xx = 0; at the
    top u = 0 and s_yy = (l + 2 m) Q sin(pi x).

    Source: Haghighat et al. (Comput. Methods Appl. Mech. Eng. 379, 2021), with
    l = 1, m = 0.5 and Q = 4.

    Args:
        first: l, Lame's first parameter, a positive number.
        shear: m, the shear modulus, a positive number.
        load: Q, a positive number.
    """

    coordinates = ("x", "y")
    outputs = ("u", "v")
    domain = Box((0.0, 0.0), (1.0, 1.0))
    reference = "Haghighat et al. (2021); manufactured"

    def __init__(
        self, first: float = 1.0, shear: float = 0.5, load: float = 4.0
    ) -> None:
        self.first = check_positive("first", first)
        self.shear = check_positive("shear", shear)
        self.load = check_positive("load", load)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        stiff, mixed = self.first + 2.0 * self.shear, self.first + self.shear
        along, across, force = u["u"], u["v"], self.force(x)
        return {
            "balance_x": stiff * along.d("xx")
            + self.shear * along.d("yy")
            + mixed * across.d("xy")
            + force[:, 0:1],
            "balance_y": stiff * across.d("yy")
            + self.shear * across.d("xx")
            + mixed * along.d("xy")
            + force[:, 1:2],
        }

    def conditions(self) -> list[Condition]:
        fixed = [
            ("x_min", "v"),
            ("x_max", "v"),
            ("y_min", "u"),
            ("y_min", "v"),
            ("y_max", "u"),
        ]
        return [
            *(
                Dirichlet(face, 0.0, component=name, name=f"{name}_{face}")
                for face, name in fixed
            ),
            Operator("x_min", self.free_side, name="stress_x_min"),
            Operator("x_max", self.free_side, name="stress_x_max"),
            Operator("y_max", self.loaded_top, name="stress_y_max"),
        ]

    def free_side(self, u: Field, x: tf.Tensor, normals: tf.Tensor) -> tf.Tensor:
        """s_xx, which is zero at the sides, `(n, 1)`."""
        stiff = self.first + 2.0 * self.shear
        return stiff * u["u"].d("x") + self.first * u["v"].d("y")

    def loaded_top(self, u: Field, x: tf.Tensor, normals: tf.Tensor) -> tf.Tensor:
        """s_yy without the load at the top, `(n, 1)`."""
        stiff = self.first + 2.0 * self.shear
        load = stiff * self.load * tf.sin(_PI * x[:, 0:1])
        return stiff * u["v"].d("y") + self.first * u["u"].d("x") - load

    def force(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 2)`, shape `(n, 2)`."""
        a, b, y = _PI * x[:, 0:1], _PI * x[:, 1:2], x[:, 1:2]
        wave = tf.cos(2.0 * a) * tf.sin(b)
        u_xx, u_yy = -4.0 * _PI**2 * wave, -(_PI**2) * wave
        u_xy = -2.0 * _PI**2 * tf.sin(2.0 * a) * tf.cos(b)
        v_xx = -(_PI**2) * tf.sin(a) * self.load * y**4 / 4.0
        v_yy = 3.0 * self.load * tf.sin(a) * y**2
        v_xy = _PI * tf.cos(a) * self.load * y**3
        stiff, mixed = self.first + 2.0 * self.shear, self.first + self.shear
        return -tf.concat(
            [
                stiff * u_xx + self.shear * u_yy + mixed * v_xy,
                stiff * v_yy + self.shear * v_xx + mixed * u_xy,
            ],
            axis=1,
        )

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u and v at points `(n, 2)`, shape `(n, 2)`."""
        a, b, y = _PI * x[:, 0:1], _PI * x[:, 1:2], x[:, 1:2]
        along = tf.cos(2.0 * a) * tf.sin(b)
        return tf.concat([along, tf.sin(a) * self.load * y**4 / 4.0], axis=1)

    def get_config(self) -> dict[str, Any]:
        return {"first": self.first, "shear": self.shear, "load": self.load}


@keras.saving.register_keras_serializable(package="keras_isgd")
class EulerBeam(Problem):
    """u'''' = -q on (0, 1): a beam of Euler and Bernoulli under a uniform load.

    Clamped at x = 0 (u = u' = 0) and free at x = 1 (u'' = u''' = 0):

        u(x) = -q (x^4 - 4 x^3 + 6 x^2) / 24

    Source: textbooks (Timoshenko, Strength of Materials); an example of DeepXDE for
    q = 1.

    Args:
        load: q, a positive number.
    """

    coordinates = ("x",)
    domain = Box(0.0, 1.0)
    reference = "closed form, a polynomial"

    def __init__(self, load: float = 1.0) -> None:
        self.load = check_positive("load", load)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("xxxx") + self.load

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet("x_min", 0.0, name="clamped"),
            Neumann("x_min", 0.0, name="clamped_slope"),
            Operator("x_max", self.free_end, name="free"),
        ]

    def free_end(self, u: Field, x: tf.Tensor, normals: tf.Tensor) -> tf.Tensor:
        """Bending moment and shear force, `(n, 2)`."""
        return tf.concat([u.d("xx"), u.d("xxx")], axis=1)

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 1)`."""
        return -self.load * (x**4 - 4.0 * x**3 + 6.0 * x**2) / 24.0

    def get_config(self) -> dict[str, Any]:
        return {"load": self.load}
