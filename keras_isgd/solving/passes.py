"""Ways through the windows of a time."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_isgd.solving.training import STUCK, Trainer
from keras_isgd.solving.windows import Weights, Window

__all__ = ["TRIAL_STEPS", "WINDOW_STEPS", "March", "Passes"]

# Where there is space, n windows pay if the first of them comes to less than this part
# of the loss over n in as many steps: else time is not what makes the problem hard. If
# they do not, so many times more are tried, where there are so many steps for each.
_PAYS, _MORE_WINDOWS, WINDOW_STEPS = 0.4, 4, 60
# The first time through, a window is left with such a loss, so that all are reached.
_GOOD = 1e-4
# A window with a larger loss is tried again at half the length, if there is time for so
# many steps in each window of that length; else it has a share of the time once more.
_FAILED, _RETRY_STEPS = 1e-2, 60
# Where time is the only coordinate, a window is halved where so many steps leave a
# larger loss than this, and the next one is twice as long where so few are enough.
TRIAL_STEPS, _ENDURED, _FEW_STEPS = 40, 1e-3, 12
# A window whose loss has become so many times larger the next time, and larger than
# that, has lost its way, and begins once more where the window before it ends.
_LOST = 10.0
# So does, once, the one with the largest loss of all, where it stands still at so many
# times that of the one before it.
_BEHIND = 30.0


@dataclasses.dataclass
class March:
    """What a march through time came to.

    Attributes:
        weights: those of the network of each window.
        edges: the times between them.
        losses: the smallest loss of each on new points.
        alphas: the step size with which each ended.
        omegas: the weights of the terms in each.
        halved: how many windows were too long.
        times: how often it went through all windows.
        finished: whether the last window ends at the last time.
        pays: whether windows make the problem much easier.
        soon: whether the whole time was solved soon, or there is little time.
        finer: whether all were halved after the first time through.
        halvings: the largest loss of any, each time before those that stood still were
            halved.
        stood: whether the loss of each stood still the last time.
        renewed: the windows that began once more since they had fallen behind.
    """

    weights: list[Weights]
    edges: list[float]
    losses: list[float]
    alphas: list[float] = dataclasses.field(default_factory=list)
    omegas: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    halved: int = 0
    times: int = 1
    finished: bool = True
    pays: bool = True
    soon: bool = False
    finer: bool = False
    halvings: list[float] = dataclasses.field(default_factory=list)
    stood: list[bool] = dataclasses.field(default_factory=list)
    renewed: set[int] = dataclasses.field(default_factory=set)


class Passes:
    """Goes through windows; the arguments are those of `march`."""

    def __init__(
        self,
        trainer: Trainer,
        window: Window,
        span: tuple[float, float],
        fresh: Callable[[], Weights],
        balance: Callable[[], None],
    ) -> None:
        self._trainer, self._window, self._span = trainer, window, span
        self._fresh, self._balance = fresh, balance
        self._network = trainer.model.network
        # The length of the window for which the weights of the terms were chosen. With
        # space they stay those of the whole time: chosen anew, they left Korteweg and
        # de Vries' equation at 0.6; see docs/results/untuned.md.
        self._balanced = span[1] - span[0]

    def _begin(self, t: float, end: float, found: March) -> None:
        """Moves on to a window behind those that have been found."""
        self._window.move(t, end, found.weights[-1] if found.weights else None)
        if self._window.only_time and not np.isclose(end - t, self._balanced):
            self._balance()
            self._balanced = end - t
        self._trainer.begin_anew()

    def _keep(self, found: March, loss: float, end: float) -> bool:
        """Keeps a window; returns whether it is the last one."""
        found.weights.append(self._network.get_weights())
        found.losses.append(loss)
        found.alphas.append(self._trainer.alpha)
        found.omegas.append(dict(self._trainer.model.loss_weights))
        self._trainer.clock.keep(self._window.seconds_to_join)
        found.finished = end == self._span[1]
        if found.finished or self._trainer.stopped:
            return True
        found.edges.append(end)
        return False

    def how_many_pay(
        self, windows: int, loss: float, start: Weights, steps: int
    ) -> int | None:
        """In how many windows the first one is much easier than the whole time.

        Args:
            windows: that are tried first.
            loss: of the whole time after so many `steps`.
            start: the weights that it began with.
            steps: for each trial.

        Returns:
            The number, whose first window has been trained a little; None if neither
            these nor more of them pay.
        """
        low, high = self._span
        for count in (windows, _MORE_WINDOWS * windows):
            if self._trainer.steps_left < WINDOW_STEPS * count:
                return None
            self._network.set_weights(start)
            self._window.move(low, low + (high - low) / count)
            self._trainer.begin_anew()
            first = self._trainer.train(steps=steps, last=False, enough=_GOOD)
            if self._trainer.stopped:
                return None  # and the whole time has at least an answer everywhere
            if first <= _PAYS / count * loss:
                return count
        return None

    def once(self, length: float) -> March:
        """Goes through windows of about the same length for the first time."""
        trainer, network = self._trainer, self._network
        t, high = self._span
        found = March([], [], [])
        while True:
            end = t + length
            if high - end < 1e-3 * length:
                end = high
            share = (end - t) / (high - t)
            begun = network.get_weights()
            self._begin(t, end, found)
            loss = trainer.train(share * trainer.clock.left, last=False, enough=_GOOD)
            steps = trainer.steps_left * 0.5 * length / (high - t)
            if loss > _FAILED and steps >= _RETRY_STEPS and not trainer.stopped:
                # Not from where the long window led.
                network.set_weights(begun)
                length, found.halved = 0.5 * length, found.halved + 1
                continue
            if loss > _FAILED and not (trainer.stopped or end == high):
                first = network.get_weights()
                if loss > STUCK:
                    network.set_weights(self._fresh())
                    self._begin(t, end, found)
                more = share * trainer.clock.left
                again = trainer.train(more, last=False, enough=_GOOD)
                if again > loss:
                    network.set_weights(first)
                loss = min(loss, again)
            if self._keep(found, loss, end):
                return found
            t = end

    def by_trial(self, length: float, grows: bool) -> March:
        """Goes through windows of the lengths that they need, for the first time.

        Args:
            length: of the first one.
            grows: whether one may be longer than it.
        """
        trainer, network = self._trainer, self._network
        t, high = self._span
        longest = high - t if grows else length
        found = March([], [], [])
        while True:
            end = t + length
            if high - end < 0.1 * length:
                end = high
            begun, before = network.get_weights(), trainer.steps
            self._begin(t, end, found)
            loss = trainer.train(steps=TRIAL_STEPS, last=False, enough=_GOOD)
            if loss > _ENDURED and not trainer.stopped:
                network.set_weights(begun)
                length, found.halved = 0.5 * (end - t), found.halved + 1
                continue
            if self._keep(found, loss, end):
                return found
            t = end
            if trainer.steps - before <= _FEW_STEPS:
                length = min(2.0 * length, longest)

    def again(self, found: March) -> None:
        """Goes through all windows once more, from what each has come to.

        Those that stood still are left as they are, as long as nothing changes that
        they begin with.
        """
        trainer = self._trainer
        stood = found.stood or [False] * len(found.weights)
        found.times, found.stood = found.times + 1, []
        shares = _shares(found.losses)
        for number, (weights, before) in enumerate(
            zip(found.weights, list(found.losses), strict=True)
        ):
            if all(stood[: number + 1]):
                found.stood.append(True)
                continue
            share = shares[number] / sum(shares[number:])
            stuck = before > STUCK
            begin = self._fresh() if stuck else weights
            loss = self._improve(found, number, begin, share, stuck)
            if number and not trainer.stopped and self._went_astray(found, before):
                first, alpha = found.weights[number], found.alphas[number]
                other = self._improve(found, number, found.weights[number - 1], share)
                if other > loss:
                    found.weights[number], found.losses[number] = first, loss
                    found.alphas[number] = alpha
            found.stood.append(trainer.stood)
            if trainer.stopped:
                return

    def _went_astray(self, found: March, before: float) -> bool:
        """Whether the window that was just trained begins once more.

        Either what it begins with has changed by more than it could follow, or it has
        come to a place from which it does not get on as the one before it did.

        Args:
            found: the windows.
            before: the loss that it began with.
        """
        number = len(found.stood)
        loss, last = found.losses[number], found.losses[number - 1]
        if loss > max(_LOST * before, _ENDURED):
            return True
        worst = self._trainer.stood and loss == max(found.losses)
        if not worst or loss <= _BEHIND * last or number in found.renewed:
            return False
        found.renewed.add(number)
        return True

    def _improve(
        self,
        found: March,
        number: int,
        begin: Weights,
        share: float,
        anew: bool = True,
    ) -> float:
        """Trains one of the windows for a share of the time; returns its loss.

        Args:
            found: the windows, where the result is kept.
            number: which of them.
            begin: the weights to begin with.
            share: of the time that is left.
            anew: whether nothing is known of the step size there.
        """
        trainer, network = self._trainer, self._network
        edges = [self._span[0], *found.edges, self._span[1]]
        network.set_weights(begin)
        earlier = found.weights[number - 1] if number else None
        self._window.move(edges[number], edges[number + 1], earlier)
        trainer.model.loss_weights = found.omegas[number]
        trainer.begin_anew(None if anew else found.alphas[number])
        loss = trainer.train(share * trainer.clock.left, last=False)
        found.losses[number] = loss
        found.weights[number] = network.get_weights()
        found.alphas[number] = trainer.alpha
        return loss


def _shares(losses: list[float]) -> list[float]:
    """What each window needs of the time, in parts.

    A window has the error of those before it, and so their largest loss counts. Of it
    the fourth root: one that is ten thousand times better has a tenth of the time.

    Args:
        losses: of each window.
    """
    worst = np.clip(np.maximum.accumulate(losses), 1e-30, 1e30)
    return [float(x) for x in worst**0.25]
