"""Given values."""

from keras_isgd.problems.conditions.base import Condition, at, component_of

__all__ = ["Dirichlet"]


class Dirichlet(Condition):
    """u = g on a part of the boundary.

    Args:
        on: "boundary" or a face such as "x_min".
        value: g: a number, or a function from `(n, d)` to `(n, 1)`.
        component: which output of the network; None for all.
        weight, name: see `Condition`.
    """

    kind = "dirichlet"

    def __init__(self, on="boundary", value=0.0, component=None, weight=1.0, name=None):
        super().__init__(on, weight, name)
        self.value = value
        self.component = component

    def residual(self, problem, fields, x):
        return component_of(fields[0], self.component).value - at(self.value, x)
