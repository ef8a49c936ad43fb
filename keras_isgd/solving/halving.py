"""Windows of time that are halved where they stand still."""

from collections.abc import Sequence
from typing import Any

from keras_isgd.solving.passes import March
from keras_isgd.solving.training import NOTHING_LEFT, Trainer
from keras_isgd.solving.windows import Weights, Window

__all__ = ["Halving"]

# Halved are windows with such a part of the largest loss of all, at least.
_LIMITS = 0.1
# Each half has to have time for so many steps, and there are at most so many windows:
# the solution is evaluated in all of them.
_STEPS, _MOST = 40, 32
# All are halved after the first time through where each half has time for so many.
_MANY_STEPS = 120


class Halving:
    """Halves windows of a march: all at first, then those that limit it.

    A network has half as much to represent then, in steps that take as long as before
    and without a new compilation. Both halves begin as the function that the whole was.

    Args:
        trainer: of the windows.
        window: theirs.
        span: first and last time.

    Attributes:
        losses: the largest loss of any window, each time before those were halved that
            stood still.
    """

    def __init__(
        self, trainer: Trainer, window: Window, span: tuple[float, float]
    ) -> None:
        self._trainer, self._window, self._span = trainer, window, span
        self.losses = list[float]()

    def halves_all(self, found: March) -> None:
        """Halves all windows if there is much time for their halves.

        Args:
            found: the windows, each solved roughly.
        """
        count = len(found.weights)
        if self._trainer.steps_left >= 2 * _MANY_STEPS * count:
            self._halve(found, [True] * count)
            found.finer = True

    def halves(self, found: March) -> bool:
        """Halves the windows that stand still with the largest losses.

        Args:
            found: the windows.

        Returns:
            Whether there are such windows, time for their halves, and digits left.
        """
        trainer, worst = self._trainer, max(found.losses)
        chosen = [
            stood and loss >= _LIMITS * worst
            for stood, loss in zip(found.stood, found.losses, strict=True)
        ]
        more = sum(chosen)
        fits = 0 < more <= _MOST - len(chosen)
        enough = trainer.steps_left >= 2 * _STEPS * more
        if not (fits and enough) or worst <= NOTHING_LEFT:
            return False
        self.losses.append(worst)
        kept = [a and not b for a, b in zip(found.stood, chosen, strict=True)]
        found.stood = _with_halves(kept, chosen)
        found.renewed = set()
        self._halve(found, chosen)
        return True

    def _halve(self, found: March, chosen: Sequence[bool]) -> None:
        self._trainer.clock.keep(sum(chosen) * self._window.seconds_to_join)
        ends = [self._span[0], *found.edges, self._span[1]]
        weights, edges = list[Weights](), list(found.edges)
        for number, halved in enumerate(chosen):
            low, high = ends[number : number + 2]
            if halved:
                weights += self._window.halves(found.weights[number], low, high)
                edges.append(0.5 * (low + high))
            else:
                weights.append(found.weights[number])
        found.weights, found.edges = weights, sorted(edges)
        found.losses = _with_halves(found.losses, chosen)
        found.alphas = _with_halves(found.alphas, chosen)
        found.omegas = _with_halves(found.omegas, chosen)


def _with_halves(values: Sequence[Any], chosen: Sequence[bool]) -> list[Any]:
    """The value of each window, and the same once more for those that are halved."""
    pairs = zip(values, chosen, strict=True)
    return [value for value, halved in pairs for _ in range(1 + halved)]
