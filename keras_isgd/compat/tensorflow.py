"""Private names of TensorFlow."""

import contextlib
import types
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

__all__ = [
    "NOT_INLINED",
    "body_of",
    "dataset_inputs",
    "dataset_kind",
    "has_begun",
    "has_kernel",
    "hlo_module",
    "op_determinism_enabled",
    "register_xla_gradients",
    "xspace",
]

# For `tf.function(experimental_attributes=...)`: calls to the function stay calls.
# TensorFlow documents the argument, but not this attribute.
NOT_INLINED: Mapping[str, bool] = types.MappingProxyType({"_noinline": True})


def op_determinism_enabled() -> bool:
    """Whether `tf.config.experimental.enable_op_determinism` was called.

    TensorFlow has a public way to enable it and none to ask.
    """
    from tensorflow.python.framework import config

    return config.is_op_determinism_enabled()


def has_begun() -> bool:
    """Whether TensorFlow has set up its devices, after which it joins no cluster.

    `MultiWorkerMirroredStrategy` finds out too late: others may be waiting by then.
    """
    from tensorflow.python.eager import context

    return context.context()._context_handle is not None


def has_kernel(operation: str, device: str) -> bool:
    """Whether TensorFlow can run an operation on a device, or hand it to a compiler.

    Only private names tell.

    Args:
        operation: its type, such as "MatMul".
        device: "CPU", "GPU", "XLA_CPU_JIT" or "XLA_GPU_JIT".
    """
    from tensorflow.python.framework import kernels

    found = kernels.get_registered_kernels_for_op(operation).kernel
    return any(kernel.device_type == device for kernel in found)


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
