"""Given values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import Condition, On, component_of
from keras_isgd.problems.conditions.values import Value, at, check_value

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Dirichlet"]


class Dirichlet(Condition):
    """u = g on a part of the boundary.

    Args:
        on: "boundary", a face such as "x_min", a part, ...; see `Condition`.
        value: g: a number, one for each output, or a function from points `(n, d + q)`
            to `(n, 1)`; or one of `(u, x)`, where u is a `Field` that has the
            problem's coefficients and parameters.
        component: which output of the network, its name or number; None for all.
        weight, name: see `Condition`.

    Raises:
        ValueError: a value that is complex, NaN, infinite or no number.
    """

    kind = "dirichlet"

    def __init__(
        self,
        on: On = "boundary",
        value: Value = 0.0,
        component: int | str | None = None,
        weight: float = 1.0,
        name: str | None = None,
    ) -> None:
        self.component = component
        super().__init__(on, weight, name)
        self.value = check_value(self.name, value)

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        u = component_of(fields[0], self.component)
        return u.value - at(self.value, x[:, : problem.input_count], self.name, u)
