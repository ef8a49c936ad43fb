"""Measured values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import Condition, component_of
from keras_isgd.utils.checks import check_array

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Data"]


class Data(Condition):
    """Measured values of u at given points.

    Args:
        points: `(n, d)`, inside the problem's domain.
        values: `(n, k)`, or `(n,)` for one output.
        component: which output of the network; None for all.
        weight, name: see `Condition`.

    Raises:
        ValueError: no points, shapes that do not match, or entries that are complex,
            NaN, infinite or no numbers.
    """

    kind = "data"

    def __init__(
        self,
        points: Any,
        values: Any,
        component: int | None = None,
        weight: float = 1.0,
        name: str = "data",
    ) -> None:
        super().__init__(None, weight, name)
        self.points = check_array(f"`points` of the data {self.name!r}", points)
        self.values = check_array(f"`values` of the data {self.name!r}", values)
        self.component = component
        if self.values.ndim == 1:
            self.values = self.values[:, None]
        if (
            self.points.ndim != 2
            or self.values.ndim != 2
            or len(self.points) != len(self.values)
            or len(self.points) == 0
        ):
            raise ValueError(
                "Expected points (n, d) and values (n, k) with the same n >= 1, got "
                f"shapes {self.points.shape} and {self.values.shape}."
            )

    @property
    def columns(self) -> np.ndarray:
        """Points and values side by side, `(n, d + k)`."""
        return np.concatenate([self.points, self.values], axis=1)

    def check(self, problem: "Problem") -> None:
        super().check(problem)
        if self.points.shape[1] != len(problem.coordinates):
            raise ValueError(
                f"The data {self.name!r} has points of {self.points.shape[1]} "
                f"coordinates, {type(problem).__name__} has "
                f"{len(problem.coordinates)}."
            )
        columns = problem.outputs if self.component is None else 1
        if self.values.shape[1] != columns:
            raise ValueError(
                f"The data {self.name!r} has values of {self.values.shape[1]} columns, "
                f"expected {columns}, one for each output that is measured."
            )
        outside = int(np.sum(~problem.domain.contains(self.points)))
        if outside:
            raise ValueError(
                f"{outside} points of the data {self.name!r} lie outside "
                f"{problem.domain}."
            )

    def places(self, problem: "Problem", x: tf.Tensor) -> list[tf.Tensor]:
        return [x[:, : self.points.shape[1]]]

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        u = component_of(fields[0], self.component).value
        return u - x[:, self.points.shape[1] :]
