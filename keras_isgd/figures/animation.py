"""Solutions that change with time, as moving pictures."""

import os
from typing import Any

import numpy as np
from matplotlib import animation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_isgd.figures.curves import COLOURS
from keras_isgd.figures.views import View, instants
from keras_isgd.problems.exact import exact_values, predicted, without_constants
from keras_isgd.utils.checks import check_count

__all__ = ["animate"]

_DPI = 90.0
# Beyond the lowest and the highest value, as a part of their distance.
_MARGIN = 0.08


def animate(
    model: Any,
    path: str | os.PathLike[str],
    output: str | int = 0,
    frames: int = 40,
    fps: int = 12,
    title: str = "",
) -> None:
    """Writes a solution in time as a GIF: a moving line, or a map that changes.

    Where the exact solution is known, a line shows it too. Parameters are at the
    middle of their ranges.

    Args:
        model: a `PINN` of one or two coordinates of space and time.
        path: GIF file to write.
        output: its name or number.
        frames: instants from the first to the last time.
        fps: frames a second.
        title: heading; the time is added to it.

    Raises:
        ValueError: a problem without time or with more dimensions, an unknown output,
            or an argument out of range.
    """
    check_count("frames", frames)
    check_count("fps", fps)
    problem = model.problem
    views = instants(problem, frames)
    if not views:
        raise ValueError(
            f"{type(problem).__name__} has no solution to animate: that takes time and "
            "one or two coordinates of space. ki.figures.plot draws others."
        )
    number = problem.names.component(output) if isinstance(output, str) else output
    if not 0 <= number < len(problem.names.outputs):
        raise ValueError(
            f"Expected `output` as one of {problem.names.outputs} or its number, got "
            f"{output!r}."
        )
    values, exact = [], []
    for view in views:
        u = predicted(model.call, view.points, model.compute_dtype)
        known = np.full_like(u, np.nan)
        if problem.exact is not None:
            known = exact_values(problem, view.points)
            u = without_constants(problem, u, known)
        values.append(u[:, number])
        exact.append(known[:, number])
    figure = Figure(figsize=(4.8, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    draw = _Line if len(views[0].panels[0].axes) == 1 else _Map
    name = problem.names.outputs[number]
    drawn = draw(figure, views, values, exact, name, title)
    film = animation.FuncAnimation(figure, drawn.show, frames=len(views))
    film.save(os.fspath(path), writer=animation.PillowWriter(fps=fps), dpi=_DPI)


class _Line:
    """A line that moves, above the exact one."""

    def __init__(
        self,
        figure: Figure,
        views: list[View],
        values: list[np.ndarray],
        exact: list[np.ndarray],
        name: str,
        title: str,
    ) -> None:
        self._views, self._values, self._exact = views, values, exact
        self._title = title
        self._axes = figure.subplots()
        panel = views[0].panels[0]
        (self._known,) = self._axes.plot([], [], color="0.6", linewidth=3)
        (self._line,) = self._axes.plot([], [], color=COLOURS[0])
        low, high = _ends(values + exact)
        self._axes.set_xlim(panel.lower[0], panel.upper[0])
        self._axes.set_ylim(low, high)
        self._axes.set_xlabel(panel.labels[0])
        self._axes.set_ylabel(name)
        self._axes.grid(True, alpha=0.3)
        if not all(np.isnan(e).all() for e in exact):
            self._axes.legend([self._known, self._line], ["exact", "prediction"])

    def show(self, i: int) -> list[Any]:
        panel = self._views[i].panels[0]
        self._known.set_data(panel.positions, panel.on_grid(self._exact[i]))
        self._line.set_data(panel.positions, panel.on_grid(self._values[i]))
        self._axes.set_title(_heading(self._title, panel.title))
        return [self._known, self._line]


class _Map:
    """A map whose colours change."""

    def __init__(
        self,
        figure: Figure,
        views: list[View],
        values: list[np.ndarray],
        exact: list[np.ndarray],
        name: str,
        title: str,
    ) -> None:
        self._views, self._values, self._title = views, values, title
        self._axes = figure.subplots()
        panel = views[0].panels[0]
        low, high = _ends(values)
        self._image = self._axes.imshow(
            np.zeros(panel.counts[::-1]),
            origin="lower",
            extent=(panel.lower[0], panel.upper[0], panel.lower[1], panel.upper[1]),
            vmin=low,
            vmax=high,
            cmap="viridis",
        )
        self._axes.set_xlabel(panel.labels[0])
        self._axes.set_ylabel(panel.labels[1])
        figure.colorbar(self._image, ax=self._axes, label=name)

    def show(self, i: int) -> list[Any]:
        panel = self._views[i].panels[0]
        self._image.set_data(np.ma.masked_invalid(panel.on_grid(self._values[i]).T))
        self._axes.set_title(_heading(self._title, panel.title))
        return [self._image]


def _ends(values: list[np.ndarray]) -> tuple[float, float]:
    joined = np.concatenate(values)
    joined = joined[np.isfinite(joined)]
    if not joined.size:
        return -1.0, 1.0
    low, high = float(joined.min()), float(joined.max())
    margin = _MARGIN * (high - low or 1.0)
    return low - margin, high + margin


def _heading(title: str, instant: str) -> str:
    return f"{title}, {instant}" if title else instant
