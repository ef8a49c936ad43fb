"""Every private name of Keras, TensorFlow and TFP that this package cannot avoid.

No other module may use one. Each function wraps a single private name and says why
no public one serves. Where a public name exists, the package uses that instead:

    model._assert_compile_called()      model.compiled
    model._call_has_training_arg        "training" in inspect.signature(model.call)
    model._compute_loss                 model.compute_loss, see `compute_loss` below
    optimizer._iterations               optimizer.iterations
    optimizer._learning_rate            optimizer.learning_rate (reading)
    optimizer._get_current_learning_rate()      super().learning_rate

The functions, by what they are asked for:

    layers       flatten_layers, takes_training
    a model      build_from_batch, compute_loss, loss_tracker, has_compiled_metrics,
                 has_loss_weights, set_initial_epoch, evaluates_within_fit, AutoJit
    tensors      producer, keras_mask
    optimizers   built_variables, check_known, moving_averages, update_averages,
                 overwrite_with_averages, set_learning_rate_variable
    TensorFlow   op_determinism_enabled, NOT_INLINED, xspace, hlo_module, body_of,
                 register_xla_gradients, dataset_inputs, dataset_kind
    TFP          tfp_lbfgs

To add one: write a function here whose docstring says what the private name gives
and why there is no public one, and add its owner and name to `PRIVATE` in
tests/test_compat.py, which fails with a sentence when a new version drops the name.
pyproject.toml bounds the versions of the packages named here from above; raise a
bound once these tests pass with the new version.
"""

import contextlib
import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

__all__ = [
    "NOT_INLINED",
    "AutoJit",
    "body_of",
    "build_from_batch",
    "built_variables",
    "check_known",
    "compute_loss",
    "dataset_inputs",
    "dataset_kind",
    "evaluates_within_fit",
    "flatten_layers",
    "has_compiled_metrics",
    "has_loss_weights",
    "hlo_module",
    "keras_mask",
    "loss_tracker",
    "moving_averages",
    "op_determinism_enabled",
    "overwrite_with_averages",
    "producer",
    "register_xla_gradients",
    "set_initial_epoch",
    "set_learning_rate_variable",
    "takes_training",
    "tfp_lbfgs",
    "update_averages",
    "xspace",
]

# For `tf.function(experimental_attributes=...)`: calls to the function stay calls.
# TensorFlow documents the argument, but not this attribute.
NOT_INLINED: Mapping[str, bool] = types.MappingProxyType({"_noinline": True})


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


# -- TensorFlow ---------------------------------------------------------------------


def op_determinism_enabled() -> bool:
    """Whether `tf.config.experimental.enable_op_determinism` was called.

    TensorFlow has a public way to enable it and none to ask.
    """
    from tensorflow.python.framework import config

    return config.is_op_determinism_enabled()


def dataset_inputs(dataset: tf.data.Dataset) -> list[tf.data.Dataset]:
    """Returns what a dataset was made of: one dataset for a `map`, two for a `zip`.

    A transformed dataset is a new object, and nothing public says what it came from.
    """
    return list(dataset._inputs())


def dataset_kind(dataset: tf.data.Dataset) -> str:
    """Returns what made a dataset: "Map", "Prefetch", "Take", "Shuffle", ...

    The classes are private, `_MapDataset` and so on; their names say what they do.
    """
    return type(dataset).__name__.strip("_").removesuffix("Dataset")


def xspace(content: bytes) -> Any:
    """Returns a profile of `tf.profiler.experimental`, read from an .xplane.pb file.

    TensorFlow writes these files for TensorBoard's profiler plugin and has no public
    reader; the message's class comes with it nevertheless.
    """
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    return xplane_pb2.XSpace.FromString(content)


def body_of(operation: tf.Operation) -> Any:
    """Returns the graph of the function that an operation calls, or None.

    TensorFlow has no public way from a call in a graph to what it calls.
    """
    find = getattr(operation.graph, "_get_function", None)
    function = find(operation.get_attr("f").name) if find else None
    return getattr(function, "graph", None)


def register_xla_gradients() -> None:
    """Lets residuals that slice or join tensors be differentiated twice under XLA.

    Inside XLA TensorFlow's gradient of `Slice`, and so that of `concat`, `stack` and
    `pad`, is an `XlaDynamicUpdateSlice`, which has neither a gradient nor a rule for
    `tape.jacobian` and `vectorized_map`. The operation itself is in a private module.
    Does nothing where TensorFlow has the gradient, or has dropped the operation.
    """
    try:
        from tensorflow.compiler.tf2xla.ops import gen_xla_ops
    except ImportError:
        return
    update_slice = gen_xla_ops.xla_dynamic_update_slice

    def gradient(op: tf.Operation, upstream: tf.Tensor) -> tuple[Any, Any, None]:
        # The output is the first input with `update` written over it from `begin` on.
        _, update, begin = op.inputs
        fixed = update.shape.is_fully_defined()
        size = update.shape.as_list() if fixed else tf.shape(update)
        rest = update_slice(upstream, tf.zeros_like(update), begin)
        return rest, tf.slice(upstream, begin, tf.cast(size, begin.dtype)), None

    try:
        tf.RegisterGradient("XlaDynamicUpdateSlice")(gradient)
    except KeyError:  # there is one already
        return
    _vectorise_update_slice(update_slice)


def _vectorise_update_slice(update_slice: Callable[..., tf.Tensor]) -> None:
    """Registers how many slices are written at once; without it they are in turn."""
    try:
        from tensorflow.python.ops.parallel_for import pfor
    except ImportError:
        return

    def converter(given: Any) -> Any:
        given.stack_inputs([0, 1])
        begin = given.unstacked_input(2)
        begin = tf.concat([tf.zeros([1], begin.dtype), begin], axis=0)
        result = update_slice(given.stacked_input(0), given.stacked_input(1), begin)
        return pfor.wrap(result, True)

    with contextlib.suppress(KeyError):
        pfor.RegisterPFor("XlaDynamicUpdateSlice")(converter)


def hlo_module(content: bytes) -> Any:
    """Returns a module that XLA compiled, read from a profile's `HloProto`.

    Its instructions have the names under which the profile lists them, and in
    `metadata.op_name` the TensorFlow operations that they come from. As for `xspace`,
    TensorFlow has no public reader.
    """
    from tensorflow.compiler.xla.service import hlo_pb2

    return hlo_pb2.HloProto.FromString(content).hlo_module


# -- TensorFlow Probability ---------------------------------------------------------


def tfp_lbfgs() -> types.ModuleType:
    """Returns TFP's L-BFGS module: `minimize` and `LBfgsOptimizerResults`.

    A run goes on from earlier curvature pairs through `previous_optimizer_results`,
    a documented argument whose class is not among the public names. Imported late,
    since it takes two seconds and loads Keras 2 as well.
    """
    from tensorflow_probability.python.optimizer import lbfgs

    return lbfgs
