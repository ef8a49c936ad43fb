"""Private names of TensorFlow Probability."""

import types

__all__ = ["tfp_lbfgs"]


def tfp_lbfgs() -> types.ModuleType:
    """Returns TFP's L-BFGS module: `minimize` and `LBfgsOptimizerResults`.

    A run goes on from earlier curvature pairs through `previous_optimizer_results`,
    a documented argument whose class is not among the public names. Imported late,
    since it takes two seconds and loads Keras 2 as well.
    """
    from tensorflow_probability.python.optimizer import lbfgs

    return lbfgs
