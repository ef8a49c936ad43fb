"""Pictures of training and of solutions."""

import os
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from keras_isgd.figures.curves import COLOURS
from keras_isgd.figures.lines import draw_lines, draw_predicted_lines
from keras_isgd.figures.maps import draw_maps, draw_predicted_maps
from keras_isgd.figures.picture import Picture
from keras_isgd.figures.solution import Solution, solutions_of
from keras_isgd.figures.views import middle, views_of
from keras_isgd.problems import Problem
from keras_isgd.problems.exact import predicted

__all__ = [
    "Solved",
    "plot",
    "prediction_points",
    "save_predictions",
    "save_solution",
]

_Path = str | os.PathLike[str]

# Pixels of an inch, and of the longest edge of a picture.
_DPI, _LONGEST = 120.0, 12_000.0


class Solved(Protocol):
    """What a picture needs of a `PINN`."""

    problem: Problem

    @property
    def compute_dtype(self) -> str: ...

    def call(self, x: tf.Tensor) -> tf.Tensor: ...


def plot(model: Any, path: _Path | None = None, title: str = "") -> Picture:
    """Draws the prediction, and beside it the exact solution and the error if known.

    A solution of one coordinate is a line, one of two a map on the geometry. Two
    coordinates of space with time make a row of frames at five times, three without
    time the three planes through the middle of the bounding box. Each output is drawn,
    up to a constant where the problem says so, and with parameters each at their
    lowest, middle and highest values.

    Args:
        model: a `PINN`.
        path: PNG, SVG or PDF file to write, or None.
        title: heading.

    Returns:
        A `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: a problem in more dimensions than can be drawn.
    """
    figure = _figure(model)
    if figure is None:
        raise ValueError(
            f"{type(model.problem).__name__} has more coordinates than can be drawn: "
            "one, two, three of space, or two of space and time. Draw "
            "model.predict(points) along a line or a plane of your choice."
        )
    figure.suptitle(title)
    if path is not None:
        _save(figure, path)
    return figure


def save_solution(model: Any, path: _Path, title: str = "") -> bool:
    """Writes what `plot` draws.

    Args:
        model, path, title: as for `plot`.

    Returns:
        Whether a picture was written: not for more dimensions than can be drawn.
    """
    figure = _figure(model)
    if figure is None:
        return False
    figure.suptitle(title)
    _save(figure, path)
    return True


def _figure(model: Solved) -> Picture | None:
    problem = model.problem
    views = views_of(problem)
    if not views:
        return None
    by_view = [
        solutions_of(
            problem, view, predicted(model.call, view.points, model.compute_dtype)
        )
        for view in views
    ]
    solutions = [s for output in zip(*by_view, strict=True) for s in output]
    return (draw_lines if _is_line(solutions) else draw_maps)(solutions)


def prediction_points(problem: Problem) -> np.ndarray | None:
    """Returns the points `(n, d + q)` whose values `save_predictions` draws.

    They are points of a grid that lie inside of the domain, at the middle of the
    parameters: of a line, or of a plane; at the last time where space is a plane, and
    at the middle of the third coordinate where it has three.

    None for a problem that it does not draw: in more dimensions, or without an exact
    solution.
    """
    view = middle(problem) if problem.exact is not None else None
    return None if view is None else view.panels[0].points


def save_predictions(
    problem: Problem,
    predictions: Mapping[str, np.ndarray],
    path: _Path,
    title: str = "",
    colours: Mapping[str, str] | None = None,
) -> None:
    """Draws several predictions and their errors beside the exact solution.

    Args:
        problem: one that has `prediction_points`.
        predictions: dictionary of arrays by name, each of the n values there, or
            `(n, outputs)`.
        path: PNG file to write.
        title: heading.
        colours: dictionary of colours by name; `COLOURS` in their order if None.

    Raises:
        ValueError: a problem without `prediction_points`, or arrays of other sizes.
    """
    view = middle(problem) if problem.exact is not None else None
    if view is None:
        raise ValueError(
            f"{type(problem).__name__} has no predictions to draw: that takes an exact "
            "solution, and a line, or a plane with or without time, or three "
            "dimensions of space."
        )
    shape = (len(view.panels[0].points), len(problem.names.outputs))
    drawn: dict[str, list[Solution]] = {}
    for name, values in predictions.items():
        values = np.asarray(values)
        if values.size != shape[0] * shape[1]:
            raise ValueError(
                f"Expected the prediction {name!r} in the shape {shape}, at "
                f"prediction_points(problem); got {values.shape}."
            )
        found = solutions_of(problem, view, values.reshape(shape))
        drawn[name] = [s for s in found if s.exact is not None]
        if not drawn[name]:
            raise ValueError(
                f"{type(problem).__name__}.exact is unknown where predictions are "
                "drawn: there is nothing to draw them beside."
            )
    if _is_line(next(iter(drawn.values()))):
        colours = colours or dict(zip(predictions, COLOURS * 3))
        figure = draw_predicted_lines(drawn, colours)
    else:
        figure = draw_predicted_maps(drawn)
    figure.suptitle(title)
    _save(figure, path, dpi=110.0)


def _is_line(solutions: list[Solution]) -> bool:
    return len(solutions[0].panels[0].axes) == 1


def _save(figure: Picture, path: _Path, dpi: float = _DPI) -> None:
    dpi = min(dpi, _LONGEST / max(figure.get_size_inches()))
    figure.savefig(path, dpi=dpi, bbox_inches="tight")
