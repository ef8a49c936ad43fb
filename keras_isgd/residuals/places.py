"""Where a residual needs the network."""

import dataclasses
from collections.abc import Callable, Sequence

import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.derivatives.channels import Name
from keras_isgd.derivatives.elsewhere import OtherPoints
from keras_isgd.derivatives.field import Lookup, Names

__all__ = ["Place", "other_places"]


@dataclasses.dataclass(frozen=True)
class Place:
    """Points at which a residual needs the network.

    Attributes:
        points: `(n m, d)`; or `(m, d)` where all rows share them.
        count: m.
        own: whether each of the n rows has m points of its own.
    """

    points: tf.Tensor
    count: int = 1
    own: bool = True

    def shaped(self, value: tf.Tensor) -> tf.Tensor:
        """Gives a value `(n m, 1)` the shape that a residual sees, `(n, m)`."""
        if not self.own or self.count == 1:
            return value
        return tf.reshape(value, [-1, self.count])


def other_places(
    function: Callable[[list[Field], tf.Tensor], tf.Tensor],
    x: tf.Tensor,
    own: Sequence[Place],
    names: Names,
    coefficients: Sequence[str],
    asked: Sequence[OtherPoints],
) -> list[Place]:
    """Returns the other points that a residual asks for by `u.at(points)`.

    The residual runs with fields of zeros: its points depend on x alone, which its
    trace has made sure of.

    Args:
        function: the residual.
        x: its inputs, `(n, d + k)`.
        own: where its fields are.
        names: of the problem.
        coefficients: names of the problem's coefficients.
        asked: what its trace found.
    """
    if not asked:
        return []
    found: list[Place] = []

    def elsewhere(points: tf.Tensor) -> Lookup:
        kind = asked[len(found)]
        width = points.shape[-1]
        found.append(Place(tf.reshape(points, [-1, width]), kind.count, kind.own))
        rows = tf.shape(x)[0] if kind.own else kind.count
        return _zeros([rows, kind.count if kind.own else 1], x.dtype)

    ones = {name: tf.ones((), x.dtype) for name in coefficients}
    blank = [
        Field(
            _zeros([tf.shape(place.points)[0], 1], x.dtype),
            names,
            coefficients=ones,
            points=place.points,
            elsewhere=elsewhere,
        )
        for place in own
    ]
    function(blank, x)
    return found


def _zeros(shape: list, dtype: tf.DType) -> Lookup:
    def lookup(component: int, indices: Name) -> tf.Tensor:
        return tf.zeros(shape, dtype)

    return lookup
