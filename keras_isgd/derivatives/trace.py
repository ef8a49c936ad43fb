"""What a residual asks of its fields, found out by tracing it on paper."""

import dataclasses
import itertools
from collections.abc import Callable, Collection, Sequence
from typing import Any

import tensorflow as tf

from keras_isgd.derivatives.channels import Request
from keras_isgd.derivatives.elsewhere import Handed, OtherPlaces, OtherPoints
from keras_isgd.derivatives.field import TIME, Field, Names

__all__ = ["PaperRows", "Trace", "requests_of", "trace_rows"]

# Two numbers of points show an accidental (n, n) by broadcasting, and which tensors
# have a row for each point. Primes, so that neither is a product of other sizes.
_COUNTS = (5, 7)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaperRows:
    """A residual's operations for one number of points, in a graph that is never run.

    Attributes:
        count: n, the number of points.
        graph: holds the operations.
        at_points: names of the tensors that have a row for each point from the start:
            the points, and the network's derivatives.
        shared: names of derivatives at points that all rows share.
        rows: the residual, `(n, k)`.
    """

    count: int
    graph: tf.Graph
    at_points: frozenset[str]
    shared: frozenset[str]
    rows: tf.Tensor


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trace:
    """What a residual does.

    Attributes:
        requests: for each field, and then for each of `elsewhere`, the `(component,
            indices)` pairs that it was asked.
        elsewhere: the other points that the residual asks for.
        columns: k, the number of rows for each point.
        row_count: m where the residual has `(m, k)` whatever the number of points;
            None where it has `(n, k)`.
        papers: the operations, for two numbers of points.
        variables: the `tf.Variable`s that it reads by itself.
        operations: the types of TensorFlow's operations that it is made of.
    """

    requests: tuple[frozenset[Request], ...]
    elsewhere: tuple[OtherPoints, ...]
    columns: int
    row_count: int | None
    papers: tuple[PaperRows, ...]
    variables: tuple[tf.Variable, ...]
    operations: frozenset[str]


def requests_of(
    function: Callable,
    sizes: int,
    coordinates: Sequence[str],
    outputs: int,
    coefficients: Collection[str],
    dtype: Any,
    columns: int | None = None,
    time: str | None = TIME,
) -> tuple[tuple[frozenset[Request], ...], int]:
    """Returns what a residual asks of its fields, and its number of columns.

    Args:
        function, sizes, coordinates, outputs, coefficients, dtype, columns, time: as
            for `trace_rows`.

    Raises:
        ValueError: as for `trace_rows`.
    """
    trace = trace_rows(
        function, sizes, coordinates, outputs, coefficients, dtype, columns, time
    )
    return trace.requests, trace.columns


def trace_rows(
    function: Callable[[list[Field], tf.Tensor], tf.Tensor],
    sizes: int,
    coordinates: Sequence[str] | Names,
    outputs: int,
    coefficients: Collection[str],
    dtype: Any,
    columns: int | None = None,
    time: str | None = TIME,
    mixes: bool = False,
    places: Callable[[tf.Tensor], list[tf.Tensor]] | None = None,
    subdomains: Sequence[str] = (),
) -> Trace:
    """Traces a residual with fields that hand out zeros; nothing is computed.

    Args:
        function: `function(fields, x_0) -> (n, k)`, where `fields` is one `Field`
            for each entry of `sizes`.
        sizes: how many fields the function takes.
        coordinates: names of the d coordinates, or `Names` of everything.
        outputs: number of the network's outputs; `Names` say it themselves.
        coefficients: names of the problem's trainable coefficients.
        dtype: of the points.
        columns: number of columns of x; d if None.
        time: the name of the time coordinate, which the Laplacian leaves out.
        mixes: whether the rows are declared to mix points, and so need not be as many.
        places: from x to the points of each field; x itself, `sizes` times, if None.
        subdomains: the name of each field's subdomain, in a problem that has some.

    Raises:
        ValueError: the function returns no `(n, k)` tensor, or does with tensors
            what only numbers allow.
    """
    if not isinstance(coordinates, Names):
        numbered = tuple(f"u{i}" for i in range(outputs))
        coordinates = Names(tuple(coordinates), numbered, time)
    requests: tuple[set[Request], ...] = tuple(set() for _ in range(sizes))
    papers: list[PaperRows] = []
    variables: list[tf.Variable] = []
    calls: list[OtherPlaces] = []
    width = len(coordinates.inputs)
    parts: list[str | None] = [*subdomains] or [None] * sizes
    for n in _COUNTS:
        handed = Handed()
        others = OtherPlaces(handed)
        calls.append(others)

        def at(
            x: tf.Tensor, handed: Handed = handed, others: OtherPlaces = others
        ) -> tf.Tensor:
            handed.x = x
            handed.at_points.append(x)
            # Not constants, so that a use of them is seen.
            numbers = {name: tf.identity(tf.ones((), dtype)) for name in coefficients}
            handed.numbers = list(numbers.values())
            where = [x[:, :width]] * sizes if places is None else places(x)
            fields = [
                Field(
                    handed.lookup(
                        asked,
                        (points.shape[0], 1),
                        x.dtype,
                        own=points.shape[0] == x.shape[0],
                    ),
                    coordinates,
                    coefficients=numbers,
                    points=points,
                    elsewhere=others,
                    subdomain=part,
                )
                for asked, points, part in zip(requests, where, parts, strict=True)
            ]
            return _checked(_called(function, fields, x), x, mixes)

        spec = tf.TensorSpec((n, columns or width), dtype)
        paper, read = _on_paper(at, spec, handed)
        papers.append(paper)
        variables += read
    return _compared(papers, requests, calls, variables)


def _compared(
    papers: Sequence[PaperRows],
    requests: Sequence[set[Request]],
    calls: Sequence[OtherPlaces],
    variables: Sequence[tf.Variable],
) -> Trace:
    """What a residual does, from its operations for two numbers of points.

    Args:
        papers: the operations.
        requests: for each field, what it was asked in either of them.
        calls: the other points that were asked for in each of them.
        variables: what they read.

    Raises:
        ValueError: they differ in more than the number of points.
    """
    found = [paper.rows.shape[1] for paper in papers]
    if len(set(found)) > 1:
        raise ValueError(
            "Expected a residual of shape (n, k) with a fixed k; got (n, n), which "
            "comes from adding (n,) and (n, 1). Slices of x keep their column as "
            "x[:, 0:1]."
        )
    if calls[0].asked != calls[1].asked:
        raise ValueError(
            "Expected u.at(points) with as many points whatever the number of rows; "
            f"got {calls[0].asked} and {calls[1].asked}."
        )
    # Two graphs ask alike.
    beyond = [a | b for a, b in zip(calls[0].requests, calls[1].requests, strict=True)]
    return Trace(
        requests=tuple(frozenset(asked) for asked in [*requests, *beyond]),
        elsewhere=tuple(calls[0].asked),
        columns=found[0],
        row_count=_row_count(papers),
        papers=tuple(papers),
        variables=tuple(variables),
        operations=_operations(papers[0].graph),
    )


def _operations(graph: tf.Graph) -> frozenset[str]:
    """The types of all operations, those within functions that are called too."""
    found = graph.as_graph_def()
    functions = [function.node_def for function in found.library.function]
    nodes = itertools.chain(found.node, *functions)
    return frozenset(node.op for node in nodes)


def _row_count(papers: Sequence[PaperRows]) -> int | None:
    counts = [paper.rows.shape[0] for paper in papers]
    if counts == [paper.count for paper in papers]:
        return None
    if len(set(counts)) == 1:
        return counts[0]
    raise ValueError(
        f"Expected as many rows as points, or a fixed number of rows; got {counts} "
        f"rows for {list(_COUNTS)} points."
    )


def _on_paper(
    function: Callable[[tf.Tensor], tf.Tensor], spec: tf.TensorSpec, handed: Handed
) -> tuple[PaperRows, tuple[tf.Variable, ...]]:
    """Traces a function of points, and notes what it `handed` out."""
    traced = tf.function(function, autograph=False).get_concrete_function(spec)
    paper = PaperRows(
        count=spec.shape[0],
        graph=traced.graph,
        at_points=frozenset(tensor.name for tensor in handed.at_points),
        shared=frozenset(tensor.name for tensor in handed.shared),
        rows=traced.outputs[0],
    )
    return paper, traced.variables


def _checked(rows: tf.Tensor, x: tf.Tensor, mixes: bool) -> tf.Tensor:
    if rows.shape.rank != 2 or (rows.shape[0] != x.shape[0] and not mixes):
        raise ValueError(
            "Expected a residual of shape (n, k) for n points, such as (n, 1); got "
            f"{tuple(rows.shape)} for n = {x.shape[0]}. Slices of x keep their "
            "column as x[:, 0:1]."
        )
    return rows


def _called(function: Callable, fields: list[Field], x: tf.Tensor) -> tf.Tensor:
    """Calls a residual; says in other words what tensors in a graph do not allow."""
    try:
        return tf.convert_to_tensor(function(fields, x))
    except (NotImplementedError, TypeError, AttributeError) as error:
        remedy = _remedy(error)
        if remedy is None:
            raise
        raise ValueError(remedy) from error


def _remedy(error: Exception) -> str | None:
    words = str(error)
    if isinstance(error, tf.errors.OperatorNotAllowedInGraphError):
        return (
            "Python's `if`, `while`, `for`, `min` and `max` cannot look at tensors, "
            "whose values are not known yet. Use tf.where(condition, a, b) or "
            "keras.ops.where, tf.minimum or tf.maximum."
        )
    if "of type Field" in words or "'Field'" in words or "Field object" in words:
        return (
            "A field is not a tensor: compute with u.value, u[0].value or a "
            f'derivative such as u.d("x"). ({words.splitlines()[0]})'
        )
    on_numbers = isinstance(error, NotImplementedError) and "numpy" in words.lower()
    on_numbers |= "SymbolicTensor" in words and (
        "real number" in words or "attribute 'numpy'" in words
    )
    if not on_numbers:
        return None
    return (
        "NumPy's and Python's own functions (np.sin, math.sin, float) take numbers, "
        "but u.value, its derivatives and x are tensors whose values are not known "
        "yet. Use tf or keras.ops functions, such as tf.sin or keras.ops.sin."
    )
