"""A condition at the first time that is taken over by an earlier solution."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.derivatives.channels import Name
from keras_isgd.derivatives.tape import derivatives
from keras_isgd.problems.conditions.base import Condition

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Continued"]


class Continued(Condition):
    """What a condition prescribes, as it says or as an earlier solution has it.

    In the second case its rows are what they are for the solution less what they are
    for the earlier one: u - v for u = g, and u_t - v_t for u_t = g.

    Attributes:
        earlier: the network of the earlier solution, which is not trained here.
        first: a variable `()`, whether the condition holds as it is. Both may be
            assigned between steps.
    """

    earlier: keras.Model
    first: tf.Variable

    @classmethod
    def of(
        cls, condition: Condition, earlier: keras.Model, first: tf.Variable
    ) -> "Continued":
        """Returns what continues a condition, bound to its problem, on `u` alone."""
        kind = type(condition)
        found = copy.copy(condition)
        found.__class__ = type(f"{cls.__name__}{kind.__name__}", (cls, kind), {})
        assert isinstance(found, cls)
        found.earlier, found.first = earlier, first
        return found

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        points = x[:, : problem.input_count]

        def lookup(component: int, indices: Name) -> tf.Tensor:
            request = component, indices
            return derivatives(self.earlier, points, [request])[request]

        rows = super().residual(problem, fields, x)
        field = Field(lookup, problem.names, points=points)
        earlier = super().residual(problem, [field], x)
        return rows - tf.where(self.first, tf.zeros_like(earlier), earlier)
