"""Measured values."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import Condition, component_of
from keras_isgd.problems.conditions.values import arguments_of
from keras_isgd.utils.checks import check_array

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Data"]


class Data(Condition):
    """Measured values of u, or of an expression in it, at given points.

    Args:
        points: `(n, d + q)`, coordinates and parameters, inside the problem's domain.
        values: `(n, k)`, or `(n,)` for one column.
        component: which output of the network was measured, its name or number; None
            for all.
        weight, name: see `Condition`.
        sigma: standard deviations of the values: a number, or one for each value, in
            the shape of `values`. Each row is divided by its own. 1 if None, and then
            `model.intervals()` estimates it.
        operator: what was measured, where it is not u itself: a function
            `operator(u, x)` to `(n, k)`, such as `lambda u, x: u.d("x")`.

    Raises:
        ValueError: no points, shapes that do not match, entries that are complex,
            NaN, infinite or no numbers, a `sigma` that is not positive, or
            `component` beside `operator`.
    """

    kind = "data"

    def __init__(
        self,
        points: Any,
        values: Any,
        component: int | str | None = None,
        weight: float = 1.0,
        name: str | None = "data",
        sigma: Any = None,
        operator: Callable[[Field, tf.Tensor], Any] | None = None,
    ) -> None:
        super().__init__(None, weight, name)
        self.given_name = None if name == "data" else name
        self.points = check_array(f"`points` of the data {self.name!r}", points)
        self.values = check_array(f"`values` of the data {self.name!r}", values)
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
        self.sigma_known = sigma is not None
        self.sigma = self._deviations(sigma)
        if operator is not None and component is not None:
            raise ValueError(
                f"The data {self.name!r} has an `operator`, which chooses what was "
                "measured itself: leave `component` out."
            )
        if operator is not None and arguments_of(operator, "`operator`") != 2:
            raise ValueError("Expected `operator` as a function of (u, x).")
        self.operator = operator

    def _deviations(self, sigma: Any) -> np.ndarray:
        what = f"`sigma` of the data {self.name!r}"
        given = check_array(what, 1.0 if sigma is None else sigma)
        if given.ndim == 1 and len(given) == len(self.values):
            given = given[:, None]
        if not np.all(given > 0):
            raise ValueError(
                f"Expected positive standard deviations as {what}, got {sigma!r}. A "
                "value that is exact belongs in ki.Dirichlet(on=points, value=...)."
            )
        try:
            return np.broadcast_to(given, self.values.shape).copy()
        except ValueError:
            raise ValueError(
                f"Expected {what} as a number or in the shape of the values, "
                f"{self.values.shape}; got {given.shape}."
            ) from None

    @property
    def columns(self) -> np.ndarray:
        """Points, values and deviations side by side, `(n, d + q + 2 k)`."""
        return np.concatenate([self.points, self.values, self.sigma], axis=1)

    def fixed_points(self, problem: "Problem") -> np.ndarray:
        return self.columns

    def keep_points(self, chosen: Callable[[np.ndarray], np.ndarray]) -> bool:
        kept = chosen(self.points)
        self.points, self.values = self.points[kept], self.values[kept]
        self.sigma = self.sigma[kept]
        return bool(kept.any())

    def check(self, problem: "Problem") -> None:
        super().check(problem)
        problem.check_points(self.points, f"the data {self.name!r}")
        if self.operator is not None:
            return
        outputs = len(problem.names.outputs)
        columns = outputs if self.component is None else 1
        if self.values.shape[1] != columns:
            raise ValueError(
                f"The data {self.name!r} has values of {self.values.shape[1]} columns, "
                f"expected {columns}, one for each output that is measured."
            )

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        width, k = self.points.shape[1], self.values.shape[1]
        if self.operator is None:
            found = component_of(fields[0], self.component).value
        else:
            found = tf.convert_to_tensor(self.operator(fields[0], x[:, :width]))
            if found.shape[-1] != k:
                raise ValueError(
                    f"The operator of the data {self.name!r} returned "
                    f"{found.shape[-1]} columns, and its values have {k}."
                )
        return (found - x[:, width : width + k]) / x[:, width + k :]
