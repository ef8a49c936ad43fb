"""Given values, or time derivatives, at the first time."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.derivatives.field import TIME
from keras_isgd.problems.conditions.base import Condition, component_of, derivative
from keras_isgd.problems.conditions.dirichlet import Dirichlet
from keras_isgd.problems.conditions.values import Value, at
from keras_isgd.utils.checks import check_order

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Initial"]


class Initial(Dirichlet):
    """u = g, or the derivative of u in time = g, at the first time.

    Args:
        value: g: as for `Dirichlet`.
        order: 0 for u, 1 for u_t, ...
        time: the time coordinate's name; None for the problem's own, `Problem.time`,
            which it has to be.
        component, weight, name: see `Dirichlet`.

    Raises:
        ValueError: `order` is no whole number from 0, or a value that is complex,
            NaN, infinite or no number.
    """

    kind = "initial"

    def __init__(
        self,
        value: Value = 0.0,
        order: int = 0,
        time: str | None = None,
        component: int | str | None = None,
        weight: float = 1.0,
        name: str | None = None,
    ) -> None:
        self.order = check_order("order", order)
        self.time = time
        # Until a problem with another time has it.
        named = time or TIME
        super().__init__(
            f"{named}_min",
            value,
            component,
            weight,
            name or self._name_for(named, component),
        )
        self.given_name = name

    def _name_for(self, time: str, component: int | str | None) -> str:
        words = [self.kind]
        if self.order:
            words.append(f"d{time * self.order}")
        if isinstance(component, str):
            words.append(component)
        return "_".join(words)

    def bound_to(self, problem: "Problem") -> Condition:
        if self.time is not None:
            return self
        if problem.time is None or problem.time_axis is None:
            raise ValueError(
                f"The condition {self.name!r} holds at the first time, and none of the "
                f"coordinates {', '.join(problem.coordinates)} of "
                f"{type(problem).__name__} is its time. Say which one is: set "
                f'`time = "{problem.coordinates[-1]}"` in the problem, for example.'
            )
        bound = copy.copy(self)
        bound.time = problem.time
        bound.on = f"{problem.time}_min"
        bound.name = self.given_name or self._name_for(problem.time, self.component)
        return bound

    def check(self, problem: "Problem") -> None:
        super().check(problem)
        if self.time != problem.time:
            other = (
                "has no time"
                if problem.time_axis is None
                else f'has the time "{problem.time}"'
            )
            raise ValueError(
                f'The condition {self.name!r} takes "{self.time}" for time, but '
                f"{type(problem).__name__} {other}, and its boundary and its Laplacian "
                f'would count "{self.time}" as space. Set `time = "{self.time}"` in '
                "the problem."
            )

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        u = component_of(fields[0], self.component)
        # `check` has seen to it that one of them is a name.
        left = derivative(u, str(self.time or problem.time), self.order)
        return left - at(self.value, x[:, : problem.input_count], self.name, u)
