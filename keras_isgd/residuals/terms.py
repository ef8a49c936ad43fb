"""The terms of a problem's loss: its equation, and one for each condition."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field, engines
from keras_isgd.derivatives.channels import Request, highest_orders
from keras_isgd.derivatives.field import Names
from keras_isgd.derivatives.trace import Trace, trace_rows
from keras_isgd.networks.row_factors import row_factor_of
from keras_isgd.problems.conditions import Condition
from keras_isgd.problems.problem import Problem
from keras_isgd.residuals.dependence import rows_are_pointwise
from keras_isgd.residuals.equations import Equations
from keras_isgd.residuals.loss_weights import LossWeights, check_names
from keras_isgd.residuals.term import Term

__all__ = ["equation_terms", "orders_of", "terms_of"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Part:
    """What a problem says of one term."""

    name: str
    on: str | None
    weight: float
    equations: Equations
    function: Callable[[list[Field], tf.Tensor], tf.Tensor]
    places: Callable[[tf.Tensor], list[tf.Tensor]]
    subdomains: tuple[str, ...]
    width: int
    points: tf.Tensor | None
    pointwise: bool | None


def orders_of(
    requests: Sequence[Sequence[frozenset[Request]]], names: Names
) -> dict[str, int]:
    """Returns the order of the highest derivative of an equation, by coordinate.

    Args:
        requests: of each of its terms, for each of its places.
        names: of the problem.
    """
    asked = [name for term in requests for place in term for _, name in place]
    return dict(
        zip(names.coordinates, highest_orders(asked, len(names.inputs)), strict=False)
    )


def equation_terms(terms: Sequence[Term]) -> Sequence[Term]:
    """Returns those of a loss's terms that are the equation's, one for each subdomain.

    Args:
        terms: as `terms_of` returns them.
    """
    return terms[: max(len(terms[0].problem.subdomains), 1)]


def terms_of(
    problem: Problem,
    weights: Mapping[str, Any],
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
    of_equation = _residual_parts(problem)
    traces = [_traced(problem, part, dtype) for part in of_equation]
    orders = orders_of([trace.requests for trace in traces], problem.names)
    conditions = [c.suited_to(orders) for c in problem.bound_conditions()]
    of_conditions = [_condition_part(problem, c, dtype) for c in conditions]
    traces += [_traced(problem, part, dtype) for part in of_conditions]
    parts = [*of_equation, *of_conditions]
    equations = [
        part.equations.columns or {part.name: trace.columns}
        for part, trace in zip(parts, traces, strict=True)
    ]
    own = _weights_of(problem, parts, equations, weights)
    of_places = [
        _in_network(problem, part, trace)
        for part, trace in zip(parts, traces, strict=True)
    ]
    requests = [frozenset().union(*asked) for asked in of_places]
    choose = engines.Choice(network, derivatives, requests)
    weights_of_network = {id(v.value) for v in getattr(network, "weights", ())}
    factors = [
        None if network is None else row_factor_of(network, number < len(of_equation))
        for number in range(len(parts))
    ]
    terms = []
    for part, names, trace, asked_of, asked, factor in zip(
        parts, equations, traces, of_places, requests, factors, strict=True
    ):
        engine, complete = choose(asked)
        # A residual may hold the network and use it past its fields.
        aside = any(id(v) in weights_of_network for v in trace.variables)
        terms.append(
            Term(
                name=part.name,
                equations=names,
                on=part.on,
                problem=problem,
                function=part.function,
                own_places=part.places,
                elsewhere=trace.elsewhere,
                subdomains=part.subdomains,
                width=part.width,
                points=part.points,
                dtype=dtype,
                weights=own,
                requests=asked_of,
                columns=trace.columns,
                row_count=trace.row_count,
                pointwise=_pointwise(part, trace),
                operations=trace.operations,
                engine=engine,
                complete=complete and not aside,
                factor=factor,
            )
        )
    return terms


def _weights_of(
    problem: Problem,
    parts: Sequence[_Part],
    equations: Sequence[Mapping[str, int]],
    weights: Mapping[str, Any],
) -> LossWeights:
    """The weights of all equations by name: those given, or else the terms' own.

    Args:
        problem: the `Problem`.
        parts: what it says of each term.
        equations: for each term, the number of columns by the equations' names.
        weights: as for `terms_of`.

    Raises:
        ValueError: two terms of one name, or weights as for `terms_of`.
    """
    omegas: dict[str, float] = {}
    for part, names in zip(parts, equations, strict=True):
        for name in names:
            if name in omegas:
                raise ValueError(
                    f"{type(problem).__name__} has two terms named {name!r}; give the "
                    "equation or the condition another name."
                )
            omegas[name] = part.weight
    check_names(weights, omegas, type(problem).__name__)
    columns = {n: k for found in equations for n, k in found.items()}
    return LossWeights({**omegas, **weights}, type(problem).__name__, columns)


def _in_network(
    problem: Problem, part: _Part, trace: Trace
) -> tuple[frozenset[Request], ...]:
    """What is asked for at each place, by the numbers of the network's outputs."""
    if not part.subdomains:
        return trace.requests
    return tuple(
        frozenset((c + first, indices) for c, indices in asked)
        for asked, first in zip(
            trace.requests, problem.first_outputs(part.subdomains), strict=True
        )
    )


def _pointwise(part: _Part, trace: Trace) -> bool:
    shared = any(not other.own for other in trace.elsewhere)
    if shared or trace.row_count is not None:
        return False
    return rows_are_pointwise(trace) if part.pointwise is None else part.pointwise


def _residual_parts(problem: Problem) -> list[_Part]:
    """The equation, in each subdomain where there are some."""
    interior = list(problem.sets.interior)
    if not problem.subdomains:
        return [_residual_part(problem, "residual", interior[0], ())]
    return [
        _residual_part(problem, f"residual_{name}", on, (name,))
        for name, on in zip(problem.subdomains, interior, strict=True)
    ]


def _residual_part(
    problem: Problem, name: str, on: str, subdomains: tuple[str, ...]
) -> _Part:
    equations = Equations("".join(f"_{part}" for part in subdomains))
    return _Part(
        name=name,
        on=on,
        weight=1.0,
        equations=equations,
        function=lambda fields, x: equations.joined(problem.residual(fields[0], x)),
        places=lambda x: [x],
        subdomains=subdomains,
        width=problem.input_count,
        points=None,
        pointwise=getattr(problem, "pointwise", None),
    )


def _condition_part(problem: Problem, condition: Condition, dtype: str) -> _Part:
    points = condition.fixed_points(problem)
    width = problem.input_count
    if points is not None:
        width = points.shape[1]
    elif condition.takes_normals(problem):
        width += len(problem.coordinates)
    return _Part(
        name=condition.name,
        on=None if points is not None else condition.set_name,
        weight=condition.weight,
        equations=Equations(),
        function=lambda fields, x: condition.residual(problem, fields, x),
        places=lambda x: condition.places(problem, x),
        subdomains=condition.subdomains,
        width=width,
        points=None if points is None else tf.constant(points, dtype),
        pointwise=getattr(condition, "pointwise", None),
    )


def _traced(problem: Problem, part: _Part, dtype: str) -> Trace:
    """What a term's residual does, found by tracing it.

    Raises:
        ValueError: its rows have the wrong shape, or do not use the network.
    """
    term = f"the term {part.name!r} of {type(problem).__name__}"
    try:
        trace = trace_rows(
            part.function,
            len(part.places(tf.zeros((1, part.width), dtype))),
            problem.names,
            len(problem.names.outputs),
            problem.coefficients,
            dtype,
            part.width,
            subdomains=part.subdomains,
            mixes=part.pointwise is False,
            places=part.places,
        )
    except ValueError as error:
        raise ValueError(f"In {term}: {error}") from error
    if not all(trace.requests[: len(trace.requests) - len(trace.elsewhere)]) and not (
        trace.elsewhere and any(trace.requests)
    ):
        raise ValueError(
            f"T{term[1:]} does not use the network: ask for u.value or a derivative "
            f'such as u.d("{problem.coordinates[0]}").'
        )
    return trace
