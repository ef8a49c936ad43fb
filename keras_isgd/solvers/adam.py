"""Adam as inner solver: Algorithm 1 of the paper."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.objectives.objective import Evaluation
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.solvers.base import Solver, SolverResult
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_count, check_positive

__all__ = ["Adam", "RateState"]

# After a failed solve the rate is halved; each successful one wins back a little.
_BACK_OFF = 0.5
_RECOVER = 2.0**0.125


class RateState(NamedTuple):
    """What Adam remembers of earlier solves.

    Attributes:
        rate_scale: factor on the learning rate, in (0, 1].
    """

    rate_scale: tf.Tensor


class _State(NamedTuple):
    k: tf.Tensor
    w: tf.Tensor
    value: tf.Tensor
    gradient: tf.Tensor
    m: tf.Tensor
    v: tf.Tensor
    best_w: tf.Tensor
    best_value: tf.Tensor
    best_gradient: tf.Tensor


@keras.saving.register_keras_serializable(package="keras_isgd.solvers")
class Adam(Solver):
    """Solves the implicit step by Adam, from fresh moments at each step.

    Lines 3 to 7 of Algorithm 1 in Li, Chen and Huang (AAAI 2023) with
    K1 = `steps` and gamma = `learning_rate`; the update is that of
    `keras.optimizers.Adam`:

        m <- beta_1 m + (1 - beta_1) g        g = grad P(w_k), Eq. 12
        v <- beta_2 v + (1 - beta_2) g^2
        w <- w - gamma sqrt(1 - beta_2^k) / (1 - beta_1^k) m / (sqrt(v) + epsilon)

    The last iterate is the result. Only if it is worse than the start is the
    best iterate taken instead; and if none is better, the next solve runs at half
    the rate, and later ones slowly return to it. (On fixed points the same solve
    would fail for ever.) The printed algorithm's `k <= K1` would make K1 + 1
    updates while the paper counts K1; this makes K1.

    Args:
        learning_rate: gamma, a positive float or a Keras `LearningRateSchedule`
            over the inner steps.
        steps: K1, the number of inner steps.
        beta_1: decay of the first moment, in [0, 1).
        beta_2: decay of the second moment, in [0, 1).
        epsilon: a positive number.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        steps: int = 100,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        if not isinstance(
            learning_rate, keras.optimizers.schedules.LearningRateSchedule
        ):
            learning_rate = check_positive("learning_rate", learning_rate)
        self.learning_rate = learning_rate
        self.steps = check_count("steps", steps)
        for name, beta in (("beta_1", beta_1), ("beta_2", beta_2)):
            if not 0 <= beta < 1:
                raise ValueError(f"Expected `{name}` in [0, 1), got {beta!r}.")
        self.beta_1 = float(beta_1)
        self.beta_2 = float(beta_2)
        self.epsilon = check_positive("epsilon", epsilon)

    def initial_state(self, size: int, dtype: tf.DType) -> RateState:
        return RateState(tf.ones((), dtype))

    def state_after_refusal(self, state: RateState) -> RateState:
        return RateState(_BACK_OFF * state.rate_scale)

    def solve(
        self, objective: ProximalProblem, start: Evaluation, state: RateState
    ) -> SolverResult:
        zeros = tf.zeros_like(start.w)
        initial = _State(
            tf.constant(0, tf.int32),
            start.w,
            start.value,
            start.gradient,
            zeros,
            zeros,
            start.w,
            start.value,
            start.gradient,
        )

        def going(s: _State) -> tf.Tensor:
            return (s.k < self.steps) & tf.math.is_finite(s.value)

        (end,) = tf.while_loop(
            going,
            lambda s: (self._advance(objective, s, state.rate_scale),),
            (initial,),
            parallel_iterations=1,
        )
        return self._result(start, end, state)

    def _advance(
        self, objective: ProximalProblem, s: _State, scale: tf.Tensor
    ) -> _State:
        dtype = s.w.dtype
        t = tf.cast(s.k + 1, dtype)
        m = s.m + (1.0 - self.beta_1) * (s.gradient - s.m)
        v = s.v + (1.0 - self.beta_2) * (tf.square(s.gradient) - s.v)
        correction = tf.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        rate = scale * self._rate(s.k, dtype) * correction
        w = s.w - rate * m / (tf.sqrt(v) + self.epsilon)
        value, gradient = objective.value_and_gradient(w)
        better = value < s.best_value
        return _State(
            s.k + 1,
            w,
            value,
            gradient,
            m,
            v,
            tf.where(better, w, s.best_w),
            tf.where(better, value, s.best_value),
            tf.where(better, gradient, s.best_gradient),
        )

    def _result(self, start: Evaluation, end: _State, state: RateState) -> SolverResult:
        last_is_good = end.value <= start.value
        best_is_good = end.best_value < start.value
        finite = tf.math.is_finite(end.value)
        one = tf.ones((), start.w.dtype)
        status = tf.where(
            last_is_good,
            int(Status.OUT_OF_STEPS),
            tf.where(
                best_is_good,
                int(Status.STALLED),
                tf.where(finite, int(Status.NO_DECREASE), int(Status.NOT_FINITE)),
            ),
        )
        return SolverResult(
            tf.where(last_is_good, end.w, end.best_w),
            tf.where(last_is_good, end.value, end.best_value),
            tf.where(last_is_good, end.gradient, end.best_gradient),
            end.k,
            end.k,
            status,
            RateState(tf.minimum(_RECOVER * state.rate_scale, one)),
        )

    def _rate(self, k: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
        if callable(self.learning_rate):
            return tf.cast(self.learning_rate(k), dtype)
        return tf.constant(self.learning_rate, dtype)

    def get_config(self) -> dict[str, Any]:
        rate = self.learning_rate
        return {
            "learning_rate": keras.optimizers.schedules.serialize(rate)
            if callable(rate)
            else rate,
            "steps": self.steps,
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Adam":
        config = dict(config)
        if isinstance(config["learning_rate"], dict):
            config["learning_rate"] = keras.optimizers.schedules.deserialize(
                config["learning_rate"]
            )
        return cls(**config)
