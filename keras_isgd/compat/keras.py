"""Private names of Keras.

Where a public name exists, the package uses that instead:

    model._assert_compile_called()      model.compiled
    model._call_has_training_arg        "training" in inspect.signature(model.call)
    model._compute_loss                 model.compute_loss, see `compute_loss` below
    optimizer._iterations               optimizer.iterations
    optimizer._learning_rate            optimizer.learning_rate (reading)
    optimizer._get_current_learning_rate()      super().learning_rate
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

__all__ = [
    "AutoJit",
    "build_from_batch",
    "built_variables",
    "check_known",
    "compute_loss",
    "evaluates_within_fit",
    "flatten_layers",
    "has_compiled_metrics",
    "has_loss_weights",
    "keras_mask",
    "loss_tracker",
    "moving_averages",
    "overwrite_with_averages",
    "producer",
    "set_initial_epoch",
    "set_learning_rate_variable",
    "takes_training",
    "update_averages",
]


# -- layers -------------------------------------------------------------------------


def flatten_layers(
    layer: keras.layers.Layer, include_self: bool = True
) -> list[keras.layers.Layer]:
    """Returns the layers within a layer at any depth.

    `Model.layers` is public, but lists one level; layers that hold layers without
    being models, such as `Bidirectional`, list none.
    """
    return list(layer._flatten_layers(include_self=include_self))


def takes_training(layer: keras.layers.Layer) -> bool:
    """Whether `layer.call` has the argument `training`; by public means."""
    return "training" in inspect.signature(layer.call).parameters


# -- models -------------------------------------------------------------------------


def build_from_batch(model: keras.Model, data: Any) -> None:
    """Creates the weights, metrics and optimizer state that a batch calls for.

    `Model.build` needs input shapes and leaves metrics and losses unbuilt;
    `Model.fit` calls this private method itself.
    """
    model._symbolic_build(data_batch=data)


def compute_loss(
    model: keras.Model, x: Any, y: Any, y_pred: Any, sample_weight: Any
) -> tf.Tensor:
    """Returns `model.compute_loss(...)` in training mode, a scalar; by public means.

    Classes written before Keras 3.3 override it without `training`; Keras's private
    `_compute_loss` makes the same allowance.
    """
    given = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
    if "training" in inspect.signature(model.compute_loss).parameters:
        given["training"] = True
    return model.compute_loss(**given)


def loss_tracker(model: keras.Model) -> keras.metrics.Mean:
    """Returns the metric that holds "loss" in the logs of a compiled model.

    It is the first of `model.metrics` as long as no subclass overrides that property,
    which Keras's guides recommend to do.
    """
    return model._loss_tracker


def has_compiled_metrics(model: keras.Model) -> bool:
    """Whether `compile` was given metrics.

    `get_compile_config` says it publicly, but fails on metrics that cannot be
    serialised.
    """
    return model._compile_metrics is not None


def has_loss_weights(model: keras.Model) -> bool:
    """Whether `compile` was given `loss_weights`; as `has_compiled_metrics`."""
    loss = model._compile_loss
    return loss is not None and loss._user_loss_weights is not None


def set_initial_epoch(model: keras.Model, epoch: int | None) -> None:
    """Has the `fit` that is beginning go on from an epoch.

    Keras's own BackupAndRestore does it in this way; `initial_epoch` is an argument
    of `fit`, too early for a callback.
    """
    model._initial_epoch = epoch


def evaluates_within_fit(arguments: Mapping[str, Any]) -> bool:
    """Whether `evaluate(**arguments)` was called by `fit` for its validation.

    Keras tells `evaluate` by a private argument that its data are prepared already.
    """
    return bool(arguments.get("_use_cached_eval_dataset", False))


class AutoJit:
    """Mix-in of models that decide themselves what `jit_compile="auto"` means.

    They define `auto_jit_compile`. Keras asks a private method, when a model is
    compiled and when `jit_compile` is set to "auto"; nothing public is between the
    argument and the answer.
    """

    def auto_jit_compile(self, default: bool) -> int:
        """Returns what stands for "auto", given Keras's own choice."""
        return default

    def _resolve_auto_jit_compile(self) -> int:
        return self.auto_jit_compile(
            super()._resolve_auto_jit_compile()  # type: ignore[misc]
        )


# -- symbolic tensors ---------------------------------------------------------------


def producer(tensor: keras.KerasTensor) -> tuple[keras.Operation, Any]:
    """Returns the operation that made a symbolic tensor, and its call's arguments.

    The arguments have `args`, a tuple, and `kwargs`, a dictionary. `Model.layers`
    lists a functional model's operations, but not how they are connected.
    """
    history = tensor._keras_history
    operation, index = history.operation, history.node_index
    return operation, operation._inbound_nodes[index].arguments


def keras_mask(tensor: Any) -> Any:
    """Returns the mask that Keras attached to a layer's output, or None.

    `Layer.compute_mask` is public, but has to be called with the inputs of the very
    layer that set the mask, which a whole model does not tell.
    """
    return getattr(tensor, "_keras_mask", None)


# -- optimizers ---------------------------------------------------------------------


def built_variables(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """Returns the variables that an optimizer was built for.

    `Optimizer.variables` are its own state. A subclass cannot keep a list of its own
    either: Keras would track its variables as state of the optimizer, and save them.
    """
    return list(optimizer._trainable_variables)


def check_known(
    optimizer: keras.optimizers.Optimizer, variables: Iterable[keras.Variable]
) -> None:
    """Raises a ValueError if an optimizer was built for other variables.

    Publicly only `apply` does so, which closure optimizers do not have.
    """
    optimizer._check_variables_are_known(variables)


def moving_averages(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """Returns the averages that `use_ema=True` keeps, in the variables' order.

    Publicly they are some of `Optimizer.variables`, without a sign which.
    """
    return list(optimizer._model_variables_moving_average)


def update_averages(
    optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable]
) -> None:
    """Moves the averages of `use_ema=True` towards the variables, once.

    Publicly only `apply` does so, which closure optimizers do not have.
    """
    optimizer._update_model_variables_moving_average(variables)


def overwrite_with_averages(
    optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable]
) -> None:
    """Sets the variables to the averages of `use_ema=True`.

    `finalize_variable_values` is public and does the same, but is the end of training
    and overridden as such.
    """
    optimizer._overwrite_model_variables_with_average_value(variables)


def set_learning_rate_variable(
    optimizer: keras.optimizers.Optimizer, variable: keras.Variable
) -> None:
    """Makes a variable an optimizer's learning rate.

    Keras creates one in floatx, float32 as a rule, which costs a float64 run its
    digits, and its public setter only assigns to it.
    """
    optimizer._learning_rate = variable
