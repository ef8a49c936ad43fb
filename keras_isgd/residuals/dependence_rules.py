"""The kinds of an operation's outputs, by a rule for each type of operation.

A type without a rule makes MIXED, which is safe: rows taken for coupled get the right
Jacobian, at a higher price.
"""

from collections.abc import Callable

import numpy as np

from keras_isgd.residuals.dependence_kinds import (
    FIXED,
    MIXED,
    Kind,
    Operation,
    axis_that_differs,
)
from keras_isgd.residuals.index_moves import MOVES

__all__ = ["by_rule"]

# Of one tensor; of two; of more; and gradients of the former.
_NAMES = """
    Abs Acos Acosh Asin Asinh Atan Atanh BesselI0e BesselI1e Bucketize Cast Ceil
    CheckNumerics Conj Cos Cosh Digamma Elu EnsureShape Erf Erfc Erfinv Exp Expm1 Floor
    Identity Imag Inv IsFinite IsInf IsNan LeakyRelu Lgamma Log Log1p LogicalNot Ndtri
    Neg OnesLike PreventGradient Real Reciprocal Relu Relu6 Rint Round Rsqrt Selu
    Sigmoid Sign Sin Sinh Snapshot Softplus Softsign Sqrt Square StopGradient Tan Tanh
    ZerosLike

    Add AddV2 ApproximateEqual Atan2 Complex Div DivNoNan Equal FloorDiv FloorMod
    Greater GreaterEqual Igamma Igammac Less LessEqual LogicalAnd LogicalOr Maximum
    Minimum Mod Mul MulNoNan NextAfter NotEqual Polygamma Pow RealDiv SquaredDifference
    Sub TruncateDiv TruncateMod Xdivy Xlog1py Xlogy Zeta

    AddN Betainc ClipByValue SelectV2

    EluGrad InvGrad ReciprocalGrad Relu6Grad ReluGrad RsqrtGrad SeluGrad SigmoidGrad
    SoftplusGrad SoftsignGrad SqrtGrad TanhGrad
"""
_ELEMENTWISE = frozenset(_NAMES.split())
_REDUCTIONS = {
    "All", "Any", "ArgMax", "ArgMin", "EuclideanNorm", "Max", "Mean", "Min", "Prod",
    "Sum",
}  # fmt: skip
# Operations on the last axes of a tensor, with the number of these.
_ON_LAST_AXES = {
    "Cholesky": 2,
    "Cross": 1,
    "LogSoftmax": 1,
    "MatrixInverse": 2,
    "MatrixSolve": 2,
    "MatrixTriangularSolve": 2,
    "MatrixDeterminant": 2,
    "Softmax": 1,
}
# Operations that repeat entries, with the number of the input that holds them.
_SPREADING = {"BroadcastTo": 0, "Fill": 1, "Tile": 0}


def by_rule(o: Operation) -> list[Kind]:
    """Returns the kinds of an operation's outputs.

    Args:
        o: the operation; at least one input is not FIXED.
    """
    kind = o.op.type
    if kind == "IdentityN":
        return list(o.kinds)
    if kind in _SPREADING and o.kinds[_SPREADING[kind]] == FIXED:
        return [_spread(o)]
    if kind in MOVES and not (kind == "GatherV2" and o.kinds[0] == FIXED):
        return _moved(o)
    rule = _rule_of(kind)
    return [MIXED if rule is None else rule(o)] * len(o.op.outputs)


def _rule_of(kind: str) -> Callable[[Operation], Kind] | None:
    if kind in _ELEMENTWISE:
        return _elementwise
    if kind in _REDUCTIONS:
        return _reduced
    if kind in _ON_LAST_AXES:
        return _on_last_axes
    return {
        "BatchMatMulV2": _product,
        "BatchMatMulV3": _product,
        "BiasAdd": _elementwise,
        "Cumprod": _cumulated,
        "Cumsum": _cumulated,
        "Einsum": _einsum,
        "GatherNd": _looked_up,
        "GatherV2": _looked_up,
        "MatMul": _product,
        "OneHot": _one_hot,
        "ResourceGather": _looked_up,
        "Select": _selected,
    }.get(kind)


def _elementwise(o: Operation) -> Kind:
    """Broadcasting lines axes up from the last one on."""
    if MIXED in o.kinds:
        return MIXED
    from_last = {o.rank(i) - axis for i, axis in o.points()}
    if len(from_last) != 1 or o.shape.rank is None:
        return MIXED
    axis = o.shape.rank - from_last.pop()
    return axis if o.shape[axis] == o.n else MIXED


def _selected(o: Operation) -> Kind:
    # The condition may be a vector that chooses among slices.
    shapes = {tuple(tensor.shape) for tensor in o.op.inputs}
    return _elementwise(o) if len(shapes) == 1 else MIXED


def _reduced(o: Operation) -> Kind:
    axes, axis = o.value(1), o.kinds[0]
    if axes is None or axis < 0:
        return MIXED
    summed = {int(a) % o.rank(0) for a in np.ravel(axes)}
    if axis in summed:
        return MIXED
    keeps = o.shape.rank == o.rank(0)
    return axis if keeps else axis - sum(a < axis for a in summed)


def _cumulated(o: Operation) -> Kind:
    along, axis = o.value(1), o.kinds[0]
    if along is None or axis < 0:
        return MIXED
    return MIXED if int(along) % o.rank(0) == axis else axis


def _on_last_axes(o: Operation) -> Kind:
    """A batch of vectors or matrices, one or several for each point."""
    axes = {axis for _, axis in o.points()}
    count = _ON_LAST_AXES[o.op.type]
    ranks = {o.rank(i) for i in range(len(o.kinds))}
    if len(axes) != 1 or set(o.kinds) != axes or len(ranks) != 1:
        return MIXED
    axis = axes.pop()
    return axis if axis < ranks.pop() - count else MIXED


def _product(o: Operation) -> Kind:
    """Matrices in the last two axes, or a batch of them."""
    if MIXED in o.kinds or o.shape.rank is None:
        return MIXED
    flags = ("transpose_a", "transpose_b") if o.op.type == "MatMul" else (
        "adj_x", "adj_y",
    )  # fmt: skip
    found = set()
    for i, axis in o.points():
        from_last = o.rank(i) - axis
        if from_last > 2:
            found.add(from_last)
            continue
        if o.op.get_attr(flags[i]):
            from_last = 3 - from_last
        # The rows of the left matrix and the columns of the right one remain.
        if from_last != (2, 1)[i]:
            return MIXED
        found.add(from_last)
    if len(found) != 1 or (len(o.points()) == 2 and min(found) <= 2):
        return MIXED
    return o.shape.rank - found.pop()


def _einsum(o: Operation) -> Kind:
    equation = o.op.get_attr("equation").decode().replace(" ", "")
    if MIXED in o.kinds or "." in equation:
        return MIXED
    inputs, output = equation.split("->")
    terms = inputs.split(",")
    labels = {terms[i][axis] for i, axis in o.points()}
    if len(labels) != 1:
        return MIXED
    label = labels.pop()
    return output.index(label) if label in output else MIXED


def _spread(o: Operation) -> Kind:
    """The same entries for each point, as many times as there are points."""
    shape = o.op.outputs[0].shape
    axis = axis_that_differs(shape, o.twin.outputs[0].shape)
    if axis is None:
        return MIXED
    given = o.op.inputs[_SPREADING[o.op.type]].shape
    before = axis - (shape.rank - given.rank)
    return axis if before < 0 or given[before] == 1 else MIXED


def _looked_up(o: Operation) -> Kind:
    """A table's entries by a number that depends on the point."""
    if o.kinds[0] != FIXED or o.kinds[1] < 0:
        return MIXED
    axis = o.kinds[1]
    if o.op.type == "GatherNd":
        return axis if axis < o.rank(1) - 1 else MIXED
    if o.op.get_attr("batch_dims") != 0:
        return MIXED
    if o.op.type == "ResourceGather":
        return axis
    along = o.value(2)
    return MIXED if along is None else int(along) % o.rank(0) + axis


def _one_hot(o: Operation) -> Kind:
    if any(kind != FIXED for kind in o.kinds[1:]) or o.kinds[0] < 0:
        return MIXED
    added = o.op.get_attr("axis") % o.shape.rank
    return o.kinds[0] + (added <= o.kinds[0])


def _moved(o: Operation) -> list[Kind]:
    """Operations that move entries: where each comes from shows what it depends on."""
    move = MOVES[o.op.type]
    data = move.data(len(o.op.inputs))
    sources, arguments = [], []
    for i, kind in enumerate(o.kinds):
        if i not in data:
            arguments.append(o.value(i))
            continue
        shape = o.op.inputs[i].shape
        if kind == MIXED or not shape.is_fully_defined():
            return [MIXED] * len(o.op.outputs)
        sources.append(_numbered(shape.as_list(), kind, o.n))
    if any(argument is None for argument in arguments):
        return [MIXED] * len(o.op.outputs)
    results = move.apply(o.op, sources, arguments)
    if results is None:
        return [MIXED] * len(o.op.outputs)
    return [_kind_of(result, o.n) for result in results]


def _numbered(shape: list[int], axis: Kind, n: int) -> np.ndarray:
    """Entries of a tensor replaced by the numbers of their points, 0 for none."""
    if axis == FIXED:
        return np.zeros(shape, int)
    numbers = np.arange(1, n + 1).reshape([-1] + [1] * (len(shape) - axis - 1))
    return np.broadcast_to(numbers, shape)


def _kind_of(numbers: np.ndarray, n: int) -> Kind:
    for axis in range(numbers.ndim):
        if numbers.shape[axis] != n:
            continue
        expected = _numbered(list(numbers.shape), axis, n)
        if np.all((numbers == 0) | (numbers == expected)) and numbers.any():
            return axis
    return MIXED
