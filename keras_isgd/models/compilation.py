"""Whether XLA compiles a PINN's steps where its user leaves that open."""

from typing import Any

from keras_isgd import compat
from keras_isgd.derivatives import taylor
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer
from keras_isgd.utils.devices import device_type

__all__ = ["Undecided", "decide"]

# Steps after which the seconds of compilation have come back, rounded up from
# measurements on two cores: docs/results/speed.md, "When XLA pays".
_STEPS = 500
_CLOSURE_STEPS = 200


class Undecided(int):
    """`jit_compile="auto"`, 0 or 1, to be decided by each `fit`."""


def decide(model: Any, steps: int | None) -> bool | int:
    """Returns whether XLA pays for a run, an `Undecided`.

    On a GPU Keras's own choice stands. On a CPU it pays for runs long enough to
    earn the compilation, if every term is Taylor mode's: nested tapes gain less.

    Args:
        model: a compiled `PINN`. What counts is the device that its weights are on:
            it may have been built on the CPU of a machine with a GPU.
        steps: how many the run will have, or None for no end in sight.
    """
    if device_type(model.trainable_variables[0]) == "GPU":
        return model.jit_compile
    if model.run_eagerly or compat.op_determinism_enabled():
        return Undecided(0)
    closure = isinstance(model.optimizer, ClosureOptimizer)
    enough = _CLOSURE_STEPS if closure else _STEPS
    long = steps is None or steps >= enough
    return Undecided(long and all(e is taylor for e in model.engines()))
