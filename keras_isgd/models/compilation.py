"""Whether XLA compiles a PINN's steps where its user leaves that open."""

import tensorflow as tf
from tensorflow.python.framework import config  # no public way to ask

from keras_isgd.derivatives import taylor
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer

__all__ = ["Undecided", "decide"]

# Steps after which the seconds of compilation have come back, rounded up from
# measurements on two cores: docs/results.md, "When XLA pays".
_STEPS = 500
_CLOSURE_STEPS = 200


class Undecided(int):
    """`jit_compile="auto"`, 0 or 1, to be decided by each `fit`."""


def decide(model, steps):
    """Returns whether XLA pays for a run, an `Undecided`.

    With a GPU Keras's own choice stands. On a CPU it pays for runs long enough to
    earn the compilation, if every term is Taylor mode's: nested tapes under XLA
    gain less, and fail for some networks.

    Args:
        model: a compiled `PINN`.
        steps: how many the run will have, or None for no end in sight.
    """
    if tf.config.list_logical_devices("GPU"):
        return model.jit_compile
    if model.run_eagerly or config.is_op_determinism_enabled():
        return Undecided(0)
    closure = isinstance(model.optimizer, ClosureOptimizer)
    enough = _CLOSURE_STEPS if closure else _STEPS
    long = steps is None or steps >= enough
    return Undecided(long and all(e is taylor for e in model.engines()))
