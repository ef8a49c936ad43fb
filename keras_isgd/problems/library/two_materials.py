"""Heat through two materials."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Rectangle
from keras_isgd.problems.conditions import Condition, Dirichlet, Interface, Neumann
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_array, check_positive

__all__ = ["TwoMaterials"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class TwoMaterials(Problem):
    """div (k grad T) = 0 on (0, 1) x (-1, 1), with k_1 for y < 0 and k_2 for y > 0.

    T = 293.15 at the bottom, the flux q comes in at the top, and the sides are
    insulated. T and k T_y are continuous at y = 0:

        T = 293.15 + q (y + 1) / k_1       for y < 0
        T = 293.15 + q / k_1 + q y / k_2   for y > 0

    Each material has a solution of its own (`subdomains`).

    Source: a user of DeepXDE (its issue 1969), with k = (1.38, 400) and q = 200.

    Args:
        conductivities: k_1 and k_2, two positive numbers.
        flux: q, a number.

    Raises:
        ValueError: other than two positive numbers, or a flux that is no number.
    """

    coordinates = ("x", "y")
    outputs = ("T",)
    domain = Rectangle((0.0, -1.0), (1.0, 1.0))
    subdomains = {
        "lower": Rectangle((0.0, -1.0), (1.0, 0.0)),
        "upper": Rectangle((0.0, 0.0), (1.0, 1.0)),
    }
    reference = "closed form"
    cold = 293.15

    def __init__(
        self, conductivities: tuple[float, float] = (1.38, 400.0), flux: float = 200.0
    ) -> None:
        if np.shape(conductivities) != (2,):
            raise ValueError(
                f"Expected two `conductivities`, k_1 and k_2, got {conductivities!r}."
            )
        first, second = conductivities
        self.conductivities = [
            check_positive("conductivities", first),
            check_positive("conductivities", second),
        ]
        given = check_array("`flux`", flux)
        if given.ndim:
            raise ValueError(f"Expected `flux` as one number, got {flux!r}.")
        self.flux = float(given)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian()  # k is constant in each material

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet(on="y_min", value=self.cold, name="cold"),
            Neumann(
                on="y_max", value=self.flux / self.conductivities[1], name="heated"
            ),
            Neumann(on=("x_min", "x_max"), value=0.0, name="insulated"),
            Interface(("lower", "upper"), k=self.conductivities),
        ]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """T at points `(n, 2)`, shape `(n, 1)`."""
        y, (first, second) = x[:, 1:2], self.conductivities
        below = self.cold + self.flux * (y + 1.0) / first
        above = self.cold + self.flux / first + self.flux * y / second
        return tf.where(y < 0.0, below, above)

    def get_config(self) -> dict[str, Any]:
        return {"conductivities": self.conductivities, "flux": self.flux}
