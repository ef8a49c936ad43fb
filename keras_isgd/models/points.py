"""Checks of the points that a user hands to `fit` and `evaluate`."""

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.sampling import endless

__all__ = ["SeekPoints", "default_points", "prepare"]

# Rows of the residual for each trainable weight: with fewer than one, a step fits its
# own points, and the error of a long run stays where that leaves it.
_INTERIOR_ROWS, _BOUNDARY_ROWS = 2.25, 0.3


def default_points(problem, parameters, equations):
    """Returns points that suit a network's size: new ones each step, well spread.

    Args:
        problem: the `Problem`.
        parameters: number of trainable weights, p.
        equations: columns of the residual, k.
    """
    boundary = None
    if len(problem.coordinates) > 1:
        boundary = max(int(_BOUNDARY_ROWS * parameters), 20)
    return problem.points(
        interior=max(int(_INTERIOR_ROWS * parameters / equations), 100),
        boundary=boundary,
        method="sobol",
        refine=0.5 if problem.steep is not None else 0.0,
    )


def prepare(problem, x, steps):
    """Checks training points and makes them an endless dataset where needed.

    Args:
        problem: the `Problem` that they are for.
        x: a `tf.data.Dataset` of dictionaries of point sets `(n_i, d)`, as
            `problem.points` returns, or one such dictionary of arrays.
        steps: steps in an epoch, or None.

    Returns:
        The dataset and the number of steps: one for endless data unless told.

    Raises:
        TypeError: no dataset and no dictionary.
        ValueError: a set is missing, unknown, empty, of the wrong shape or dtype,
            not finite, or has points outside the domain.
    """
    if isinstance(x, dict):
        sets = {name: np.asarray(value) for name, value in x.items()}
        _check_specs(problem, {n: (v.shape, v.dtype) for n, v in sets.items()})
        _check_values(problem, sets)
        x = endless(sets)
    elif isinstance(x, tf.data.Dataset):
        spec = x.element_spec
        if not isinstance(spec, dict):
            raise TypeError(
                "Expected a dataset of dictionaries of point sets, such as "
                f"problem.points(...), got elements {spec!r}."
            )
        _check_specs(
            problem,
            {
                n: (tuple(s.shape) if s.shape.rank is not None else (), s.dtype.name)
                for n, s in spec.items()
            },
        )
        first = next(iter(x.take(1)), None)
        if first is None:
            raise ValueError("The dataset of points is empty; give it points.")
        _check_values(problem, {n: v.numpy() for n, v in first.items()})
    else:
        raise TypeError(
            "Expected points as a tf.data.Dataset, such as problem.points(...), or "
            f"as a dictionary of arrays (n, d), got {type(x).__name__}."
        )
    if steps is None and x.cardinality() == tf.data.INFINITE_CARDINALITY:
        steps = 1
    return x, steps


def _check_specs(problem, specs):
    needed = problem.point_sets()
    if set(specs) != set(needed):
        missing = sorted(set(needed) - set(specs))
        unknown = sorted(set(specs) - set(needed))
        raise ValueError(
            f"{type(problem).__name__} needs the point sets {', '.join(needed)}"
            + (f"; missing: {', '.join(missing)}" if missing else "")
            + (f"; unknown: {', '.join(unknown)}" if unknown else "")
            + "."
        )
    d = len(problem.coordinates)
    for name, (shape, dtype) in specs.items():
        if len(shape) != 2 or shape[1] not in (d, None):
            raise ValueError(
                f"Expected the points {name!r} in the shape (n, {d}) for the "
                f"coordinates {', '.join(problem.coordinates)}, got {tuple(shape)}."
            )
        if str(dtype) not in ("float32", "float64"):
            raise ValueError(
                f"Expected the points {name!r} as float64 or float32, got {dtype}."
            )


def _check_values(problem, sets):
    for name, x in sets.items():
        if len(x) == 0:
            raise ValueError(f"The point set {name!r} is empty; give it points.")
        if not np.isfinite(x).all():
            raise ValueError(
                f"The points {name!r} have NaN or infinite coordinates. Remove them."
            )
        outside = int(np.sum(~problem.domain.contains(x)))
        if outside:
            raise ValueError(
                f"{outside} of the points {name!r} lie outside {problem.domain}."
            )


class SeekPoints(keras.callbacks.Callback):
    """Lines a point stream up with the optimizer's iterations before training.

    It must come after the callbacks that restore a run.

    Args:
        stream: the dataset's `PointStream`.
    """

    def __init__(self, stream):
        super().__init__()
        self._stream = stream

    def on_train_begin(self, logs=None):
        self._stream.seek(int(self.model.optimizer.iterations.numpy()))
