"""Whether a Gauss-Newton step forms its matrix, and what it refuses."""

from typing import Protocol

import tensorflow as tf

from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.utils.memory import require_memory

__all__ = [
    "FACTORISATIONS",
    "in_rows",
    "iterative",
    "limits",
    "refuse_bent",
    "require_supported",
]

FACTORISATIONS = ("auto", "gram", "exact", "iterative")
# The matrix itself, the pieces it is joined from, and LAPACK's working copies.
_COPIES = 4


class Settings(Protocol):
    """What of a `GaussNewton` decides; see there."""

    factorisation: str
    memory: float
    acceleration: float | str | None


def iterative(solver: Settings, objective: LeastSquares) -> bool:
    """Tells whether a step goes without the matrix.

    Args:
        solver: the `GaussNewton`.
        objective: the `LeastSquares`.
    """
    if solver.factorisation != "auto":
        return solver.factorisation == "iterative"
    size = _jacobian_bytes(objective)
    return size is not None and size > solver.memory * 2**30


def in_rows(solver: Settings, objective: LeastSquares) -> bool:
    """Tells whether J J^T is at hand: m <= p, and it or the matrix fits.

    Where m is not known, J is formed, which has its own limit, and the smaller of
    J J^T and J^T J.

    Args:
        solver: the `GaussNewton`.
        objective: the `LeastSquares`.
    """
    rows, parameters = objective.row_count(), objective.parameters
    if solver.factorisation not in ("auto", "gram"):
        return False
    if rows is None:
        return True
    if rows > parameters.size:
        return False
    if not iterative(solver, objective):
        return True
    size = _COPIES * rows**2 * parameters.dtype.size
    return size <= solver.memory * 2**30 and objective.has_gram()


def require_supported(solver: Settings, objective: LeastSquares) -> None:
    """Checks that the solver's settings suit an objective.

    Args:
        solver, objective: as for `iterative`.

    Raises:
        ValueError: a forced factorisation of a Jacobian beyond the solver's memory,
            or a number for its acceleration where steps are iterative.
    """
    size = _jacobian_bytes(objective)
    if solver.factorisation in ("gram", "exact") and size is not None:
        require_memory(
            size,
            solver.memory,
            f"The Jacobian of {objective.row_count()} rows and "
            f"{objective.parameters.size} parameters, with working copies,",
            'Leave factorisation="auto", which then goes on without the matrix; '
            "or take fewer points, or a larger GaussNewton(memory=...).",
        )
    elif iterative(solver, objective):
        refuse_bent(solver.acceleration)


def limits(
    solver: Settings, objective: LeastSquares, w: tf.Tensor
) -> list[tf.Operation]:
    """Refuses, while a step runs, a Jacobian whose size was not known before.

    Args:
        solver, objective: as for `iterative`.
        w: where the residual is linearised, `(p,)`.

    Returns:
        Operations on which the Jacobian must wait; none for a known size.

    Raises:
        InvalidArgumentError: in the step, a Jacobian beyond the solver's memory.
    """
    if objective.row_count() is not None:
        return []
    rows = tf.size(objective.residual(w), out_type=tf.int64)
    parameters = objective.parameters
    largest = int(solver.memory * 2**30 / (_COPIES * parameters.size * w.dtype.size))
    check = tf.debugging.assert_less_equal(
        rows,
        tf.constant(largest, tf.int64),
        f"The Jacobian of this batch and {parameters.size} parameters, with working "
        f"copies, would take more than the {solver.memory:.3g} GiB allowed. Batches of "
        "one known size (drop_remainder=True) let Gauss-Newton go on without the "
        "matrix; or take smaller batches, or a larger GaussNewton(memory=...).",
    )
    return [] if check is None else [check]


def refuse_bent(acceleration: float | str | None) -> None:
    """Refuses a number for the acceleration of iterative steps.

    Raises:
        ValueError: `acceleration` is a number.
    """
    if acceleration not in ("auto", None):
        raise ValueError(
            f"Iterative steps are straight: acceleration={acceleration!r} needs a "
            'factorisation. Leave acceleration="auto", or take fewer points or a '
            "larger GaussNewton(memory=...)."
        )


def _jacobian_bytes(objective: LeastSquares) -> int | None:
    parameters = objective.parameters
    rows = objective.row_count()
    if rows is None:
        return None
    return _COPIES * rows * parameters.size * parameters.dtype.size
