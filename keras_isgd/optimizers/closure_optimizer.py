"""The Keras optimizer that steps on an objective rather than on gradients."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.optimizers.named_state import NamedState
from keras_isgd.optimizers.refused_arguments import REFUSED, refuse
from keras_isgd.optimizers.step_result import StepReport, StepResult, Verdict
from keras_isgd.optimizers.verdict import judge
from keras_isgd.solvers.status import Status

__all__ = ["ClosureOptimizer"]

# A variable with the value that it is to have.
Assignment = tuple[keras.Variable, tf.Tensor]


class ClosureOptimizer(NamedState, keras.optimizers.Optimizer):
    """Base class of optimizers that need the loss itself.

    Subclasses define `propose` and `learn`, which write nothing. `accept` alone
    decides whether a step is taken, never if it is not finite or has a larger loss on
    the same points, and alone writes: the weights, the optimizer's state, averages,
    and what the loss assigns.

    Keras arguments that act on gradients (clipping, accumulation, loss
    scaling, decoupled weight decay) are refused. `use_ema`, `ema_momentum`,
    `ema_overwrite_frequency` and variables' constraints work as in Keras; averages
    move with the steps that are taken.
    """

    # Whether XLA can compile a step as a whole.
    supports_jit = True

    def __init__(
        self,
        learning_rate: Any = 1.0,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        name: str | None = None,
        **refused: Any,
    ) -> None:
        refuse(type(self).__name__, refused)
        super().__init__(
            learning_rate=learning_rate,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            name=name,
        )
        self._compiled_steps: weakref.WeakKeyDictionary[Objective, Callable] = (
            weakref.WeakKeyDictionary()
        )
        self._evaluations = self.add_variable((), dtype="int64", name="evaluations")
        # TensorFlow keeps int32 variables of a GPU on the CPU, where XLA has no access.
        self._status = self.add_variable((), dtype="int64", name="status")
        self._description: str | None = None

    # -- what subclasses say ------------------------------------------------

    def part_of(self, objective: Objective) -> Objective:
        """Returns what the next step works on: the objective, or an estimate of it.

        Args:
            objective: `Objective`.
        """
        return objective

    def propose(self, objective: Objective, start: Evaluation) -> StepResult:
        """Returns the step from `start`; writes nothing.

        Args:
            objective: `Objective`.
            start: its `Evaluation` at the present weights.
        """
        raise TypeError(f"{type(self).__name__} must define propose().")

    def learn(self, step: StepResult, verdict: Verdict) -> list[Assignment]:
        """Returns the optimizer's new state after a step, to be written by `accept`.

        Args:
            step: what was proposed.
            verdict: what became of it. Steps that could not begin, from a loss that
                is not finite or with a bad learning rate, teach nothing.
        """
        return []

    def fits_alone(self, rows: int, weights: int) -> bool:
        """Whether steps on parts of the examples fit each part and spoil the rest.

        Args:
            rows: numbers that a part has to fit.
            weights: numbers to fit them with.
        """
        return False

    def describe(self, objective: Objective) -> str:
        """Returns a phrase that says how it steps on an objective, for a log."""
        return type(self).__name__

    def signature(self) -> str:
        """Names the algorithm; saved state loads only into the same one."""
        return type(self).__name__

    def state(self) -> dict[str, Any]:
        """Returns the variables to save, by name."""
        state = {
            "iterations": self.iterations,
            "evaluations": self._evaluations,
            "status": self._status,
        }
        if isinstance(self._learning_rate, keras.Variable):
            state["learning_rate"] = self._learning_rate
        if self.use_ema and self.built:
            for i, average in enumerate(compat.moving_averages(self)):
                state[f"average_{i}"] = average
        return state

    def forget(self) -> None:
        """Puts what `build` added to the state back to where it began.

        Averages need nothing: at step 0 they become a copy of the weights.
        """

    # -- stepping -----------------------------------------------------------

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Creates all state for a list of `keras.Variable`s, once."""
        if self.built:
            return
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            raise ValueError(
                f"{type(self).__name__} works on one replica, got {replicas}: a "
                "solved step needs the loss over all points. Leave the "
                'distribution strategy out; ki.PINN(..., devices="all") shares the '
                "rows of the loss among several devices."
            )
        ParameterVector(variables)  # refuses what it cannot flatten
        super().build(variables)
        self.assign_pending_state()

    def step(self, objective: Objective, start: Evaluation | None = None) -> StepReport:
        """Moves the objective's variables by one step; returns a `StepReport`.

        Meant for use inside a traced function, such as a `train_step`;
        `minimize` is the same for direct calls.

        Args:
            objective: `Objective` over the variables this was built with.
            start: `objective.evaluate(w)` at the present weights, where that is known.
        """
        part = self.part_of(objective)
        if start is None or part is not objective:
            start = part.evaluate(part.parameters.read())
        step = self.propose(part, start)
        self._description = self.describe(part)
        report = self.accept(part, start, step)
        if report.aux is None and part is not objective:
            # The predictions of all examples, where a metric wants them.
            aux = objective.aux(objective.parameters.read())
            report = report._replace(aux=aux)
        return report

    def accept(
        self, objective: Objective, start: Evaluation, step: StepResult
    ) -> StepReport:
        """Decides whether a step is taken (see `judge`), and writes what follows.

        Args:
            objective: the `Objective`.
            start: its `Evaluation` at the present weights.
            step: the `StepResult`.
        """
        verdict = judge(objective, start, step)
        for variable, value in self.learn(step, verdict):
            kept = tf.convert_to_tensor(variable)
            variable.assign(tf.where(verdict.begun, tf.cast(value, kept.dtype), kept))
        objective.parameters.assign(verdict.end.w)
        objective.commit(start, verdict.taken)
        self._average(verdict.taken)
        self._count(verdict.status)
        self._evaluations.assign_add(tf.cast(verdict.evaluations, tf.int64))
        self._status.assign(tf.cast(verdict.status, tf.int64))
        return StepReport(
            loss=verdict.end.value,
            inner_iterations=step.iterations,
            evaluations=tf.convert_to_tensor(self._evaluations),
            implicit_residual=verdict.implicit_residual,
            status=verdict.status,
            learning_rate=tf.cast(step.learning_rate, tf.float64),
            loss_before=start.value,
            relative_step=tf.math.divide_no_nan(
                tf.norm(verdict.end.w - start.w), tf.norm(start.w)
            ),
            gradient_norm=tf.norm(verdict.end.gradient),
            aux=verdict.end.aux,
        )

    def _count(self, result: tf.Tensor) -> None:
        """Counts a step once it has a result.

        In a graph nothing else waits for the data: a dataset that has ended, or a
        step that was refused, would count as well.
        """
        with tf.control_dependencies([result]):
            self.iterations.assign_add(1)

    def minimize(self, objective: Objective) -> StepReport:
        """Takes one compiled step on an `Objective`, without any model.

        Args:
            objective: `Objective`; the first call builds the optimizer for its
                variables.

        Returns:
            `StepReport`.
        """
        self.build(objective.parameters.variables)
        compat.check_known(self, objective.parameters.variables)

        if tf.inside_function():
            return self._minimize(objective)
        if objective not in self._compiled_steps:
            # Weakly, or the cache would keep its own key alive for ever.
            reference = weakref.ref(objective)
            self._compiled_steps[objective] = tf.function(
                lambda: self._minimize(reference()), autograph=False
            )
        return self._compiled_steps[objective]()

    def _minimize(self, objective: Any) -> StepReport:
        return self.step(objective)

    def _average(self, taken: tf.Tensor) -> None:
        if not self.use_ema:
            return
        variables = compat.built_variables(self)
        every = self.ema_overwrite_frequency

        def move() -> tf.Tensor:
            compat.update_averages(self, variables)
            return tf.constant(True)

        def overwrite() -> tf.Tensor:
            compat.overwrite_with_averages(self, variables)
            return tf.constant(True)

        def skip() -> tf.Tensor:
            return tf.constant(False)

        # The first time the averages are a copy of the weights, wherever these are.
        tf.cond(taken | tf.equal(self.iterations.value, 0), move, skip)
        if every:
            due = taken & tf.equal((self.iterations.value + 1) % every, 0)
            tf.cond(due, overwrite, skip)

    @property
    def evaluations(self) -> keras.Variable:
        """Loss evaluations since the optimizer was built, an int64 variable."""
        return self._evaluations

    @property
    def status(self) -> Status:
        """The `Status` of the last step; `str()` of it is a sentence."""
        return Status(int(self._status.numpy()))

    @property
    def description(self) -> str | None:
        """How the last traced step works, such as "Gauss-Newton, 801 weights, 2,042
        rows"; None before the first step."""
        return self._description

    # -- what this kind of optimizer cannot do --------------------------------

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Refuses: a gradient is not enough.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            f"{type(self).__name__} needs the loss itself, not only its gradient, "
            "so a plain keras.Model cannot train with it. Build the model as "
            "ki.ClosureModel(inputs, outputs), subclass ki.ClosureModel instead of "
            "keras.Model, or use ki.PINN; without a model, call "
            "optimizer.minimize(ki.Objective(loss, variables))."
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Refuses, as `apply` does.

        Raises:
            TypeError: always.
        """
        self.apply([gradient], [variable])

    # -- saving and loading -----------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for key in REFUSED:
            config.pop(key)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        # The base class changes the dictionary that it is handed.
        return super().from_config(dict(config), custom_objects=custom_objects)
