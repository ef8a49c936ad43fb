"""The Keras optimizer that steps on an objective rather than on gradients."""

import weakref
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.optimizers.named_state import NamedState
from keras_isgd.solvers.status import Status

__all__ = ["ClosureOptimizer", "Proposal", "StepReport"]

_REFUSED = {
    "clipnorm": "a solved step has no gradient to clip; take a smaller "
    "`learning_rate`, which bounds the step",
    "clipvalue": "a solved step has no gradient to clip; take a smaller "
    "`learning_rate`, which bounds the step",
    "global_clipnorm": "a solved step has no gradient to clip; take a smaller "
    "`learning_rate`, which bounds the step",
    "weight_decay": "the loss must hold every term that the step minimises; give "
    "the layers a `kernel_regularizer=keras.regularizers.L2(...)`",
    "gradient_accumulation_steps": "one solve needs all its points at once; use "
    "larger batches",
    "loss_scale_factor": "a scaled loss is another problem; use float32 or float64",
}


class StepReport(NamedTuple):
    """What one step did; scalar tensors.

    Attributes:
        loss: L(w_n), before the step.
        inner_iterations: iterations of the inner solver.
        evaluations: loss evaluations (each with its gradient) since the
            optimizer was built.
        implicit_residual: relative residual of Eq. 4 at w_{n+1}: 0 is backward
            Euler, 1 is no step, NaN is "not measured" (explicit steps).
        status: a `Status` as int32.
        learning_rate: alpha of this step, or the explicit optimizer's rate.
    """

    loss: Any
    inner_iterations: Any
    evaluations: Any
    implicit_residual: Any
    status: Any
    learning_rate: Any

    def logs(self):
        """The entries that Keras shows in the progress bar and in `History`."""
        return {
            "inner_iterations": self.inner_iterations,
            "evaluations": self.evaluations,
            "implicit_residual": self.implicit_residual,
            "status": self.status,
            "learning_rate": self.learning_rate,
        }


class Proposal(NamedTuple):
    """A step that an algorithm proposes; see `SolverResult` and `StepReport`."""

    w: Any
    implicit_residual: Any
    iterations: Any
    evaluations: Any
    status: Any
    learning_rate: Any


class ClosureOptimizer(NamedState, keras.optimizers.Optimizer):
    """Base class of optimizers that need the loss itself.

    Subclasses define `propose`. This class decides whether the proposal is
    taken: never if it is not finite or has a larger loss on the same points.

    Keras arguments that act on gradients (clipping, accumulation, loss
    scaling, decoupled weight decay) are refused. `use_ema`, `ema_momentum`,
    `ema_overwrite_frequency` and variables' constraints work as in Keras.
    """

    def __init__(
        self,
        learning_rate=1.0,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        name=None,
        **refused,
    ):
        for key, value in refused.items():
            if key not in _REFUSED:
                raise TypeError(
                    f"{type(self).__name__} got an unexpected argument {key!r}."
                )
            if value is not None:
                raise ValueError(
                    f"{type(self).__name__} cannot honour {key}={value!r}: "
                    f"{_REFUSED[key]}."
                )
        super().__init__(
            learning_rate=learning_rate,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            name=name,
        )
        self._compiled_steps = weakref.WeakKeyDictionary()
        self._evaluations = self.add_variable((), dtype="int64", name="evaluations")
        self._status = self.add_variable((), dtype="int32", name="status")

    # -- what subclasses say ------------------------------------------------

    # Whether XLA can compile a step as a whole.
    supports_jit = True

    def propose(self, objective, start):
        """Returns a `Proposal` for the step from `start`.

        Args:
            objective: `Objective`.
            start: its `Evaluation` at the present weights.
        """
        raise TypeError(f"{type(self).__name__} must define propose().")

    def signature(self):
        """Names the algorithm; saved state loads only into the same one."""
        return type(self).__name__

    def state(self):
        """Returns the variables to save, by name."""
        state = {
            "iterations": self._iterations,
            "evaluations": self._evaluations,
            "status": self._status,
        }
        if isinstance(self._learning_rate, keras.Variable):
            state["learning_rate"] = self._learning_rate
        if self.use_ema and self.built:
            for i, average in enumerate(self._model_variables_moving_average):
                state[f"average_{i}"] = average
        return state

    # -- stepping -----------------------------------------------------------

    def build(self, variables):
        """Creates all state for a list of `keras.Variable`s, once."""
        if self.built:
            return
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            raise ValueError(
                f"{type(self).__name__} works on one replica, got {replicas}: a "
                "solved step needs the loss over all points. Leave the "
                "distribution strategy out."
            )
        ParameterVector(variables)  # refuses what it cannot flatten
        super().build(variables)
        self.assign_pending_state()

    def step(self, objective, start):
        """Moves the objective's variables by one step; returns a `StepReport`.

        Meant for use inside a traced function, such as a `train_step`;
        `minimize` is the same for direct calls.

        Args:
            objective: `Objective` over the variables this was built with.
            start: `objective.evaluate(w)` at the present weights.
        """
        proposal = self._constrain(objective, start, self.propose(objective, start))
        finite_start = tf.math.is_finite(start.value) & tf.reduce_all(
            tf.math.is_finite(start.gradient)
        )
        status = tf.where(
            finite_start | (proposal.status == int(Status.BAD_LEARNING_RATE)),
            proposal.status,
            int(Status.NOT_FINITE_START),
        )
        taken = status < int(Status.NOT_FINITE_START)
        objective.parameters.assign(tf.where(taken, proposal.w, start.w))
        self._average()
        self._iterations.assign_add(1)
        self._evaluations.assign_add(tf.cast(proposal.evaluations, tf.int64) + 1)
        self._status.assign(status)
        one = tf.ones_like(proposal.implicit_residual)
        return StepReport(
            start.value,
            proposal.iterations,
            tf.convert_to_tensor(self._evaluations),
            tf.where(taken, proposal.implicit_residual, one),
            status,
            tf.cast(proposal.learning_rate, tf.float64),
        )

    def minimize(self, objective):
        """Takes one compiled step on an `Objective`, without any model.

        Args:
            objective: `Objective`; the first call builds the optimizer for its
                variables.

        Returns:
            `StepReport`.
        """
        self.build(objective.parameters.variables)
        self._check_variables_are_known(objective.parameters.variables)

        if tf.inside_function():
            return self._minimize(objective)
        if objective not in self._compiled_steps:
            # Weakly, or the cache would keep its own key alive for ever.
            reference = weakref.ref(objective)
            self._compiled_steps[objective] = tf.function(
                lambda: self._minimize(reference()), autograph=False
            )
        return self._compiled_steps[objective]()

    def _minimize(self, objective):
        return self.step(objective, objective.evaluate(objective.parameters.read()))

    def _constrain(self, objective, start, proposal):
        if not objective.parameters.constrained:
            return proposal
        w = objective.parameters.project(proposal.w)
        value, _ = objective.value_and_gradient(w)
        worse = ~(value <= start.value)
        return proposal._replace(
            w=w,
            evaluations=proposal.evaluations + 1,
            status=tf.where(
                worse & (proposal.status < int(Status.NOT_FINITE_START)),
                int(Status.NO_DECREASE),
                proposal.status,
            ),
        )

    def _average(self):
        if not self.use_ema:
            return
        variables = self._trainable_variables
        self._update_model_variables_moving_average(variables)
        every = self.ema_overwrite_frequency
        if every:
            tf.cond(
                tf.equal((self._iterations + 1) % every, 0),
                lambda: self._overwrite_model_variables_with_average_value(variables),
                lambda: None,
            )

    @property
    def evaluations(self):
        """Loss evaluations since the optimizer was built, an int64 variable."""
        return self._evaluations

    @property
    def status(self):
        """The `Status` of the last step; `str()` of it is a sentence."""
        return Status(int(self._status.numpy()))

    # -- what this kind of optimizer cannot do --------------------------------

    def apply(self, grads, trainable_variables=None):
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

    def update_step(self, gradient, variable, learning_rate):
        """Refuses, as `apply` does.

        Raises:
            TypeError: always.
        """
        self.apply([gradient], [variable])

    # -- saving and loading -----------------------------------------------------

    def get_config(self):
        config = super().get_config()
        for key in _REFUSED:
            config.pop(key)
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        # The base class changes the dictionary that it is handed.
        return super().from_config(dict(config), custom_objects=custom_objects)
