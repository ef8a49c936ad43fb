"""Several optimizers, one after the other, saved and restored as one."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer
from keras_isgd.optimizers.step_result import StepReport
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_count

__all__ = ["Staged"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class Staged(ClosureOptimizer):
    """Runs each optimizer for a number of steps, then the next.

    Algorithm 1 of Li, Chen and Huang (AAAI 2023) is
    `Staged([ISGD(alpha), keras.optimizers.Adam(eta)], [K0])`. Which one acts is
    a function of `iterations` in the compiled graph: the switch falls on the
    exact step whatever `steps_per_execution` is, nothing is compiled again, and
    a restored run is in the right stage by itself.

    `ki.callbacks.SwitchOptimizer` builds one in a model that was compiled with
    its first optimizer.

    Args:
        optimizers: the stages: any Keras optimizers, at least two.
        boundaries: increasing numbers of steps at which the second, third, ...
            optimizer takes over.
        name: the optimizer's name.

    Raises:
        ValueError: the boundaries are not one fewer than the optimizers, or
            do not increase.
    """

    def __init__(
        self,
        optimizers: Sequence[keras.optimizers.Optimizer],
        boundaries: Sequence[int],
        name: str = "staged",
    ) -> None:
        super().__init__(name=name)
        self.stages = list(optimizers)
        self.boundaries = [check_count("boundaries", b) for b in boundaries]
        if len(self.stages) < 2 or len(self.boundaries) != len(self.stages) - 1:
            raise ValueError(
                "Expected one boundary fewer than optimizers and at least two "
                f"optimizers, got {len(self.stages)} optimizers and "
                f"{len(self.boundaries)} boundaries."
            )
        if any(a >= b for a, b in itertools.pairwise(self.boundaries)):
            raise ValueError(f"Expected increasing boundaries, got {self.boundaries}.")

    @property
    def stage(self) -> int:
        """The number of the optimizer that acts in the next step, from 0."""
        done = int(self.iterations.numpy())
        return sum(done >= boundary for boundary in self.boundaries)

    @property
    def active(self) -> keras.optimizers.Optimizer:
        """The optimizer that acts in the next step."""
        return self.stages[self.stage]

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the active optimizer."""
        return self.active.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.active.learning_rate = learning_rate

    @property
    def supports_jit(self) -> bool:  # type: ignore[override]
        """Whether XLA can compile the steps of all stages."""
        return all(getattr(stage, "supports_jit", True) for stage in self.stages)

    @property
    def variables(self) -> list[keras.Variable]:
        own = super().variables
        return own + [v for stage in self.stages for v in stage.variables]

    def append(self, optimizer: keras.optimizers.Optimizer, boundary: int) -> None:
        """Adds a last stage that takes over after `boundary` steps in all.

        Raises:
            ValueError: the boundary is not beyond the last one, or is already
                behind.
        """
        last = self.boundaries[-1]
        if check_count("boundary", boundary) <= max(last, int(self.iterations)):
            raise ValueError(
                f"Expected a boundary beyond step {last} and beyond the present step "
                f"{int(self.iterations)}, got {boundary}."
            )
        if self.built:
            optimizer.build(compat.built_variables(self))
        self.stages.append(optimizer)
        self.boundaries.append(boundary)

    def build(self, variables: Sequence[keras.Variable]) -> None:
        super().build(variables)
        for stage in self.stages:
            if not stage.built:
                stage.build(variables)

    def signature(self) -> str:
        names = [
            s.signature() if isinstance(s, ClosureOptimizer) else type(s).__name__
            for s in self.stages
        ]
        return "Staged: " + ", then ".join(names)

    def state(self) -> dict[str, Any]:
        state = super().state()
        del state["learning_rate"]
        return state

    def step(self, objective: Objective, start: Evaluation | None = None) -> StepReport:
        stage = tf.add_n(
            [tf.cast(self.iterations.value >= b, tf.int32) for b in self.boundaries]
        )
        report = tf.switch_case(
            stage,
            [
                functools.partial(self._run, optimizer, objective, start)
                for optimizer in self.stages
            ],
        )
        self._description = self._joined(
            [getattr(s, "description", None) or type(s).__name__ for s in self.stages]
        )
        self._evaluations.assign_add(report.evaluations)
        self._status.assign(tf.cast(report.status, tf.int64))
        self._count(report.loss)
        return report._replace(evaluations=tf.convert_to_tensor(self._evaluations))

    def fits_alone(self, rows: int, weights: int) -> bool:
        closures = (s for s in self.stages if isinstance(s, ClosureOptimizer))
        return any(stage.fits_alone(rows, weights) for stage in closures)

    def describe(self, objective: Objective) -> str:
        phrases = [
            s.describe(objective)
            if isinstance(s, ClosureOptimizer)
            else type(s).__name__
            for s in self.stages
        ]
        return self._joined(phrases)

    def _joined(self, phrases: Sequence[str]) -> str:
        """What each stage does, and from when on."""
        steps = (f"from step {boundary} on " for boundary in self.boundaries)
        return "; ".join(
            [phrases[0], *(a + b for a, b in zip(steps, phrases[1:], strict=True))]
        )

    def _run(
        self,
        optimizer: keras.optimizers.Optimizer,
        objective: Objective,
        start: Evaluation | None,
    ) -> StepReport:
        """One step of a stage; the report counts this step's evaluations alone."""
        if isinstance(optimizer, ClosureOptimizer):
            before = tf.convert_to_tensor(optimizer.evaluations)
            report = optimizer.step(objective, start)
            return report._replace(evaluations=report.evaluations - before)
        if start is None:
            start = objective.evaluate(objective.parameters.read())
        return _explicit_step(optimizer, objective, start)

    def finalize_variable_values(self, var_list: Sequence[keras.Variable]) -> None:
        """Lets the optimizer that took the last step put its averages in place."""
        last = max(int(self.iterations.numpy()) - 1, 0)
        stage = sum(last >= boundary for boundary in self.boundaries)
        self.stages[stage].finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "optimizers": [
                keras.saving.serialize_keras_object(stage) for stage in self.stages
            ],
            "boundaries": list(self.boundaries),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        config = dict(config)
        config["optimizers"] = [
            keras.saving.deserialize_keras_object(stage, custom_objects=custom_objects)
            for stage in config["optimizers"]
        ]
        return cls(**config)


def _explicit_step(
    optimizer: keras.optimizers.Optimizer, objective: Objective, start: Evaluation
) -> StepReport:
    """A step of an ordinary Keras optimizer, which is taken whatever the loss does."""
    parameters = objective.parameters
    optimizer.apply(parameters.unpack(start.gradient), parameters.variables)
    objective.commit(start)
    after = parameters.read()
    move = tf.math.divide_no_nan(tf.norm(after - start.w), tf.norm(start.w))
    return StepReport(
        loss=start.value,
        inner_iterations=tf.constant(1, tf.int32),
        evaluations=tf.constant(1, tf.int64),
        implicit_residual=tf.constant(float("nan"), start.w.dtype),
        status=tf.constant(int(Status.EXPLICIT), tf.int32),
        learning_rate=tf.cast(optimizer.learning_rate, tf.float64),
        loss_before=start.value,
        relative_step=move,
        gradient_norm=tf.norm(start.gradient),
        aux=start.aux,
    )
