"""Opposite faces that agree."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import Condition, component_of, derivative
from keras_isgd.utils.checks import check_order

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Periodic"]


class Periodic(Condition):
    """u and some of its derivatives agree on two opposite faces.

    Args:
        coordinate: the name of the coordinate that is periodic.
        orders: which derivatives in it agree, at least one; 0 is u itself.
        component: which output of the network; None for all.
        weight, name: see `Condition`.

    Raises:
        ValueError: no orders, or one that is no whole number from 0.
    """

    kind = "periodic"

    def __init__(
        self,
        coordinate: str = "x",
        orders: Iterable[int] = (0, 1),
        component: int | None = None,
        weight: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(f"{coordinate}_min", weight, name or f"periodic_{coordinate}")
        self.coordinate = coordinate
        if not isinstance(orders, Iterable):
            raise ValueError(
                f"Expected `orders` as a tuple such as (0, 1), got {orders!r}."
            )
        self.orders = tuple(check_order("orders", order) for order in orders)
        if not self.orders:
            raise ValueError("Expected at least one order in `orders`, got none.")
        self.component = component

    def places(self, problem: "Problem", x: tf.Tensor) -> list[tf.Tensor]:
        axis = problem.coordinates.index(self.coordinate)
        shift = np.zeros((1, len(problem.coordinates)))
        shift[0, axis] = problem.domain.lengths[axis]
        return [x, x + tf.constant(shift, x.dtype)]

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        low, high = (component_of(u, self.component) for u in fields)
        rows = [
            derivative(low, self.coordinate, order)
            - derivative(high, self.coordinate, order)
            for order in self.orders
        ]
        return tf.concat(rows, axis=1)
