"""`fit`, `evaluate` and `predict` on points of a domain instead of examples."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.callbacks.stop_when_stuck import with_callback
from keras_isgd.models.compilation import Undecided, decide, why_not_xla
from keras_isgd.models.points import SeekPoints, default_points, prepare
from keras_isgd.problems import Problem
from keras_isgd.problems.parameters import with_parameters
from keras_isgd.sampling import place_of
from keras_isgd.utils.checks import check_array, check_count

__all__ = ["PointTraining"]

# Points in a batch of `predict`.
_PREDICTED = 4096

# Arguments of Keras's `predict` that are no parameters of a problem.
_OF_PREDICT = ("callbacks", "steps", "verbose")

# Arguments of Keras's methods that have no meaning for points, each with what to do.
_NO_TARGETS = (
    "the equation and its conditions say what the network has to be. Give measured "
    "values to the problem as a condition, ki.Data(points, values)."
)
_SETS = (
    "each step takes whole point sets. Give their sizes to "
    "problem.points(interior=..., boundary=...)."
)
_REFUSED = {
    "y": _NO_TARGETS,
    "sample_weight": (
        "points have no weights of their own. Weigh whole terms by "
        "PINN(..., loss_weights=...), or draw more points where they matter."
    ),
    "class_weight": (
        "points have no classes. Weigh whole terms by PINN(..., loss_weights=...)."
    ),
    "validation_split": (
        "points are drawn, not split. Give other points as validation_data, such as "
        "problem.points(seed=1)."
    ),
    "batch_size": _SETS,
    "validation_batch_size": _SETS,
    "shuffle": (
        "each step takes whole point sets, whose order does not matter. "
        "problem.points(resample=True) has new points for each step."
    ),
}


class PointTraining(compat.AutoJit):
    """Mix-in of `PINN` with Keras's training methods for named point sets."""

    problem: Problem
    loss: Any
    compiled: bool
    compute_dtype: str
    jit_compile: Any
    run_eagerly: bool
    optimizer: Any
    train_function: Any
    network: keras.Model
    _terms: Sequence[Any]
    candidates: int
    trainable_variables: list[keras.Variable]
    # The points of the `fit` that is running.
    _fit_points: tf.data.Dataset | None = None

    def fit(
        self,
        x: tf.data.Dataset | Mapping[str, Any] | None = None,
        *,
        epochs: int = 1,
        steps_per_epoch: int | None = None,
        callbacks: Any = None,
        validation_data: tf.data.Dataset | Mapping[str, Any] | None = None,
        validation_steps: int | None = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains; the arguments are those of `keras.Model.fit`.

        Args:
            x: `problem.points(...)`, or a dictionary of arrays `(n_i, d)`. None:
                new, evenly spread points in each step, two to three times as many
                as there are trainable weights, and 560 for more than 4,000 weights.
            epochs: number of epochs.
            steps_per_epoch: steps in an epoch; 1 for endless points if None.
            callbacks: list of Keras callbacks.
            validation_data: points as for `x`.
            validation_steps: steps of a validation; 1 for endless points if None.
            **kwargs: `verbose`, `initial_epoch` and `validation_freq` of
                `keras.Model.fit`.

        Raises:
            TypeError, ValueError: points that do not fit the problem, a model that is
                not compiled or has a loss of Keras's, or an argument that has no
                meaning for points, such as `sample_weight`.
        """
        _refuse("fit", kwargs)
        self._check_compiled()
        if x is None:
            x = self.default_points()
        points, steps_per_epoch = prepare(self.problem, x, steps_per_epoch)
        if validation_data is not None:
            validation_data, validation_steps = prepare(
                self.problem, validation_data, validation_steps
            )
        run = epochs - kwargs.get("initial_epoch", 0)
        self._decide_on_xla(points, run, steps_per_epoch)
        place = place_of(points)
        if place.streams:
            # Without a number of steps each epoch begins the dataset anew.
            epoch = int(points.cardinality()) if steps_per_epoch is None else None
            callbacks = with_callback(callbacks, SeekPoints(place, epoch))
        # Keras would track, and save, what a plain attribute holds.
        object.__setattr__(self, "_fit_points", points)
        try:
            return super().fit(  # type: ignore[misc]
                points,
                epochs=epochs,
                steps_per_epoch=steps_per_epoch,
                callbacks=callbacks,
                validation_data=validation_data,
                validation_steps=validation_steps,
                **{**kwargs, "shuffle": False},  # Keras warns otherwise
            )
        finally:
            object.__setattr__(self, "_fit_points", None)

    def default_points(self) -> tf.data.Dataset:
        """Returns the points that `fit` draws where it is given none."""
        sizes = [v.value.shape.num_elements() for v in self.trainable_variables]
        return default_points(
            self.problem,
            sum(sizes),
            self._terms[0].columns,
            candidates=self.candidates,
            network=self.network,
        )

    def explain_step(self, step: int) -> str | None:
        """Says, during `fit`, what of the loss of one of its steps is not finite.

        Args:
            step: counted from the first step of this `fit`, from 0.

        Returns:
            As `explain_not_finite`, at the present weights.
        """
        points = self._fit_points
        if points is None:
            return None
        size = int(points.cardinality())
        batch = points.skip(step % size if size > 0 else step).take(1)
        return self.explain_not_finite(next(iter(batch)))

    def explain_not_finite(self, data: Any) -> str | None:
        """Says where the loss of a batch is not finite; see `PINN`."""
        raise TypeError(f"{type(self).__name__} must define explain_not_finite().")

    def _check_compiled(self) -> None:
        if not self.compiled:
            raise ValueError(
                "You must call `compile()` before `fit()`: "
                "model.compile(optimizer=ki.ISGD()), for example."
            )
        if self.loss is not None or compat.has_compiled_metrics(self):
            raise ValueError(
                "A PINN has a loss of its own (Eq. 6) and no targets: compile it with "
                "an optimizer alone, and set PINN(..., loss_weights=...) for weights."
            )

    def auto_jit_compile(self, default: bool) -> int:
        return Undecided(default and why_not_xla(self) is None)

    def get_compile_config(self) -> dict[str, Any]:
        config = super().get_compile_config()  # type: ignore[misc]
        if config and isinstance(self.jit_compile, Undecided):
            # Still open for the fits of a loaded model.
            config["jit_compile"] = "auto"
        return config

    def _decide_on_xla(
        self, x: tf.data.Dataset, epochs: int, steps: int | None
    ) -> None:
        if not isinstance(self.jit_compile, Undecided):
            reason = why_not_xla(self) if self.jit_compile else None
            if reason is not None:
                raise ValueError(
                    f"A step cannot be compiled: {reason}. Leave `jit_compile` out of "
                    "compile(), or write the term with other operations."
                )
            return
        steps = int(x.cardinality()) if steps is None else steps
        decision = decide(self, None if steps < 0 else epochs * steps)
        if decision != self.jit_compile:
            self.train_function = None
        self.jit_compile = decision

    def evaluate(
        self,
        x: tf.data.Dataset | Mapping[str, Any] | None = None,
        *,
        steps: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Returns the loss and its terms at points; see `keras.Model.evaluate`.

        Args:
            x: points as for `fit`.
            steps: how many point sets to average over; 1 for endless points if None.
            **kwargs: `verbose`, `callbacks` and `return_dict` of
                `keras.Model.evaluate`.

        Raises:
            TypeError, ValueError: points that do not fit the problem, or an argument
                that has no meaning for points, such as `sample_weight`.
        """
        _refuse("evaluate", kwargs)
        if not compat.evaluates_within_fit(kwargs):
            x, steps = prepare(self.problem, x, steps)
        return super().evaluate(x, steps=steps, **kwargs)  # type: ignore[misc]

    def predict(self, x: Any, batch_size: int | None = None, **kwargs: Any) -> Any:
        """Returns u at points, a NumPy array `(n, outputs)`.

        Args:
            x: array `(n, d + q)`, or `(n, d)` beside values of the parameters; it
                keeps its precision, unlike in Keras. Or a `tf.data.Dataset` of such
                arrays, its batches.
            batch_size: points in a batch of an array; 4096 if None.
            **kwargs: `verbose`, `steps` and `callbacks` of `keras.Model.predict`; and
                a value for each of the problem's parameters by name, such as
                `k=0.5`: a number, or one for each point of an array.

        Raises:
            ValueError: points of the wrong shape, or no real numbers; parameters that
                are missing, unknown or outside of their ranges; or a `batch_size` for
                a dataset.
        """
        values = {n: kwargs.pop(n) for n in list(kwargs) if n not in _OF_PREDICT}
        if not isinstance(x, tf.data.Dataset):
            x = self._points_to_predict(x, values)
            batch = _PREDICTED if batch_size is None else batch_size
            x = tf.data.Dataset.from_tensor_slices(x.astype(self.compute_dtype))
            x = x.batch(check_count("batch_size", batch))
        elif batch_size is not None:
            raise ValueError(
                "A tf.data.Dataset has batches of its own, so that `batch_size` would "
                "have no effect: leave it out, or give an array of points."
            )
        elif values:
            x = _batches_with(self.problem, x, values)
        return super().predict(x, **kwargs)  # type: ignore[misc]

    def _points_to_predict(self, x: Any, values: Mapping[str, Any]) -> np.ndarray:
        x = check_array("The array of points", x, finite=False)
        problem = self.problem
        d, width = len(problem.coordinates), problem.input_count
        if values and x.ndim == 2 and len(x):
            return with_parameters(problem, x, values)
        if x.ndim != 2 or x.shape[1] != width or len(x) == 0:
            names = problem.region.parameters
            raise ValueError(
                f"Expected points (n, {width}), got shape {x.shape}."
                + (
                    f" The last {len(names)} are the parameters; or give points (n, "
                    f"{d}) and a value for each of them by name: {', '.join(names)}."
                    if names
                    else ""
                )
            )
        return x


def _batches_with(
    problem: Problem, x: tf.data.Dataset, values: Mapping[str, Any]
) -> tf.data.Dataset:
    """Batches of points `(n, d)` with the parameters' values beside them."""
    row = with_parameters(problem, np.zeros((1, len(problem.coordinates))), values)
    row = row[:, len(problem.coordinates) :]

    def complete(points: tf.Tensor) -> tf.Tensor:
        columns = tf.repeat(tf.cast(row, points.dtype), tf.shape(points)[0], axis=0)
        return tf.concat([points, columns], axis=1)

    return x.map(complete)


def _refuse(method: str, arguments: Mapping[str, Any]) -> None:
    """Refuses arguments of Keras's that would have no effect on points.

    Raises:
        ValueError: for one that is there and not None, False or 0.
    """
    for name, value in arguments.items():
        given = value is not None and not (
            isinstance(value, (bool, int, float)) and value == 0
        )
        if name in _REFUSED and given:
            raise ValueError(f"PINN.{method} takes no `{name}`: {_REFUSED[name]}")
