"""Plain L-BFGS as a Keras optimizer."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd import solvers
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.optimizers.closure_optimizer import Assignment, ClosureOptimizer
from keras_isgd.optimizers.step_result import StepResult, Verdict
from keras_isgd.solvers.lbfgs import CurvaturePairs

__all__ = ["LBFGS"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class LBFGS(ClosureOptimizer):
    """Minimises the loss by L-BFGS, several iterations in each train step.

    The second phase of the paper's "ISGD, L-BFGS". The curvature pairs
    are part of the optimizer's state: on fixed points, ten train steps of ten
    iterations make the same iterates as one of a hundred.

    It has no learning rate: a line search sets each step. Points should be
    fixed, or the pairs describe the curvature of another loss than the present
    one; a line search that fails for that reason discards them.

    Args:
        steps: L-BFGS iterations in a train step.
        memory: number of correction pairs kept.
        tolerance: a train step ends early when the gradient has fallen to this
            fraction of its value at the step's start; 0 never ends early.
        use_ema, ema_momentum, ema_overwrite_frequency: as in Keras.
        line_search_steps: largest number of evaluations in one line search.
        name: the optimizer's name.

    Raises:
        ValueError: an argument out of range, or a Keras argument that acts on
            gradients (`clipnorm`, `weight_decay`, ...).
    """

    def __init__(
        self,
        steps: int = 10,
        memory: int = 50,
        tolerance: float = 0.0,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        name: str = "lbfgs",
        line_search_steps: int = 50,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            name=name,
            **kwargs,
        )
        self.solver = solvers.LBFGS(steps, memory, tolerance, line_search_steps)
        self._pairs: Any = None

    @property
    def learning_rate(self) -> Any:
        """Always 1, since the line search sets the step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        raise TypeError(
            "LBFGS has no learning rate to set: its line search chooses each step. "
            "Leave learning-rate callbacks out."
        )

    def build(self, variables: Sequence[keras.Variable]) -> None:
        if not self.built:
            size = sum(v.value.shape.num_elements() for v in variables)
            dtype = variables[0].dtype
            shape = (self.solver.memory, size)
            self._pairs = CurvaturePairs(
                self.add_variable(shape, dtype=dtype, name="position_deltas"),
                self.add_variable(shape, dtype=dtype, name="gradient_deltas"),
                self.add_variable((), dtype="int32", name="pairs"),
            )
        super().build(variables)

    def state(self) -> dict[str, Any]:
        state = super().state()
        del state["learning_rate"]
        if self._pairs is not None:
            state.update(self._pairs._asdict())
        return state

    def forget(self) -> None:
        self._pairs.pairs.assign(0)

    def propose(self, objective: Objective, start: Evaluation) -> StepResult:
        pairs = CurvaturePairs(*(tf.convert_to_tensor(v) for v in self._pairs))
        result = self.solver.solve(objective, start, pairs)
        return StepResult(
            w=result.w,
            origin=start,
            status=result.status,
            iterations=result.iterations,
            evaluations=result.evaluations,
            learning_rate=self.learning_rate,
            proximal=None,
            state=(pairs, result.state),
        )

    def learn(self, step: StepResult, verdict: Verdict) -> list[Assignment]:
        before, after = step.state
        pairs = tf.nest.map_structure(
            lambda new, old: tf.where(verdict.taken, new, old),
            after,
            self.solver.state_after_refusal(before),
        )
        return list(zip(self._pairs, pairs, strict=True))

    def fits_alone(self, rows: int, weights: int) -> bool:
        return self.solver.fits_alone(rows, weights)

    def describe(self, objective: Objective) -> str:
        return self.solver.describe(objective)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["learning_rate"]
        config.update(
            steps=self.solver.steps,
            memory=self.solver.memory,
            tolerance=self.solver.tolerance,
            line_search_steps=self.solver.line_search_steps,
        )
        return config
