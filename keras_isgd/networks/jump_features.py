"""Features of the coordinates with which a network can jump in a point or an edge."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.derivatives import activations, register_rule
from keras_isgd.derivatives.composition import compose_jointly
from keras_isgd.derivatives.jet import Jet, take_columns
from keras_isgd.geometry import Geometry
from keras_isgd.networks.checks import check_columns
from keras_isgd.networks.saved_functions import config_of_object
from keras_isgd.utils.checks import check_array, check_count, check_positive, is_whole

__all__ = ["Jump", "JumpFeatures"]

# Of the edges of the domain: in the place of the jump itself nothing divides by zero.
NOTHING = 1e-12
# The distance, in parts of the domain's edges, within which rows weigh less.
_RADIUS = 0.1


class Jump(NamedTuple):
    """Where prescribed values jump: two coordinates have certain values there.

    With a and b what the two coordinates are away from there, in parts of the domain's
    edges, the solution is close to a function of a / (ratio b)^(1 / power).

    Attributes:
        axes: the numbers of the two coordinates, that of a first; -1 for the
            `smooth_distance` of the first one of the layer's shapes, and so on.
        at: their values.
        lengths: the edges of the domain in them; with a minus sign where the domain
            lies below the value.
        power: 1 where both coordinates have derivatives of the same order in the
            equation, and k where the first one's order is k times that of the second:
            2 for heat that spreads in x and t.
        ratio: see above, positive.
        order: of the equation's highest derivative in the first coordinate.
        derivative: 0 where values jump, and 1 where slopes do, with power > 1.
    """

    axes: tuple[int, int]
    at: tuple[float, float]
    lengths: tuple[float, float]
    power: int
    ratio: float
    order: int
    derivative: int = 0


@keras.saving.register_keras_serializable(package="keras_isgd")
class JumpFeatures(keras.layers.Layer):
    """Functions of the coordinates that jump where the values of a problem do.

        r = (a^2 + (s b)^2)^(1/2)     a / r and s b / r       where power = 1
        r = (a^k + s b)^(1/k)         a / r                   where power = k > 1

    for each `Jump`, with a, b and s its distances and its ratio; and r itself where not
    values but slopes jump. A smooth function of the coordinates has to become steep to
    jump, and steeper without end. A smooth function of these features and the
    coordinates can be what solutions are there: a function of the angle in the corner
    between a hot and a cold edge, of x / (4 k t)^(1/2) where a body meets another
    temperature at first, or that times t^(1/2) where it is heated from then on.

    A `PINN` of a network with this layer multiplies its rows by
    (r^2 / (r^2 + 0.1^2))^(p / 2), p the order of the equation, whose residual grows as
    1 / r^p there; where slopes jump p is one less.

    Args:
        jumps: the `Jump`s, or what `tuple` makes of them.
        shapes: geometries that some of them have their distances from.
        columns: the numbers of the coordinates that are the shapes'; the first ones if
            None.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: no jumps, or numbers out of range.
    """

    def __init__(
        self,
        jumps: Sequence[Sequence[Any]],
        shapes: Sequence[Geometry] = (),
        columns: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not jumps:
            raise ValueError("Expected at least one `Jump`, got none.")
        self.shapes = tuple(shapes)
        self.jumps = [_checked(Jump(*jump), len(self.shapes)) for jump in jumps]
        dimensions = {shape.dimension for shape in self.shapes}
        first = range(max(dimensions, default=0))
        self.columns = list(first if columns is None else columns)
        if dimensions - {len(self.columns)} or (self.columns and not dimensions):
            raise ValueError(
                "Expected `columns` as a number for each coordinate of the shapes, and "
                f"none without shapes; got {self.columns}."
            )

    def build(self, input_shape: Sequence[int | None]) -> None:
        axes = [axis for jump in self.jumps for axis in jump.axes]
        check_columns(input_shape, max(axes + self.columns))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        found = []
        for jump, a, b, r in self.radii(x):
            found.append(a / r)
            if jump.power == 1:
                found.append(jump.ratio * b / r)
            elif jump.derivative:
                found.append(r)
        return tf.concat(found, axis=1)

    def factor(self, x: tf.Tensor) -> tf.Tensor:
        """Returns what the rows at points `(n, d)` are multiplied by, `(n, 1)`."""
        found = [
            close_weight(r * r, 0.5 * (jump.order - jump.derivative))
            for jump, _, _, r in self.radii(x)
        ]
        return tf.reduce_min(tf.concat(found, axis=1), axis=1, keepdims=True)

    def radii(
        self, x: tf.Tensor
    ) -> Iterator[tuple[Jump, tf.Tensor, tf.Tensor, tf.Tensor]]:
        """Each jump with its a, b and r at points `(n, d)`."""
        for jump in self.jumps:
            a, b = (
                (self._coordinate(x, axis) - at) / length
                for axis, at, length in zip(jump.axes, jump.at, jump.lengths)
            )
            if jump.power == 1:
                r = tf.sqrt(a * a + (jump.ratio * b) ** 2 + NOTHING)
            else:
                r = (a**jump.power + jump.ratio * b + NOTHING) ** (1.0 / jump.power)
            yield jump, a, b, r

    def _coordinate(self, x: tf.Tensor, axis: int) -> tf.Tensor:
        return x[:, axis : axis + 1] if axis >= 0 else self.distance(x, axis)

    def distance(self, x: tf.Tensor, axis: int) -> tf.Tensor:
        """Returns the distance that an axis below zero stands for, `(n, 1)`."""
        return self.shapes[-1 - axis].smooth_distance(take_columns(x, self.columns))

    @property
    def count(self) -> int:
        """How many features there are."""
        return sum(
            2 if jump.power == 1 or jump.derivative else 1 for jump in self.jumps
        )

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.count)

    def get_config(self) -> dict[str, Any]:
        jumps = [
            [list(v) if isinstance(v, tuple) else v for v in j] for j in self.jumps
        ]
        shapes = [config_of_object(shape) for shape in self.shapes]
        more = {"shapes": shapes, "columns": self.columns} if shapes else {}
        return {**super().get_config(), "jumps": jumps, **more}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "JumpFeatures":
        given = config.get("shapes", ())
        shapes = [keras.saving.deserialize_keras_object(shape) for shape in given]
        return cls(**{**config, "shapes": shapes})


def close_weight(square: tf.Tensor, power: float) -> tf.Tensor:
    """Returns (r^2 / (r^2 + 0.1^2))^power for the squares of distances r."""
    return (square / (square + _RADIUS**2)) ** power


def _checked(jump: Jump, shapes: int) -> Jump:
    pairs = jump.axes, jump.at, jump.lengths
    axes, at, lengths = (check_array("`jumps`", pair).tolist() for pair in pairs)
    whole = all(is_whole(axis, -shapes) for axis in jump.axes)
    if not len(axes) == len(at) == len(lengths) == 2 or not all(lengths) or not whole:
        raise ValueError(f"Expected two coordinates with their places, got {jump}.")
    return Jump(
        (int(axes[0]), int(axes[1])),
        (at[0], at[1]),
        (lengths[0], lengths[1]),
        check_count("power", jump.power),
        check_positive("ratio", jump.ratio),
        check_count("order", jump.order),
        _checked_derivative(jump),
    )


def _checked_derivative(jump: Jump) -> int:
    allowed = (0,) if jump.power == 1 else (0, 1)
    if jump.derivative not in allowed:
        raise ValueError(f"Expected `derivative` in {allowed}, got {jump}.")
    return int(jump.derivative)


@register_rule(JumpFeatures)
def _jump_features(layer: keras.layers.Layer, jet: Jet) -> Jet:
    found = []
    for jump in layer.jumps:
        a, b = (
            _coordinate(layer, jet, axis).shift(-at).scale(1.0 / length)
            for axis, at, length in zip(jump.axes, jump.at, jump.lengths)
        )
        b = b.scale(jump.ratio)
        if jump.power == 1:
            within = a * a + b * b
        else:
            within = a.compose(activations.power(jump.power)) + b
        within, root = within.shift(NOTHING), 1.0 / max(jump.power, 2)
        reciprocal = within.compose(activations.power(-root))
        found.append(a * reciprocal)
        if jump.power == 1:
            found.append(b * reciprocal)
        elif jump.derivative:
            found.append(within.compose(activations.power(root)))
    return Jet.concatenate(found)


def _coordinate(layer: keras.layers.Layer, jet: Jet, axis: int) -> Jet:
    if axis >= 0:
        return jet.take([axis])
    return compose_jointly(lambda x: layer.distance(x, axis), jet, 1)
