"""Quasi-Newton methods as Keras optimizers: what they have in common."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.optimizers import kept_state
from keras_isgd.optimizers.closure_optimizer import Assignment, ClosureOptimizer
from keras_isgd.optimizers.step_result import StepResult, Verdict
from keras_isgd.solvers.base import Solver

__all__ = ["QuasiNewton"]


class QuasiNewton(ClosureOptimizer):
    """Base class: some iterations of a solver on the loss itself in each train step.

    What the solver knows of the curvature is part of the optimizer's state: on fixed
    points, ten train steps of ten iterations make the same iterates as one of a
    hundred. There is no learning rate: a line search sets each step.

    Args:
        solver: with a state that describes the curvature.
        **kwargs: of `ClosureOptimizer`.
    """

    def __init__(self, solver: Solver, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.solver = solver
        self._curvature: Any = None

    @property
    def learning_rate(self) -> Any:
        """Always 1, since the line search sets the step."""
        return super().learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        raise TypeError(
            f"{type(self).__name__} has no learning rate to set: its line search "
            "chooses each step. Leave learning-rate callbacks out."
        )

    def build(self, variables: Sequence[keras.Variable]) -> None:
        if not self.built:
            size = sum(v.value.shape.num_elements() for v in variables)
            state = self.solver.initial_state(size, variables[0].dtype)
            self._curvature = kept_state.keep(self, state)
        super().build(variables)

    def state(self) -> dict[str, Any]:
        state = super().state()
        del state["learning_rate"]
        if self._curvature is not None:
            state.update(self._curvature._asdict())
        return state

    def forget(self) -> None:
        begun = self.solver.state_after_refusal(kept_state.read(self._curvature))
        for variable, value in zip(self._curvature, begun, strict=True):
            variable.assign(value)

    def propose(self, objective: Objective, start: Evaluation) -> StepResult:
        curvature = kept_state.read(self._curvature)
        result = self.solver.solve(objective, start, curvature)
        return StepResult(
            w=result.w,
            origin=start,
            status=result.status,
            iterations=result.iterations,
            evaluations=result.evaluations,
            learning_rate=self.learning_rate,
            proximal=None,
            state=(curvature, result.state),
        )

    def learn(self, step: StepResult, verdict: Verdict) -> list[Assignment]:
        before, after = step.state
        curvature = tf.nest.map_structure(
            lambda new, old: tf.where(verdict.taken, new, old),
            after,
            self.solver.state_after_refusal(before),
        )
        return list(zip(self._curvature, curvature, strict=True))

    def fits_alone(self, rows: int, weights: int) -> bool:
        return self.solver.fits_alone(rows, weights)

    def describe(self, objective: Objective) -> str:
        return self.solver.describe(objective)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["learning_rate"]
        return {**config, **self.solver.get_config()}
