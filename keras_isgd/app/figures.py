"""Pictures of training and of solutions."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_isgd.models import PINN
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

# Colour-blind safe (Okabe and Ito), in the order of the runs.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Of the axis of relative errors.
HIGHEST_ERROR = 100.0
# Beyond float32.
_DIVERGED = 1e38
# Rounding errors below this are not told apart.
_LOWEST_ERROR = 1e-17


def save_curves(
    runs: Mapping[str, Sequence[Mapping[str, float]]],
    path: _Path,
    title: str = "",
    colours: Mapping[str, str] | None = None,
) -> None:
    """Draws loss and relative error against seconds and evaluations.

    Args:
        runs: dictionary of record lists (`ErrorMonitor.records`) by name.
        path: PNG file to write.
        title: heading.
        colours: dictionary of colours by name; `COLOURS` in the order of the runs
            if None.
    """
    colours = colours or dict(zip(runs, COLOURS * 3))
    runs = {name: records for name, records in runs.items() if records}
    has_error = all("relative_l2" in r[-1] for r in runs.values())
    rows = [("loss", "training loss")]
    if has_error:
        rows.append(("relative_l2", "relative $L_2$ error"))
    columns = [("seconds", "seconds"), ("evaluations", "loss evaluations")]
    figure = Figure(figsize=(9.0, 3.1 * len(rows) + 0.5), layout="constrained")
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    for row, (y, y_label) in enumerate(rows):
        for column, (x, x_label) in enumerate(columns):
            ax = axes[row][column]
            ax.set_yscale("log")
            if x == "evaluations":
                ax.set_xscale("log")
            for name, records in runs.items():
                ax.plot(
                    [r[x] for r in records],
                    [_drawable(r[y]) for r in records],
                    color=colours[name],
                    label=name,
                    marker="." if len(records) < 20 else None,
                )
            if y == "relative_l2":
                _cut(ax)
            ax.set_xlabel(x_label)
            ax.set_ylabel(y_label)
            ax.grid(True, alpha=0.3)
    axes[0][0].legend()
    figure.suptitle(title)
    figure.savefig(path, dpi=120)


def _cut(ax: Axes) -> None:
    """Ends an axis of errors where a run that diverged would hide the others."""
    bottom, top = ax.get_ylim()
    if bottom < HIGHEST_ERROR < top:
        ax.set_ylim(top=HIGHEST_ERROR)


def _drawable(value: float) -> float:
    """A value for a logarithmic axis, NaN where it has none."""
    return value if 0.0 < value < _DIVERGED else np.nan


def save_solution(model: PINN, path: _Path, title: str = "") -> bool:
    """Draws prediction, exact solution and error, as in the paper's Figures 2 to 4.

    Args:
        model: a `PINN` of a problem in one or two dimensions with one output.
        path: PNG file to write.
        title: heading.

    Returns:
        Whether a picture was written: not for more dimensions or outputs.
    """
    problem = model.problem
    d = len(problem.coordinates)
    if d > 2 or problem.outputs > 1:
        return False
    counts = (1001,) if d == 1 else (201, 201)
    x = problem.domain.grid(counts)
    u = np.asarray(model.network(tf.constant(x, model.compute_dtype)))
    exact = None
    if problem.exact is not None:
        exact = np.asarray(problem.exact(tf.constant(x, tf.float64)))
    draw = _draw_line if d == 1 else _draw_maps
    figure = draw(problem, counts, x, u, exact)
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
    return True


def prediction_points(problem: Problem) -> np.ndarray | None:
    """Returns the points `(n, d)` whose values `save_predictions` draws.

    None for a problem that it does not draw: in more than two dimensions, with
    several outputs, or without an exact solution.
    """
    d = len(problem.coordinates)
    if d > 2 or problem.outputs > 1 or problem.exact is None:
        return None
    return problem.domain.grid((1001,) if d == 1 else (101, 101))


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
        predictions: dictionary of arrays by name, each of the n values there.
        path: PNG file to write.
        title: heading.
        colours: dictionary of colours by name; `COLOURS` in their order if None.

    Raises:
        ValueError: a problem without `prediction_points`.
    """
    x = prediction_points(problem)
    if x is None:
        raise ValueError(
            f"{type(problem).__name__} has no predictions to draw: that takes one or "
            "two dimensions, one output and an exact solution."
        )
    assert problem.exact is not None
    exact = np.asarray(problem.exact(tf.constant(x))).ravel()
    predictions = {name: np.asarray(u).ravel() for name, u in predictions.items()}
    if x.shape[1] == 1:
        colours = colours or dict(zip(predictions, COLOURS * 3))
        figure = _predicted_lines(problem, x[:, 0], exact, predictions, colours)
    else:
        figure = _predicted_maps(exact, predictions)
    figure.suptitle(title)
    figure.savefig(path, dpi=110)


def _predicted_lines(
    problem: Problem,
    x: np.ndarray,
    exact: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    colours: Mapping[str, str],
) -> Figure:
    figure = Figure(figsize=(9.5, 3.6), layout="constrained")
    solution, error = figure.subplots(1, 2)
    solution.plot(x, exact, color="0.7", linewidth=4, label="exact")
    for name, u in predictions.items():
        solution.plot(x, u, label=name, color=colours[name])
        difference = np.maximum(np.abs(u - exact), _LOWEST_ERROR)
        error.semilogy(x, [_drawable(v) for v in difference], color=colours[name])
    _cut(error)
    span = np.ptp(exact)
    solution.set_ylim(exact.min() - span, exact.max() + span)
    solution.set_title("solution")
    error.set_title("absolute error")
    solution.legend(fontsize="small")
    for ax in (solution, error):
        ax.set_xlabel(problem.coordinates[0])
        ax.grid(True, alpha=0.3)
    return figure


def _predicted_maps(exact: np.ndarray, predictions: Mapping[str, np.ndarray]) -> Figure:
    side = (101, 101)
    limit = np.abs(exact).max()
    figure = Figure(figsize=(2.3 * (len(predictions) + 1), 4.9), layout="constrained")
    axes = figure.subplots(2, len(predictions) + 1)
    shown = {"vmin": -limit, "vmax": limit, "cmap": "RdBu_r", "origin": "lower"}
    axes[0][0].imshow(exact.reshape(side).T, **shown)
    axes[0][0].set_title("exact")
    axes[1][0].axis("off")
    for (above, below), (name, u) in zip(axes.T[1:], predictions.items()):
        above.imshow(u.reshape(side).T, **shown)
        above.set_title(name)
        error = np.abs(u - exact).reshape(side).T
        if error.max() < _DIVERGED:  # false for NaN
            image = below.imshow(error, origin="lower")
            figure.colorbar(image, ax=below, shrink=0.8, location="bottom")
        else:
            below.text(0.5, 0.5, "diverged", ha="center", transform=below.transAxes)
    for ax in axes.flat:
        ax.set_xticks([])
        ax.set_yticks([])
    axes[1][1].set_ylabel("absolute error")
    return figure


def _draw_line(
    problem: Problem,
    counts: tuple[int, ...],
    x: np.ndarray,
    u: np.ndarray,
    exact: np.ndarray | None,
) -> Figure:
    panels = 1 if exact is None else 2
    figure = Figure(figsize=(4.5 * panels, 3.4), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    if exact is not None:
        axes[0].plot(x, exact, color="0.6", linewidth=3, label="exact")
        axes[1].semilogy(
            x, np.maximum(np.abs(u - exact), _LOWEST_ERROR), color=COLOURS[1]
        )
        axes[1].set_title("absolute error")
    axes[0].plot(x, u, color=COLOURS[0], label="prediction")
    axes[0].set_title("solution")
    axes[0].legend()
    for ax in axes:
        ax.set_xlabel(problem.coordinates[0])
        ax.grid(True, alpha=0.3)
    return figure


def _draw_maps(
    problem: Problem,
    counts: tuple[int, ...],
    x: np.ndarray,
    u: np.ndarray,
    exact: np.ndarray | None,
) -> Figure:
    maps = [("prediction", u, "RdBu_r")]
    if exact is not None:
        maps.append(("exact", exact, "RdBu_r"))
        maps.append(("absolute error", np.abs(u - exact), "viridis"))
    figure = Figure(figsize=(4.0 * len(maps), 3.6), layout="constrained")
    axes = figure.subplots(1, len(maps), squeeze=False)[0]
    (x_0, y_0), (x_1, y_1) = problem.domain.lower, problem.domain.upper
    for ax, (name, values, colours) in zip(axes, maps):
        limit = np.max(np.abs(exact if exact is not None else u))
        limits = {} if name == "absolute error" else {"vmin": -limit, "vmax": limit}
        image = ax.imshow(
            values.reshape(counts).T,
            origin="lower",
            extent=(x_0, x_1, y_0, y_1),
            aspect="auto",
            cmap=colours,
            **limits,
        )
        figure.colorbar(image, ax=ax, shrink=0.85)
        ax.set_title(name)
        ax.set_xlabel(problem.coordinates[0])
        ax.set_ylabel(problem.coordinates[1])
    return figure
