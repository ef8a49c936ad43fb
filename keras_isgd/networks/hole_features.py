"""Features of the coordinates around holes of a domain."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import activations, register_rule
from keras_isgd.derivatives.jet import Jet
from keras_isgd.networks.checks import check_columns
from keras_isgd.utils.checks import check_array, check_positive, is_whole

__all__ = ["Hole", "HoleFeatures"]


class Hole(NamedTuple):
    """A hole, as the ball that it is close to.

    Attributes:
        centre: its centre, which is not in the domain.
        radius: its radius, positive.
    """

    centre: tuple[float, ...]
    radius: float


@keras.saving.register_keras_serializable(package="keras_isgd")
class HoleFeatures(keras.layers.Layer):
    """Coordinates that resolve the surroundings of holes, whatever their size.

        1/2 + R (x - c) / (2 |x - c|^2)

    for each `Hole` with the centre c and the radius R, `(n, d)` to `(n, holes * d)`. A
    solution varies over the length R around a hole, and a network of the coordinates
    alone has to become steep there. The inversion in the hole's boundary spreads its
    surroundings over a ball of radius 1/2, and what is far away is near the middle.

    Args:
        holes: the `Hole`s, or what `tuple` makes of them.
        columns: the numbers of the coordinates that the centres have; the first ones if
            None.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: no holes, or numbers that do not match or are out of range.
    """

    def __init__(
        self,
        holes: Sequence[Sequence[Any]],
        columns: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not holes:
            raise ValueError("Expected at least one `Hole`, got none.")
        self.holes = [_checked(Hole(*hole)) for hole in holes]
        size = len(self.holes[0].centre)
        self.columns = list(range(size) if columns is None else columns)
        fits = all(is_whole(column, 0) for column in self.columns)
        if not fits or {len(hole.centre) for hole in self.holes} != {len(self.columns)}:
            raise ValueError(
                "Expected `columns` as the numbers of the coordinates of each centre, "
                f"got {self.columns} for {self.holes}."
            )

    def build(self, input_shape: Sequence[int | None]) -> None:
        check_columns(input_shape, max(self.columns))

    @property
    def count(self) -> int:
        """How many features there are."""
        return len(self.holes) * len(self.columns)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        found = []
        for hole in self.holes:
            away = [x[:, k : k + 1] - c for k, c in zip(self.columns, hole.centre)]
            square = tf.add_n([z * z for z in away])
            found += [0.5 + 0.5 * hole.radius * z / square for z in away]
        return tf.concat(found, axis=1)

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.count)

    def get_config(self) -> dict[str, Any]:
        holes = [[list(hole.centre), hole.radius] for hole in self.holes]
        return {**super().get_config(), "holes": holes, "columns": self.columns}


def _checked(hole: Hole) -> Hole:
    centre = check_array("`holes`", hole.centre)
    if centre.ndim != 1 or not np.isfinite(centre).all():
        raise ValueError(f"Expected the centre of a hole as d numbers, got {hole}.")
    return Hole(tuple(centre.tolist()), check_positive("radius", hole.radius))


@register_rule(HoleFeatures)
def _hole_features(layer: keras.layers.Layer, jet: Jet) -> Jet:
    found = []
    for hole in layer.holes:
        away = [jet.take([k]).shift(-c) for k, c in zip(layer.columns, hole.centre)]
        square = away[0] * away[0]
        for z in away[1:]:
            square = square + z * z
        inverse = square.compose(activations.reciprocal).scale(0.5 * hole.radius)
        found += [(z * inverse).shift(0.5) for z in away]
    return Jet.concatenate(found)
