"""The weight of an equation beside measurements with a known noise."""

import numpy as np

from keras_isgd.models.pinn import PINN
from keras_isgd.problems import Data, Problem
from keras_isgd.solving.training import Trainer

__all__ = ["Noise", "has_noise"]

# The other terms become so many times heavier, at most so many times, each time after
# a training that ends when so many steps bring nothing.
_HEAVIER, _TIMES, _STANDING_STEPS = 10.0, 6, 40


def has_noise(problem: Problem) -> bool:
    """Whether a problem has measurements, and all of them a `sigma`."""
    data = [c for c in problem.bound_conditions() if isinstance(c, Data)]
    return bool(data) and all(c.sigma_known for c in data)


class Noise:
    """Trains until measurements are met as closely as their noise allows, no closer.

    A network that comes closer follows the noise, and an unknown field even more so.
    The equation and the other conditions hold exactly, and so they become heavier as
    long as the mean square of the measurements' residuals over their `sigma` is below
    one: the discrepancy principle (Morozov, Soviet Math. Dokl. 7, 1966).

    Args:
        trainer: of a model whose problem `has_noise`.

    Attributes:
        misfit: the mean square at the end.
        factor: by how much the other terms became heavier.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self.misfit, self.factor = np.nan, 1.0

    def train(self) -> None:
        """Trains until the misfit is one, or the time is over."""
        trainer = self._trainer
        for number in range(_TIMES + 1):
            trainer.train(last=False, patience=_STANDING_STEPS)
            self.misfit = _misfit(trainer.model)
            if trainer.stopped or self.misfit >= 1.0 or number == _TIMES:
                return
            self._make_heavier(trainer.model)
            trainer.begin_anew()

    def _make_heavier(self, model: PINN) -> None:
        self.factor *= _HEAVIER
        data = {c.name for c in _data_of(model)}
        model.loss_weights = {
            name: omega if name in data else (_HEAVIER * np.asarray(omega)).tolist()
            for name, omega in model.loss_weights.items()
        }


def _data_of(model: PINN) -> list[Data]:
    conditions = model.problem.bound_conditions()
    return [c for c in conditions if isinstance(c, Data)]


def _misfit(model: PINN) -> float:
    """The mean square of all measurements' residuals over their deviations."""
    data = _data_of(model)
    points = model.problem.points(1, resample=False)
    terms = model.evaluate(points, steps=1, verbose=0, return_dict=True)
    counts = [c.values.size for c in data]
    # A metric is the sum over the columns of their means.
    squares = [terms[c.name] / c.values.shape[1] for c in data]
    return float(np.average(squares, weights=counts))
