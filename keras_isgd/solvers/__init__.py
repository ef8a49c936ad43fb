"""Ways to solve the implicit step; one file each."""

from typing import Any

from keras_isgd.solvers.adam import Adam
from keras_isgd.solvers.auto import Auto
from keras_isgd.solvers.base import Solver, SolverResult
from keras_isgd.solvers.gauss_newton import GaussNewton
from keras_isgd.solvers.lbfgs import LBFGS
from keras_isgd.solvers.ssbroyden import SSBroyden
from keras_isgd.solvers.status import Status

SOLVERS: dict[str, type[Solver]] = {
    "adam": Adam,
    "lbfgs": LBFGS,
    "gauss_newton": GaussNewton,
    "ssbroyden": SSBroyden,
}

__all__ = [
    "LBFGS",
    "SOLVERS",
    "Adam",
    "Auto",
    "GaussNewton",
    "SSBroyden",
    "Solver",
    "SolverResult",
    "Status",
    "get",
]


def get(identifier: Any) -> Solver:
    """Returns the solver that a name, a solver or a solver's config stands for.

    Raises:
        ValueError: an unknown name; the message lists the known ones.
        TypeError: neither a name nor a solver.
    """
    if isinstance(identifier, Solver):
        return identifier
    if isinstance(identifier, str):
        if identifier == "auto":
            return Auto()
        if identifier not in SOLVERS:
            known = ", ".join(f'"{name}"' for name in ("auto", *SOLVERS))
            raise ValueError(
                f"Expected an inner solver's name, one of {known}, or a solver "
                f"object such as ki.solvers.Adam(steps=100); got {identifier!r}."
            )
        return SOLVERS[identifier]()
    raise TypeError(
        "Expected an inner solver's name or a solver object such as "
        f"ki.solvers.Adam(steps=100), got {identifier!r}."
    )
