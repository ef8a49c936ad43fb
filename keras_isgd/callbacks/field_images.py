"""Pictures of the solution while it is trained, for TensorBoard."""

import io
import os
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.callbacks.logs import Logs
from keras_isgd.hosts import is_chief
from keras_isgd.utils.checks import check_count

__all__ = ["FieldImages"]

_DPI = 100


class FieldImages(keras.callbacks.Callback):
    """Writes what `PINN.plot` draws as images for TensorBoard.

    They stand under "solution" in its Images tab, with a slider over the steps; the
    picture of the start is the first, that of the end the last. Scalars and histograms
    of weights are those of Keras's own callback, in the same folder:

        callbacks=[
            keras.callbacks.TensorBoard("logs", histogram_freq=10),
            ki.callbacks.FieldImages("logs", every=10),
        ]

    Needs matplotlib and tensorboard, imported when used.

    Args:
        log_dir: folder for the event files; a sub-folder "fields" is made in it.
        every: epochs between two pictures. A picture takes about half a second.

    Raises:
        ValueError: `every` is no whole number from 1; when training begins, a model
            that is no `PINN`, or one of more coordinates than can be drawn.
        ModuleNotFoundError: without matplotlib or tensorboard.
    """

    def __init__(self, log_dir: str | os.PathLike[str], every: int = 10) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.every = check_count("every", every)
        self._writer: Any = None
        self._drawn = -1

    def on_train_begin(self, logs: Logs = None) -> None:
        if not hasattr(self.model, "plot"):
            raise ValueError(
                "FieldImages draws the solution of a ki.PINN, and this model is a "
                f"{type(self.model).__name__}."
            )
        if is_chief():
            path = os.path.join(self.log_dir, "fields")
            self._writer = tf.summary.create_file_writer(path)
        self._draw()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if (epoch + 1) % self.every == 0:
            self._draw()

    def on_train_end(self, logs: Logs = None) -> None:
        self._draw()
        if self._writer is not None:
            self._writer.close()

    def _draw(self) -> None:
        step = int(self.model.optimizer.iterations.numpy())
        if step == self._drawn or self._writer is None:
            return
        self._drawn = step
        png = io.BytesIO()
        self.model.plot(title=f"step {step}").savefig(png, dpi=_DPI)
        image = tf.image.decode_png(png.getvalue(), channels=3)
        with self._writer.as_default(step=step):
            tf.summary.image("solution", image[None])
        self._writer.flush()
