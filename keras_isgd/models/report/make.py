"""How a report is made."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.models.errors import measure
from keras_isgd.models.points import prepare
from keras_isgd.models.report.edges import corners_of, layers_of
from keras_isgd.models.report.limits import Finding, Measurements, limits_of
from keras_isgd.models.report.remaining import remaining_of
from keras_isgd.models.report.report import Report
from keras_isgd.models.report.residuals import residuals_of
from keras_isgd.models.report.rounding import rounding_of
from keras_isgd.models.report.sizes import Sizes, rows_of
from keras_isgd.models.report.trained import Trained
from keras_isgd.problems import Data
from keras_isgd.residuals.not_finite import explain

__all__ = ["report_of"]

# Points inside and of each condition; and those at which u is compared.
_INTERIOR, _BOUNDARY, _COMPARED = 4096, 1024, 1000
# Seeds of points that no run begins with by itself.
_SEED = 1_618_033_988


def report_of(trained: Trained, points: Any = None) -> Report:
    """Makes `PINN.report`.

    Args:
        trained: the model.
        points: see `PINN.report`.

    Raises:
        TypeError, ValueError: points that do not fit the problem.
    """
    problem = trained.problem
    sets = _points(trained, points)
    sets = {name: tf.cast(x, trained.dtype) for name, x in sets.items()}
    common: dict[str, Any] = {
        "problem": type(problem).__name__,
        "size": trained.size,
        "dtype": trained.dtype,
        "choices": tuple(trained.choices),
        "coefficients": dict(trained.values),
        "has_data": any(isinstance(c, Data) for c in problem.bound_conditions()),
        "history": tuple(map(float, trained.history)),
    }
    inside = np.concatenate(
        [np.asarray(sets[n])[:, : problem.input_count] for n in problem.sets.interior]
    )
    sizes = Sizes.of(problem, trained.predicted(inside))
    rows = [rows_of(trained, t, t.inputs(sets), sizes) for t in trained.terms]
    if not all(np.isfinite(r.values).all() for r in rows):
        bad = explain(trained.terms, trained.network, sets, trained.coefficients)
        return _not_finite(common, bad or "The loss is not finite.")
    residuals = residuals_of(trained, sets, rows)
    own = [r.size for r in rows[: len(trained.equations)]]
    measured = Measurements(
        residuals=residuals,
        layers=layers_of(trained, sets, sizes, own),
        corners=corners_of(trained, sizes),
        remaining=remaining_of(trained, _SEED + 1, _spread(inside)),
        loss=sum(r.loss for r in residuals) + trained.penalty,
        rounding=rounding_of(trained, sets),
        history=common["history"],
        dtype=trained.dtype,
    )
    return Report(
        loss=measured.loss,
        trained_loss=measured.trained,
        rounding=measured.rounding,
        residuals=residuals,
        layers=tuple(measured.layers),
        corners=tuple(measured.corners),
        errors=_errors(trained),
        remaining=measured.remaining,
        limits=limits_of(measured),
        **common,
    )


def _points(trained: Trained, points: Any) -> Mapping[str, tf.Tensor]:
    problem = trained.problem
    if points is None:
        points = problem.points(
            interior=_INTERIOR,
            boundary=None if problem.input_count == 1 else _BOUNDARY,
            resample=False,
            seed=_SEED,
            method="sobol",
        )
    dataset, _ = prepare(problem, points, None)
    return next(iter(dataset))


def _spread(inside: np.ndarray) -> np.ndarray:
    """At most some of the points, evenly."""
    return inside[:: -(-len(inside) // _COMPARED)]


def _errors(trained: Trained) -> dict[str, float]:
    if trained.problem.exact is None:
        return {}
    return measure(trained.call, trained.problem, trained.dtype)


def _not_finite(common: Mapping[str, Any], sentence: str) -> Report:
    return Report(
        loss=float("nan"),
        trained_loss=None,
        rounding=float("nan"),
        residuals=(),
        layers=(),
        corners=(),
        errors={},
        remaining="Not estimated: the loss is not finite.",
        limits=(Finding(kind="not finite", text=sentence),),
        **common,
    )
