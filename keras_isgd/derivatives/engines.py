"""Which engine computes a network's derivatives: Taylor mode or nested tapes."""

from collections.abc import Callable, Iterable
from typing import Protocol

import keras
import tensorflow as tf

from keras_isgd.derivatives import tape, taylor
from keras_isgd.derivatives.channels import Name, Request
from keras_isgd.utils.checks import check_choice

__all__ = ["ENGINES", "Choice", "Engine"]

ENGINES = ("auto", "taylor", "tape")


class Engine(Protocol):
    """A module that serves derivatives: `taylor` or `tape`."""

    def derivatives(
        self, network: Callable, x: tf.Tensor, requests: Iterable[Request]
    ) -> dict[Request, tf.Tensor]:
        """Returns each requested derivative at x, a tensor `(n, 1)`."""


class Choice:
    """Chooses the engine of each term of a loss; the network is tried but once.

    Args:
        network: a built `keras.Model` from `(n, d)` to `(n, outputs)`; any function
            with "tape".
        wanted: "taylor", "tape", or "auto": Taylor mode where every layer has a rule,
            else tapes.
        requests: for each term, its `(component, indices)` pairs.

    Raises:
        ValueError: an unknown word.
    """

    def __init__(
        self,
        network: keras.Model | Callable | None,
        wanted: str,
        requests: Iterable[Iterable[Request]],
    ) -> None:
        self._wanted = check_choice("derivatives", wanted, ENGINES)
        self._network = network
        self._passages: dict[frozenset[Name], taylor.Passage] = {}
        self._all = frozenset(
            name for asked in requests for _, name in asked if taylor.serves(name)
        )

    def __call__(self, requests: Iterable[Request]) -> tuple[Engine, bool]:
        """Returns a term's engine, and whether Taylor mode sees all uses of weights.

        Args:
            requests: `(component, indices)` pairs.

        Raises:
            ValueError: "taylor" was wanted and cannot serve these requests; with the
                reason.
        """
        if self._wanted == "tape":
            return tape, False
        passage = self._passage(frozenset(name for _, name in requests))
        if passage.obstacle is None:
            return taylor, passage.complete
        if self._wanted == "auto":
            return tape, False
        raise ValueError(
            f'derivatives="taylor" is not possible: {passage.obstacle}. Register a '
            "rule (ki.derivatives.register_rule, register_activation), or leave "
            '`derivatives` at "auto".'
        )

    def _passage(self, names: frozenset[Name]) -> taylor.Passage:
        # What serves the requests of all terms serves each of them.
        if names <= self._all and self._tried(self._all).obstacle is None:
            return self._tried(self._all)
        return self._tried(names)

    def _tried(self, names: frozenset[Name]) -> taylor.Passage:
        if names not in self._passages:
            self._passages[names] = taylor.passage(self._network, names)
        return self._passages[names]
