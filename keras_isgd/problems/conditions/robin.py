"""Given combinations of u and its outward normal derivative."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import (
    On,
    component_of,
    normal_derivative,
    normals_vary,
)
from keras_isgd.problems.conditions.dirichlet import Dirichlet
from keras_isgd.problems.conditions.values import Value, at, check_value

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Robin"]


class Robin(Dirichlet):
    """a u + b du/dn = g on a part of the boundary, n its outward normal.

    Args:
        on: see `Dirichlet`.
        a: a number or a function, as `value`.
        b: likewise.
        value: g; see `Dirichlet`.
        component, weight, name: see `Dirichlet`.

    Raises:
        ValueError: numbers that are not finite.
    """

    kind = "robin"
    needs_normals = True

    def __init__(
        self,
        on: On = "boundary",
        a: Value = 1.0,
        b: Value = 1.0,
        value: Value = 0.0,
        component: int | str | None = None,
        weight: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(on, value, component, weight, name)
        self.a = check_value(self.name, a)
        self.b = check_value(self.name, b)

    def takes_normals(self, problem: "Problem") -> bool:
        return normals_vary(self, problem)

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        u = component_of(fields[0], self.component)
        point = x[:, : problem.input_count]
        a, b, g = (at(v, point, self.name, u) for v in (self.a, self.b, self.value))
        return a * u.value + b * normal_derivative(self, problem, u, x) - g
