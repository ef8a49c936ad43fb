"""Implicit stochastic gradient descent."""

import math

import keras
import tensorflow as tf

from keras_isgd import solvers
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer, Proposal
from keras_isgd.optimizers.step_size import DecreaseRatio, StepControl
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
    other loss, alpha chosen by each step. `ISGD(0.5, inner=...)` with a number is
    the paper's method: alpha as given.

    Args:
        learning_rate: alpha > 0: a float, a Keras `LearningRateSchedule` over
            the implicit steps, or a callable. Keras callbacks may change a
            float between steps. None: the step control chooses, from 0.5 on.
        inner: how a step is solved: "auto", "gauss_newton", "lbfgs" or "adam"
            with their defaults, or a solver object such as
            `ki.solvers.Adam(steps=100)`.
        step_control: how alpha moves: `ki.DecreaseRatio(...)`, None for alpha as
            given, or "auto": None if `learning_rate` is given, else
            `ki.DecreaseRatio()`. The alpha in force is `learning_rate`.
        use_ema, ema_momentum, ema_overwrite_frequency: as in Keras.
        name: the optimizer's name.

    Raises:
        ValueError: alpha not positive and finite, an unknown inner solver (the
            message lists the known ones), a step control beside a schedule, or a
            Keras argument that acts on gradients (`clipnorm`, `weight_decay`,
            ...).
        TypeError: `step_control` is none.

    Example:

        model.compile(optimizer=ki.ISGD())
        model.compile(optimizer=ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=50)))
    """

    def __init__(
        self,
        learning_rate=None,
        inner="auto",
        step_control="auto",
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        name="isgd",
        **kwargs,
    ):
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
        self._memory = None
        self._memory_alpha = None
        self._control = None
        if not callable(learning_rate):
            self._learning_rate = keras.Variable(
                learning_rate, dtype="float64", trainable=False, name="learning_rate"
            )

    def build(self, variables):
        if not self.built:
            size = sum(v.value.shape.num_elements() for v in variables)
            self._memory = self._keep(
                "inner", self.inner.initial_memory(size, variables[0].dtype)
            )
            self._memory_alpha = self.add_variable((), dtype="float64", name="alpha")
            if self.step_control is not None:
                self._control = self._keep(
                    "control",
                    self.step_control.initial_memory(size, variables[0].dtype),
                )
        super().build(variables)

    def _keep(self, prefix, memory):
        """Makes variables of a NamedTuple of tensors."""
        kept = {}
        for name, value in memory._asdict().items():
            kept[name] = self.add_variable(
                value.shape, dtype=value.dtype.name, name=f"{prefix}_{name}"
            )
            kept[name].assign(value)
        return type(memory)(**kept)

    def state(self):
        state = super().state()
        if self._memory is not None:
            state["memory_alpha"] = self._memory_alpha
            for prefix, kept in (("inner", self._memory), ("control", self._control)):
                for name, variable in kept._asdict().items() if kept else ():
                    state[f"{prefix}_{name}"] = variable
        return state

    @property
    def supports_jit(self):
        """Whether XLA can compile a step as a whole."""
        return self.inner.supports_jit

    @property
    def learning_rate(self):
        """alpha, the size of the implicit step."""
        return self._get_current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        keras.optimizers.Optimizer.learning_rate.fset(self, _check_alpha(learning_rate))

    def propose(self, objective, start):
        self._check_objective(objective)
        alpha = tf.cast(self.learning_rate, start.w.dtype)
        usable = tf.math.is_finite(alpha) & (alpha > 0.0)
        # With NaN for alpha every solver stops at once.
        alpha = tf.where(usable, alpha, tf.constant(math.nan, start.w.dtype))
        memory = self._recall(alpha)
        if self.step_control is None:
            problem = ProximalProblem(objective, start, alpha)
            result = self.inner.solve(problem, problem.start, memory)
        else:
            found = self._controlled(objective, start, alpha, memory, usable)
            result, alpha, start = found.result, found.alpha, found.start
            problem = ProximalProblem(objective, start, alpha)
        _assign(self._memory, result.memory)
        self._memory_alpha.assign(tf.cast(alpha, tf.float64))
        return Proposal(
            result.w,
            problem.implicit_residual(result.gradient),
            result.iterations,
            result.evaluations,
            tf.where(usable, result.status, int(Status.BAD_LEARNING_RATE)),
            alpha,
        )

    def _controlled(self, objective, start, alpha, memory, usable):
        found, following, remembered = self.step_control.step(
            self.inner, memory, objective, start, alpha, _read(self._control)
        )
        _assign(
            self._control,
            tf.nest.map_structure(
                lambda new, old: tf.where(usable, new, old),
                remembered,
                _read(self._control),
            ),
        )
        given = tf.convert_to_tensor(self._learning_rate)
        self._learning_rate.assign(
            tf.where(usable, tf.cast(following, tf.float64), given)
        )
        return found

    def _check_objective(self, objective):
        needs = self.inner.needs
        if not isinstance(objective, needs):
            raise TypeError(
                f"{type(self.inner).__name__} needs a {needs.__name__} loss, a sum of "
                "squares with its residual: a ki.PINN without regularisers, a "
                'ki.ClosureModel with one output and loss="mse" and no regularisers, '
                f"or ki.{needs.__name__}(...) for `minimize`. For any other loss use "
                'inner="lbfgs".'
            )

    def _recall(self, alpha):
        """The inner solver's memory, as far as it holds for the present alpha."""
        memory = _read(self._memory)
        same = tf.equal(
            tf.cast(alpha, tf.float64), tf.convert_to_tensor(self._memory_alpha)
        )
        return tf.nest.map_structure(
            lambda kept, changed: tf.where(same, kept, changed),
            memory,
            self.inner.memory_for_new_alpha(memory),
        )

    def signature(self):
        return f"ISGD with inner solver {type(self.inner).__name__}"

    def get_config(self):
        config = super().get_config()
        config["inner"] = keras.saving.serialize_keras_object(self.inner)
        config["step_control"] = keras.saving.serialize_keras_object(self.step_control)
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for key in ("inner", "step_control"):
            if isinstance(config.get(key), dict):
                config[key] = keras.saving.deserialize_keras_object(
                    config[key], custom_objects=custom_objects
                )
        return super().from_config(config, custom_objects=custom_objects)


def _read(memory):
    return type(memory)(*(tf.convert_to_tensor(v) for v in memory))


def _assign(memory, values):
    for variable, value in zip(memory, values):
        variable.assign(value)


def _check_control(step_control, learning_rate):
    if step_control == "auto":
        step_control = DecreaseRatio() if learning_rate is None else None
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


def _check_alpha(learning_rate):
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
