"""Solutions along a line."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from keras_isgd.figures.curves import COLOURS, cut, drawable
from keras_isgd.figures.picture import Picture
from keras_isgd.figures.solution import Solution, headed

__all__ = ["draw_lines", "draw_predicted_lines"]

# Rounding errors below this are not told apart.
_LOWEST_ERROR = 1e-17


def draw_lines(solutions: Sequence[Solution]) -> Picture:
    """Draws each solution in a row: with the exact one, and its error beside.

    Args:
        solutions: on one line each.
    """
    columns = 2 if any(s.exact is not None for s in solutions) else 1
    size = (4.5 * columns, 3.1 * len(solutions) + 0.3)
    figure = Picture(figsize=size, layout="constrained")
    axes = figure.subplots(len(solutions), columns, squeeze=False)
    for row, solution in zip(axes, solutions):
        panel = solution.panels[0]
        x, u = panel.positions, panel.on_grid(solution.u[0])
        row[0].set_title(headed(solution.title, "solution"))
        if solution.exact is None:
            for ax in row[1:]:
                ax.axis("off")
        else:
            exact = panel.on_grid(solution.exact[0])
            row[0].plot(x, exact, color="0.6", linewidth=3, label="exact")
            row[1].semilogy(x, _error(u, exact), color=COLOURS[1])
            row[1].set_title(headed(solution.title, "absolute error"))
        row[0].plot(x, u, color=COLOURS[0], label="prediction")
        row[0].legend()
        for ax in row:
            _label(ax, panel.labels[0])
    return figure


def draw_predicted_lines(
    solutions: Mapping[str, Sequence[Solution]], colours: Mapping[str, str]
) -> Picture:
    """Draws several predictions of each output, and their errors beside.

    Args:
        solutions: for each prediction, its outputs, with the exact ones.
        colours: by the predictions' names.
    """
    outputs = next(iter(solutions.values()))
    figure = Picture(figsize=(9.5, 3.3 * len(outputs) + 0.3), layout="constrained")
    axes = figure.subplots(len(outputs), 2, squeeze=False)
    for i, ((solution, error), output) in enumerate(zip(axes, outputs)):
        panel = output.panels[0]
        assert output.exact is not None
        x, exact = panel.positions, panel.on_grid(output.exact[0])
        solution.plot(x, exact, color="0.7", linewidth=4, label="exact")
        for name, predicted in solutions.items():
            u = panel.on_grid(predicted[i].u[0])
            solution.plot(x, u, label=name, color=colours[name])
            difference = [drawable(v) for v in _error(u, exact)]
            error.semilogy(x, difference, color=colours[name])
        cut(error)
        low, high = np.nanmin(exact), np.nanmax(exact)
        span = high - low or 1.0
        solution.set_ylim(low - span, high + span)
        solution.set_title(headed(output.title, "solution"))
        error.set_title(headed(output.title, "absolute error"))
        solution.legend(fontsize="small")
        for ax in (solution, error):
            _label(ax, panel.labels[0])
    return figure


def _error(u: np.ndarray, exact: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u - exact), _LOWEST_ERROR)


def _label(ax: Axes, coordinate: str) -> None:
    ax.set_xlabel(coordinate)
    ax.grid(True, alpha=0.3)
