"""Training for a given time."""

import keras

from keras_isgd.callbacks.logs import Logs
from keras_isgd.hosts import clock

__all__ = ["TimeLimit"]


class TimeLimit(keras.callbacks.Callback):
    """Stops training after a number of seconds, at the end of a step.

    The clock starts with training and includes compilation.

    Args:
        seconds: wall-clock time, a positive number.

    Raises:
        ValueError: not a positive number.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        if not seconds > 0:
            raise ValueError(f"Expected `seconds` > 0, got {seconds!r}.")
        self.seconds = float(seconds)
        self._start = 0.0

    def on_train_begin(self, logs: Logs = None) -> None:
        self._start = clock.now()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if clock.now() - self._start >= self.seconds:
            self.model.stop_training = True
