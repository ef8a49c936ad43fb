"""Training for a part of the time that is left."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import keras

from keras_isgd.callbacks import KeepBest
from keras_isgd.callbacks.logs import Logs
from keras_isgd.hosts.clock import now
from keras_isgd.models.pinn import PINN
from keras_isgd.optimizers import ISGD
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer

__all__ = ["NOTHING_LEFT", "STUCK", "Clock", "Trainer"]

# What stands still with a larger loss is not near a solution: it is stuck, and begins
# anew with random weights.
STUCK = 0.1

# What stands still with a smaller loss has come to the end of the digits.
NOTHING_LEFT = 1e-20

# A run stands still when the smallest loss of so many steps is not below so much of the
# smallest loss before them; the last one of all when that holds for so many times more.
_STANDING_STEPS, _STANDING, _AT_THE_END = 60, 0.8, 4


class Clock:
    """The time that is left.

    Args:
        seconds: from now on.
    """

    def __init__(self, seconds: float) -> None:
        self._end = now() + seconds

    @property
    def left(self) -> float:
        """Seconds until the end; negative after it."""
        return self._end - now()

    def keep(self, seconds: float) -> None:
        """Keeps some of the time for what comes after all training."""
        self._end -= seconds


class _Watch(keras.callbacks.Callback):
    """Ends a `fit` after some time or steps, or when it stands still.

    The time of the first step, which holds the compilation, is counted apart.
    """

    def __init__(
        self,
        clock: Clock,
        seconds: float,
        steps: int | None,
        patience: int,
        enough: float,
    ) -> None:
        super().__init__()
        self._clock, self._seconds, self._steps = clock, seconds, steps
        self._patience, self._enough = patience, enough
        self.losses: list[float] = []
        self.begin = math.nan
        self.ended = self.stood = False

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        logs = logs or {}
        loss: Any = logs.get("loss_before", logs.get("loss"))
        self.losses.append(math.nan if loss is None else float(loss))
        time = now()
        if len(self.losses) == 1:
            self.begin = time
        over = self._clock.left <= 0.0 or time - self.begin >= self._seconds
        all_steps = self._steps is not None and len(self.losses) >= self._steps
        small = self.losses[-1] <= self._enough
        self.stood = self._stands()
        if over or all_steps or small or self.stood:
            self.ended = True
            self.model.stop_training = True

    def _stands(self) -> bool:
        if len(self.losses) < 2 * self._patience:
            return False
        recent = min(self.losses[-self._patience :])
        return recent > _STANDING * min(self.losses[: -self._patience])


class Trainer:
    """Trains a model again and again, without compiling it again.

    Args:
        model: a compiled `PINN`.
        points: see `PINN.fit`.
        clock: the time that is left.
        callbacks: of the user.
        verbose: of `fit`.

    Attributes:
        steps: how many there have been.
        seconds: in steps after the first one, which holds the compilation.
        seconds_to_compile: what the first step of the present model took.
        stood: whether the last training ended since its loss stood still.
    """

    def __init__(
        self,
        model: PINN,
        points: Any,
        clock: Clock,
        callbacks: Iterable[keras.callbacks.Callback] = (),
        verbose: int | str = 0,
    ) -> None:
        self.model, self.points, self.clock = model, points, clock
        self._callbacks, self._verbose = list(callbacks), verbose
        self.steps, self.seconds, self.seconds_to_compile = 0, 0.0, math.nan
        self.stood = False
        # Before the present model.
        self._earlier = (0, 0.0)
        self._stopped = False
        self._first_alpha = self.alpha

    def train(
        self,
        seconds: float = math.inf,
        steps: int | None = None,
        last: bool = True,
        enough: float = 0.0,
        patience: int | None = None,
    ) -> float:
        """Trains, and ends with the best weights on points that were new to them.

        Args:
            seconds: at most so many, without compilation.
            steps: at most so many.
            last: whether nothing comes after it. It ends when the loss does not fall
                any more, which is looked at for longer if it is the last.
            enough: a loss on new points with which it ends.
            patience: so many steps without a fall end it; None for the usual number.

        Returns:
            The smallest loss on new points.
        """
        if patience is None:
            patience = _STANDING_STEPS * (_AT_THE_END if last else 1)
        watch = _Watch(self.clock, seconds, steps, patience, enough)
        best, begun = KeepBest("loss_before"), now()
        implicit = isinstance(self.model.optimizer, ISGD)
        self.model.fit(
            self.points,
            epochs=10**9,
            steps_per_epoch=1,
            callbacks=[*self._callbacks, *([best] if implicit else []), watch],
            verbose=self._verbose,
        )
        if not watch.losses:
            return math.inf
        if math.isnan(self.seconds_to_compile):
            self.seconds_to_compile = watch.begin - begun
        self.steps += len(watch.losses)
        self.seconds += now() - watch.begin
        self._stopped, self.stood = not watch.ended, watch.stood
        return best.best if implicit else watch.losses[-1]

    @property
    def stopped(self) -> bool:
        """Whether a callback of the user or the end of the time stopped training."""
        return self._stopped or self.clock.left <= 0.0

    @property
    def seconds_a_step(self) -> float:
        """What a step of the present model takes, judged by those that have been."""
        steps, seconds = self._earlier
        return max(self.seconds - seconds, 1e-3) / max(self.steps - steps, 1)

    @property
    def steps_left(self) -> float:
        """For how many steps there is time."""
        return self.clock.left / self.seconds_a_step

    def go_on_with(self, model: PINN) -> None:
        """Trains another compiled model from now on."""
        self.model = model
        model.optimizer.iterations.assign(self.steps)
        self._earlier = (self.steps, self.seconds)
        self.seconds_to_compile = math.nan

    def way_back(self) -> Callable[[], None]:
        """Returns what goes back from a later model to the present one.

        What is known of the present one's steps is known again then.
        """
        model, seconds_to_compile = self.model, self.seconds_to_compile
        steps, seconds = (
            now - before
            for now, before in zip((self.steps, self.seconds), self._earlier)
        )

        def back() -> None:
            self.model, self.seconds_to_compile = model, seconds_to_compile
            model.optimizer.iterations.assign(self.steps)
            self._earlier = (int(self.steps - steps), self.seconds - seconds)

        return back

    @property
    def alpha(self) -> float:
        """The optimizer's step size as it is."""
        return float(self.model.optimizer.learning_rate)

    def begin_anew(self, alpha: float | None = None) -> None:
        """Lets the optimizer forget what it knows of earlier weights and points.

        Optimizers of Keras's own keep what they know.

        Args:
            alpha: the step size of one that chooses it itself; the one that it had
                before its first step if None.
        """
        optimizer = self.model.optimizer
        if not (isinstance(optimizer, ClosureOptimizer) and optimizer.built):
            return
        optimizer.forget()
        if isinstance(optimizer, ISGD) and optimizer.step_control is not None:
            optimizer.learning_rate = self._first_alpha if alpha is None else alpha
