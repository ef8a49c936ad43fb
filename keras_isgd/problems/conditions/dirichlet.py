"""Given values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import (
    Condition,
    Value,
    at,
    check_value,
    component_of,
)

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Dirichlet"]


class Dirichlet(Condition):
    """u = g on a part of the boundary.

    Args:
        on: "boundary" or a face such as "x_min".
        value: g: a number, or a function from `(n, d)` to `(n, 1)`.
        component: which output of the network; None for all.
        weight, name: see `Condition`.

    Raises:
        ValueError: a value that is complex, NaN, infinite or no number.
    """

    kind = "dirichlet"
    on: str

    def __init__(
        self,
        on: str = "boundary",
        value: Value = 0.0,
        component: int | None = None,
        weight: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(on, weight, name)
        self.value = check_value(self.name, value)
        self.component = component

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        u = component_of(fields[0], self.component)
        return u.value - at(self.value, x, self.name)
