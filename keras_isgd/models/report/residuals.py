"""Residuals on points that were not trained on, by equation, condition and place."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from keras_isgd.models.report.sizes import Rows
from keras_isgd.models.report.trained import Trained
from keras_isgd.problems import Problem
from keras_isgd.problems.places import OnFaces, TimeEnd
from keras_isgd.residuals.term import Term

__all__ = ["Residual", "Tenth", "near", "residuals_of"]

# Parts of a domain along a coordinate.
_PARTS = 10
# The share of the points that counts as the worst, and the fewest points for it.
_WORST, _FEWEST = 0.01, 200
# A point is near a part of the boundary within so much of the domain's lengths.
_NEAR = 0.05


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tenth:
    """A tenth of the domain along a coordinate.

    Attributes:
        coordinate: its name.
        low, high: the tenth's ends.
        share: of the squared residual that lies there, 0 to 1.
    """

    coordinate: str
    low: float
    high: float
    share: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Residual:
    """The residual of an equation or a condition on points that were not trained on.

    Attributes:
        name: the term's name, or the equation's.
        is_equation: whether it is an equation and not a condition.
        points: on how many rows it was measured.
        weight: its omega in the loss, of several the mean.
        loss: its part of the loss, with that weight.
        rms: the root mean square, without weights.
        maximum: the largest absolute value.
        size: the natural size: for given values half of their range; for an equation
            the largest part of it, or what it is for constant outputs. See
            `keras_isgd.models.report.sizes.Rows`. Of several columns the largest.
        relative_rms, relative_maximum: the same, each column relative to its size.
        worst: the inputs by name where it is largest; empty for rows of many points.
        near: which parts of the boundary, or ends of time, are near there; or "".
        share: of its squares that the worst 1 % of the points hold; 0.01 if they are
            spread evenly; None for fewer than 200 points.
        tenth: the tenth of the domain, along any coordinate, with most of its squares;
            likewise None.
        profile: the shares of the tenths along each coordinate by name; likewise empty.
    """

    name: str
    is_equation: bool
    points: int
    weight: float
    loss: float
    rms: float
    maximum: float
    size: float
    relative_rms: float
    relative_maximum: float
    worst: dict[str, float]
    near: str
    share: float | None
    tenth: Tenth | None
    profile: dict[str, tuple[float, ...]]


def residuals_of(
    trained: Trained, sets: Mapping[str, tf.Tensor], of_terms: Sequence[Rows]
) -> tuple[Residual, ...]:
    """Returns the residual of each equation and each condition.

    Args:
        trained: the model.
        sets: point sets, `(n_i, d + q)`, with normals where needed.
        of_terms: the rows of each term on them.
    """
    found: list[Residual] = []
    for term, rows in zip(trained.terms, of_terms, strict=True):
        x = term.inputs(sets)
        ends = np.cumsum(list(term.equations.values()))
        for name, end in zip(term.names, ends):
            columns = slice(end - term.equations[name], end)
            part = Rows(rows.values[:, columns], rows.size[columns])
            found.append(_residual(trained, term, name, part, x, sets))
    return tuple(found)


def _residual(
    trained: Trained,
    term: Term,
    name: str,
    rows: Rows,
    x: tf.Tensor,
    sets: Mapping[str, tf.Tensor],
) -> Residual:
    problem = trained.problem
    relative = rows.values / rows.size
    squares = np.sum(relative**2, axis=1)
    worst, close, profile = {}, "", {}
    share = tenth = None
    if term.row_count is None and len(squares) == len(x):
        points = np.asarray(x)[:, : problem.input_count].astype(np.float64)
        place = points[int(np.argmax(squares))]
        worst = dict(zip(problem.names.inputs, map(float, place)))
        close = near(problem, place, sets)
        if len(squares) >= _FEWEST and squares.sum() > 0.0:
            count = max(round(_WORST * len(squares)), 1)
            share = float(np.sort(squares)[-count:].sum() / squares.sum())
            profile = _profile(problem, points, squares)
            tenth = _tenth(problem, profile)
    return Residual(
        name=name,
        is_equation=trained.is_equation(term),
        points=len(rows.values),
        weight=float(np.mean(term.weights[name])),
        # A weight may be one number, or one for each column.
        loss=float(np.sum(term.weights[name] * np.mean(rows.values**2, axis=0))),
        rms=_rms(rows.values),
        maximum=float(np.abs(rows.values).max()),
        size=float(rows.size.max()),
        relative_rms=_rms(relative),
        relative_maximum=float(np.abs(relative).max()),
        worst=worst,
        near=close,
        share=share,
        tenth=tenth,
        profile=profile,
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _profile(
    problem: Problem, points: np.ndarray, squares: np.ndarray
) -> dict[str, tuple[float, ...]]:
    """The share of the squares in each tenth along each input that varies."""
    found = {}
    for i, name in enumerate(problem.names.inputs):
        low, high = problem.region.lower[i], problem.region.upper[i]
        if np.ptp(points[:, i]) == 0.0:
            continue
        part = np.clip((points[:, i] - low) / (high - low) * _PARTS, 0, _PARTS - 1)
        sums = np.bincount(part.astype(int), squares, _PARTS) / squares.sum()
        found[name] = tuple(map(float, sums))
    return found


def _tenth(problem: Problem, profile: Mapping[str, tuple[float, ...]]) -> Tenth | None:
    if not profile:
        return None
    name = max(profile, key=lambda one: max(profile[one]))
    part = int(np.argmax(profile[name]))
    axis = problem.names.inputs.index(name)
    low, length = problem.region.lower[axis], problem.region.lengths[axis]
    return Tenth(
        coordinate=name,
        low=low + part / _PARTS * length,
        high=low + (part + 1) / _PARTS * length,
        share=profile[name][part],
    )


def near(problem: Problem, place: np.ndarray, sets: Mapping[str, tf.Tensor]) -> str:
    """Returns the names of up to two parts of the boundary that are near a point.

    Args:
        problem: the `Problem`.
        place: `(d + q,)`.
        sets: point sets; parts of a boundary that are no faces of a box, nor ends of
            time, are known by their points.
    """
    region = problem.region
    lengths = np.asarray(region.lengths)
    distances: dict[str, float] = {}
    for axis, coordinate in enumerate(problem.coordinates):
        if region.box is None and axis != region.time:
            continue
        for side, end in (("min", region.lower[axis]), ("max", region.upper[axis])):
            distance = abs(place[axis] - end) / lengths[axis]
            distances[f"{coordinate}_{side}"] = float(distance)
    for name, on in problem.sets.others.items():
        if isinstance(region.place(on), OnFaces | TimeEnd):
            continue
        points = np.asarray(sets[name])[:, : problem.input_count]
        apart = np.linalg.norm((points - place) / lengths, axis=1)
        distances[name] = float(apart.min())
    close = sorted(n for n, distance in distances.items() if distance <= _NEAR)
    close.sort(key=lambda n: distances[n])
    return " and ".join(close[:2])
