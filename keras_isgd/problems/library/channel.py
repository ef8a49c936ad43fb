"""Steady flows of Navier and Stokes that have to be computed."""

from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box, Rectangle
from keras_isgd.problems import references
from keras_isgd.problems.conditions import Condition, Dirichlet
from keras_isgd.problems.library.flow import navier_stokes
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_choice, check_positive

__all__ = ["BackwardFacingStep", "LidDrivenCavity"]

# The computed flows in the cavity, by the lid and the Reynolds number, with the largest
# error of their velocities.
_CAVITIES: dict[tuple[str, float], tuple[str, float]] = {
    ("smooth", 100.0): ("cavity_smooth_100", 5e-7),
    ("smooth", 400.0): ("cavity_smooth_400", 5e-6),
    ("constant", 100.0): ("cavity_constant_100", 1e-3),
}
_STEP = 100.0
# Of the length of a channel: what rounding takes a point from its face.
_SLACK = 1e-6


@keras.saving.register_keras_serializable(package="keras_isgd")
class LidDrivenCavity(Problem):
    """Steady flow of Navier and Stokes in the unit square under a moving lid.

        u u_x + v u_y + p_x = (u_xx + u_yy) / Re
        u v_x + v v_y + p_y = (v_xx + v_yy) / Re
        u_x + v_y = 0

        "smooth" lid:   u = 16 x^2 (1 - x)^2 at y = 1
        "constant" lid: u = 1 at y = 1

    and at rest on the other sides, with p up to a constant. Under the constant lid
    the velocity jumps and p is infinite at the two upper corners: closer to them than
    0.05, the computed solution is less accurate than `reference_accuracy` says.

    Source: Ghia, Ghia and Shin (J. Comput. Phys. 48, 1982) for the constant lid, Shen
    (J. Comput. Phys. 95, 1991) for the smooth one. The solutions are computed by
    spectral elements and evaluated as their polynomials, for the smooth lid at
    Re = 100 and 400, for the constant one at Re = 100. For any other Re, `exact` is
    None.

    Args:
        reynolds: Re, a positive number.
        lid: "smooth" or "constant".

    Raises:
        ValueError: an argument out of range.
    """

    coordinates = ("x", "y")
    outputs = ("u", "v", "p")
    defined_up_to_constant = ("p",)
    domain = Box((0.0, 0.0), (1.0, 1.0))
    reference = "Ghia, Ghia and Shin (1982); Shen (1991); computed"

    def __init__(self, reynolds: float = 100.0, lid: str = "smooth") -> None:
        self.reynolds = check_positive("reynolds", reynolds)
        self.lid = check_choice("lid", lid, ("smooth", "constant"))
        known = _CAVITIES.get((self.lid, self.reynolds))
        self._table, self.reference_accuracy = known or ("", 0.0)
        self.exact = self._tabulated if known else None

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return navier_stokes(u, 1.0 / self.reynolds)

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet("y_max", self.speed, component="u", name="lid"),
            *(
                Dirichlet(side, 0.0, component="u", name=f"u_{side}")
                for side in ("x_min", "x_max", "y_min")
            ),
            Dirichlet("boundary", 0.0, component="v", name="v_boundary"),
        ]

    def speed(self, x: tf.Tensor) -> tf.Tensor:
        """u of the lid at points `(n, 2)`, shape `(n, 1)`."""
        place = x[:, 0:1]
        if self.lid == "constant":
            return tf.ones_like(place)
        return 16.0 * place**2 * (1.0 - place) ** 2

    def _tabulated(self, x: tf.Tensor) -> tf.Tensor:
        return references.load(self._table)(x)

    def get_config(self) -> dict[str, Any]:
        return {"reynolds": self.reynolds, "lid": self.lid}


@keras.saving.register_keras_serializable(package="keras_isgd")
class BackwardFacingStep(Problem):
    """Steady flow in a channel that doubles its width at x = 0, behind a step.

    The equations are those of `LidDrivenCavity` with 2 / Re in place of 1 / Re: Re
    is that of the mean speed, 1, and of twice the width of the inlet, 1. The inlet at
    x = -2 reaches from y = 1 to 2, with u = 6 (y - 1) (2 - y) there; the walls are
    at rest; at the outlet, x = 8, v = 0 and p = 0. Close to the edge of the step, at
    (0, 1), p is infinite.

    Source: Armaly et al. (J. Fluid Mech. 127, 1983). The solution is computed by
    spectral elements and evaluated as their polynomials, at Re = 100. For any other
    Re, `exact` is None.

    Args:
        reynolds: Re, a positive number.
    """

    coordinates = ("x", "y")
    outputs = ("u", "v", "p")
    domain = Rectangle((-2.0, 0.0), (8.0, 2.0)) - Rectangle((-3.0, -1.0), (0.0, 1.0))
    reference = "Armaly et al. (1983); computed"
    reference_accuracy = 5e-4

    def __init__(self, reynolds: float = 100.0) -> None:
        self.reynolds = check_positive("reynolds", reynolds)
        self.exact = self._tabulated if self.reynolds == _STEP else None

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return navier_stokes(u, 2.0 / self.reynolds)

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet(self.rigid, self.profile, component="u", name="u_given"),
            Dirichlet("boundary", 0.0, component="v", name="v_boundary"),
            Dirichlet(self.outlet, 0.0, component="p", name="p_outlet"),
        ]

    def outlet(self, x: Any) -> Any:
        """Tells which points of the boundary are the outlet, `(n,)`."""
        return x[:, 0] > 8.0 - 10.0 * _SLACK

    def rigid(self, x: Any) -> Any:
        """Tells which points of the boundary are inlet or wall, `(n,)`."""
        return ~self.outlet(x)

    def profile(self, x: tf.Tensor) -> tf.Tensor:
        """u on the inlet and the walls at points `(n, 2)`, shape `(n, 1)`."""
        y = x[:, 1:2]
        inlet = tf.cast(x[:, 0:1] < -2.0 + 10.0 * _SLACK, x.dtype)
        return inlet * 6.0 * (y - 1.0) * (2.0 - y)

    def _tabulated(self, x: tf.Tensor) -> tf.Tensor:
        return references.load("step_100")(x)

    def get_config(self) -> dict[str, Any]:
        return {"reynolds": self.reynolds}
