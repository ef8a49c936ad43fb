"""Self-scaled Broyden as a Keras optimizer."""

from typing import Any

import keras

from keras_isgd import solvers
from keras_isgd.optimizers.quasi_newton import QuasiNewton

__all__ = ["SSBroyden"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class SSBroyden(QuasiNewton):
    """Minimises the loss by self-scaled Broyden, several iterations in a train step.

    A dense quasi-Newton method whose update scales itself (see
    `ki.solvers.SSBroyden`), after Urbán, Stefanou and Pons (arXiv 2405.04230, 2024).
    Its steps cost one or two evaluations and some 6 p^2 multiplications, and it keeps
    8 p^2 bytes: for networks of some thousand weights whose loss is no sum of
    squares, or on more points than Gauss-Newton can take.

    It has no learning rate: a line search sets each step. Points should stay for many
    steps; after a change of points the matrix is kept, and begins again as the
    identity where no step is found by it.

    Args:
        steps: iterations in a train step.
        tolerance: a train step ends early when the gradient has fallen to this
            fraction of its value at the step's start; 0 never ends early.
        line_search_steps: largest number of evaluations in one line search.
        update: "ssbroyden", "ssbfgs" or "bfgs".
        memory: budget for the matrix with its working copies, in GiB.
        use_ema, ema_momentum, ema_overwrite_frequency: as in Keras.
        name: the optimizer's name.

    Raises:
        ValueError: an argument out of range, a Keras argument that acts on gradients
            (`clipnorm`, `weight_decay`, ...), or, where it is built, a matrix beyond
            `memory`.

    Example:

        model.compile(optimizer=ki.SSBroyden())
        model.fit(problem.points(2000, 200, resample=False), epochs=100)
    """

    def __init__(
        self,
        steps: int = 50,
        tolerance: float = 0.0,
        line_search_steps: int = 30,
        update: str = "ssbroyden",
        memory: float = 4.0,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        name: str = "ssbroyden",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            solvers.SSBroyden(steps, tolerance, line_search_steps, update, memory),
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            name=name,
            **kwargs,
        )
