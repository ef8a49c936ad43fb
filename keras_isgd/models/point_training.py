"""`fit`, `evaluate` and `predict` on points of a domain instead of examples."""

import numpy as np
import tensorflow as tf

from keras_isgd.callbacks.stop_when_stuck import with_callback
from keras_isgd.models.compilation import Undecided, decide
from keras_isgd.models.points import SeekPoints, default_points, prepare

__all__ = ["PointTraining"]


class PointTraining:
    """Mix-in of `PINN` with Keras's training methods for named point sets."""

    def fit(
        self,
        x=None,
        *,
        epochs=1,
        steps_per_epoch=None,
        callbacks=None,
        validation_data=None,
        validation_steps=None,
        **kwargs,
    ):
        """Trains; the arguments are those of `keras.Model.fit`.

        Args:
            x: `problem.points(...)`, or a dictionary of arrays `(n_i, d)`. None:
                new, evenly spread points in each step, two to three times as many
                as there are trainable weights.
            epochs: number of epochs.
            steps_per_epoch: steps in an epoch; 1 for endless points if None.
            callbacks: list of Keras callbacks.
            validation_data: points as for `x`.
            validation_steps: steps of a validation; 1 for endless points if None.
            **kwargs: what else `keras.Model.fit` takes.

        Raises:
            TypeError, ValueError: points that do not fit the problem.
        """
        self._assert_compile_called("fit")
        if self.loss is not None or self._compile_metrics is not None:
            raise ValueError(
                "A PINN has a loss of its own (Eq. 6) and no targets: compile it with "
                "an optimizer alone, and set PINN(..., loss_weights=...) for weights."
            )
        if x is None:
            sizes = [v.value.shape.num_elements() for v in self.trainable_variables]
            x = default_points(self.problem, sum(sizes), self._terms[0].columns)
        x, steps_per_epoch = prepare(self.problem, x, steps_per_epoch)
        if validation_data is not None:
            validation_data, validation_steps = prepare(
                self.problem, validation_data, validation_steps
            )
        self._decide_on_xla(x, epochs - kwargs.get("initial_epoch", 0), steps_per_epoch)
        if hasattr(x, "stream"):
            callbacks = with_callback(callbacks, SeekPoints(x.stream))
        return super().fit(
            x,
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_steps=validation_steps,
            **{"shuffle": False, **kwargs},  # Keras warns otherwise
        )

    def _resolve_auto_jit_compile(self):
        return Undecided(super()._resolve_auto_jit_compile())

    def get_compile_config(self):
        config = super().get_compile_config()
        if config and isinstance(self.jit_compile, Undecided):
            # Still open for the fits of a loaded model.
            config["jit_compile"] = "auto"
        return config

    def _decide_on_xla(self, x, epochs, steps):
        if not isinstance(self.jit_compile, Undecided):
            return
        steps = int(x.cardinality()) if steps is None else steps
        decision = decide(self, None if steps < 0 else epochs * steps)
        if decision != self.jit_compile:
            self.train_function = None
        self.jit_compile = decision

    def evaluate(self, x=None, *, steps=None, **kwargs):
        """Returns the loss and its terms at points; see `keras.Model.evaluate`."""
        if not kwargs.get("_use_cached_eval_dataset", False):
            x, steps = prepare(self.problem, x, steps)
        return super().evaluate(x, steps=steps, **kwargs)

    def predict(self, x, batch_size=4096, **kwargs):
        """Returns u at points, a NumPy array `(n, outputs)`.

        Args:
            x: array `(n, d)`; it keeps its precision, unlike in Keras.
            batch_size: points in a batch.
            **kwargs: what else `keras.Model.predict` takes.
        """
        if not isinstance(x, tf.data.Dataset):
            x = np.asarray(x, self.compute_dtype)
            d = len(self.problem.coordinates)
            if x.ndim != 2 or x.shape[1] != d or len(x) == 0:
                raise ValueError(f"Expected points (n, {d}), got shape {x.shape}.")
            x = tf.data.Dataset.from_tensor_slices(x).batch(batch_size)
        return super().predict(x, **kwargs)
