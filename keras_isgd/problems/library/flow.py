"""Steady flows with a closed form."""

import math
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_positive

__all__ = ["Kovasznay", "Stokes", "navier_stokes"]

_PI = math.pi


def navier_stokes(u: Field, viscosity: float) -> dict[str, tf.Tensor]:
    """Returns the steady equations of Navier and Stokes for outputs u, v and p.

    Args:
        u: `Field` with the outputs "u", "v" and "p".
        viscosity: one over the Reynolds number.
    """
    flow, p = {name: u[name] for name in ("u", "v")}, u["p"]
    rows = {}
    for name, axis in (("u", "x"), ("v", "y")):
        part = flow[name]
        carried = flow["u"].value * part.d("x") + flow["v"].value * part.d("y")
        rows[f"momentum_{axis}"] = carried + p.d(axis) - viscosity * part.laplacian()
    rows["continuity"] = flow["u"].d("x") + flow["v"].d("y")
    return rows


@keras.saving.register_keras_serializable(package="keras_isgd")
class Kovasznay(Problem):
    """Steady flow behind a grid, on (-0.5, 1) x (-0.5, 1.5).

        u u_x + v u_y + p_x = (u_xx + u_yy) / Re
        u v_x + v v_y + p_y = (v_xx + v_yy) / Re
        u_x + v_y = 0

        u = 1 - exp(l x) cos(2 pi y),  v = l / (2 pi) exp(l x) sin(2 pi y)
        p = (1 - exp(2 l x)) / 2,  l = Re / 2 - sqrt(Re^2 / 4 + 4 pi^2)

    with u and v given on the boundary, and p up to a constant.

    Source: Kovasznay (Proc. Camb. Phil. Soc. 44, 1948).

    Args:
        reynolds: Re, a positive number.
    """

    coordinates = ("x", "y")
    outputs = ("u", "v", "p")
    defined_up_to_constant = ("p",)
    domain = Box((-0.5, -0.5), (1.0, 1.5))
    reference = "Kovasznay (1948); closed form"

    def __init__(self, reynolds: float = 40.0) -> None:
        self.reynolds = check_positive("reynolds", reynolds)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return navier_stokes(u, 1.0 / self.reynolds)

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet("boundary", self.along_x, component="u", name="boundary_u"),
            Dirichlet("boundary", self.along_y, component="v", name="boundary_v"),
        ]

    def along_x(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        return self.exact(x)[:, 0:1]

    def along_y(self, x: tf.Tensor) -> tf.Tensor:
        """v at points `(n, 2)`, shape `(n, 1)`."""
        return self.exact(x)[:, 1:2]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u, v and p at points `(n, 2)`, shape `(n, 3)`."""
        half = self.reynolds / 2.0
        rate = half - math.sqrt(half**2 + 4.0 * _PI**2)
        decay, angle = tf.exp(rate * x[:, 0:1]), 2.0 * _PI * x[:, 1:2]
        return tf.concat(
            [
                1.0 - decay * tf.cos(angle),
                rate / (2.0 * _PI) * decay * tf.sin(angle),
                0.5 * (1.0 - decay**2),
            ],
            axis=1,
        )

    def get_config(self) -> dict[str, Any]:
        return {"reynolds": self.reynolds}


@keras.saving.register_keras_serializable(package="keras_isgd")
class Stokes(Problem):
    """Slow flow in the unit square, at rest on its boundary.

        p_x - m (u_xx + u_yy) = f_x,  p_y - m (v_xx + v_yy) = f_y,  u_x + v_y = 0

        u = sin^2(pi x) sin(2 pi y),  v = -sin(2 pi x) sin^2(pi y)
        p = cos(pi x) cos(pi y)

    with forces to match, and p up to a constant.

    Source: manufactured.

    Args:
        viscosity: m, a positive number.
    """

    coordinates = ("x", "y")
    outputs = ("u", "v", "p")
    defined_up_to_constant = ("p",)
    domain = Box((0.0, 0.0), (1.0, 1.0))
    reference = "manufactured"

    def __init__(self, viscosity: float = 1.0) -> None:
        self.viscosity = check_positive("viscosity", viscosity)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        force = self.force(x)
        m = self.viscosity
        return {
            "momentum_x": u["p"].d("x") - m * u["u"].laplacian() - force[:, 0:1],
            "momentum_y": u["p"].d("y") - m * u["v"].laplacian() - force[:, 1:2],
            "continuity": u["u"].d("x") + u["v"].d("y"),
        }

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet("boundary", 0.0, component=name, name=f"boundary_{name}")
            for name in ("u", "v")
        ]

    def force(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 2)`, shape `(n, 2)`."""
        a, b = _PI * x[:, 0:1], _PI * x[:, 1:2]
        u_xx = 2.0 * _PI**2 * tf.cos(2.0 * a) * tf.sin(2.0 * b)
        u_yy = -4.0 * _PI**2 * tf.sin(a) ** 2 * tf.sin(2.0 * b)
        v_xx = 4.0 * _PI**2 * tf.sin(2.0 * a) * tf.sin(b) ** 2
        v_yy = -2.0 * _PI**2 * tf.sin(2.0 * a) * tf.cos(2.0 * b)
        p_x = -_PI * tf.sin(a) * tf.cos(b)
        p_y = -_PI * tf.cos(a) * tf.sin(b)
        m = self.viscosity
        return tf.concat([p_x - m * (u_xx + u_yy), p_y - m * (v_xx + v_yy)], axis=1)

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u, v and p at points `(n, 2)`, shape `(n, 3)`."""
        a, b = _PI * x[:, 0:1], _PI * x[:, 1:2]
        return tf.concat(
            [
                tf.sin(a) ** 2 * tf.sin(2.0 * b),
                -tf.sin(2.0 * a) * tf.sin(b) ** 2,
                tf.cos(a) * tf.cos(b),
            ],
            axis=1,
        )

    def get_config(self) -> dict[str, Any]:
        return {"viscosity": self.viscosity}
