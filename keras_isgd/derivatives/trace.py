"""What a residual asks of its fields, found out by tracing it on paper."""

import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any

import tensorflow as tf

from keras_isgd.derivatives.channels import Name, Request
from keras_isgd.derivatives.field import TIME, Field

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
        rows: the residual, `(n, k)`.
    """

    count: int
    graph: tf.Graph
    at_points: frozenset[str]
    rows: tf.Tensor


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trace:
    """What a residual does.

    Attributes:
        requests: for each field, the `(component, indices)` pairs that it was asked.
        columns: k, the number of rows for each point.
        papers: the operations, for two numbers of points.
        variables: the `tf.Variable`s that it reads by itself.
    """

    requests: tuple[frozenset[Request], ...]
    columns: int
    papers: tuple[PaperRows, ...]
    variables: tuple[tf.Variable, ...]


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
    coordinates: Sequence[str],
    outputs: int,
    coefficients: Collection[str],
    dtype: Any,
    columns: int | None = None,
    time: str | None = TIME,
) -> Trace:
    """Traces a residual with fields that hand out zeros; nothing is computed.

    Args:
        function: `function(fields, x_0) -> (n, k)`, where `fields` is one `Field`
            for each entry of `sizes`.
        sizes: how many fields the function takes.
        coordinates: names of the d coordinates.
        outputs: number of the network's outputs.
        coefficients: names of the problem's trainable coefficients.
        dtype: of the points.
        columns: number of columns of x; d if None.
        time: the name of the time coordinate, which the Laplacian leaves out.

    Raises:
        ValueError: the function returns no `(n, k)` tensor, or does with tensors
            what only numbers allow.
    """
    requests: tuple[set[Request], ...] = tuple(set() for _ in range(sizes))

    def at(x: tf.Tensor, at_points: list[tf.Tensor]) -> tf.Tensor:
        at_points.append(x)
        numbers = {name: tf.ones((), dtype) for name in coefficients}
        fields = [
            Field(
                _lookup(asked, x, at_points), coordinates, outputs, numbers, time=time
            )
            for asked in requests
        ]
        return _checked(_called(function, fields, x), x)

    papers: list[PaperRows] = []
    variables: list[tf.Variable] = []
    for n in _COUNTS:
        spec = tf.TensorSpec((n, columns or len(coordinates)), dtype)
        paper, read = _on_paper(at, spec)
        papers.append(paper)
        variables += read
    found = [paper.rows.shape[1] for paper in papers]
    if len(set(found)) > 1:
        raise ValueError(
            "Expected a residual of shape (n, k) with a fixed k; got (n, n), which "
            "comes from adding (n,) and (n, 1). Slices of x keep their column as "
            "x[:, 0:1]."
        )
    return Trace(
        requests=tuple(frozenset(asked) for asked in requests),
        columns=found[0],
        papers=tuple(papers),
        variables=tuple(variables),
    )


def _on_paper(
    function: Callable[[tf.Tensor, list[tf.Tensor]], tf.Tensor], spec: tf.TensorSpec
) -> tuple[PaperRows, tuple[tf.Variable, ...]]:
    """Traces a function of points, and a list for what has a row for each of them."""
    at_points: list[tf.Tensor] = []
    traced = tf.function(
        lambda x: function(x, at_points), autograph=False
    ).get_concrete_function(spec)
    paper = PaperRows(
        count=spec.shape[0],
        graph=traced.graph,
        at_points=frozenset(tensor.name for tensor in at_points),
        rows=traced.outputs[0],
    )
    return paper, traced.variables


def _lookup(
    asked: set[Request], x: tf.Tensor, at_points: list[tf.Tensor]
) -> Callable[[int, Name], tf.Tensor]:
    def lookup(component: int, indices: Name) -> tf.Tensor:
        asked.add((component, indices))
        # Not a constant, which would be the same tensor for another derivative.
        value = tf.identity(tf.zeros((x.shape[0], 1), x.dtype))
        at_points.append(value)
        return value

    return lookup


def _checked(rows: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    if rows.shape.rank != 2 or rows.shape[0] != x.shape[0]:
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
