"""Several starts of a training, of which the best goes on."""

import math

from keras_isgd.problems import Data
from keras_isgd.solving.maker import Growing
from keras_isgd.solving.training import STUCK, Trainer

__all__ = ["Starts"]

# So many starts have at most so many steps, and such a part of the time, each.
_STARTS, _STEPS, _SHARE = 3, 40, 1 / 30
# So many others are begun where one is stuck, in such a part of the time.
_MORE, _STANDING_STEPS, _PART = 4, 40, 1 / 6


class Starts:
    """Finds random weights to train from, others where these lead nowhere.

    Args:
        trainer: a `Trainer`, whose model has the first of the networks.
        others: what makes others.
        leaves: whether runs that stand still are left.

    Attributes:
        losses: those of the first starts after a few steps, on new points.
        left: losses with which runs stood still that were left for other weights.
    """

    def __init__(self, trainer: Trainer, others: Growing, leaves: bool = True) -> None:
        self._trainer, self._model = trainer, trainer.model
        self._others, self._leaves = others, leaves
        self._first = self._model.get_weights()
        self.losses: list[float] = []
        self.left: list[float] = []

    def find(self) -> None:
        """Trains from the best of the first starts until it leads somewhere."""
        self._find_best()
        if self._trainer.stopped:
            return
        # Noise leaves a loss of the order of one, which no start can lower.
        conditions = self._model.problem.bound_conditions()
        noisy = any(isinstance(condition, Data) for condition in conditions)
        if self._leaves and not noisy and min(self.losses) > STUCK:
            self._leave_where_it_stands()

    def _begin_another(self) -> None:
        self._model.set_weights(self._first)
        self._model.network.set_weights(self._others.another().get_weights())
        self._trainer.begin_anew()

    def _find_best(self) -> None:
        """Trains from each of the first starts for a few steps, and keeps the best."""
        trainer, best = self._trainer, self._first
        for number in range(_STARTS):
            if number:
                self._begin_another()
            share = _SHARE * trainer.clock.left
            loss = trainer.train(share, steps=_STEPS, last=False)
            if loss < min(self.losses, default=math.inf):
                best = self._model.get_weights()
            self.losses.append(loss)
            if trainer.stopped:
                break
        self._model.set_weights(best)
        trainer.begin_anew()

    def _leave_where_it_stands(self) -> None:
        """Trains until a loss falls below `STUCK`, or no start gets there."""
        trainer = self._trainer
        best, weights = math.inf, self._model.get_weights()
        end = (1.0 - _PART) * trainer.clock.left
        while True:
            loss = trainer.train(last=False, enough=STUCK, patience=_STANDING_STEPS)
            if loss < best:
                best, weights = loss, self._model.get_weights()
            if best <= STUCK or trainer.stopped or len(self.left) >= _MORE:
                break
            self.left.append(loss)
            if trainer.clock.left < end:
                break
            self._begin_another()
        if loss > best:
            self._model.set_weights(weights)
            trainer.begin_anew()
