"""Given outward normal derivatives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import (
    component_of,
    normal_derivative,
    normals_vary,
)
from keras_isgd.problems.conditions.dirichlet import Dirichlet
from keras_isgd.problems.conditions.values import at

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Neumann"]


class Neumann(Dirichlet):
    """The outward normal derivative of u = g on a part of the boundary.

    Args:
        on, value, component, weight, name: see `Dirichlet`.
    """

    kind = "neumann"
    needs_normals = True

    def takes_normals(self, problem: "Problem") -> bool:
        return normals_vary(self, problem)

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        u = component_of(fields[0], self.component)
        flux = normal_derivative(self, problem, u, x)
        return flux - at(self.value, x[:, : problem.input_count], self.name, u)
