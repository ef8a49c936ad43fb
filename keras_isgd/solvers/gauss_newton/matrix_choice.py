"""Whether a Gauss-Newton step forms its matrix, and what it refuses."""

from keras_isgd.utils.memory import require_memory

__all__ = [
    "FACTORISATIONS",
    "iterative",
    "refuse_bent",
    "require_supported",
]

FACTORISATIONS = ("auto", "gram", "exact", "iterative")
# The matrix itself, the pieces it is joined from, and LAPACK's working copies.
_COPIES = 4


def iterative(solver, objective):
    """Tells whether a step goes without the matrix.

    Args:
        solver: the `GaussNewton`.
        objective: the `LeastSquares`.
    """
    if solver.factorisation != "auto":
        return solver.factorisation == "iterative"
    return _jacobian_bytes(objective) > solver.memory * 2**30


def require_supported(solver, objective):
    """Checks that the solver's settings suit an objective.

    Args:
        solver, objective: as for `iterative`.

    Raises:
        ValueError: a forced factorisation of a Jacobian beyond the solver's memory,
            or a number for its acceleration where steps are iterative.
    """
    if solver.factorisation in ("gram", "exact"):
        require_memory(
            _jacobian_bytes(objective),
            solver.memory,
            f"The Jacobian of {objective.row_count()} rows and "
            f"{objective.parameters.size} parameters, with working copies,",
            'Leave factorisation="auto", which then goes on without the matrix; '
            "or take fewer points, or a larger GaussNewton(memory=...).",
        )
    elif iterative(solver, objective):
        refuse_bent(solver.acceleration)


def refuse_bent(acceleration):
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


def _jacobian_bytes(objective):
    parameters = objective.parameters
    rows = objective.row_count() or 0
    return _COPIES * rows * parameters.size * parameters.dtype.size
