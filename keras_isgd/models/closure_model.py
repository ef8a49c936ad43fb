"""The train step that hands an optimizer the loss itself."""

import inspect
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.callbacks.announce_solver import AnnounceSolver
from keras_isgd.callbacks.stop_when_stuck import StopWhenStuck, with_callback
from keras_isgd.hosts import plain_errors
from keras_isgd.models.batches import warn_of_small_batches
from keras_isgd.models.squares import mean_of_squares
from keras_isgd.networks.checks import mixed_policy
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Objective
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer
from keras_isgd.optimizers.staged import Staged

__all__ = ["ClosureModel", "ClosureTraining"]


# A mix-in: at run time the class beside it is the `keras.Model`.
_Mixin: Any = keras.Model if TYPE_CHECKING else object


class ClosureTraining(_Mixin):
    """Mix-in for a `keras.Model` whose optimizer may need the loss itself.

    With a `ClosureOptimizer` (ISGD, LBFGS, Staged) each train step hands the
    optimizer an `Objective`: the whole training loss of the batch, regularisers,
    sample and class weights included, as a function of the weights. Within one
    step dropout masks and batch statistics are frozen, and advance once at its
    end. Ordinary Keras optimizers train as in Keras.

    `class Net(ki.models.ClosureTraining, keras.Model)` adds this to any model.
    """

    jit_compile: Any

    def objective(self, data: Any) -> Objective:
        """Returns the training loss of a batch as an `Objective`.

        It is a `LeastSquares` if the loss is Keras's mean squared error and
        nothing is added to it but squares; else its `reason` says why not.

        Args:
            data: a batch as `train_step` receives it.
        """
        state = self._frozen_state()
        squares = mean_of_squares(self, data, state, self._jit_parts())
        if isinstance(squares, LeastSquares):
            return squares
        objective = Objective(
            lambda: self.closure(data),
            self.trainable_variables,
            state,
            self._jit_parts(),
        )
        objective.reason = squares
        return objective

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Trains; the arguments are those of `keras.Model.fit`.

        Unless `verbose` is 0, a line after the first step says how the optimizer
        solves its steps. Ends, with a sentence, a run whose loss stays NaN or
        infinite; see `callbacks.StopWhenStuck`.
        """
        given = inspect.signature(super().fit).bind(*args, **kwargs)
        callbacks = given.arguments.get("callbacks")
        callbacks = with_callback(callbacks, StopWhenStuck(only_not_finite=True))
        if given.arguments.get("verbose", "auto") != 0:
            callbacks = with_callback(callbacks, AnnounceSolver())
        given.arguments["callbacks"] = callbacks
        warn_of_small_batches(self, given.arguments)
        with plain_errors():
            return super().fit(*given.args, **given.kwargs)

    def make_train_function(self, force: bool = False) -> Any:
        """Compiles the train step; see `keras.Model.make_train_function`.

        XLA gets the parts of a step where it cannot compile all of it.
        """
        optimizer = self.optimizer
        if isinstance(optimizer, ClosureOptimizer) and self._all_built():
            # A step that creates variables while it is traced is traced twice.
            optimizer.build(self.trainable_variables)
        wanted = self.jit_compile
        try:
            if not self._compiles_whole_step():
                self.jit_compile = False
            return super().make_train_function(force)
        finally:
            self.jit_compile = wanted

    def closure(self, data: Any) -> tuple[tf.Tensor, Any]:
        """Returns `(loss, predictions)` of a batch, in training mode."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self.predict_for_training(x)
        loss = compat.compute_loss(self, x, y, y_pred, sample_weight)
        return loss, y_pred

    def predict_for_training(self, x: Any) -> Any:
        """Returns the model's outputs in training mode."""
        return self(x, training=True) if compat.takes_training(self) else self(x)

    def log(self, data: Any, loss: tf.Tensor, aux: Any) -> dict[str, Any]:
        """Updates the metrics with a closure's result; returns them all."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        count = tf.shape(keras.tree.flatten(x)[0])[0]
        compat.loss_tracker(self).update_state(loss, sample_weight=count)
        return self.compute_metrics(x, y, aux, sample_weight=sample_weight)

    def explicit_step(self, data: Any) -> dict[str, Any]:
        """The train step of ordinary Keras optimizers."""
        return super().train_step(data)

    def train_step(self, data: Any) -> dict[str, Any]:
        inner = getattr(self.optimizer, "inner_optimizer", None)
        if isinstance(inner, ClosureOptimizer):
            raise ValueError(
                f"{type(inner).__name__} cannot train under loss scaling, which Keras "
                "adds for mixed_float16. Use a float32 or float64 dtype policy."
            )
        if not isinstance(self.optimizer, ClosureOptimizer):
            return self.explicit_step(data)
        if not self._all_built():
            # Keras would build while it steps; here the weights must exist before.
            compat.build_from_batch(self, data)
        self._check_precision()
        with tf.init_scope():
            self.optimizer.build(self.trainable_variables)
        report = self.optimizer.step(self.objective(data))
        return {**self.log(data, report.loss, report.aux), **report.logs()}

    def _all_built(self) -> bool:
        return all(layer.built for layer in compat.flatten_layers(self))

    def _jit_parts(self) -> bool:
        """Whether XLA compiles an objective's parts, as it cannot the whole step."""
        if not self.compiled:
            return False
        return bool(self.jit_compile) and not self._compiles_whole_step()

    def _compiles_whole_step(self) -> bool:
        """Whether XLA can compile a train step as a whole."""
        return bool(getattr(self.optimizer, "supports_jit", True))

    def _frozen_state(self) -> list[keras.Variable]:
        parameters = {id(v) for v in self.trainable_variables}
        # The metrics are updated once per step anyway, by `log`.
        metrics = {id(v) for m in self.metrics for v in m.variables}
        return [v for v in self.variables if id(v) not in parameters | metrics]

    def _check_precision(self) -> None:
        for layer in compat.flatten_layers(self):
            policy = mixed_policy(layer)
            if policy:
                raise ValueError(
                    f"{type(self.optimizer).__name__} cannot train under the mixed "
                    f"precision policy {policy!r} of layer {layer.name!r}: its "
                    "inner solver would only see rounding. Use float32 or float64."
                )

    def set_optimizer(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Replaces the optimizer of a compiled model, for good.

        Setting `model.optimizer` instead keeps training with the old one once
        the train function was compiled, and saves the old one.
        """
        self.optimizer = optimizer
        if getattr(self, "train_function", None) is not None:
            self.make_train_function(force=True)

    def get_compile_config(self) -> dict[str, Any] | None:
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

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        functional = len(args) == 2 or "outputs" in kwargs
        if cls is ClosureModel and functional:
            # A class of its own: Keras rewrites the bases of a class that is
            # called like this, and then subclasses with `call` no longer build.
            return FunctionalClosureModel(*args, **kwargs)
        return super().__new__(cls, *args, **kwargs)


@keras.saving.register_keras_serializable(package="keras_isgd")
class FunctionalClosureModel(ClosureTraining, keras.Model):
    """What `ClosureModel(inputs, outputs)` returns."""
