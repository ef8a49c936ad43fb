"""Evolution equations, window by window of their time."""

import dataclasses
from collections.abc import Callable

import numpy as np

from keras_isgd.solving.training import Trainer
from keras_isgd.solving.windows import Weights, Window

__all__ = ["March", "march"]

# The whole time is tried first, for so many steps, and for so many more as long as
# they divide the loss by so much; with such a loss it is solved so soon that windows
# would gain nothing.
_PILOT_STEPS, _MORE_STEPS, _FALLS, _EASY = 30, 15, 1e3, 1e-4
# So many windows follow otherwise, if there are so many steps for each.
_WINDOWS, _WINDOW_STEPS = 4, 60
# The first time through, a window is left with such a loss, so that all are reached.
_GOOD = 1e-4
# A window with a larger loss is tried again at half the length, if there is time for so
# many steps in each window of that length; else it has a share of the time once more.
_FAILED, _RETRY_STEPS = 1e-2, 60
# One with a still larger loss is stuck, and begins anew with random weights.
_STUCK = 0.1


@dataclasses.dataclass
class March:
    """What a march through time came to.

    Attributes:
        weights: those of the network of each window.
        edges: the times between them.
        losses: the smallest loss of each on new points.
        alphas: the step size with which each ended.
        halved: how many windows were too long.
        times: how often it went through all windows.
        finished: whether the last window ends at the last time.
    """

    weights: list[Weights]
    edges: list[float]
    losses: list[float]
    alphas: list[float] = dataclasses.field(default_factory=list)
    halved: int = 0
    times: int = 1
    finished: bool = True


def march(
    trainer: Trainer,
    window: Window,
    span: tuple[float, float],
    windows: int | None,
    fresh: Callable[[], Weights],
) -> March:
    """Solves an evolution equation, in windows of time where that pays.

    It goes through all windows once, in equal shares of the time but no longer in any
    of them than until its loss is small; and then again and again, from what each
    window had come to, until the time is over or no loss falls any more.

    Args:
        trainer: of the window's problem.
        window: of the whole time.
        span: first and last time.
        windows: how many; None finds out.
        fresh: returns random weights, others each time.
    """
    low, high = span
    network = trainer.model.network
    if windows is None:
        start = network.get_weights()
        loss = _pilot(trainer)
        windows = int(np.clip(trainer.steps_left / _WINDOW_STEPS, 1, _WINDOWS))
        if loss <= _EASY or windows == 1 or trainer.stopped:
            if not trainer.stopped:
                loss = min(loss, trainer.train())
            return March([network.get_weights()], [], [loss])
        network.set_weights(start)
    found = _once(trainer, window, span, (high - low) / windows, fresh)
    while found.finished and not trainer.stopped:
        before = list(found.losses)
        _again(trainer, window, [low, *found.edges, high], found, fresh)
        if all(new >= 0.8 * old for new, old in zip(found.losses, before)):
            break
    return found


def _pilot(trainer: Trainer) -> float:
    """The loss that the whole time comes to as long as it falls fast."""
    loss = trainer.train(steps=_PILOT_STEPS, last=False)
    while loss > _EASY and not trainer.stopped:
        before, loss = loss, min(loss, trainer.train(steps=_MORE_STEPS, last=False))
        if _FALLS * loss > before:
            break
    return loss


def _once(
    trainer: Trainer,
    window: Window,
    span: tuple[float, float],
    length: float,
    fresh: Callable[[], Weights],
) -> March:
    """Goes through all windows for the first time."""
    network = trainer.model.network
    t, high = span
    found = March([], [], [])
    while True:
        end = t + length
        if high - end < 1e-3 * length:
            end = high
        share = (end - t) / (high - t)
        begun = network.get_weights()
        window.move(t, end, found.weights[-1] if found.weights else None)
        trainer.begin_anew()
        loss = trainer.train(share * trainer.clock.left, last=False, enough=_GOOD)
        steps = trainer.steps_left * 0.5 * length / (high - t)
        if loss > _FAILED and steps >= _RETRY_STEPS and not trainer.stopped:
            # Not from where the long window led.
            network.set_weights(begun)
            length, found.halved = 0.5 * length, found.halved + 1
            continue
        if loss > _FAILED and not (trainer.stopped or end == high):
            first = network.get_weights()
            if loss > _STUCK:
                network.set_weights(fresh())
                window.move(t, end, found.weights[-1] if found.weights else None)
                trainer.begin_anew()
            more = share * trainer.clock.left
            again = trainer.train(more, last=False, enough=_GOOD)
            if again > loss:
                network.set_weights(first)
            loss = min(loss, again)
        found.weights.append(network.get_weights())
        found.losses.append(loss)
        found.alphas.append(trainer.alpha)
        found.finished = end == high
        if found.finished or trainer.stopped:
            return found
        found.edges.append(end)
        t = end


def _again(
    trainer: Trainer,
    window: Window,
    edges: list[float],
    found: March,
    fresh: Callable[[], Weights],
) -> None:
    """Goes through all windows once more, from what each has come to."""
    network, found.times = trainer.model.network, found.times + 1
    shares = _shares(found.losses)
    for number, weights in enumerate(found.weights):
        earlier = found.weights[number - 1] if number else None
        stuck = found.losses[number] > _STUCK
        network.set_weights(fresh() if stuck else weights)
        window.move(edges[number], edges[number + 1], earlier)
        trainer.begin_anew(None if stuck else found.alphas[number])
        share = shares[number] / sum(shares[number:])
        found.losses[number] = trainer.train(share * trainer.clock.left, last=False)
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
