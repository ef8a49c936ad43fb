"""Drawn points with their columns in a problem's order."""

from typing import TYPE_CHECKING

import tensorflow as tf

from keras_isgd import sampling
from keras_isgd.problems.places import Place, TimeEnd

if TYPE_CHECKING:
    from keras_isgd.problems.region import Region

__all__ = ["Arranged"]


class Arranged:
    """A `GeometrySampler` whose columns are those of a region's points.

    Args:
        draw: returns columns of space, time, parameters and normals.
        region: the `Region`.
        place: where the points are.
        normals: whether d columns of normals follow.
    """

    def __init__(
        self, draw: sampling.Sampler, region: "Region", place: Place, normals: bool
    ) -> None:
        self._draw = draw
        self._region = region
        self._place = place
        self._normals = normals

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        """Returns the set for a step, `(n, d + q [+ d])` float64."""
        region, drawn = self._region, self._draw(step)
        if isinstance(self._place, TimeEnd):
            x = region.arranged(region.with_time(drawn, self._place.side))
            if not self._normals:
                return x
            d = len(region.coordinates)
            sign = 1.0 if self._place.side else -1.0
            row = sign * tf.one_hot([region.time], d, dtype=x.dtype)
            return tf.concat([x, tf.repeat(row, tf.shape(x)[0], axis=0)], axis=1)
        x = region.arranged(drawn[:, : region.width])
        if not self._normals:
            return x
        normals = region.spread_normals(drawn[:, region.width :])
        return tf.concat([x, normals], axis=1)
