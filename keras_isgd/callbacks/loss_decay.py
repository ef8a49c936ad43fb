"""Whether the loss falls as Eq. 10 and Eq. 11 say, along a run."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.callbacks.logs import Logs
from keras_isgd.objectives.hessian_product import hessian_vector_product
from keras_isgd.objectives.objective import Objective
from keras_isgd.utils.checks import check_count

__all__ = ["LossDecay"]


class LossDecay(keras.callbacks.Callback):
    """Compares each step's change of the loss with its expansions.

        explicit: L(n+1) - L(n) = g(n) . s + 1/2 s . H(n) s + remainder   (Eq. 10)
        implicit: L(n+1) - L(n) = g(n+1) . s - 1/2 s . H(n+1) s + remainder  (Eq. 11)

    with s the step, g the gradient and H the Hessian of the loss on `data`. For
    gradient descent s = -alpha g(n) makes the first one Eq. 10 of Li, Chen and
    Huang (AAAI 2023), for an implicit step s = -alpha g(n+1) makes the second one
    Eq. 11; both hold for any step of any optimizer. The remainders are of third
    order in s.

    It costs four gradients and two Hessian-vector products a step. Each callback
    watches one batch: give it the batch that is trained on (fixed points), or
    another one to see what the steps do there.

    Args:
        data: one batch as `model.objective` takes it: for a PINN a dictionary of
            named point sets, such as `next(iter(points))`.
        every: measure each so many batches, at least 1.

    Attributes:
        steps: list of dictionaries with `iteration`; `change`, L(n+1) - L(n);
            `explicit` and `implicit`, what the expansions say; `curvature_before`
            and `curvature_after`, `s . H s / s . s`, the sum of lambda_i y_i^2 of
            the paper; `implicit_gap`, the norm of `s + alpha g(n+1)` over that of
            `alpha g(n)`, NaN for optimizers without alpha.

    Raises:
        ValueError: `every` is no whole number from 1.
    """

    def __init__(self, data: Any, every: int = 1) -> None:
        super().__init__()
        self.data = data
        self.every = check_count("every", every)
        self.steps: list[dict[str, float]] = []
        self._objective: Objective | None = None
        self._measure: Callable[..., Any] | None = None
        self._before: tf.Tensor | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        self._objective = self.model.objective(self.data)
        self._measure = _measurement(self._objective)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        assert self._objective is not None
        self._before = None
        if int(self.model.optimizer.iterations.numpy()) % self.every == 0:
            self._before = self._objective.parameters.read()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._before is None:
            return
        assert self._objective is not None
        assert self._measure is not None
        after = self._objective.parameters.read()
        record, s, gradient, gradient_after = self._measure(self._before, after)
        record = {key: float(value) for key, value in record.items()}
        alpha = float((logs or {}).get("learning_rate", float("nan")))
        scale = alpha * tf.norm(gradient)
        record["implicit_gap"] = float(tf.norm(s + alpha * gradient_after) / scale)
        record["iteration"] = int(self.model.optimizer.iterations.numpy())
        self.steps.append(record)


def _measurement(objective: Objective) -> Callable[..., Any]:
    """Returns a function of w before and after a step, `(p,)` each."""
    product = hessian_vector_product(objective)

    @tf.function(autograph=False)
    def measure(
        before: tf.Tensor, after: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor, tf.Tensor]:
        s = after - before
        value, gradient = objective.value_and_gradient(before)
        value_after, gradient_after = objective.value_and_gradient(after)
        curvature = tf.tensordot(s, product(before, s), 1)
        curvature_after = tf.tensordot(s, product(after, s), 1)
        squared = tf.tensordot(s, s, 1)
        record = {
            "change": value_after - value,
            "explicit": tf.tensordot(gradient, s, 1) + 0.5 * curvature,
            "implicit": tf.tensordot(gradient_after, s, 1) - 0.5 * curvature_after,
            "curvature_before": tf.math.divide_no_nan(curvature, squared),
            "curvature_after": tf.math.divide_no_nan(curvature_after, squared),
        }
        return record, s, gradient, gradient_after

    return measure
