"""Given values, or time derivatives, at the first time."""

from keras_isgd.problems.conditions.base import at, component_of
from keras_isgd.problems.conditions.dirichlet import Dirichlet

__all__ = ["Initial"]


class Initial(Dirichlet):
    """u = g, or the derivative of u in time = g, at the first time.

    Args:
        value: g: a number, or a function from `(n, d)` to `(n, 1)`.
        order: 0 for u, 1 for u_t, ...
        time: the time coordinate's name.
        component, weight, name: see `Dirichlet`.
    """

    kind = "initial"

    def __init__(
        self, value=0.0, order=0, time="t", component=None, weight=1.0, name=None
    ):
        default = "initial" if order == 0 else f"initial_d{time * order}"
        super().__init__(f"{time}_min", value, component, weight, name or default)
        self.order = order
        self.time = time

    def residual(self, problem, fields, x):
        u = component_of(fields[0], self.component)
        left = u.value if self.order == 0 else u.d(*[self.time] * self.order)
        return left - at(self.value, x)
