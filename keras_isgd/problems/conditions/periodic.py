"""Opposite faces that agree."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import Condition, component_of, derivative
from keras_isgd.utils.checks import check_array, check_order

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Periodic"]


class Periodic(Condition):
    """u and some of its derivatives agree on two opposite faces.

        u(high) = factor u(low)

    Args:
        coordinate: the name of the coordinate that is periodic, or of several, as a
            tuple: each is a condition of its own.
        orders: which derivatives in it agree, at least one; 0 is u itself. None: all
            up to one order below the highest that the equation has in it, which is
            what makes the solution periodic.
        component: which output of the network, its name or number; None for all.
        weight, name: see `Condition`.
        factor: a number; -1 makes u antiperiodic.
        phase: for two outputs, the real and the imaginary part of a wave: the angle
            phi in radians of a Bloch condition u(high) = factor exp(i phi) u(low).

    Raises:
        ValueError: no coordinates, no orders, one that is no whole number from 0, a
            factor of zero, or a phase beside `component`.
    """

    kind = "periodic"

    def __init__(
        self,
        coordinate: str | Sequence[str] = "x",
        orders: Iterable[int] | None = None,
        component: int | str | None = None,
        weight: float = 1.0,
        name: str | None = None,
        factor: float = 1.0,
        phase: float | None = None,
    ) -> None:
        several = (coordinate,) if isinstance(coordinate, str) else tuple(coordinate)
        if not several or not all(isinstance(c, str) for c in several):
            raise ValueError(
                "Expected the name of a coordinate, or several, in ki.Periodic; got "
                f"{coordinate!r}."
            )
        self.coordinates = several
        self.coordinate = several[0]
        super().__init__(
            f"{self.coordinate}_min", weight, name or f"periodic_{'_'.join(several)}"
        )
        self.given_name = name
        self.orders: tuple[int, ...] | None = None
        if orders is not None:
            self.orders = self._checked(orders)
        self.component = component
        self.factor = float(check_array("`factor` of a periodic condition", factor))
        if self.factor == 0.0:
            raise ValueError(
                "Expected `factor` of a periodic condition other than zero; for values "
                "of zero, use ki.Dirichlet."
            )
        self.phase = None
        if phase is not None:
            self.phase = float(check_array("`phase` of a periodic condition", phase))
            if component is not None:
                raise ValueError(
                    "A `phase` turns the real and the imaginary part together: leave "
                    "`component` out."
                )

    @staticmethod
    def _checked(orders: Iterable[int]) -> tuple[int, ...]:
        if not isinstance(orders, Iterable):
            raise ValueError(
                f"Expected `orders` as a tuple such as (0, 1), got {orders!r}."
            )
        found = tuple(check_order("orders", order) for order in orders)
        if not found:
            raise ValueError("Expected at least one order in `orders`, got none.")
        return found

    def makes_periodic(self, order: int) -> bool:
        """Whether the solution is smooth across the period.

        Args:
            order: of the highest derivative in the coordinate in the equation.
        """
        plain = self.factor == 1.0 and self.phase is None
        return plain and (self.orders is None or set(range(order)) <= set(self.orders))

    def suited_to(self, orders: Mapping[str, int]) -> Condition:
        if self.orders is not None:
            return self
        found = copy.copy(self)
        found.orders = tuple(range(max(orders[self.coordinate], 1)))
        return found

    def parts(self, problem: "Problem") -> list[Condition]:
        found: list[Condition] = []
        for coordinate in self.coordinates:
            one = copy.copy(self)
            one.coordinates, one.coordinate = (coordinate,), coordinate
            one.on = f"{coordinate}_min"
            if len(self.coordinates) > 1:
                one.name = f"{self.given_name or self.kind}_{coordinate}"
            found.append(one)
        return found

    def check(self, problem: "Problem") -> None:
        super().check(problem)
        problem.edge_lengths(self.coordinate)
        if self.phase is not None and len(problem.names.outputs) != 2:
            raise ValueError(
                f"The condition {self.name!r} has a phase, which is for two outputs, a "
                f"real and an imaginary part; {type(problem).__name__} has "
                f"{len(problem.names.outputs)}."
            )

    def places(self, problem: "Problem", x: tf.Tensor) -> list[tf.Tensor]:
        axis = problem.coordinates.index(self.coordinate)
        shift = np.zeros((1, problem.input_count))
        shift[0, axis] = problem.edge_lengths(self.coordinate)
        x = x[:, : problem.input_count]
        return [x, x + tf.constant(shift, x.dtype)]

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        if self.orders is None:
            raise ValueError(
                f"The condition {self.name!r} has no orders: call `suited_to` first."
            )
        low, high = (component_of(u, self.component) for u in fields)
        rows = [
            self._turned(derivative(low, self.coordinate, order))
            - derivative(high, self.coordinate, order)
            for order in self.orders
        ]
        return tf.concat(rows, axis=1)

    def _turned(self, low: tf.Tensor) -> tf.Tensor:
        """What the low face says of the high one."""
        if self.phase is not None:
            c, s = np.cos(self.phase), np.sin(self.phase)
            low = low @ tf.constant([[c, s], [-s, c]], low.dtype)
        return low if self.factor == 1.0 else self.factor * low
