"""The named terms of a PINN's loss, Eq. 6, as rows of residuals."""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field, engines, taylor
from keras_isgd.derivatives.channels import Name, Request, plan
from keras_isgd.derivatives.elsewhere import OtherPoints
from keras_isgd.derivatives.field import Lookup, Names
from keras_isgd.problems.problem import Problem
from keras_isgd.residuals.loss_weights import LossWeights
from keras_isgd.residuals.places import Place, other_places

__all__ = ["Coefficients", "Network", "Term", "Values"]

# Maps points (n, d) to outputs (n, k).
Network = Callable[[tf.Tensor], tf.Tensor]
# The equation's coefficients by name: scalars, or the variables themselves.
Coefficients = Mapping[str, Any]
# For each place, the derivatives there, (n, 1) or (n, m), by what was asked.
Values = Sequence[Mapping[Request, tf.Tensor]]

# Tensors of a layer's outputs that are alive at once: before and after the activation,
# its derivatives, and what flows back.
_COPIES = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Term:
    """One term: omega / n times the sum of its squared rows.

    Attributes:
        name: the term's name.
        equations: the number of columns of each equation by its name, which is the
            term's own where it has but one.
        on: the point set that it is evaluated on, or None with `points`.
        problem: the `Problem`.
        function: `function(fields, x) -> (n, k)`.
        own_places: `own_places(x)` -> list of `(n, d)`, one for each field.
        elsewhere: the other points that the function asks for.
        subdomains: the name of the subdomain of each field, or nothing.
        width: d + k, the number of columns of its inputs.
        points: fixed points with what else the function needs of each, `(n, d + k)`,
            or None.
        dtype: of the network.
        weights: the omegas of all terms.
        requests: for each place, the derivatives that the function asks for.
        columns: k, the number of rows for each point.
        row_count: m where the function returns `(m, k)` for any number of points.
        pointwise: whether a point's rows depend on that point alone.
        operations: the types of TensorFlow's operations that the function is made of.
        engine: the module that serves derivatives.
        complete: whether Taylor mode sees every use of a trained weight.
        factor: of the rows at points `(n, d + q)`, `(n, 1)`, or None for one.
    """

    name: str
    equations: Mapping[str, int]
    on: str | None
    problem: Problem
    function: Callable[[list[Field], tf.Tensor], tf.Tensor]
    own_places: Callable[[tf.Tensor], list[tf.Tensor]]
    elsewhere: tuple[OtherPoints, ...]
    subdomains: tuple[str, ...]
    width: int
    points: tf.Tensor | None
    dtype: str
    weights: LossWeights
    requests: tuple[frozenset[Request], ...]
    columns: int
    row_count: int | None
    pointwise: bool
    operations: frozenset[str]
    engine: engines.Engine
    complete: bool
    factor: Callable[[tf.Tensor], tf.Tensor] | None = None

    @property
    def weight(self) -> tf.Tensor:
        """Omega in the term's dtype: a scalar, or `(k,)` for k > 1 columns.

        It is read where this is called.
        """
        omegas = [
            tf.broadcast_to(self.weights.tensor(name, self.dtype), [columns])
            for name, columns in self.equations.items()
        ]
        return omegas[0][0] if self.columns == 1 else tf.concat(omegas, axis=0)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the term's equations: those of its metrics and weights."""
        return tuple(self.equations)

    def unweighted(self, squares: tf.Tensor) -> list[tf.Tensor]:
        """Returns each equation's part of the loss without its omega, scalars.

        Args:
            squares: the sum of the scaled rows' squares, a scalar; or, for k > 1
                columns, those of each, `(k,)`.
        """
        values = squares / self.weight
        if self.columns == 1:
            return [values]
        parts = tf.split(values, list(self.equations.values()))
        return [tf.reduce_sum(part) for part in parts]

    def squares(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the sum of squared rows as `unweighted` takes it."""
        return tf.reduce_sum(rows**2, axis=0 if self.squares_shape else None)

    @property
    def squares_shape(self) -> tuple[int, ...]:
        """The shape of what `squares` returns: `(k,)` for k > 1 columns."""
        return () if self.columns == 1 else (self.columns,)

    @property
    def layout(self) -> str | None:
        """How the rows can be linearised.

        "pointwise" or "coupled" with Taylor mode, "general" for pointwise rows
        without it, None for what only a tape through all rows can do.
        """
        if self.engine is taylor and self.complete:
            return "pointwise" if self.pointwise else "coupled"
        return "general" if self.pointwise else None

    def inputs(self, point_sets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns the term's points with what else it needs, `(n, d + k)`."""
        if self.points is not None or self.on is None:
            return self.points
        x = point_sets[self.on]
        # Normals that another condition on this set needs.
        return x if x.shape[1] == self.width else x[:, : self.width]

    def rows_at(
        self, x: tf.Tensor, network: Network, coefficients: Coefficients
    ) -> tf.Tensor:
        """Returns the residuals at some of the term's inputs, `(n, k)`.

        Args:
            x: `(n, d + k)`, from `inputs`.
            network: maps `(n, d)` to `(n, outputs)`.
            coefficients: dictionary of scalars.
        """
        return self.rows_of(self.values_at(x, network), x, coefficients)

    def places(self, x: tf.Tensor) -> list[Place]:
        """Returns where the network is needed for inputs `x`."""
        own = [Place(points) for points in self.own_places(x)]
        coefficients = list(self.problem.coefficients)
        return own + other_places(
            self.function, x, own, self._names, coefficients, self.elsewhere
        )

    def values_at(
        self, x: tf.Tensor, network: Network
    ) -> list[dict[Request, tf.Tensor]]:
        """Returns the network's derivatives that the residual uses, for each place."""
        values = []
        for place, asked in zip(self.places(x), self.requests, strict=True):
            found = self.engine.derivatives(network, place.points, asked)
            values.append({name: place.shaped(v) for name, v in found.items()})
        return values

    def rows_of(
        self, values: Values, x: tf.Tensor, coefficients: Coefficients
    ) -> tf.Tensor:
        """Returns the residuals `(n, k)` from the network's derivatives.

        Args:
            values: for each place.
            x: the term's inputs.
            coefficients: the trained numbers, scalars; see `Coefficient`.
        """
        first = self.problem.first_outputs(self.subdomains) or [0] * len(values)
        lookups = [
            functools.partial(_looked_up, found, f)
            for found, f in zip(values, first, strict=True)
        ]
        others = iter(lookups[len(values) - len(self.elsewhere) :])

        def elsewhere(points: tf.Tensor) -> Lookup:
            return next(others)

        parts = self.subdomains or [None] * len(values)
        unknowns = self.problem.unknowns
        numbers = {name: unknowns[name].value(z) for name, z in coefficients.items()}
        fields = [
            Field(
                lookup,
                self._names,
                coefficients=numbers,
                points=points,
                elsewhere=elsewhere,
                subdomain=part,
            )
            for lookup, points, part in zip(lookups, self.own_places(x), parts)
        ]
        return self.function(fields, x)

    def weighed(self, rows: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """Returns the residuals `(n, k)` at inputs `x` times their points' factor.

        Rows that do not belong to one point each are left as they are.
        """
        if self.factor is None or not self.pointwise:
            return rows
        return self.factor(x[:, : self.problem.input_count]) * rows

    @property
    def _names(self) -> Names:
        return self.problem.names

    def scale(self, x: tf.Tensor) -> tf.Tensor:
        """Returns sqrt(omega / n), which makes the term the sum of squared rows.

        It is a scalar, or `(k,)` as `weight` is.
        """
        rows = tf.shape(x)[0] if self.row_count is None else self.row_count
        return tf.sqrt(self.weight / tf.cast(rows, x.dtype))

    def cost(self, network: keras.Model) -> int:
        """Roughly the bytes of a point in a loss with its gradient."""
        units = sum(_units(v.shape) for v in network.trainable_variables)
        counts = [1] * len(self.requests)
        for i, other in enumerate(self.elsewhere, len(counts) - len(self.elsewhere)):
            counts[i] = other.count if other.own else 1
        channels = sum(
            count * len(plan(i for _, i in asked))
            for count, asked in zip(counts, self.requests, strict=True)
        )
        return _COPIES * units * channels * tf.as_dtype(self.dtype).size


def _looked_up(
    found: Mapping[Request, tf.Tensor], first: int, component: int, indices: Name
) -> tf.Tensor:
    return found[component + first, indices]


def _units(shape: Sequence[int]) -> int:
    """What a weight adds to each point: one number for a scalar or a bias's entry."""
    return math.prod(shape[1:]) if len(shape) > 1 else math.prod(shape)
