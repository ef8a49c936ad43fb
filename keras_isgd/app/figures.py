"""Pictures of training and of solutions."""

import os
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from keras_isgd.app.curves import COLOURS, HIGHEST_ERROR, save_curves
from keras_isgd.app.lines import draw_lines, draw_predicted_lines
from keras_isgd.app.maps import draw_maps, draw_predicted_maps
from keras_isgd.app.solution import Solution, solutions_of
from keras_isgd.app.views import middle, views_of
from keras_isgd.models import PINN
from keras_isgd.models.errors import predicted
from keras_isgd.problems import Problem

__all__ = [
    "COLOURS",
    "HIGHEST_ERROR",
    "prediction_points",
    "save_curves",
    "save_predictions",
    "save_solution",
]

_Path = str | os.PathLike[str]

# Pixels of an inch, and of the longest edge of a picture.
_DPI, _LONGEST = 120.0, 12_000.0


def save_solution(model: PINN, path: _Path, title: str = "") -> bool:
    """Draws prediction, exact solution and error, as in the paper's Figures 2 to 4.

    A solution of one coordinate is a line, one of two a map on the geometry. Two
    coordinates of space with time make a row of frames at five times, three without
    time the three planes through the middle of the bounding box. Each output is drawn,
    up to a constant where the problem says so, and with parameters each at their
    lowest, middle and highest values.

    Args:
        model: a `PINN`.
        path: PNG file to write.
        title: heading.

    Returns:
        Whether a picture was written: not for more dimensions.
    """
    problem = model.problem
    views = views_of(problem)
    if not views:
        return False
    by_view = [
        solutions_of(
            problem, view, predicted(model.call, view.points, model.compute_dtype)
        )
        for view in views
    ]
    solutions = [s for output in zip(*by_view, strict=True) for s in output]
    figure = (draw_lines if _is_line(solutions) else draw_maps)(solutions)
    _save(figure, path, title)
    return True


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
    _save(figure, path, title, dpi=110.0)


def _is_line(solutions: list[Solution]) -> bool:
    return len(solutions[0].panels[0].axes) == 1


def _save(figure: Figure, path: _Path, title: str, dpi: float = _DPI) -> None:
    figure.suptitle(title)
    figure.savefig(path, dpi=min(dpi, _LONGEST / max(figure.get_size_inches())))
