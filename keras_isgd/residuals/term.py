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
from keras_isgd.derivatives.trace import Trace, trace_rows
from keras_isgd.problems.conditions import Condition, Data
from keras_isgd.problems.problem import Problem
from keras_isgd.residuals.dependence import rows_are_pointwise
from keras_isgd.residuals.loss_weights import LossWeights, check_names

__all__ = ["Coefficients", "Network", "Term", "Values", "terms_of"]

# Maps points (n, d) to outputs (n, k).
Network = Callable[[tf.Tensor], tf.Tensor]
# The equation's coefficients by name: scalars, or the variables themselves.
Coefficients = Mapping[str, Any]
# For each place, the derivatives there, (n, 1), by what was asked.
Values = Sequence[Mapping[Request, tf.Tensor]]

# Tensors of a layer's outputs that are alive at once: before and after the activation,
# its derivatives, and what flows back.
_COPIES = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Term:
    """One term: omega / n times the sum of its squared rows.

    Attributes:
        name: the term's name.
        on: the point set that it is evaluated on, or None with `points`.
        problem: the `Problem`.
        function: `function(fields, x) -> (n, k)`.
        places: `places(x)` -> list of `(n, d)`, one for each field.
        points: fixed points with what else the function needs of each, `(n, d + k)`,
            or None.
        dtype: of the network.
        weights: the omegas of all terms.
        requests: for each place, the derivatives that the function asks for.
        columns: k, the number of rows for each point.
        pointwise: whether a point's rows depend on that point alone.
        engine: the module that serves derivatives.
        complete: whether Taylor mode sees every use of a trained weight.
    """

    name: str
    on: str | None
    problem: Problem
    function: Callable[[list[Field], tf.Tensor], tf.Tensor]
    places: Callable[[tf.Tensor], list[tf.Tensor]]
    points: tf.Tensor | None
    dtype: str
    weights: LossWeights
    requests: tuple[frozenset[Request], ...]
    columns: int
    pointwise: bool
    engine: engines.Engine
    complete: bool

    @property
    def weight(self) -> tf.Tensor:
        """Omega, a scalar in the term's dtype; it is read where this is called."""
        return self.weights.tensor(self.name, self.dtype)

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
        return point_sets[self.on]

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

    def values_at(
        self, x: tf.Tensor, network: Network
    ) -> list[dict[Request, tf.Tensor]]:
        """Returns the network's derivatives that the residual uses, for each place."""
        return [
            self.engine.derivatives(network, place, asked)
            for place, asked in zip(self.places(x), self.requests, strict=True)
        ]

    def rows_of(
        self, values: Values, x: tf.Tensor, coefficients: Coefficients
    ) -> tf.Tensor:
        """Returns the residuals `(n, k)` from the network's derivatives."""
        fields = [
            Field(
                functools.partial(_looked_up, found),
                self.problem.coordinates,
                self.problem.outputs,
                coefficients,
                time=self.problem.time,
            )
            for found in values
        ]
        return self.function(fields, x)

    def scale(self, x: tf.Tensor) -> tf.Tensor:
        """Returns sqrt(omega / n), which makes the term the sum of squared rows."""
        return tf.sqrt(self.weight / tf.cast(tf.shape(x)[0], x.dtype))

    def cost(self, network: keras.Model) -> int:
        """Roughly the bytes of a point in a loss with its gradient."""
        units = sum(_units(v.shape) for v in network.trainable_variables)
        channels = sum(len(plan(i for _, i in asked)) for asked in self.requests)
        return _COPIES * units * channels * tf.as_dtype(self.dtype).size


def _looked_up(
    found: Mapping[Request, tf.Tensor], component: int, indices: Name
) -> tf.Tensor:
    return found[component, indices]


def _units(shape: Sequence[int]) -> int:
    """What a weight adds to each point: one number for a scalar or a bias's entry."""
    return math.prod(shape[1:]) if len(shape) > 1 else math.prod(shape)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Part:
    """What a problem says of one term."""

    name: str
    on: str | None
    weight: float
    function: Callable[[list[Field], tf.Tensor], tf.Tensor]
    places: Callable[[tf.Tensor], list[tf.Tensor]]
    points: tf.Tensor | None
    pointwise: bool | None


def terms_of(
    problem: Problem,
    weights: Mapping[str, float],
    dtype: str,
    network: keras.Model | None = None,
    derivatives: str = "tape",
) -> list[Term]:
    """Returns the terms of a problem's loss.

    Args:
        problem: the `Problem`.
        weights: dictionary of weights by name that replace the conditions' own.
        dtype: of the network.
        network: what they will be evaluated on; any function with "tape".
        derivatives: one of `derivatives.engines.ENGINES`.

    Raises:
        ValueError: a weight for an unknown term or not positive and finite,
            derivatives that the network does not allow, or rows of the wrong shape or
            without use of the network.
    """
    problem.check()
    parts = [
        _residual_part(problem),
        *(_condition_part(problem, c, dtype) for c in problem.bound_conditions()),
    ]
    omegas = {part.name: part.weight for part in parts}
    check_names(weights, omegas, type(problem).__name__)
    own = LossWeights({**omegas, **weights}, type(problem).__name__)
    traces = [_traced(problem, part, dtype) for part in parts]
    requests = [frozenset().union(*trace.requests) for trace in traces]
    choose = engines.Choice(network, derivatives, requests)
    weights_of_network = {id(v.value) for v in getattr(network, "weights", ())}
    terms = []
    for part, trace, asked in zip(parts, traces, requests, strict=True):
        engine, complete = choose(asked)
        # A residual may hold the network and use it past its fields.
        aside = any(id(v) in weights_of_network for v in trace.variables)
        declared = part.pointwise
        terms.append(
            Term(
                name=part.name,
                on=part.on,
                problem=problem,
                function=part.function,
                places=part.places,
                points=part.points,
                dtype=dtype,
                weights=own,
                requests=trace.requests,
                columns=trace.columns,
                pointwise=rows_are_pointwise(trace) if declared is None else declared,
                engine=engine,
                complete=complete and not aside,
            )
        )
    return terms


def _residual_part(problem: Problem) -> _Part:
    return _Part(
        name="residual",
        on="interior",
        weight=1.0,
        function=lambda fields, x: problem.residual(fields[0], x),
        places=lambda x: [x],
        points=None,
        pointwise=getattr(problem, "pointwise", None),
    )


def _condition_part(problem: Problem, condition: Condition, dtype: str) -> _Part:
    points = None
    if isinstance(condition, Data):
        points = tf.constant(condition.columns, dtype)
    return _Part(
        name=condition.name,
        on=condition.on,
        weight=condition.weight,
        function=lambda fields, x: condition.residual(problem, fields, x),
        places=lambda x: condition.places(problem, x),
        points=points,
        pointwise=getattr(condition, "pointwise", None),
    )


def _traced(problem: Problem, part: _Part, dtype: str) -> Trace:
    """What a term's residual does, found by tracing it.

    Raises:
        ValueError: its rows have the wrong shape, or do not use the network.
    """
    term = f"the term {part.name!r} of {type(problem).__name__}"
    columns = len(problem.coordinates) if part.points is None else part.points.shape[1]
    try:
        trace = trace_rows(
            part.function,
            len(part.places(tf.zeros((1, columns), dtype))),
            problem.coordinates,
            problem.outputs,
            problem.coefficients,
            dtype,
            columns,
            problem.time,
        )
    except ValueError as error:
        raise ValueError(f"In {term}: {error}") from error
    if not all(trace.requests):
        raise ValueError(
            f"T{term[1:]} does not use the network: ask for u.value or a derivative "
            f'such as u.d("{problem.coordinates[0]}").'
        )
    return trace
