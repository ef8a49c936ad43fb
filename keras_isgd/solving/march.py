"""Evolution equations, window by window of their time."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_isgd.problems import Problem
from keras_isgd.solving.training import NOTHING_LEFT, STUCK, Trainer
from keras_isgd.solving.windows import Weights, Window

__all__ = ["March", "first_windows", "march"]

# The whole time is tried first, for so many steps, and for so many more as long as
# they divide the loss by so much; with such a loss it is solved so soon that windows
# would gain nothing.
_PILOT_STEPS, _MORE_STEPS, _FALLS, _EASY = 30, 15, 1e3, 1e-4
# Where there is space, n windows pay if the first of them comes to less than this part
# of the loss over n in as many steps: else time is not what makes the problem hard. If
# they do not, so many times more are tried.
_PAYS, _MORE_WINDOWS = 0.4, 4
# So many windows follow otherwise, if there are so many steps for each.
_WINDOWS, _WINDOW_STEPS = 4, 60
# The first time through, a window is left with such a loss, so that all are reached.
_GOOD = 1e-4
# A window with a larger loss is tried again at half the length, if there is time for so
# many steps in each window of that length; else it has a share of the time once more.
_FAILED, _RETRY_STEPS = 1e-2, 60
# Where time is the only coordinate a step takes some hundredths of a second, and
# windows have the lengths that they need: one of so many parts first, half of it where
# so many steps leave a larger loss than this, and twice of it where so few are enough.
_PARTS, _TRIAL_STEPS, _ENDURED, _FEW_STEPS = 8, 40, 1e-3, 12


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


def first_windows(problem: Problem) -> int:
    """Returns in how many windows a time is gone through at first, unless told."""
    return _PARTS if problem.input_count == 1 else _WINDOWS


def march(
    trainer: Trainer,
    window: Window,
    span: tuple[float, float],
    windows: int | None,
    fresh: Callable[[], Weights],
    balance: Callable[[], None],
) -> March:
    """Solves an evolution equation, in windows of time where that pays.

    It goes through all windows once, in equal shares of the time but no longer in any
    of them than until its loss is small; and then again and again, from what each
    window had come to, until the time is over or no loss falls any more. Without space
    the windows of the first time through are found by short trials of their length, and
    they also follow where the whole time was solved soon but its loss stands still.
    With space nothing follows the first steps of the whole time where a window would
    not be much easier; that is left to the caller, with `pays` false.

    Args:
        trainer: of the window's problem.
        window: of the whole time.
        span: first and last time.
        windows: how many at first; None finds out.
        fresh: returns random weights, others each time.
        balance: sets the weights of the terms, for the present window.
    """
    low, high = span
    network, grows = trainer.model.network, windows is None
    whole = None
    if windows is None:
        start = network.get_weights()
        loss = _pilot(trainer)
        first_steps, first_weights = trainer.steps, network.get_weights()
        windows = int(np.clip(trainer.steps_left / _WINDOW_STEPS, 1, _WINDOWS))
        if loss <= _EASY or windows == 1 or trainer.stopped:
            if not trainer.stopped:
                loss = min(loss, trainer.train(last=not window.only_time))
            whole = March([network.get_weights()], [], [loss])
            whole.omegas.append(dict(trainer.model.loss_weights))
            few = trainer.steps_left < _PARTS * _TRIAL_STEPS
            if not window.only_time or loss <= NOTHING_LEFT or few or trainer.stopped:
                return whole
        network.set_weights(start)
        if window.only_time:
            windows = _PARTS
    going = _Going(trainer, window, span, fresh, balance)
    if grows and not window.only_time:
        several = going.how_many_pay(windows, loss, start, first_steps)
        if several is None:
            window.move(low, high)
            network.set_weights(first_weights)
            trainer.begin_anew()
            return March([first_weights], [], [loss], pays=False)
        windows = several
    length = (high - low) / windows
    found = going.by_trial(length, grows) if window.only_time else going.once(length)
    while found.finished and not trainer.stopped:
        before = list(found.losses)
        going.again(found)
        if all(new >= 0.8 * old for new, old in zip(found.losses, before)):
            break
    if whole is None or (found.finished and max(found.losses) < 0.1 * whole.losses[0]):
        return found
    window.move(low, high)
    network.set_weights(whole.weights[0])
    trainer.model.loss_weights = whole.omegas[0]
    return whole


def _pilot(trainer: Trainer) -> float:
    """The loss that the whole time comes to as long as it falls fast."""
    loss = trainer.train(steps=_PILOT_STEPS, last=False)
    while loss > _EASY and not trainer.stopped:
        before, loss = loss, min(loss, trainer.train(steps=_MORE_STEPS, last=False))
        if _FALLS * loss > before:
            break
    return loss


class _Going:
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
            if self._trainer.steps_left < _WINDOW_STEPS * count:
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
            loss = trainer.train(steps=_TRIAL_STEPS, last=False, enough=_GOOD)
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
        """Goes through all windows once more, from what each has come to."""
        trainer, network = self._trainer, self._network
        found.times += 1
        shares = _shares(found.losses)
        edges = [self._span[0], *found.edges, self._span[1]]
        for number, weights in enumerate(found.weights):
            earlier = found.weights[number - 1] if number else None
            stuck = found.losses[number] > STUCK
            network.set_weights(self._fresh() if stuck else weights)
            self._window.move(edges[number], edges[number + 1], earlier)
            trainer.model.loss_weights = found.omegas[number]
            trainer.begin_anew(None if stuck else found.alphas[number])
            share = shares[number] / sum(shares[number:])
            loss = trainer.train(share * trainer.clock.left, last=False)
            found.losses[number] = loss
            found.weights[number] = network.get_weights()
            found.alphas[number] = trainer.alpha
            if trainer.stopped:
                return


def _shares(losses: list[float]) -> list[float]:
    """What each window needs of the time, in parts.

    A window has the error of those before it, and so their largest loss counts. Of it
    the fourth root: one that is ten thousand times better has a tenth of the time.

    Args:
        losses: of each window.
    """
    worst = np.clip(np.maximum.accumulate(losses), 1e-30, 1e30)
    return [float(x) for x in worst**0.25]
