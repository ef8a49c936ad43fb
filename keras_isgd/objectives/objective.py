"""What a solver may ask of a loss: its value and its gradient at any vector."""

from typing import Any, NamedTuple

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

    w: Any
    value: Any
    gradient: Any
    aux: Any = None
    updates: tuple = ()


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
            new values instead of assigning them.

    Example:

        theta = keras.Variable([1.0, 1.0], dtype="float64")
        loss = ki.Objective(lambda: keras.ops.sum(theta**2), [theta])
        ki.ISGD(0.5).minimize(loss)
    """

    def __init__(self, function, variables, state=()):
        self._function = function
        self.parameters = ParameterVector(variables)
        self.state = list(state)
        self._value_and_gradient = None

    def evaluate(self, w):
        """Returns the full `Evaluation` at `w` `(p,)`."""
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
        return Evaluation(w, value, gradient, aux, tuple(updates))

    def value(self, w):
        """Returns the loss at `w` `(p,)`, a scalar tensor."""
        with self.parameters.scope(self.parameters.unpack(w)):
            return self._call()[0]

    def value_and_gradient(self, w):
        """Returns the loss `()` and its gradient `(p,)` at `w` `(p,)`."""
        if not tf.inside_function():
            return self._trace_value_and_gradient(w)
        # A function of its own is traced once, however often a solver's graph
        # mentions it (TFP's line search does so ten times).
        if self._value_and_gradient is None:
            self._value_and_gradient = tf.function(
                self._trace_value_and_gradient, autograph=False
            )
        return self._value_and_gradient(w)

    def commit(self, evaluation):
        """Assigns the `updates` of an evaluation to `state`."""
        for variable, value in zip(self.state, evaluation.updates):
            variable.assign(value)

    def _trace_value_and_gradient(self, w):
        parts = self.parameters.unpack(w)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(parts)
            with self.parameters.scope(parts):
                value, _ = self._call()
        return value, self._pack_gradient(tape, value, parts)

    def _pack_gradient(self, tape, value, parts):
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

    def _call(self):
        result = self._function()
        value, aux = result if isinstance(result, tuple) else (result, None)
        value = tf.convert_to_tensor(value)
        if value.shape.rank != 0:
            raise ValueError(
                f"Expected a scalar loss, got one of shape {tuple(value.shape)}. "
                "Reduce it by a mean or a sum."
            )
        return tf.cast(value, self.parameters.dtype), aux
