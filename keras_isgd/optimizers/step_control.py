"""A rule for alpha: what every one is, and alpha as it is given."""

import abc
from typing import Any, NamedTuple

import tensorflow as tf

from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.optimizers.step_result import StepResult, Verdict
from keras_isgd.solvers.base import Configured, Solver

__all__ = ["FixedAlpha", "StepControl", "one_solve"]


class StepControl(Configured):
    """Base class: proposes an implicit step with an alpha of its own choice.

    Like a solver it is stateless; what changes is in a NamedTuple of tensors.
    """

    @abc.abstractmethod
    def initial_state(self, size: int, dtype: tf.DType) -> Any:
        """Returns the state before the first step, a NamedTuple of tensors.

        Args:
            size: p, the number of weights.
            dtype: their dtype.
        """

    def part_of(
        self, inner: Solver, objective: Objective, step: tf.Tensor
    ) -> Objective:
        """Returns what the next step works on: all of the loss, or an estimate of it.

        Args:
            inner: the `Solver`.
            objective: L.
            step: the number of the step, an integer scalar.
        """
        return objective

    @abc.abstractmethod
    def propose(
        self,
        inner: Solver,
        inner_state: Any,
        objective: Objective,
        start: Evaluation,
        alpha: tf.Tensor,
        state: Any,
    ) -> StepResult:
        """Returns a step; writes nothing.

        Args:
            inner: the `Solver`.
            inner_state: its state.
            objective: L.
            start: its `Evaluation` at w_n.
            alpha: the last alpha, or the first one, `()`.
            state: `initial_state()` or what the last step's `learn` returned.

        Returns:
            `StepResult`, whose `state` is a pair: the inner solver's new state, and
            what `learn` needs.
        """

    @abc.abstractmethod
    def learn(
        self, state: Any, step: StepResult, verdict: Verdict, alpha: tf.Tensor
    ) -> tuple[tf.Tensor, Any]:
        """Returns the alpha for the next step, and the new state.

        Args:
            state: what `propose` had.
            step: what it returned, with the second of the pair as `state`.
            verdict: what became of the step.
            alpha: what `propose` had.
        """

    def remembers(self, rows: int, weights: int) -> bool:
        """Whether steps on parts of the examples keep what earlier parts said.

        Args:
            rows: numbers that a part has to fit.
            weights: p, numbers to fit them with.
        """
        return False

    def describe(self, inner: Solver, objective: Objective) -> str:
        """Returns a phrase that says what a step does, for a log.

        Args:
            inner: the `Solver`.
            objective: L.
        """
        return inner.describe(objective)


class NothingToRemember(NamedTuple):
    """The state of a step control that needs none."""


class FixedAlpha(StepControl):
    """alpha as it is given: one solve of the implicit equation."""

    def initial_state(self, size: int, dtype: tf.DType) -> NothingToRemember:
        return NothingToRemember()

    def propose(
        self,
        inner: Solver,
        inner_state: Any,
        objective: Objective,
        start: Evaluation,
        alpha: tf.Tensor,
        state: Any,
    ) -> StepResult:
        return one_solve(inner, inner_state, objective, start, alpha)

    def learn(
        self, state: Any, step: StepResult, verdict: Verdict, alpha: tf.Tensor
    ) -> tuple[tf.Tensor, NothingToRemember]:
        return alpha, state

    def get_config(self) -> dict[str, Any]:
        return {}


def one_solve(
    inner: Solver,
    inner_state: Any,
    objective: Objective,
    origin: Evaluation,
    alpha: tf.Tensor,
    metric: tf.Tensor | None = None,
) -> StepResult:
    """One solve of the implicit equation with one alpha."""
    problem = ProximalProblem(objective, origin, alpha, metric)
    result = inner.solve(problem, problem.start, inner_state)
    return StepResult(
        w=result.w,
        origin=origin,
        status=result.status,
        iterations=result.iterations,
        evaluations=result.evaluations,
        learning_rate=alpha,
        proximal=problem,
        state=(result.state, None),
    )
