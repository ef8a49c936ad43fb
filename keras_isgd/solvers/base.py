"""What every inner solver is: a configuration, and one function `solve`."""

import abc
import warnings
from typing import Any, NamedTuple, Self

import tensorflow as tf

from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.objectives.proximal import ProximalProblem

__all__ = [
    "Configured",
    "DampedModel",
    "DampedStep",
    "LeastSquaresSolver",
    "NoState",
    "Solver",
    "SolverResult",
]


class SolverResult(NamedTuple):
    """Where an inner solve ended; all entries are tensors.

    Attributes:
        w: the end, `(p,)`.
        value: the objective there, `()`; never above the start's.
        gradient: its gradient there, `(p,)`.
        iterations: updates made, int32.
        evaluations: values (with gradient) computed beyond the start's, int32.
        status: a `Status` as int32.
        state: what the solver may go on from in its next call, of the structure
            of `initial_state`.
    """

    w: tf.Tensor
    value: tf.Tensor
    gradient: tf.Tensor
    iterations: tf.Tensor
    evaluations: tf.Tensor
    status: tf.Tensor
    state: Any


class NoState(NamedTuple):
    """The state of a solver that remembers nothing."""


class Configured(abc.ABC):
    """Base class of what is nothing but its constructor's arguments."""

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a serializable dictionary."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Builds the object from what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


# What 0.1 called the methods that handle a solver's state.
_RENAMED = {
    "initial_memory": "initial_state",
    "memory_for_new_alpha": "state_for_new_alpha",
}


class Solver(Configured):
    """Base class of inner solvers.

    A solver is stateless: its attributes are its configuration, and everything
    that changes is in tensors, in a state that the caller keeps. `solve` is
    called while a graph is traced.

    Attributes:
        needs: the type of objective it can work on.
        supports_jit: whether XLA can compile a step.
    """

    needs: type[Objective] = Objective
    supports_jit = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for old, new in _RENAMED.items():
            if old in vars(cls) and new not in vars(cls):
                warnings.warn(
                    f"{cls.__name__}.{old} is called {new} now; rename it.",
                    DeprecationWarning,
                    stacklevel=2,
                )
                setattr(cls, new, vars(cls)[old])
                abc.update_abstractmethods(cls)

    @abc.abstractmethod
    def initial_state(self, size: int, dtype: tf.DType) -> Any:
        """Returns the state of a solver that was never called.

        Args:
            size: p, the length of the vectors.
            dtype: their dtype.

        Returns:
            A NamedTuple of tensors.
        """

    def state_for_new_alpha(self, state: Any) -> Any:
        """Returns what of a state still holds when alpha has changed: all of it.

        Args:
            state: the state of the last result.
        """
        return state

    def state_after_refusal(self, state: Any) -> Any:
        """Returns the state to go on from when a step was not taken.

        Args:
            state: the one that the refused solve began with.
        """
        return state

    @abc.abstractmethod
    def solve(self, objective: Any, start: Evaluation, state: Any) -> SolverResult:
        """Minimises `objective` from `start`.

        Args:
            objective: a `ProximalProblem`; for a `Solver` of any loss, whatever has
                `value_and_gradient(w)`.
            start: `Evaluation` of that objective at the starting point.
            state: `initial_state(...)`, or the state of the last result.

        Returns:
            `SolverResult`.
        """

    def resolve(self, objective: Objective) -> "Solver":
        """Returns the solver that works on an objective: itself, unless it chooses.

        Args:
            objective: L.

        Raises:
            TypeError: an objective that it cannot work on.
        """
        if not isinstance(objective, self.needs):
            because = f" ({objective.reason})" if objective.reason else ""
            raise TypeError(
                f"{type(self).__name__} needs a {self.needs.__name__} loss, a sum of "
                f"squares with its residual, and this one is not{because}. A ki.PINN "
                "and a ki.ClosureModel with one output and "
                'loss="mse" are such losses, without regularisers other than L2, and '
                f"so is ki.{self.needs.__name__}(...) for `minimize`. For any other "
                'loss use inner="lbfgs".'
            )
        return self

    def fits_alone(self, rows: int, weights: int) -> bool:
        """Whether a step on a part of the examples fits these and spoils the rest.

        Args:
            rows: numbers that the part has to fit.
            weights: p, numbers to fit them with.
        """
        return False

    def describe(self, objective: Objective) -> str:
        """Returns a phrase that says what a step does, for a log.

        Args:
            objective: L.
        """
        return f"{type(self).__name__}, {objective.parameters.size:,} weights"


class DampedStep(NamedTuple):
    """The solution of a linear model for one damping.

    Attributes:
        step: s, `(p,)`; NaN where there is none.
        decrease: `|r|^2 - |r + J s|^2`, `()`.
        jvp: function from s `(p,)` to J s `(m,)`.
        again: function from c `(m,)` to argmin |J s + c|^2 + lambda |s|_D^2 `(p,)`,
            by the factor at hand.
    """

    step: tf.Tensor
    decrease: tf.Tensor
    jvp: Any
    again: Any


class DampedModel(abc.ABC):
    """A residual to first order at one point, solved for any damping.

    Attributes:
        metric: D, the weights `(p,)` of |s|_D^2 = sum of d_j s_j^2; None for ones.
        rounding: how much of the loss's decrease rounding alone may hide, `()`.
        probes: how many losses or residuals `best_along` evaluates.
        residual: r, `(m,)`.
        jvp: function from v `(p,)` to J v `(m,)`.
    """

    metric: tf.Tensor | None
    rounding: tf.Tensor
    probes: int
    residual: tf.Tensor
    jvp: Any

    @abc.abstractmethod
    def mean_square(self) -> tf.Tensor:
        """Returns the mean square of a row of J in the metric, |J|_D^2 / m, `()`."""

    @abc.abstractmethod
    def prepare(self, damping: tf.Tensor, displacement: tf.Tensor | None = None) -> Any:
        """Returns the function from lambda to the `DampedStep`.

        Args:
            damping: lambdas much below this would need an exact factorisation.
            displacement: d `(p,)`, for r + J d in the place of r.
        """

    @abc.abstractmethod
    def best_along(self, solved: DampedStep) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the move `(p,)` to take from a solution, and the loss after it.

        Args:
            solved: of this model.
        """


class LeastSquaresSolver(Solver):
    """Base class of solvers that linearise the residual of a sum of squares."""

    needs = LeastSquares

    @abc.abstractmethod
    def solves_any_damping(self, objective: LeastSquares) -> bool:
        """Whether one linearisation serves several dampings (`linearise`).

        Args:
            objective: L.
        """

    @abc.abstractmethod
    def solves_in_rows(self, objective: LeastSquares) -> bool:
        """Whether it solves in the space of rows, which are not known to be too many.

        Args:
            objective: L.
        """

    @abc.abstractmethod
    def linearise(
        self,
        objective: LeastSquares,
        w: tf.Tensor,
        scaled: bool,
        exact: bool = True,
    ) -> DampedModel:
        """Returns the linear model of the residual at `w`.

        Args:
            objective: L.
            w: where, `(p,)`.
            scaled: whether steps are measured in the column scaling of J.
            exact: whether dampings near the rounding of J J^T must be resolved.
        """

    @abc.abstractmethod
    def metric(self, objective: LeastSquares, w: tf.Tensor) -> tf.Tensor:
        """Returns the column scaling `(p,)` for |w - w_n|^2, without a linear model.

        Args:
            objective: L.
            w: where, `(p,)`.
        """

    def refine(
        self, problem: ProximalProblem, w: tf.Tensor, iterations: tf.Tensor
    ) -> SolverResult | None:
        """Goes on from a first step towards the minimum of the proximal problem.

        Args:
            problem: with the alpha and the metric of that step.
            w: its end, `(p,)`.
            iterations: how many iterations it counts for, int32.

        Returns:
            `SolverResult`, or None if the solver takes one iteration only.
        """
        return None
