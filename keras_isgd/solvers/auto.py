"""The solver that suits the objective."""

import keras

from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.solvers.base import Solver
from keras_isgd.solvers.gauss_newton import GaussNewton
from keras_isgd.solvers.lbfgs import LBFGS

__all__ = ["Auto"]


@keras.saving.register_keras_serializable(package="keras_isgd.solvers")
class Auto(Solver):
    """Gauss-Newton for a sum of squares, L-BFGS for any other loss.

    Both with their defaults. A `PINN` without regularisers is a sum of squares,
    and so is a `ClosureModel` compiled with `loss="mse"`.
    """

    # What it is handed is known only when a step is traced.
    supports_jit = False
    measures_pieces = True

    def __init__(self):
        self._squares = GaussNewton()
        self._general = LBFGS()

    def initial_memory(self, size, dtype):
        return self._general.initial_memory(size, dtype)

    def memory_for_new_alpha(self, memory):
        return self._general.memory_for_new_alpha(memory)

    def solve(self, objective, start, memory):
        if not isinstance(objective.objective, LeastSquares):
            return self._general.solve(objective, start, memory)
        result = self._squares.solve(objective, start, None)
        return result._replace(memory=memory)

    def searches(self, objective):
        return isinstance(objective, LeastSquares) and self._squares.searches(objective)

    def linearises(self, objective):
        return isinstance(objective, LeastSquares)

    def metric(self, objective, w):
        return self._squares.metric(objective, w)

    def search(self, problem_of, objective, start, candidates, target):
        return self._squares.search(problem_of, objective, start, candidates, target)

    def get_config(self):
        return {}
