"""Several starts of a training, of which the best goes on."""

import math

from keras_isgd.models.default_network import Design
from keras_isgd.solving.training import Trainer

__all__ = ["best_start"]

# So many starts have at most so many steps, and such a part of the time, each.
_STARTS, _STEPS, _SHARE = 3, 40, 1 / 30


def best_start(trainer: Trainer, design: Design, width: int, seed: int) -> list[float]:
    """Trains from several random weights for a few steps, and keeps the best.

    The best is the one with the smallest loss on new points.

    Args:
        trainer: a `Trainer`, whose model has the first of the networks.
        design: what makes others.
        width: theirs.
        seed: of the first.

    Returns:
        The losses.
    """
    model = trainer.model
    first = model.get_weights()
    losses: list[float] = []
    best = first
    for number in range(_STARTS):
        if number:
            model.set_weights(first)
            other = design.network(width, seed=seed + 1000 * number)
            model.network.set_weights(other.get_weights())
            trainer.begin_anew()
        loss = trainer.train(_SHARE * trainer.clock.left, steps=_STEPS, last=False)
        if loss < min(losses, default=math.inf):
            best = model.get_weights()
        losses.append(loss)
        if trainer.stopped:
            break
    model.set_weights(best)
    trainer.begin_anew()
    return losses
