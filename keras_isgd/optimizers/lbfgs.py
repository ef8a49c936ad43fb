"""Plain L-BFGS as a Keras optimizer."""

from typing import Any

import keras

from keras_isgd import solvers
from keras_isgd.optimizers.quasi_newton import QuasiNewton

__all__ = ["LBFGS"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class LBFGS(QuasiNewton):
    """Minimises the loss by L-BFGS, several iterations in each train step.

    The second phase of the paper's "ISGD, L-BFGS". The curvature pairs
    are part of the optimizer's state: on fixed points, ten train steps of ten
    iterations make the same iterates as one of a hundred.

    It has no learning rate: a line search sets each step. Points should be
    fixed, or the pairs describe the curvature of another loss than the present
    one; a line search that fails for that reason discards them.

    Args:
        steps: L-BFGS iterations in a train step.
        memory: number of correction pairs kept.
        tolerance: a train step ends early when the gradient has fallen to this
            fraction of its value at the step's start; 0 never ends early.
        use_ema, ema_momentum, ema_overwrite_frequency: as in Keras.
        line_search_steps: largest number of evaluations in one line search.
        name: the optimizer's name.

    Raises:
        ValueError: an argument out of range, or a Keras argument that acts on
            gradients (`clipnorm`, `weight_decay`, ...).
    """

    def __init__(
        self,
        steps: int = 10,
        memory: int = 50,
        tolerance: float = 0.0,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        name: str = "lbfgs",
        line_search_steps: int = 50,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            solvers.LBFGS(steps, memory, tolerance, line_search_steps),
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            name=name,
            **kwargs,
        )
