"""The train step that hands an optimizer the loss itself."""

import inspect

import keras
import tensorflow as tf

from keras_isgd import stopwatch
from keras_isgd.callbacks.stop_when_stuck import StopWhenStuck, with_callback
from keras_isgd.models.squares import mean_of_squares
from keras_isgd.networks.checks import mixed_policy
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Objective
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer
from keras_isgd.optimizers.staged import Staged

__all__ = ["ClosureModel", "ClosureTraining"]


class ClosureTraining:
    """Mix-in for a `keras.Model` whose optimizer may need the loss itself.

    With a `ClosureOptimizer` (ISGD, LBFGS, Staged) each train step hands the
    optimizer an `Objective`: the whole training loss of the batch, regularisers,
    sample and class weights included, as a function of the weights. Within one
    step dropout masks and batch statistics are frozen, and advance once at its
    end. Ordinary Keras optimizers train as in Keras.

    `class Net(ki.models.ClosureTraining, keras.Model)` adds this to any model.
    """

    def objective(self, data):
        """Returns the training loss of a batch as an `Objective`.

        It is a `LeastSquares` if the loss is Keras's mean squared error and
        nothing is added to it.

        Args:
            data: a batch as `train_step` receives it.
        """
        state = self._frozen_state()
        squares = mean_of_squares(self, data, state, self._jit_parts())
        if isinstance(squares, LeastSquares):
            return squares
        objective = Objective(
            lambda: self.closure(data), self.trainable_variables, state
        )
        objective.reason = squares
        return objective

    def fit(self, *args, **kwargs):
        """Trains; the arguments are those of `keras.Model.fit`.

        Ends, with a sentence, a run whose loss stays NaN or infinite; see
        `callbacks.StopWhenStuck`.
        """
        given = inspect.signature(super().fit).bind(*args, **kwargs)
        stop = StopWhenStuck(only_not_finite=True)
        callbacks = with_callback(given.arguments.get("callbacks"), stop)
        given.arguments["callbacks"] = callbacks
        return super().fit(*given.args, **given.kwargs)

    def make_train_function(self, force=False):
        """Compiles the train step; see `keras.Model.make_train_function`.

        XLA gets the parts of a step where the optimizer cannot have all of it
        compiled.
        """
        optimizer = self.optimizer
        whole = getattr(optimizer, "supports_jit", True)
        wanted = self.jit_compile
        try:
            if isinstance(optimizer, ClosureOptimizer) and not whole:
                self.jit_compile = False
            return super().make_train_function(force)
        finally:
            self.jit_compile = wanted

    def closure(self, data):
        """Returns `(loss, predictions)` of a batch, in training mode."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self.predict_for_training(x)
        loss = self._compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True
        )
        return loss, y_pred

    def predict_for_training(self, x):
        """Returns the model's outputs in training mode."""
        return self(x, training=True) if self._call_has_training_arg else self(x)

    def log(self, data, loss, aux):
        """Updates the metrics with a closure's result; returns them all."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        count = tf.shape(keras.tree.flatten(x)[0])[0]
        self._loss_tracker.update_state(loss, sample_weight=count)
        return self.compute_metrics(x, y, aux, sample_weight=sample_weight)

    def explicit_step(self, data):
        """The train step of ordinary Keras optimizers."""
        return super().train_step(data)

    def train_step(self, data):
        inner = getattr(self.optimizer, "inner_optimizer", None)
        if isinstance(inner, ClosureOptimizer):
            raise ValueError(
                f"{type(inner).__name__} cannot train under loss scaling, which Keras "
                "adds for mixed_float16. Use a float32 or float64 dtype policy."
            )
        if not isinstance(self.optimizer, ClosureOptimizer):
            return self.explicit_step(data)
        if not all(layer.built for layer in self._flatten_layers()):
            # Keras would build while it steps; here the weights must exist before.
            self._symbolic_build(data_batch=data)
        self._check_precision()
        with tf.init_scope():
            self.optimizer.build(self.trainable_variables)
        with stopwatch.recording(self._stopwatch):
            objective = self.objective(data)
            start = objective.evaluate(objective.parameters.read())
            start = start._replace(w=stopwatch.lap("probes", *start[:3])[0])
            report = self.optimizer.step(objective, start)
            objective.commit(start)
            logs = {**self.log(data, start.value, start.aux), **report.logs()}
            stopwatch.lap("rest", logs)
        return logs

    # Of `callbacks.CostMonitor`, while it measures.
    _stopwatch = None

    def measure_steps(self, watch):
        """Has the pieces of each step measured; see `callbacks.CostMonitor`.

        Args:
            watch: a `Stopwatch`, or None for no measurement.
        """
        # Keras would track, and save, what a plain attribute holds.
        object.__setattr__(self, "_stopwatch", watch)
        self.make_train_function(force=True)

    def _jit_parts(self):
        """Whether XLA compiles an objective's parts, as it cannot the whole step."""
        if not self.compiled:
            return False
        whole = getattr(self.optimizer, "supports_jit", True)
        return bool(self.jit_compile) and not whole

    def _frozen_state(self):
        parameters = {id(v) for v in self.trainable_variables}
        # The metrics are updated once per step anyway, by `log`.
        metrics = {id(v) for m in self.metrics for v in m.variables}
        return [v for v in self.variables if id(v) not in parameters | metrics]

    def _check_precision(self):
        for layer in self._flatten_layers():
            policy = mixed_policy(layer)
            if policy:
                raise ValueError(
                    f"{type(self.optimizer).__name__} cannot train under the mixed "
                    f"precision policy {policy!r} of layer {layer.name!r}: its "
                    "inner solver would only see rounding. Use float32 or float64."
                )

    def set_optimizer(self, optimizer):
        """Replaces the optimizer of a compiled model, for good.

        Setting `model.optimizer` instead keeps training with the old one once
        the train function was compiled, and saves the old one.
        """
        self.optimizer = optimizer
        if getattr(self, "train_function", None) is not None:
            self.make_train_function(force=True)

    def get_compile_config(self):
        config = super().get_compile_config()
        if config and isinstance(self.optimizer, Staged):
            # SwitchOptimizer may have put it there after `compile`.
            config["optimizer"] = keras.saving.serialize_keras_object(self.optimizer)
        return config


@keras.saving.register_keras_serializable(package="keras_isgd")
class ClosureModel(ClosureTraining, keras.Model):
    """A `keras.Model` that ISGD and LBFGS can train.

    Use it as `keras.Model`: functionally, `ki.ClosureModel(inputs, outputs)`, or
    by subclassing with layers and a `call`. `compile`, `fit`, `evaluate`,
    `predict`, saving and loading are Keras's own, and ordinary optimizers work
    as they do there.

    To add it to a functional class of your own, write
    `class Net(ki.models.ClosureTraining, keras.Model)`.

    Example:

        inputs = keras.Input((2,))
        outputs = keras.layers.Dense(1)(keras.layers.Dense(20, "tanh")(inputs))
        model = ki.ClosureModel(inputs, outputs)
        model.compile(optimizer=ki.ISGD(1.0, inner="lbfgs"), loss="mse")
        model.fit(x, y, batch_size=len(x), epochs=20)
    """

    def __new__(cls, *args, **kwargs):
        functional = len(args) == 2 or "outputs" in kwargs
        if cls is ClosureModel and functional:
            # A class of its own: Keras rewrites the bases of a class that is
            # called like this, and then subclasses with `call` no longer build.
            return FunctionalClosureModel(*args, **kwargs)
        return super().__new__(cls, *args, **kwargs)


@keras.saving.register_keras_serializable(package="keras_isgd")
class FunctionalClosureModel(ClosureTraining, keras.Model):
    """What `ClosureModel(inputs, outputs)` returns."""
