"""What a traced residual is handed, and the other points that it asks for."""

import dataclasses
from typing import Any

import tensorflow as tf

from keras_isgd.derivatives.channels import Name, Request
from keras_isgd.derivatives.field import Lookup

__all__ = ["Handed", "OtherPlaces", "OtherPoints"]


@dataclasses.dataclass(frozen=True)
class OtherPoints:
    """What one `u.at(points)` of a residual asks for.

    Attributes:
        count: m, the number of points; for each row where `own`.
        own: whether each row has points of its own, `(n, m, d)` or, for one each,
            `(n, d)`; else all rows share `(m, d)`.
    """

    count: int
    own: bool


class Handed:
    """The tensors that a traced residual was handed.

    Attributes:
        x: the points, once they are known.
        at_points: those with a row for each point.
        shared: derivatives at points that all rows share.
        numbers: the coefficients.
    """

    def __init__(self) -> None:
        self.numbers: list[tf.Tensor] = []
        self.x: Any = None
        self.at_points: list[tf.Tensor] = []
        self.shared: list[tf.Tensor] = []

    def lookup(
        self, asked: set[Request], shape: tuple[int, int], dtype: Any, own: bool = True
    ) -> Lookup:
        """Returns a lookup that hands out zeros and notes what it is asked.

        Args:
            asked: what to note it in.
            shape: of the zeros.
            dtype: of the zeros.
            own: whether they have a row for each point.
        """

        def lookup(component: int, indices: Name) -> tf.Tensor:
            asked.add((component, indices))
            # Not a constant, which would be the same tensor for another derivative.
            value = tf.identity(tf.zeros(shape, dtype))
            (self.at_points if own else self.shared).append(value)
            return value

        return lookup


class OtherPlaces:
    """The other points that a traced residual asks its fields for, in order.

    Args:
        handed: is told of what is handed out.

    Attributes:
        asked: an `OtherPoints` for each call.
        requests: for each call, the `(component, indices)` pairs that it was asked.
    """

    def __init__(self, handed: Handed) -> None:
        self._handed = handed
        self.asked: list[OtherPoints] = []
        self.requests: list[set[Request]] = []

    def __call__(self, points: tf.Tensor) -> Lookup:
        """Serves `Field.at`.

        Raises:
            ValueError: the points depend on the network or on a coefficient, or their
                number is not fixed.
        """
        handed = self._handed
        values = [*handed.at_points, *handed.shared]
        if _reaches(points, {tensor.name for tensor in values} - {handed.x.name}):
            raise ValueError(
                "The points of u.at(points) depend on the network's own values; they "
                "may depend on x alone."
            )
        if _reaches(points, {tensor.name for tensor in handed.numbers}):
            raise ValueError(
                "The points of u.at(points) depend on a coefficient, and where the "
                "network is evaluated cannot be trained. Rescale the coordinate "
                "instead, so that the unknown stands in the equation."
            )
        each = points.shape.rank == 2 and _reaches(points, {handed.x.name})
        own = each or points.shape.rank == 3
        count = 1 if each else points.shape[-2]
        if count is None:
            raise ValueError("u.at(points) needs a fixed number of points.")
        self.asked.append(OtherPoints(count, own))
        self.requests.append(set())
        shape = (handed.x.shape[0], count) if own else (count, 1)
        return handed.lookup(self.requests[-1], shape, points.dtype, own)


def _reaches(tensor: tf.Tensor, names: set[str]) -> bool:
    """Whether a tensor is computed from one of those with these names."""
    if not hasattr(tensor, "op") or tf.executing_eagerly():
        return False
    waiting, done = [tensor], set()
    while waiting:
        one = waiting.pop()
        if one.name in names:
            return True
        if one.name not in done:
            done.add(one.name)
            waiting += list(one.op.inputs)
    return False
