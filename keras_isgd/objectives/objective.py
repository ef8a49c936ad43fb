"""What a solver may ask of a loss: its value and its gradient at any vector."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.objectives.parameters import ParameterVector

__all__ = ["Evaluation", "Objective"]


class Evaluation(NamedTuple):
    """A loss at one vector.

    Attributes:
        w: where, `(p,)`.
        value: the loss, `()`.
        gradient: its gradient, `(p,)`.
        aux: whatever else the function returned (predictions, named terms).
        updates: new values for the objective's `state`, in its order; they are
            what the evaluation would have assigned (batch statistics, seeds).
    """

    w: tf.Tensor
    value: tf.Tensor
    gradient: tf.Tensor
    aux: Any = None
    updates: tuple[tf.Tensor, ...] = ()

    @property
    def is_finite(self) -> tf.Tensor:
        """Whether loss and gradient are finite, a boolean scalar."""
        gradient = tf.reduce_all(tf.math.is_finite(self.gradient))
        return tf.math.is_finite(self.value) & gradient


class Objective:
    """A loss L as a function of the flat parameter vector w.

    The function is an ordinary zero-argument closure over Keras variables.
    Every evaluation happens in a `keras.StatelessScope`: variables do not
    move, and what the function assigns (moving averages, dropout seeds) is
    discarded, so two evaluations at one vector agree. That is what an inner
    loop needs from a deterministic objective.

    Args:
        function: a function without arguments that returns the loss, a scalar
            tensor, or a pair of the loss and anything else.
        variables: the `keras.Variable`s to optimize.
        state: variables that `function` may assign; `evaluate` returns their
            new values instead of assigning them, and an optimizer's step commits
            those of its start.
        jit_compile: whether XLA compiles the loss and its gradient.

    Attributes:
        reason: why the loss is not a `LeastSquares`, a phrase, where that is known.

    Example:

        theta = keras.Variable([1.0, 1.0], dtype="float64")
        loss = ki.Objective(lambda: keras.ops.sum(theta**2), [theta])
        ki.ISGD(0.5).minimize(loss)
    """

    reason: str | None = None

    def __init__(
        self,
        function: Callable[[], Any],
        variables: Sequence[keras.Variable],
        state: Sequence[keras.Variable] = (),
        jit_compile: bool = False,
    ) -> None:
        self._function = function
        self.parameters = ParameterVector(variables)
        self.state = list(state)
        self._jit_compile = jit_compile
        self._traced: dict[str, Callable] = {}

    def evaluate(self, w: tf.Tensor) -> Evaluation:
        """Returns the full `Evaluation` at `w` `(p,)`."""
        return Evaluation(w, *self._call_traced("evaluate", self.evaluate_inline, w))

    def value(self, w: tf.Tensor) -> tf.Tensor:
        """Returns the loss at `w` `(p,)`, a scalar tensor."""
        return self._call_traced("value", self._value, w)

    def aux(self, w: tf.Tensor) -> Any:
        """Returns whatever else the function returns at `w` `(p,)`."""
        with self.parameters.scope(self.parameters.unpack(w)):
            return self._call()[1]

    def value_and_gradient(self, w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the loss `()` and its gradient `(p,)` at `w` `(p,)`."""
        value, gradient, _, _ = self._call_traced("evaluate", self.evaluate_inline, w)
        return value, gradient

    def commit(self, evaluation: Evaluation, taken: tf.Tensor | bool = True) -> None:
        """Assigns the `updates` of an evaluation to `state`.

        Counters and seeds advance with every step. Statistics, which are floating
        point, are those of a step that was taken and are finite, or stay.

        Args:
            evaluation: of this objective.
            taken: whether the step was taken, a boolean scalar.
        """
        if not evaluation.updates:  # of a loss whose state nobody assigns
            return
        for variable, value in zip(self.state, evaluation.updates, strict=True):
            value = tf.cast(value, variable.dtype)
            if value.dtype.is_floating:
                good = taken & tf.reduce_all(tf.math.is_finite(value))
                value = tf.where(good, value, tf.convert_to_tensor(variable))
            variable.assign(value)

    def _call_traced(self, name: str, function: Callable, w: tf.Tensor) -> Any:
        """Calls a function of `w`, traced once however often a graph uses it."""
        if not tf.inside_function():
            return function(w)
        if name not in self._traced:
            self._traced[name] = tf.function(
                function, autograph=False, jit_compile=self._jit_compile or None
            )
        return self._traced[name](w)

    def _value(self, w: tf.Tensor) -> tf.Tensor:
        with self.parameters.scope(self.parameters.unpack(w)):
            return self._call()[0]

    def evaluate_inline(
        self, w: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, Any, tuple[tf.Tensor, ...]]:
        """Returns what `evaluate` does but for w, in the graph that calls it.

        XLA compiles nothing of it, so that it can be differentiated again.
        """
        parts = self.parameters.unpack(w)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(parts)
            with self.parameters.scope(parts) as scope:
                value, aux = self._call()
        gradient = self._pack_gradient(tape, value, parts)
        updates = []
        for variable in self.state:
            update = scope.get_current_value(variable)
            updates.append(variable.value if update is None else update)
        return value, gradient, aux, tuple(tf.convert_to_tensor(u) for u in updates)

    def _pack_gradient(
        self, tape: tf.GradientTape, value: tf.Tensor, parts: list[tf.Tensor]
    ) -> tf.Tensor:
        gradients = tape.gradient(value, parts)
        if all(g is None for g in gradients):
            raise ValueError(
                "The loss does not depend on any trainable weight, so there is "
                "nothing to optimize. Check that the loss (for a PINN: the residual "
                "and the conditions) uses the network's output."
            )
        # A residual made of derivatives alone has no path to the last bias.
        return self.parameters.pack(
            [tf.zeros_like(p) if g is None else g for g, p in zip(gradients, parts)]
        )

    def _call(self) -> tuple[tf.Tensor, Any]:
        result = self._function()
        value, aux = result if isinstance(result, tuple) else (result, None)
        value = tf.convert_to_tensor(value)
        if value.shape.rank != 0:
            raise ValueError(
                f"Expected a scalar loss, got one of shape {value.shape}. "
                "Reduce it by a mean or a sum."
            )
        if not (value.dtype.is_floating or value.dtype.is_integer):
            raise ValueError(
                f"Expected a real loss, got one of dtype {value.dtype.name}. Take the "
                "real part, or the square of the absolute value."
            )
        return tf.cast(value, self.parameters.dtype), aux
