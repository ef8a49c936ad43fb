"""A run that is killed at the beginning of an epoch, for the tests of resumption."""

import keras


class Killed(Exception):
    """In the place of a SIGKILL."""


class KillAt(keras.callbacks.Callback):
    """Raises `Killed` when an epoch begins."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed
