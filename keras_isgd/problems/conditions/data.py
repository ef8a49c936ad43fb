"""Measured values."""

import numpy as np

from keras_isgd.problems.conditions.base import Condition, component_of

__all__ = ["Data"]


class Data(Condition):
    """Measured values of u at given points.

    Args:
        points: `(n, d)`, inside the problem's domain.
        values: `(n, k)`, or `(n,)` for one output.
        component: which output of the network; None for all.
        weight, name: see `Condition`.

    Raises:
        ValueError: no points, shapes that do not match, or values that are not
            finite.
    """

    kind = "data"

    def __init__(self, points, values, component=None, weight=1.0, name="data"):
        super().__init__(None, weight, name)
        self.points = np.asarray(points, np.float64)
        self.values = np.asarray(values, np.float64)
        self.component = component
        if self.values.ndim == 1:
            self.values = self.values[:, None]
        if (
            self.points.ndim != 2
            or self.values.ndim != 2
            or len(self.points) != len(self.values)
            or len(self.points) == 0
        ):
            raise ValueError(
                "Expected points (n, d) and values (n, k) with the same n >= 1, got "
                f"shapes {self.points.shape} and {self.values.shape}."
            )
        if not (np.isfinite(self.points).all() and np.isfinite(self.values).all()):
            raise ValueError(
                f"The measured data {name!r} has NaN or infinite entries. Remove them."
            )

    @property
    def columns(self):
        """Points and values side by side, `(n, d + k)`."""
        return np.concatenate([self.points, self.values], axis=1)

    def places(self, problem, x):
        return [x[:, : self.points.shape[1]]]

    def residual(self, problem, fields, x):
        u = component_of(fields[0], self.component).value
        return u - x[:, self.points.shape[1] :]
