"""Evolution equations, window by window of their time."""

from collections.abc import Callable

import numpy as np

from keras_isgd.problems import Problem
from keras_isgd.solving.halving import Halving
from keras_isgd.solving.passes import TRIAL_STEPS, WINDOW_STEPS, March, Passes
from keras_isgd.solving.rival import Rival
from keras_isgd.solving.training import NOTHING_LEFT, Trainer
from keras_isgd.solving.windows import Weights, Window

__all__ = ["first_windows", "march"]

# The whole time is tried first, for so many steps, and for so many more as long as
# they divide the loss by so much; with such a loss it is solved so soon that windows
# would gain nothing.
_PILOT_STEPS, _MORE_STEPS, _FALLS, _EASY = 30, 15, 1e3, 1e-4
# A rival takes the place of windows where it comes to such a part of that loss.
_CLEARLY = 0.1
# So many windows follow otherwise, or where time is the only coordinate, and a step
# takes some hundredths of a second, such a part of the time first.
_WINDOWS, _PARTS = 4, 8


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
    rival: Rival | None = None,
) -> March:
    """Solves an evolution equation, in windows of time where that pays.

    It goes through all windows once, in equal shares of the time but no longer in any
    of them than until its loss is small; and then again and again, from what each
    window had come to, until the time is over or no loss falls any more. In between
    all are halved if there is much time, and later those that stand still with the
    largest losses. Without space
    the windows of the first time through are found by short trials of their length, and
    they also follow where the whole time was solved soon but its loss stands still.
    With space nothing follows the first steps of the whole time where it is solved
    soon, or where a window would not be much easier; that is left to the caller, with
    `pays` false.

    Args:
        trainer: of the window's problem.
        window: of the whole time.
        span: first and last time.
        windows: how many at first; None finds out.
        fresh: returns random weights, others each time.
        balance: sets the weights of the terms, for the present window.
        rival: another kind of network, which is tried before there are windows, and
            left with the trainer where it does better; or None.
    """
    low, high = span
    network, grows = trainer.model.network, windows is None
    whole = None
    if windows is None:
        start = network.get_weights()
        loss = _pilot(trainer)
        first_steps, first_weights = trainer.steps, network.get_weights()
        windows = int(np.clip(trainer.steps_left / WINDOW_STEPS, 1, _WINDOWS))
        if loss <= _EASY or windows == 1 or trainer.stopped:
            if not window.only_time:
                weights = [network.get_weights()]
                return March(weights, [], [loss], pays=False, soon=True)
            if not trainer.stopped:
                loss = min(loss, trainer.train(last=False))
            whole = March([network.get_weights()], [], [loss])
            whole.omegas.append(dict(trainer.model.loss_weights))
            few = trainer.steps_left < _PARTS * TRIAL_STEPS
            if loss <= NOTHING_LEFT or few or trainer.stopped:
                return whole
        network.set_weights(start)
        if window.only_time:
            windows = _PARTS
    going = Passes(trainer, window, span, fresh, balance)
    if grows and not window.only_time:
        if rival is not None:
            if rival.meets(loss, _CLEARLY):
                return March([first_weights], [], [loss], pays=False)
            # Its time is gone.
            windows = min(windows, max(int(trainer.steps_left / WINDOW_STEPS), 2))
        several = going.how_many_pay(windows, loss, start, first_steps)
        if several is None:
            window.move(low, high)
            network.set_weights(first_weights)
            trainer.begin_anew()
            return March([first_weights], [], [loss], pays=False)
        windows = several
    length = (high - low) / windows
    found = going.by_trial(length, grows) if window.only_time else going.once(length)
    halving = Halving(trainer, window, span)
    if grows and found.finished and not (window.only_time or trainer.stopped):
        halving.halves_all(found)
    while found.finished and not trainer.stopped:
        before = list(found.losses)
        going.again(found)
        if trainer.stopped:
            break
        if grows and halving.halves(found):
            continue
        if all(new >= 0.8 * old for new, old in zip(found.losses, before)):
            break
    found.halvings = halving.losses
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
