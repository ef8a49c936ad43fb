"""Opposite faces that agree."""

import numpy as np
import tensorflow as tf

from keras_isgd.problems.conditions.base import Condition, component_of

__all__ = ["Periodic"]


class Periodic(Condition):
    """u and some of its derivatives agree on two opposite faces.

    Args:
        coordinate: the name of the coordinate that is periodic.
        orders: which derivatives in it agree; 0 is u itself.
        component: which output of the network; None for all.
        weight, name: see `Condition`.
    """

    kind = "periodic"

    def __init__(
        self, coordinate="x", orders=(0, 1), component=None, weight=1.0, name=None
    ):
        super().__init__(f"{coordinate}_min", weight, name or f"periodic_{coordinate}")
        self.coordinate = coordinate
        self.orders = tuple(orders)
        self.component = component

    def places(self, problem, x):
        axis = problem.coordinates.index(self.coordinate)
        shift = np.zeros((1, len(problem.coordinates)))
        shift[0, axis] = problem.domain.lengths[axis]
        return [x, x + tf.constant(shift, x.dtype)]

    def residual(self, problem, fields, x):
        low, high = (component_of(u, self.component) for u in fields)
        rows = [
            low.value - high.value
            if order == 0
            else low.d(*[self.coordinate] * order) - high.d(*[self.coordinate] * order)
            for order in self.orders
        ]
        return tf.concat(rows, axis=1)
