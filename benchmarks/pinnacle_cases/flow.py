"""Flow: a cavity, a step, a channel that is driven back and forth."""

import math

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval, Rectangle
from pinnacle_cases.common import Case, Folder, Reference, computed

PI = math.pi


class Flow(ki.Problem):
    """u and p of the equations of Navier and Stokes, steady without a time."""

    outputs = ("u", "v", "p")
    viscosity = 0.01

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        def momentum(w: Field, axis: str) -> tf.Tensor:
            carried = u["u"].value * w.d("x") + u["v"].value * w.d("y")
            forces = u["p"].d(axis) - self.viscosity * w.laplacian()
            return carried + forces

        found = {
            "momentum_x": momentum(u["u"], "x"),
            "momentum_y": momentum(u["v"], "y"),
            "continuity": u["u"].d("x") + u["v"].d("y"),
        }
        return found


class Cavity(Flow):
    """A square under a lid that moves as 4 x (1 - x)."""

    coordinates = ("x", "y")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0))

    def conditions(self) -> list[ki.Condition]:
        lid = ki.Dirichlet("top", lambda x: 4.0 * x[:, :1] * (1.0 - x[:, :1]), "u")
        return [
            lid,
            ki.Dirichlet(("left", "right", "bottom"), component="u"),
            ki.Dirichlet(component="v"),
            ki.Dirichlet(np.zeros((1, 2)), component="p", name="pressure"),
        ]


def _cavity(data: Folder) -> list[Reference]:
    found = computed("cavity")
    if data.has("ref/lid_driven_a4.dat"):
        table = data.table("ref/lid_driven_a4.dat")
        points, values = table[:, :2], table[:, 2:]
        found.append(Reference("file", points, values, 1.12e-2))
        # The pressure is infinite in the upper corners.
        corner = (points[:, 1] == 1.0) & np.isin(points[:, 0], (0.0, 1.0))
        rest = points[~corner], values[~corner]
        found.append(Reference("file without two corners", *rest, 6.2e-4))
    return found


def _wall(x: np.ndarray) -> np.ndarray:
    """All of the step's boundary but the inlet, x = 0, and the outlet, x = 4."""
    inlet = (x[:, 0] < 1e-9) & (x[:, 1] < 1.0 - 1e-9)
    return ~inlet & ~(x[:, 0] > 4.0 - 1e-9)


class BackStep(Flow):
    """A channel that doubles its width; p = 0 and v = 0 where the flow leaves it."""

    coordinates = ("x", "y")
    domain = Rectangle((0.0, 0.0), (4.0, 1.0), name="below") | Rectangle(
        (2.0, 0.0), (4.0, 2.0), name="behind"
    )

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(self.inlet, lambda x: 4.0 * x[:, 1:] * (1.0 - x[:, 1:]), "u"),
            ki.Dirichlet(self.inlet, component="v"),
            ki.Dirichlet(_wall, component="u", name="wall_u"),
            ki.Dirichlet(_wall, component="v", name="wall_v"),
            *self.at_outlet(),
        ]

    def at_outlet(self) -> list[ki.Condition]:
        """The conditions at x = 4."""
        return [
            ki.Dirichlet(self.outlet, component="p"),
            ki.Dirichlet(self.outlet, component="v"),
        ]

    @staticmethod
    def inlet(x: np.ndarray) -> np.ndarray:
        """Whether points of the boundary have x = 0."""
        return x[:, 0] < 1e-9

    @staticmethod
    def outlet(x: np.ndarray) -> np.ndarray:
        """Whether points of the boundary have x = 4."""
        return x[:, 0] > 4.0 - 1e-9


class BackStepCoded(BackStep):
    """The same with p = 0 alone at the outlet, one condition short."""

    def at_outlet(self) -> list[ki.Condition]:
        return [ki.Dirichlet(self.outlet, component="p")]


def _step(data: Folder) -> list[Reference]:
    found = computed("back_step")
    if data.has("ref/ns_0_obstacle.dat"):
        table = data.table("ref/ns_0_obstacle.dat")
        found.append(Reference("file", table[:, :2], table[:, 2:], 6.5e-2))
    return found


class Channel(Flow):
    """A channel driven back and forth, p = 0 and v = 0 at its end."""

    coordinates = ("x", "y", "t")
    domain = Rectangle((0.0, 0.0), (2.0, 1.0)) * Interval(0.0, 5.0)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        found = super().residual(u, x)
        force = -tf.sin(PI * x[:, :1]) * tf.sin(PI * x[:, 1:2]) * tf.sin(PI * x[:, 2:])
        found["momentum_x"] += u["u"].d("t")
        found["momentum_y"] += u["v"].d("t") - force
        return found

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("left", self.inlet, "u"),
            ki.Dirichlet(("bottom", "top"), component="u"),
            ki.Dirichlet(("left", "bottom", "top"), component="v"),
            *self.at_outlet(),
        ]

    def at_outlet(self) -> list[ki.Condition]:
        """The conditions at x = 2, and at first."""
        return [
            ki.Dirichlet("right", component="p"),
            ki.Dirichlet("right", component="v"),
            ki.Initial(component="u"),
            ki.Initial(component="v"),
        ]

    def inlet(self, x: tf.Tensor) -> tf.Tensor:
        """u at x = 0, `(n, 1)`."""
        t = x[:, 2:]
        pulses = tf.sin(PI * t) + tf.sin(3.0 * PI * t) + tf.sin(5.0 * PI * t)
        return tf.sin(PI * x[:, 1:2]) * pulses


class ChannelCoded(Channel):
    """The same with p = 0 alone at the end, and p = 0 at first."""

    def at_outlet(self) -> list[ki.Condition]:
        return [ki.Dirichlet("right", component="p"), ki.Initial()]


CASES = {
    "cavity": Case("NS 2d-C", lambda data: Cavity(), _cavity),
    "back-step": Case(
        "NS 2d-CG",
        lambda data: BackStep(),
        _step,
        "as meant: p = 0 and v = 0 at the outlet; the file has an outlet that holds "
        "back reversed flow",
    ),
    "back-step-coded": Case(
        "NS 2d-CG",
        lambda data: BackStepCoded(),
        _step,
        "as coded: p = 0 alone at the outlet, one condition short",
    ),
    "channel": Case(
        "NS 2d-LT",
        lambda data: Channel(),
        lambda data: computed("channel"),
        "as meant: p = 0 and v = 0 at the outlet; the original file is not there",
    ),
    "channel-coded": Case(
        "NS 2d-LT",
        lambda data: ChannelCoded(),
        lambda data: computed("channel"),
        "as coded: p = 0 alone at the outlet, one condition short, and p = 0 at first",
    ),
}
