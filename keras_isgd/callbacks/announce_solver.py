"""A line that says how a run is solved."""

from typing import Any

import keras

__all__ = ["AnnounceSolver"]


class AnnounceSolver(keras.callbacks.Callback):
    """Prints once, after the first step, how the optimizer solves its steps.

    `fit` has one of its own unless `verbose` is 0. Ordinary Keras optimizers have
    nothing to say.
    """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._said = False

    def on_train_batch_end(
        self, batch: int, logs: dict[str, Any] | None = None
    ) -> None:
        description = getattr(self.model.optimizer, "description", None)
        if description and not self._said:
            print(f"\n{self.model.optimizer.name}: {description}")
        self._said = True
