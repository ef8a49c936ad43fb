"""Wider networks where one stagnates."""

import math
from collections.abc import Callable

from keras_isgd.models.pinn import PINN
from keras_isgd.optimizers.auto_control import LARGE
from keras_isgd.solving.rival import Rival
from keras_isgd.solving.training import NOTHING_LEFT, STUCK, Trainer

__all__ = ["Growth"]

# A wider network has so many times the units, that is about twice the weights.
_WIDER = 1.4
# A rival goes on where it comes to such a part of the loss at which one stagnates.
_BETTER = 0.5
# Where a rival that goes on is stuck, it begins so many times with other weights.
_STARTS = 2
# A step takes this power of the number of weights, and so many of them are to be left.
_POWER, _STEPS = 2.5, 80


class Growth:
    """Trains to the end of the time, with a wider network each time that one stagnates.

    A wider network begins as the function that the last one has become, and takes more
    points in each step, as many more as it has weights.

    Args:
        trainer: of the first network.
        wider: `wider(width, model)` returns a compiled model of that width that is the
            same function as `model`, with the same loss.
        width: units in each hidden layer of the first network.
        rival: another kind of network that may go on where the first stagnates, and
            grow in its place, or that has won already; or None.

    Attributes:
        widths: of all networks, of the rival's alone where it goes on.
        losses: the smallest loss of each on new points.
    """

    def __init__(
        self,
        trainer: Trainer,
        wider: Callable[[int, PINN], PINN],
        width: int,
        rival: Rival | None = None,
    ) -> None:
        self._trainer, self._wider, self._rival = trainer, wider, rival
        self.widths, self.losses = [width], list[float]()
        # Losses and weights of the rival that it left.
        self._left: list[tuple[float, list]] = []

    def train(self, grows: bool = True) -> None:
        """Trains until the time is over, or the last network stagnates.

        Args:
            grows: False keeps the network as it is.
        """
        trainer = self._trainer
        while True:
            self.losses.append(trainer.train(last=not grows))
            goes_on = grows and not trainer.stopped
            if goes_on and (self._meets_rival() or self._leaves_where_stuck()):
                self.losses.pop()
                continue
            self._keep_best()
            if trainer.stopped or not grows:
                return
            width = math.ceil(_WIDER * self.widths[-1])
            worth = self.losses[-1] > NOTHING_LEFT
            if not (worth and self._has_time(width)):
                loss = trainer.train()
                self.losses[-1] = min(self.losses[-1], loss)
                return
            trainer.go_on_with(self._wider(width, trainer.model))
            self.widths.append(width)

    def _meets_rival(self) -> bool:
        """Whether the rival, which is tried once, goes on from now on."""
        rival, loss = self._rival, self.losses[-1]
        if rival is None or rival.won:
            return False
        tried = rival.losses is not None
        if tried or loss <= NOTHING_LEFT or not rival.meets(loss, _BETTER):
            self._rival = None
            return False
        self._wider, self.widths = rival.wider, [rival.width]
        return True

    def _leaves_where_stuck(self) -> bool:
        """Whether a rival that has won is stuck, and begins with other weights."""
        rival, loss = self._rival, self.losses[-1]
        if rival is None or loss <= STUCK or len(self._left) >= _STARTS:
            self._rival = None
            return False
        self._left.append((loss, self._trainer.model.get_weights()))
        rival.begins_another()
        return True

    def _keep_best(self) -> None:
        """Goes back to what it left, if that was better."""
        if not self._left:
            return
        loss, weights = min(self._left, key=lambda left: left[0])
        self._left = []
        if loss < self.losses[-1]:
            self._trainer.model.set_weights(weights)
            self._trainer.begin_anew()
            self.losses[-1] = loss

    def _has_time(self, width: int) -> bool:
        """Whether enough steps are left with so many units."""
        trainer = self._trainer
        ratio = (width / self.widths[-1]) ** 2
        if ratio * trainer.model.count_params() > LARGE:
            return False
        step = trainer.seconds_a_step * ratio**_POWER
        return trainer.clock.left >= trainer.seconds_to_compile + _STEPS * step
