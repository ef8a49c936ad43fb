"""Implicit stochastic gradient descent."""

import math
from collections.abc import Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from keras_isgd import compat, solvers
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.optimizers import kept_state
from keras_isgd.optimizers.auto_control import AutoControl
from keras_isgd.optimizers.closure_optimizer import Assignment, ClosureOptimizer
from keras_isgd.optimizers.step_control import FixedAlpha, StepControl
from keras_isgd.optimizers.step_result import StepResult, Verdict
from keras_isgd.solvers.status import Status

__all__ = ["ISGD"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class ISGD(ClosureOptimizer):
    """Implicit stochastic gradient descent: backward Euler on the gradient flow.

        w_{n+1} = w_n - alpha grad L(w_{n+1})                            (Eq. 4)
                = argmin_w 1/2 |w - w_n|^2 + alpha L(w)                  (Eq. 12)

    of Li, Chen and Huang, "Implicit Stochastic Gradient Descent for Training
    Physics-Informed Neural Networks" (AAAI 2023). An inner solver computes the
    argmin; on the same points the loss never rises (Eq. 11).

    It needs the loss itself, so it trains `ki.PINN` and `ki.ClosureModel`, or
    an `ki.Objective` through `minimize`.

    `ISGD()` is the best choice that the model allows: Gauss-Newton steps for a
    sum of squares (a PINN, a ClosureModel with `loss="mse"`), L-BFGS for any
    other loss, alpha chosen by each step; `fit` prints which, and why.
    `ISGD(0.5, inner=...)` with a number is the paper's method: alpha as given.

    Args:
        learning_rate: alpha > 0: a float, a Keras `LearningRateSchedule` over
            the implicit steps, or a callable. Keras callbacks may change a
            float between steps. None: the step control chooses, from 0.5 on.
        inner: how a step is solved: "auto", "gauss_newton", "lbfgs" or "adam"
            with their defaults, or a solver object such as
            `ki.solvers.Adam(steps=100)`.
        step_control: how alpha moves: `ki.DecreaseRatio(...)`, `ki.SPRING(...)`,
            None for alpha as given, or "auto": None if `learning_rate` is given; else
            `ki.SPRING()` for more than 4,000 weights on fewer rows, and
            `ki.DecreaseRatio()` otherwise. Of a batch of points or examples with more
            than 1,128 rows and more than 4,000 weights, each step of "auto" works on
            564 drawn at random (150 for each equation of more than three); name a step
            control to work on all.
            The alpha in force is `learning_rate`.
        use_ema, ema_momentum, ema_overwrite_frequency: as in Keras.
        name: the optimizer's name.

    Raises:
        ValueError: alpha not positive and finite, an unknown inner solver (the
            message lists the known ones), a step control beside a schedule, or a
            Keras argument that acts on gradients (`clipnorm`, `weight_decay`,
            ...).
        TypeError: `step_control` is not a step control.

    Example:

        model.compile(optimizer=ki.ISGD())
        model.compile(optimizer=ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=50)))
    """

    def __init__(
        self,
        learning_rate: Any = None,
        inner: Any = "auto",
        step_control: Any = "auto",
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        name: str = "isgd",
        **kwargs: Any,
    ) -> None:
        step_control = _check_control(step_control, learning_rate)
        learning_rate = _check_alpha(0.5 if learning_rate is None else learning_rate)
        super().__init__(
            # Keras would keep a number in floatx, float32 as a rule, which costs a
            # float64 run its digits; so it gets a function first.
            learning_rate=learning_rate if callable(learning_rate) else lambda: 0.0,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            name=name,
            **kwargs,
        )
        self.inner = solvers.get(inner)
        self.step_control = step_control
        self._rule = FixedAlpha() if step_control is None else step_control
        self._inner_state: Any = None
        self._control_state: Any = None
        self._last_alpha: Any = None
        if not callable(learning_rate):
            compat.set_learning_rate_variable(
                self,
                keras.Variable(
                    learning_rate,
                    dtype="float64",
                    trainable=False,
                    name="learning_rate",
                ),
            )

    def build(self, variables: Sequence[keras.Variable]) -> None:
        if not self.built:
            size, dtype = _size(variables), variables[0].dtype
            self._inner_state = kept_state.keep(
                self, self.inner.initial_state(size, dtype), "inner_"
            )
            self._last_alpha = self.add_variable((), dtype="float64", name="alpha")
            self._control_state = kept_state.keep(
                self, self._rule.initial_state(size, dtype), "control_"
            )
        super().build(variables)

    def state(self) -> dict[str, Any]:
        state = super().state()
        if self._inner_state is not None:
            # Names in files since version 0.1.
            state["memory_alpha"] = self._last_alpha
            for prefix, kept in (
                ("inner", self._inner_state),
                ("control", self._control_state),
            ):
                for name, variable in kept._asdict().items():
                    state[f"{prefix}_{name}"] = variable
        return state

    def forget(self) -> None:
        variables = compat.built_variables(self)
        size, dtype = _size(variables), variables[0].dtype
        inner = self.inner.initial_state(size, dtype)
        control = self._rule.initial_state(size, dtype)
        kept = [*self._inner_state, *self._control_state]
        for variable, value in zip(kept, [*inner, *control], strict=True):
            variable.assign(value)

    @property
    def supports_jit(self) -> bool:  # type: ignore[override]
        """Whether XLA can compile a step as a whole."""
        return self.inner.supports_jit

    @property
    def learning_rate(self) -> Any:
        """alpha, the size of the implicit step."""
        return self._get_current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        keras.optimizers.Optimizer.learning_rate.fset(self, _check_alpha(learning_rate))

    def part_of(self, objective: Objective) -> Objective:
        inner = self.inner.resolve(objective)
        return self._rule.part_of(inner, objective, self.iterations.value)

    def propose(self, objective: Objective, start: Evaluation) -> StepResult:
        inner = self.inner.resolve(objective)
        alpha = tf.cast(self.learning_rate, start.w.dtype)
        usable = tf.math.is_finite(alpha) & (alpha > 0.0)
        # With NaN for alpha every solver stops at once.
        alpha = tf.where(usable, alpha, tf.constant(math.nan, start.w.dtype))
        state = self._recall(inner, alpha)
        step = self._rule.propose(
            inner, state, objective, start, alpha, kept_state.read(self._control_state)
        )
        status = tf.where(usable, step.status, int(Status.BAD_LEARNING_RATE))
        return step._replace(status=status, state=(inner, state, alpha, step.state))

    def learn(self, step: StepResult, verdict: Verdict) -> list[Assignment]:
        inner, begun_with, alpha, (solved, control) = step.state
        after = tf.nest.map_structure(
            lambda new, old: tf.where(verdict.taken, new, old),
            solved,
            inner.state_after_refusal(begun_with),
        )
        step = step._replace(state=control)
        following, control = self._rule.learn(
            kept_state.read(self._control_state), step, verdict, alpha
        )
        assignments = [
            *zip(self._inner_state, after, strict=True),
            *zip(self._control_state, control, strict=True),
            (self._last_alpha, step.learning_rate),
        ]
        if self.step_control is not None:
            assignments.append((self._learning_rate, following))
        return assignments

    def _recall(self, inner: solvers.Solver, alpha: tf.Tensor) -> Any:
        """The inner solver's state, as far as it holds for the present alpha."""
        state = kept_state.read(self._inner_state)
        same = tf.equal(
            tf.cast(alpha, tf.float64), tf.convert_to_tensor(self._last_alpha)
        )
        return tf.nest.map_structure(
            lambda kept, changed: tf.where(same, kept, changed),
            state,
            inner.state_for_new_alpha(state),
        )

    def fits_alone(self, rows: int, weights: int) -> bool:
        if self._rule.remembers(rows, weights):
            return False
        return self.inner.fits_alone(rows, weights)

    def describe(self, objective: Objective) -> str:
        return self._rule.describe(self.inner, objective)

    def signature(self) -> str:
        return f"ISGD with inner solver {type(self.inner).__name__}"

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["inner"] = keras.saving.serialize_keras_object(self.inner)
        config["step_control"] = keras.saving.serialize_keras_object(self.step_control)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        config = dict(config)
        for key in ("inner", "step_control"):
            if isinstance(config.get(key), dict):
                config[key] = keras.saving.deserialize_keras_object(
                    config[key], custom_objects=custom_objects
                )
        return super().from_config(config, custom_objects=custom_objects)


def _size(variables: Sequence[keras.Variable]) -> int:
    return sum(v.value.shape.num_elements() for v in variables)


def _check_control(step_control: Any, learning_rate: Any) -> StepControl | None:
    if step_control == "auto":
        step_control = AutoControl() if learning_rate is None else None
    if step_control is None:
        return None
    if not isinstance(step_control, StepControl):
        raise TypeError(
            'Expected `step_control` to be None, "auto" or a step control such as '
            f"ki.DecreaseRatio(), got {step_control!r}."
        )
    if callable(learning_rate):
        raise ValueError(
            "Expected a number as first alpha beside a step control, which chooses "
            f"the later ones; got {learning_rate!r}. Leave one of the two out."
        )
    return step_control


def _check_alpha(learning_rate: Any) -> Any:
    if callable(learning_rate) or isinstance(learning_rate, keras.Variable):
        return learning_rate
    try:
        alpha = float(learning_rate)
    except (TypeError, ValueError):
        alpha = math.nan
    if not (math.isfinite(alpha) and alpha > 0):
        raise ValueError(
            "Expected the learning rate (alpha) to be a positive finite number or a "
            f"LearningRateSchedule, got {learning_rate!r}."
        )
    return alpha
