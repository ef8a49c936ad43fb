"""Compiled models of a problem, or of windows of it."""

import dataclasses
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from keras_isgd.models.design import Design
from keras_isgd.models.pinn import PINN
from keras_isgd.networks.widen import widened
from keras_isgd.problems import Problem
from keras_isgd.solving.windows import Weights

__all__ = ["Growing", "Maker"]

# Points that are looked at for each one that a step is trained on.
_CANDIDATES = 4


@dataclasses.dataclass
class Growing:
    """What makes networks for a problem, each with other random weights.

    Attributes:
        design: theirs.
        width: units in each hidden layer of the first one.
        seed: of the first one.
        count: how many have been made.
    """

    design: Design
    width: int
    seed: int
    count: int = 1

    def another(self, width: int | None = None) -> keras.Model:
        """Returns a network with random weights of its own, as wide as the first."""
        seed = self.seed + 1000 * self.count
        self.count += 1
        return self.design.network(width or self.width, seed=seed)


class Maker:
    """Makes models, compiled, and with balanced weights of their terms.

    Args:
        network: of the first model.
        optimizer: of the first model; others have copies.
        loss_weights: weights of terms that are given.
        candidates: see `PINN`; None for what suits the problem.
        devices, hosts: see `PINN`.
        growing: what makes other networks, or None.
    """

    def __init__(
        self,
        network: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        loss_weights: Mapping[str, Any],
        candidates: int | None,
        devices: str | Sequence[str] | None,
        hosts: bool = False,
        growing: Growing | None = None,
    ) -> None:
        self.network, self.optimizer, self.growing = network, optimizer, growing
        self._candidates = candidates
        self._shared: dict[str, Any] = {"devices": devices, "hosts": hosts}
        self._given = dict(loss_weights)

    def model(self, problem: Problem) -> PINN:
        """Returns a model of the network."""
        with warnings.catch_warnings():
            if problem.in_window:  # which is not saved
                warnings.filterwarnings("ignore", message="A model of .* cannot be")
            model = PINN(
                self.network,
                problem,
                self._given,
                candidates=self._candidates or 1,
                **self._shared,
            )
        if self._candidates is None and model.chooses_points:
            model.candidates = _CANDIDATES
        self.balance(model)
        model.compile(optimizer=self.optimizer)
        return model

    def balance(self, model: PINN, points: Mapping[str, Any] | None = None) -> None:
        """Sets the weights of the terms that were not given."""
        model.loss_weights = {**model.balanced_weights(points), **self._given}

    def fresh(self) -> Weights:
        """Returns random weights of the network, others each time."""
        assert self.growing is not None
        return self.growing.another().get_weights()

    def separable(self, model: PINN) -> "Maker | None":
        """Returns what makes separable models with a model's loss, if they suit."""
        if self.growing is None:
            return None
        design = self.growing.design.as_separable()
        if design is None:
            return None
        width = design.separable_width(self.growing.width)
        growing = Growing(design, width, self.growing.seed, count=0)
        return self.like(growing.another(), model.loss_weights, growing)

    def like(
        self,
        network: keras.Model,
        loss_weights: Mapping[str, Any],
        growing: Growing | None = None,
    ) -> "Maker":
        """Returns what makes models of another network, with a copy of the optimizer.

        Args:
            network: of its first model.
            loss_weights: of all terms.
            growing: what makes other networks, or None.
        """
        return Maker(
            network,
            self.optimizer.from_config(self.optimizer.get_config()),
            loss_weights,
            self._candidates,
            **self._shared,
            growing=growing,
        )

    def wider(self, problem: Problem) -> Callable[[int, PINN], PINN]:
        """Returns what makes a wider model of a model of a problem, see `Growth`."""

        def wider(width: int, model: PINN) -> PINN:
            assert self.growing is not None
            other = self.growing.another(width)
            found = self.like(other, model.loss_weights).model(problem)
            found.set_weights(widened(model.get_weights(), found.get_weights()))
            return found

        return wider
