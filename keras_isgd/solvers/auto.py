"""The solver that suits the objective."""

from typing import Any

import keras
import tensorflow as tf

from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.solvers.base import Solver, SolverResult
from keras_isgd.solvers.gauss_newton import GaussNewton
from keras_isgd.solvers.lbfgs import LBFGS

__all__ = ["Auto"]


@keras.saving.register_keras_serializable(package="keras_isgd.solvers")
class Auto(Solver):
    """Gauss-Newton for a sum of squares, L-BFGS for any other loss.

    Both with their defaults. A `PINN` is a sum of squares, and so is a
    `ClosureModel` compiled with `loss="mse"`, unless they have regularisers other
    than L2.
    """

    # Which solver it takes, and so whether XLA can compile it, shows only in a trace.
    supports_jit = False

    def __init__(self) -> None:
        self._squares = GaussNewton()
        self._general = LBFGS()

    def initial_state(self, size: int, dtype: tf.DType) -> Any:
        return self._general.initial_state(size, dtype)

    def resolve(self, objective: Objective) -> Solver:
        if isinstance(objective, LeastSquares):
            return self._squares
        return self._general

    def solve(
        self, objective: ProximalProblem, start: Evaluation, state: Any
    ) -> SolverResult:
        return self.resolve(objective.objective).solve(objective, start, state)

    def fits_alone(self, rows: int, weights: int) -> bool:
        return self._squares.fits_alone(rows, weights)

    def describe(self, objective: Objective) -> str:
        chosen = self.resolve(objective).describe(objective)
        if isinstance(objective, LeastSquares):
            return chosen
        reason = objective.reason or "the loss is not a sum of squares"
        return f"{chosen}, because {reason}"

    def get_config(self) -> dict[str, Any]:
        return {}
