"""Any expression that vanishes on a part of the domain or of its boundary."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import Condition, On
from keras_isgd.problems.conditions.values import arguments_of

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Operator"]


class Operator(Condition):
    """An expression in u and its derivatives vanishes on a part.

    Args:
        on: where; see `Condition`.
        residual: a function `residual(u, x)` of a `Field` and the points `(n, d + q)`,
            or `residual(u, x, normals)` with the outward normals `(n, d)`, one column
            for each coordinate; it returns `(n, k)`.
        weight, name: see `Condition`.

    Raises:
        ValueError: `residual` is no function of two or three arguments.
    """

    kind = "operator"

    def __init__(
        self,
        on: On,
        residual: Callable[..., Any],
        weight: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(on, weight, name)
        count = arguments_of(residual, f"`residual` of the condition {self.name!r}")
        if count not in (2, 3):
            raise ValueError(
                f"Expected `residual` of the condition {self.name!r} as a function of "
                f"(u, x) or (u, x, normals); it takes {count} arguments."
            )
        self.function = residual
        self.needs_normals = count == 3

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        point = x[:, : problem.input_count]
        if self.needs_normals:
            return self.function(fields[0], point, self.normals(problem, x))
        return self.function(fields[0], point)
