"""An initial condition that is taken over by an earlier solution."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import component_of, derivative
from keras_isgd.problems.conditions.initial import Initial
from keras_isgd.problems.conditions.values import at

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Continued"]


class Continued(Initial):
    """u, or u_t, as an earlier solution has it, or as the problem's condition says.

    Args:
        initial: the problem's condition, bound to it, of order 0 or 1.
        earlier: the network of the earlier solution, which is not trained here.
        first: a variable `()`, whether the problem's own value holds.

    Attributes:
        earlier, first: as given; both may be assigned between steps.
    """

    earlier: keras.Model
    first: tf.Variable

    @classmethod
    def of(
        cls, initial: Initial, earlier: keras.Model, first: tf.Variable
    ) -> "Continued":
        """Returns the condition that continues `initial`."""
        found = copy.copy(initial)
        found.__class__ = cls
        assert isinstance(found, cls)
        found.earlier, found.first = earlier, first
        return found

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        u = component_of(fields[0], self.component)
        time = str(self.time or problem.time)
        points = x[:, : problem.input_count]
        left = derivative(u, time, self.order)
        given = at(self.value, points, self.name, u)
        return left - tf.where(self.first, given, self._earlier(problem, points))

    def _earlier(self, problem: "Problem", x: tf.Tensor) -> tf.Tensor:
        """What the earlier solution has, `(n, outputs)`."""
        outputs = list(range(len(problem.names.outputs)))
        if self.component is not None:
            outputs = [problem.names.component(self.component)]
        if self.order == 0:
            return tf.gather(self.earlier(x), outputs, axis=1)
        axis = problem.time_axis
        assert axis is not None
        columns = []
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            u = self.earlier(x)
            sums = [tf.reduce_sum(u[:, output]) for output in outputs]
        for one in sums:
            columns.append(tape.gradient(one, x)[:, axis : axis + 1])
        return tf.concat(columns, axis=1)
