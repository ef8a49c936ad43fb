"""Implicit stochastic gradient descent."""

import math

import keras
import tensorflow as tf

from keras_isgd import solvers
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer, Proposal
from keras_isgd.proximal import ProximalProblem
from keras_isgd.solvers.solver import Status

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

    Args:
        learning_rate: alpha > 0: a float, a Keras `LearningRateSchedule` over
            the implicit steps, or a callable. Keras callbacks may change a
            float between steps.
        inner: how a step is solved: "adam" or "lbfgs" with their defaults, a
            solver object such as `ki.solvers.Adam(steps=100)`, or "auto".
        use_ema, ema_momentum, ema_overwrite_frequency: as in Keras.
        name: the optimizer's name.

    Raises:
        ValueError: alpha not positive and finite, an unknown inner solver (the
            message lists the known ones), or a Keras argument that acts on
            gradients (`clipnorm`, `weight_decay`, ...).

    Example:

        model.compile(optimizer=ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=50)))
    """

    def __init__(
        self,
        learning_rate=0.5,
        inner="auto",
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        name="isgd",
        **kwargs,
    ):
        learning_rate = _check_alpha(learning_rate)
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
        self._memory = None
        self._memory_alpha = None
        if not callable(learning_rate):
            self._learning_rate = keras.Variable(
                learning_rate, dtype="float64", trainable=False, name="learning_rate"
            )

    def build(self, variables):
        if not self.built:
            size = sum(v.value.shape.num_elements() for v in variables)
            memory = self.inner.initial_memory(size, variables[0].dtype)
            self._memory = type(memory)(
                *(
                    self.add_variable(
                        value.shape, dtype=value.dtype.name, name=f"inner_{name}"
                    )
                    for name, value in memory._asdict().items()
                )
            )
            for variable, value in zip(self._memory, memory):
                variable.assign(value)
            self._memory_alpha = self.add_variable((), dtype="float64", name="alpha")
        super().build(variables)

    def state(self):
        state = super().state()
        if self._memory is not None:
            state["memory_alpha"] = self._memory_alpha
            state.update(
                {f"inner_{name}": v for name, v in self._memory._asdict().items()}
            )
        return state

    @property
    def learning_rate(self):
        """alpha, the size of the implicit step."""
        return self._get_current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        keras.optimizers.Optimizer.learning_rate.fset(self, _check_alpha(learning_rate))

    def propose(self, objective, start):
        alpha = tf.cast(self.learning_rate, start.w.dtype)
        usable = tf.math.is_finite(alpha) & (alpha > 0.0)
        # With NaN for alpha every solver stops at once.
        nan = tf.constant(math.nan, start.w.dtype)
        problem = ProximalProblem(objective, start, tf.where(usable, alpha, nan))
        result = self.inner.solve(problem, problem.start, self._recall(alpha))
        for variable, value in zip(self._memory, result.memory):
            variable.assign(value)
        self._memory_alpha.assign(tf.cast(alpha, tf.float64))
        return Proposal(
            result.w,
            problem.implicit_residual(result.gradient),
            result.iterations,
            result.evaluations,
            tf.where(usable, result.status, int(Status.BAD_LEARNING_RATE)),
        )

    def _recall(self, alpha):
        """The inner solver's memory, as far as it holds for the present alpha."""
        memory = type(self._memory)(*(tf.convert_to_tensor(v) for v in self._memory))
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
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        if isinstance(config.get("inner"), dict):
            config["inner"] = keras.saving.deserialize_keras_object(
                config["inner"], custom_objects=custom_objects
            )
        return super().from_config(config, custom_objects=custom_objects)


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
