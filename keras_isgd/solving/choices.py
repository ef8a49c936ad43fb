"""Sentences that say what was chosen for a problem, and why."""

from collections.abc import Sequence

import numpy as np

from keras_isgd.problems import Problem
from keras_isgd.solving.passes import March

__all__ = ["of_growth", "of_march", "of_noise", "of_rival", "of_starts"]


def of_starts(losses: Sequence[float], left: Sequence[float]) -> str:
    """Returns which start was chosen, and which ones were left."""
    text = (
        f"Start: number {int(np.argmin(losses)) + 1} of {len(losses)}, whose losses "
        f"after a few steps were {_list(losses)}."
    )
    if left:
        text += f" Others were begun where it stagnated, at the losses {_list(left)}."
    return text


def of_growth(widths: Sequence[int], losses: Sequence[float]) -> str:
    """Returns how wide the network became, and why."""
    several = ", ".join(str(width) for width in widths)
    return (
        f"Size: networks of {several} units in a layer, a wider one each time that the "
        f"loss on new points stagnated, at {_list(losses)}."
    )


def of_noise(misfit: float, factor: float) -> str:
    """Returns how closely the measurements are met, and what that took."""
    return (
        f"Noise: the measurements are met to {misfit:.3g} of their sigma squared, with "
        f"the other terms {factor:g} times heavier than at first; below one a network "
        "follows the noise."
    )


def _list(losses: Sequence[float]) -> str:
    return ", ".join(f"{loss:.2g}" for loss in losses)


def of_rival(losses: tuple[float, float] | None, won: bool) -> list[str]:
    """Returns which kind of network went on, if two were tried."""
    if losses is None:
        return []
    first, other = (f"{loss:.2g}" for loss in losses)
    if won:
        return [
            "Kind: a sum of products of functions of one coordinate each, since it "
            f"came to a loss of {other} where a fully connected network had {first}."
        ]
    return [
        "Kind: fully connected; a sum of products of functions of one coordinate each "
        f"came to a loss of {other}, not far below {first}."
    ]


def of_march(problem: Problem, found: March, other: bool = False) -> str:
    """Returns the windows of time, and the loss that each came to.

    Args:
        problem: the `Problem`.
        found: the `March`.
        other: whether another kind of network made windows needless.
    """
    if other:
        return "Time: all of it at once, with another kind of network than at first."
    if not (found.pays or found.soon):
        return (
            "Time: all of it at once, since the first of several windows was hardly "
            "easier."
        )
    if not found.edges:
        return (
            "Time: all of it at once, since a few steps showed that to be enough, or "
            "that there would be too few for windows."
        )
    sentence = (
        f"Time: {len(found.weights)} windows, which end at "
        + ", ".join(f"{problem.time} = {edge:.4g}" for edge in found.edges)
        + " and the last time; their losses on new points: "
        + ", ".join(f"{loss:.2g}" for loss in found.losses)
        + f", after {found.times} times through all of them."
    )
    if found.halved:
        sentence += f" {found.halved} windows had been too long and were halved."
    if found.finer:
        sentence += " All were halved after the first time, since there was much time."
    if found.halvings:
        sentence += (
            " Those with the largest losses were halved where they stagnated, at "
            f"{_list(found.halvings)}."
        )
    if not found.finished:
        sentence += (
            " The time ran out before the last window: there is no solution yet."
        )
    return sentence
