"""Features with the singularities that solutions have in corners of a domain."""

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.derivatives import register_rule
from keras_isgd.derivatives.composition import compose_jointly
from keras_isgd.derivatives.jet import Jet
from keras_isgd.networks.checks import check_columns
from keras_isgd.networks.jump_features import NOTHING, close_weight
from keras_isgd.utils.checks import check_array, check_positive, is_whole

__all__ = ["Corner", "CornerFeatures"]


class Corner(NamedTuple):
    """A corner of a domain, or a point where the kind of its conditions changes.

    With a and b what two coordinates are away from it, in parts of the domain's edges,
    a and ratio b are coordinates in which the equation's second derivatives are a
    Laplacian's.

    Attributes:
        axes: the numbers of the two coordinates.
        at: their values.
        lengths: the edges of the domain in them.
        ratio: see above, positive.
        middle: the direction of the middle of the domain's angle there, in radians from
            the first axis, in the coordinates above.
        exponent: of the distance, between 0 and 1: pi over the domain's angle, or half
            of it where values are prescribed on one side and slopes on the other.
    """

    axes: tuple[int, int]
    at: tuple[float, float]
    lengths: tuple[float, float]
    ratio: float
    middle: float
    exponent: float


@keras.saving.register_keras_serializable(package="keras_isgd")
class CornerFeatures(keras.layers.Layer):
    """Functions of the coordinates that are singular as solutions are in corners.

        r^k cos(k phi), r^k sin(k phi)

    for each `Corner` with the exponent k, r the distance from it and phi the angle from
    its middle: solutions of second order are sums of such functions there, with slopes
    that grow as r^(k - 1) (Grisvard, Elliptic Problems in Nonsmooth Domains, 1985,
    section 4.4). A smooth network of them can be what a smooth network of the
    coordinates cannot.

    A `PINN` of a network with this layer multiplies its rows by
    (r^2 / (r^2 + 0.1^2))^(1 - k), since what is left of the residual grows as
    1 / r^(2 - 2 k).

    Args:
        corners: the `Corner`s, or what `tuple` makes of them.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: no corners, or numbers out of range.
    """

    def __init__(self, corners: Sequence[Sequence[Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not corners:
            raise ValueError("Expected at least one `Corner`, got none.")
        self.corners = [_checked(Corner(*corner)) for corner in corners]

    def build(self, input_shape: Sequence[int | None]) -> None:
        axes = (axis for corner in self.corners for axis in corner.axes)
        check_columns(input_shape, max(axes))

    @property
    def count(self) -> int:
        """How many features there are."""
        return 2 * len(self.corners)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.concat(
            [
                _powers(corner, tf.gather(x, corner.axes, axis=1))
                for corner in self.corners
            ],
            axis=1,
        )

    def factor(self, x: tf.Tensor) -> tf.Tensor:
        """Returns what the rows at points `(n, d)` are multiplied by, `(n, 1)`."""
        found = []
        for corner in self.corners:
            p, q = _turned(corner, tf.gather(x, corner.axes, axis=1))
            found.append(close_weight(p * p + q * q, 1.0 - corner.exponent))
        return tf.reduce_min(tf.concat(found, axis=1), axis=1, keepdims=True)

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.count)

    def get_config(self) -> dict[str, Any]:
        corners = [
            [list(v) if isinstance(v, tuple) else v for v in corner]
            for corner in self.corners
        ]
        return {**super().get_config(), "corners": corners}


def _turned(corner: Corner, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Coordinates along the middle of a corner's angle and across, `(n, 1)`."""
    a = (z[:, :1] - corner.at[0]) / corner.lengths[0]
    b = corner.ratio * (z[:, 1:] - corner.at[1]) / corner.lengths[1]
    cos, sin = math.cos(corner.middle), math.sin(corner.middle)
    # In the corner itself the angle has no derivatives.
    return cos * a + sin * b + NOTHING, cos * b - sin * a


def _powers(corner: Corner, z: tf.Tensor) -> tf.Tensor:
    p, q = _turned(corner, z)
    radius = (p * p + q * q) ** (0.5 * corner.exponent)
    angle = corner.exponent * tf.atan2(q, p)
    return tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)


def _checked(corner: Corner) -> Corner:
    axes = tuple(corner.axes)
    if len(axes) != 2 or axes[0] == axes[1] or not all(is_whole(a, 0) for a in axes):
        raise ValueError(f"Expected `axes` as two coordinates' numbers, got {axes}.")
    at, lengths = (check_array("`corners`", v) for v in (corner.at, corner.lengths))
    if at.shape != (2,) or lengths.shape != (2,) or not (lengths > 0.0).all():
        raise ValueError(
            "Expected two values and two positive lengths for the coordinates of a "
            f"corner, got {corner}."
        )
    exponent = check_positive("exponent", corner.exponent)
    if exponent >= 1.0:
        raise ValueError(f"Expected `exponent` between 0 and 1, got {exponent}.")
    middle = check_array("`middle`", corner.middle)
    return Corner(
        (int(axes[0]), int(axes[1])),
        (float(at[0]), float(at[1])),
        (float(lengths[0]), float(lengths[1])),
        check_positive("ratio", corner.ratio),
        float(middle),
        exponent,
    )


@register_rule(CornerFeatures)
def _corner_features(layer: keras.layers.Layer, jet: Jet) -> Jet:
    return Jet.concatenate(
        [
            compose_jointly(functools.partial(_powers, c), jet.take(c.axes), 2)
            for c in layer.corners
        ]
    )
