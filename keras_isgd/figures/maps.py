"""Solutions on planes."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from keras_isgd.figures.picture import Picture
from keras_isgd.figures.solution import Solution, headed
from keras_isgd.figures.views import Panel

__all__ = ["draw_maps", "draw_predicted_maps"]

# Beyond float32.
_DIVERGED = 1e38
# Values of both signs are coloured from blue to red unless one is so much smaller.
_ONE_SIGN = 0.05
# Planes that are longer than so many times their height are stretched.
_LONGEST = 12.0
# Inches of a plane's longer edge.
_EDGE = 3.0


@dataclasses.dataclass(frozen=True)
class _Scale:
    colours: str
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class _Cell:
    """One picture: values on a panel, `(n,)`, or a word where there are none."""

    title: str
    panel: Panel
    values: np.ndarray
    scale: _Scale
    missing: str


def draw_maps(solutions: Sequence[Solution]) -> Picture:
    """Draws prediction, exact solution and absolute error.

    They are beside each other, a row for each solution; or, where a solution has
    several panels, below each other.

    Args:
        solutions: on planes.
    """
    rows: list[list[_Cell]] = []
    for solution in solutions:
        scale = _scale(solution.u if solution.exact is None else solution.exact)
        shown = [("prediction", solution.u, scale, "diverged")]
        if solution.exact is not None:
            shown.append(("exact", solution.exact, scale, "unknown"))
            errors = solution.error
            word = "diverged or unknown"
            shown.append(("absolute error", errors, _error_scale(errors), word))
        found = [
            [
                _Cell(
                    _joined(headed(solution.title, words), panel.title), panel, v, s, w
                )
                for panel, v in zip(solution.panels, values)
            ]
            for words, values, s, w in shown
        ]
        if len(solution.panels) == 1:
            found = [[cell for row in found for cell in row]]
        rows += found
    return _table(rows)


def _table(rows: Sequence[Sequence[_Cell]]) -> Picture:
    columns = max(len(row) for row in rows)
    panels = [cell.panel for row in rows for cell in row]
    sizes = [_inches(panel) for panel in panels]
    width, height = max(w for w, _ in sizes) + 1.1, max(h for _, h in sizes) + 0.7
    figure = Picture(
        figsize=(width * columns, height * len(rows) + 0.3),
        layout="constrained" if all(_stretched(p) for p in panels) else "compressed",
    )
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for row, cells in zip(axes, rows):
        for ax in row[len(cells) :]:
            ax.axis("off")
        images = [
            _draw(ax, cell.panel, cell.values, cell.scale, cell.missing)
            for ax, cell in zip(row, cells)
        ]
        for ax, cell in zip(row, cells):
            ax.set_title(cell.title, fontsize="medium")
            ax.set_xlabel(cell.panel.labels[0])
            ax.set_ylabel(cell.panel.labels[1])
        # Frames and slices share one scale.
        drawn = [(i, ax) for i, ax in zip(images, row) if i is not None]
        for image, ax in drawn if len({c.scale for c in cells}) > 1 else drawn[-1:]:
            figure.colorbar(image, ax=ax, shrink=0.9)
    return figure


def draw_predicted_maps(solutions: Mapping[str, Sequence[Solution]]) -> Picture:
    """Draws several predictions beside the exact solution, above their errors.

    Args:
        solutions: for each prediction, its outputs, with the exact ones.
    """
    outputs = next(iter(solutions.values()))
    width, height = _inches(outputs[0].panels[0])
    columns = len(solutions) + 1
    figure = Picture(
        figsize=(
            (0.7 * width + 0.3) * columns,
            (1.5 * height + 0.5) * len(outputs),
        ),
        layout="constrained",
    )
    axes = figure.subplots(2 * len(outputs), columns, squeeze=False)
    for i, output in enumerate(outputs):
        assert output.exact is not None
        panel, scale = output.panels[0], _scale(output.exact)
        upper, lower = axes[2 * i], axes[2 * i + 1]
        _draw(upper[0], panel, output.exact[0], scale)
        upper[0].set_title(_joined(headed(output.title, "exact"), panel.title))
        lower[0].axis("off")
        for above, below, name in zip(upper[1:], lower[1:], solutions):
            found = solutions[name][i]
            _draw(above, panel, found.u[0], scale)
            above.set_title(name)
            image = _draw(below, panel, found.error[0], _error_scale(found.error))
            if image is not None:
                figure.colorbar(image, ax=below, shrink=0.8, location="bottom")
        lower[1].set_ylabel("absolute error")
    for ax in axes.flat:
        ax.set_xticks([])
        ax.set_yticks([])
    return figure


def _draw(
    ax: Axes,
    panel: Panel,
    values: np.ndarray,
    scale: _Scale,
    missing: str = "diverged",
) -> ScalarMappable | None:
    """Draws values on a panel; None, with a word, where there are none."""
    (x_0, y_0), (x_1, y_1) = panel.lower, panel.upper
    aspect: Literal["auto", "equal"] = "auto" if _stretched(panel) else "equal"
    ax.set_aspect(aspect)
    if not np.nanmax(np.abs(values), initial=0.0) < _DIVERGED or np.isnan(values).all():
        ax.text(0.5, 0.5, missing, ha="center", transform=ax.transAxes)
        ax.set_xlim(x_0, x_1)
        ax.set_ylim(y_0, y_1)
        return None
    limits: dict[str, Any] = {
        "vmin": scale.low,
        "vmax": scale.high,
        "cmap": scale.colours,
    }
    if not panel.counts:
        x, y = panel.points[:, panel.axes[0]], panel.points[:, panel.axes[1]]
        return ax.scatter(x, y, c=values, s=4.0, **limits)
    return ax.imshow(
        np.ma.masked_invalid(panel.on_grid(values).T),
        origin="lower",
        extent=(x_0, x_1, y_0, y_1),
        aspect=aspect,
        **limits,
    )


def _scale(values: Sequence[np.ndarray]) -> _Scale:
    """Blue to red around zero for values of both signs, else from low to high."""
    low, high = _ends(values)
    if min(-low, high) > _ONE_SIGN * max(-low, high):
        limit = max(-low, high)
        return _Scale("RdBu_r", -limit, limit)
    return _Scale("viridis", low, high)


def _error_scale(errors: Sequence[np.ndarray]) -> _Scale:
    return _Scale("magma", 0.0, _ends(errors)[1])


def _ends(values: Sequence[np.ndarray]) -> tuple[float, float]:
    joined = np.concatenate(list(values))
    joined = joined[np.abs(joined) < _DIVERGED]
    if joined.size == 0:
        return 0.0, 1.0
    return float(joined.min()), float(joined.max())


def _stretched(panel: Panel) -> bool:
    """Whether a panel is drawn in another ratio than the true one."""
    edges = [b - a for a, b in zip(panel.lower, panel.upper)]
    return not panel.in_space or max(edges) > _LONGEST * min(edges)


def _inches(panel: Panel) -> tuple[float, float]:
    """Width and height of a panel."""
    width, height = (b - a for a, b in zip(panel.lower, panel.upper))
    if _stretched(panel):
        return _EDGE, _EDGE
    longer = max(width, height)
    return max(_EDGE * width / longer, 1.0), max(_EDGE * height / longer, 1.0)


def _joined(title: str, panel: str) -> str:
    return f"{title}\n{panel}" if panel else title
