"""Checks of the points that a user hands to `fit` and `evaluate`."""

import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.models.boundary_layers import boxes_of
from keras_isgd.networks.boundary_layer_features import (
    BoundaryLayer,
    BoundaryLayerFeatures,
)
from keras_isgd.networks.row_factors import singular_features
from keras_isgd.optimizers.auto_control import FEW_ROWS, LARGE
from keras_isgd.problems import Problem
from keras_isgd.sampling import Place, endless
from keras_isgd.utils.checks import check_real_dtype

__all__ = ["SeekPoints", "default_points", "prepare"]

# Rows of the residual for each trainable weight: with fewer than one, a step fits its
# own points, and the error of a long run stays where that leaves it.
_INTERIOR_ROWS, _BOUNDARY_ROWS = 2.25, 0.3
# Of the few rows for a large network, those on the boundary: `SPRING` carries from step
# to step what so few cannot say.
_FEW_BOUNDARY_ROWS = 64
# As many more where points are chosen by the residual, and stand closer in places.
_CHOSEN_ROWS = 2.5


def default_points(
    problem: Problem,
    parameters: int,
    equations: int,
    resample: bool = True,
    seed: int = 0,
    candidates: int = 1,
    network: keras.Model | None = None,
) -> tf.data.Dataset:
    """Returns points that suit a network's size, well spread.

    Up to `optimizers.LARGE` weights there are more rows than weights, so that a step
    knows them all; beyond, a few hundred rows. Half of the points inside lie where the
    problem says that its solution is steep, or where the network has boundary layers.

    Args:
        problem: the `Problem`.
        parameters: number of trainable weights, p.
        equations: columns of the residual, k.
        resample: new points at each step, or the same ones always.
        seed: of the points.
        candidates: points inside for each one that a step takes.
        network: the network, for its boundary layers.
    """
    share = _CHOSEN_ROWS if candidates > 1 else _INTERIOR_ROWS
    rows, edge = int(share * parameters), int(_BOUNDARY_ROWS * parameters)
    if parameters > LARGE:
        rows, edge = FEW_ROWS - _FEW_BOUNDARY_ROWS, _FEW_BOUNDARY_ROWS
    steep = [] if problem.steep is None else [problem.steep]
    steep += [] if network is None else boxes_of(problem, _layers_of(network))
    return problem.sets.dataset(
        interior=candidates * max(rows // equations, 100),
        boundary=max(edge, 20) if problem.input_count > 1 else None,
        resample=resample,
        seed=seed,
        method="sobol",
        refine=0.5 if steep else 0.0,
        steep=steep,
    )


def _layers_of(network: keras.Model) -> list[BoundaryLayer]:
    """The boundary layers that a network has features for."""
    return [
        layer
        for features in singular_features(network)
        if isinstance(features, BoundaryLayerFeatures)
        for layer in features.boundary_layers
    ]


def prepare(
    problem: Problem,
    x: tf.data.Dataset | Mapping[str, Any] | None,
    steps: int | None,
) -> tuple[tf.data.Dataset, int | None]:
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
    if isinstance(x, Mapping):
        sets = {name: np.asarray(value) for name, value in x.items()}
        _check_specs(problem, {n: (v.shape, v.dtype.name) for n, v in sets.items()})
        _check_values(problem, sets)
        dataset = endless(problem.with_normals(sets))
    elif isinstance(x, tf.data.Dataset):
        _check_dataset(problem, x)
        dataset = _with_normals(problem, x)
    else:
        raise TypeError(
            "Expected points as a tf.data.Dataset, such as problem.points(...), or "
            f"as a dictionary of arrays (n, d), got {type(x).__name__}."
        )
    if steps is None and dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        steps = 1
    return dataset, steps


def _check_dataset(problem: Problem, x: tf.data.Dataset) -> None:
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


def _check_specs(
    problem: Problem, specs: Mapping[str, tuple[tuple[int | None, ...], str]]
) -> None:
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
    width, names = problem.input_count, problem.names
    normals = problem.sets.with_normals
    for name, (shape, dtype) in specs.items():
        allowed = [width, None]
        if name in normals:
            allowed.append(width + len(names.coordinates))
        if len(shape) != 2 or shape[1] not in allowed:
            raise ValueError(
                f"Expected the points {name!r} in the shape (n, {width}) for the "
                f"coordinates {', '.join(names.inputs)}"
                + (
                    ", or with the outward normals beside them"
                    if name in normals
                    else ""
                )
                + f", got {tuple(shape)}."
            )
        if dtype.startswith("complex"):
            check_real_dtype(f"The set of points {name!r}", dtype)
        if dtype not in ("float32", "float64"):
            raise ValueError(
                f"Expected the points {name!r} as float64 or float32, got {dtype}."
            )


def _check_values(problem: Problem, sets: Mapping[str, np.ndarray]) -> None:
    for name, x in sets.items():
        if len(x) == 0:
            raise ValueError(f"The point set {name!r} is empty; give it points.")
        if not np.isfinite(x).all():
            raise ValueError(
                f"The points {name!r} have NaN or infinite coordinates. Remove them."
            )
        problem.check_points(x[:, : problem.input_count], f"the points {name!r}")


def _with_normals(problem: Problem, x: tf.data.Dataset) -> tf.data.Dataset:
    """A dataset whose sets have the outward normals that conditions need."""
    missing = [
        name
        for name in problem.sets.with_normals
        if x.element_spec[name].shape[1] == problem.input_count
    ]
    if not missing:
        return x
    d = len(problem.coordinates)

    @tf.autograph.experimental.do_not_convert
    def complete(sets: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        sets = dict(sets)
        for name in missing:
            known = sets[name]

            def with_normals(points: np.ndarray, name: str = name) -> np.ndarray:
                return problem.with_normals({name: points})[name]

            found = tf.numpy_function(with_normals, [known], known.dtype)
            sets[name] = tf.ensure_shape(
                found, [known.shape[0], problem.input_count + d]
            )
        return sets

    return x.map(complete)


class SeekPoints(keras.callbacks.Callback):
    """Lines streams of points up with the optimizer's iterations before training.

    It must come after the callbacks that restore a run.

    Args:
        place: what is known of the dataset that `fit` draws from.
        epoch: the elements of a dataset that each epoch goes through from its
            beginning, or None or a negative number where there is no such number.
    """

    def __init__(self, place: Place, epoch: int | None = None) -> None:
        super().__init__()
        self._place = place
        self._epoch = epoch

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        step = int(self.model.optimizer.iterations.numpy())
        if not self._place.lost_by:
            for stream in self._place.streams:
                stream.seek(step)
        elif step > 0 and not self._begins_as_it_would(step):
            warnings.warn(
                f"The place in the stream of points is lost: a step of the dataset is "
                f"not an element of problem.points(...), because of `"
                f"{'`, `'.join(self._place.lost_by)}`. The run goes on at step {step} "
                "with the points that the dataset begins with. Give fit() "
                "problem.points(...) itself or what `map` and `prefetch` make of it, "
                "and the points are those that an uninterrupted run would have had.",
                stacklevel=2,
            )

    def _begins_as_it_would(self, step: int) -> bool:
        if not any(stream.resample for stream in self._place.streams):
            return True
        whole_epochs = self._epoch and self._epoch > 0 and step % self._epoch == 0
        return bool(whole_epochs) and "shuffle" not in self._place.lost_by
