"""Whether XLA compiles a PINN's steps where its user leaves that open."""

import functools
from typing import Any

import tensorflow as tf

from keras_isgd import compat
from keras_isgd.derivatives import taylor
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer
from keras_isgd.utils.devices import device_type

__all__ = ["Undecided", "decide", "why_not_xla"]

# Steps after which the seconds of compilation have come back, rounded up from
# measurements on two cores: docs/results/speed.md, "When XLA pays".
_STEPS = 500
_CLOSURE_STEPS = 200


class Undecided(int):
    """`jit_compile="auto"`, 0 or 1, to be decided by each `fit`."""


def decide(model: Any, steps: int | None) -> bool | int:
    """Returns whether XLA pays for a run, an `Undecided`.

    It does not where a residual uses what XLA does not know. Else on a GPU Keras's own
    choice stands, and on a CPU it pays for runs long enough to earn the compilation, if
    every term is Taylor mode's: nested tapes gain less.

    Args:
        model: a compiled `PINN`. What counts is the device that its weights are on:
            it may have been built on the CPU of a machine with a GPU.
        steps: how many the run will have, or None for no end in sight.
    """
    if why_not_xla(model) is not None:
        return Undecided(0)
    if device_type(model.trainable_variables[0]) == "GPU":
        return model.jit_compile
    if model.run_eagerly or compat.op_determinism_enabled():
        return Undecided(0)
    closure = isinstance(model.optimizer, ClosureOptimizer)
    enough = _CLOSURE_STEPS if closure else _STEPS
    long = steps is None or steps >= enough
    return Undecided(long and all(e is taylor for e in model.engines()))


def why_not_xla(model: Any) -> str | None:
    """Returns why XLA cannot compile the loss of a `PINN`; None if it can.

    What a network's own layers do is not looked at.

    Args:
        model: the `PINN`, compiled or not.
    """
    device = device_type(model.trainable_variables[0])
    for name, operations in model.operations().items():
        for operation in sorted(operations):
            if not _is_known(operation, device):
                return (
                    f"the term {name!r} uses TensorFlow's {operation}, which XLA "
                    "does not know"
                )
    return None


@functools.cache
def _is_known(operation: str, device: str) -> bool:
    """Whether XLA can compile a type of operations on a device, "CPU" or "GPU"."""
    if operation == "Placeholder":  # an argument
        return True
    _begin()
    return compat.has_kernel(operation, f"XLA_{device}_JIT")


@functools.cache
def _begin() -> None:
    """Lets XLA compile something, before which TensorFlow knows none of its kernels."""
    tf.function(lambda: tf.zeros(()), jit_compile=True, autograph=False)()
