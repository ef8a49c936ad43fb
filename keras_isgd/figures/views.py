"""What of a problem's domain a picture shows: lines, and planes through it."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from keras_isgd.problems import Problem

__all__ = ["Panel", "View", "instants", "middle", "views_of"]

# Points along a line, and along each edge of a plane that is one of several.
_LINE, _FRAME = 1001, 101
# Times of a row of frames.
_FRAMES = 5
# Where a geometry is no area: points of it that are drawn one by one.
_SCATTERED = 2000


@dataclasses.dataclass(frozen=True)
class Panel:
    """A line or a plane through a domain, and its points that are inside.

    Attributes:
        title: what is held fixed; "" if nothing is.
        labels: names of the one or two coordinates that vary.
        axes: their columns.
        counts: numbers of grid points along them; empty for scattered points.
        points: those inside of the domain, `(n, d + q)`.
        inside: which of the grid they are, booleans of shape `counts`.
        lower, upper: the ends of both coordinates.
        in_space: whether both are lengths, whose true ratio is drawn.
    """

    title: str
    labels: tuple[str, ...]
    axes: tuple[int, ...]
    counts: tuple[int, ...]
    points: np.ndarray
    inside: np.ndarray
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    in_space: bool

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """Returns values `(n,)` on the grid, NaN outside of the domain."""
        grid = np.full(self.counts, np.nan)
        grid[self.inside] = values
        return grid

    @property
    def positions(self) -> np.ndarray:
        """The grid points of a line, `(counts[0],)`."""
        return np.linspace(self.lower[0], self.upper[0], self.counts[0])


@dataclasses.dataclass(frozen=True)
class View:
    """What is drawn at one setting of the parameters.

    Attributes:
        title: the setting; "" without parameters.
        panels: one, or frames in time, or slices.
    """

    title: str
    panels: tuple[Panel, ...]

    @property
    def points(self) -> np.ndarray:
        """Those of all panels, `(n, d + q)`."""
        return np.concatenate([panel.points for panel in self.panels])


def views_of(problem: Problem, plane: int = 201) -> list[View]:
    """Returns what is drawn of a problem.

    A line for one coordinate, a plane for two; with time beside a plane, frames at
    five times; in a space of three dimensions its three planes through the middle;
    all of it with the parameters at their lowest, middle and highest values.

    Args:
        problem: the `Problem`.
        plane: grid points along each edge of a single plane.

    Returns:
        A view for each setting of the parameters; none where there are more
        dimensions, or no points inside.
    """
    region = problem.region
    d = len(problem.coordinates)
    space = [i for i in range(d) if i != problem.time_axis]
    lower, upper = np.array(region.lower), np.array(region.upper)
    views = []
    for title, values in _settings(region.parameters).items():
        base = np.concatenate([(lower + upper)[:d] / 2, values])
        if d == 1:
            found = [_panel(problem, base, (0,), (_LINE,))]
        elif d == 2:
            found = [_panel(problem, base, (0, 1), (plane, plane))]
        elif d == 3 and problem.time_axis is not None:
            found = _frames(problem, base, space)
        elif d == 3:
            found = _slices(problem, base)
        else:
            return []
        panels = tuple(panel for panel in found if len(panel.points))
        if panels:
            views.append(View(title, panels))
    return views


def middle(problem: Problem, plane: int = 101) -> View | None:
    """Returns a view of one panel that stands for a problem, or None.

    It is the one at the middle of the parameters, the last time, and the first slice.
    """
    views = views_of(problem, plane)
    if not views:
        return None
    view = views[len(views) // 2]
    panel = view.panels[0 if problem.time_axis is None else -1]
    return View(view.title, (panel,))


def instants(problem: Problem, count: int) -> list[View]:
    """Returns views of one panel each, from the first to the last time.

    None where there is no time, or more than two coordinates of space, or where a
    geometry is no area. Parameters are at the middle.
    """
    time, region = problem.time_axis, problem.region
    space = [i for i in range(len(problem.coordinates)) if i != time]
    whole = region.space
    thin = whole is not None and whole.own_dimension < whole.dimension
    if time is None or len(space) not in (1, 2) or thin:
        return []
    base = (np.array(region.lower) + np.array(region.upper)) / 2
    counts = (_LINE,) if len(space) == 1 else (_FRAME, _FRAME)
    views = []
    for t in np.linspace(region.lower[time], region.upper[time], count):
        base[time] = t
        title = f"{problem.time} = {t:.3g}"
        views.append(View("", (_panel(problem, base, tuple(space), counts, title),)))
    return views


def _settings(
    parameters: Mapping[str, tuple[float, float]],
) -> dict[str, np.ndarray]:
    """Values of all parameters, by a title: low, middle and high."""
    if not parameters:
        return {"": np.zeros(0)}
    settings = {}
    for share in (0.0, 0.5, 1.0):
        values = {n: a + share * (b - a) for n, (a, b) in parameters.items()}
        title = ", ".join(f"{name} = {value:.4g}" for name, value in values.items())
        settings[title] = np.array(list(values.values()))
    return settings


def _frames(problem: Problem, base: np.ndarray, space: list[int]) -> list[Panel]:
    time = problem.time_axis
    assert time is not None
    region, frames = problem.region, []
    for t in np.linspace(region.lower[time], region.upper[time], _FRAMES):
        at = base.copy()
        at[time] = t
        title = f"{problem.time} = {t:.4g}"
        frames.append(
            _panel(problem, at, (space[0], space[1]), (_FRAME, _FRAME), title)
        )
    return frames


def _slices(problem: Problem, base: np.ndarray) -> list[Panel]:
    slices = []
    for fixed in (2, 1, 0):
        first, second = (i for i in range(3) if i != fixed)
        title = f"{problem.coordinates[fixed]} = {base[fixed]:.4g}"
        slices.append(_panel(problem, base, (first, second), (_FRAME, _FRAME), title))
    return slices


def _panel(
    problem: Problem,
    base: np.ndarray,
    axes: tuple[int, ...],
    counts: tuple[int, ...],
    title: str = "",
) -> Panel:
    """The line or plane through `base`, `(d + q,)`, along some coordinates."""
    region, space = problem.region, problem.region.space
    lower = tuple(region.lower[i] for i in axes)
    upper = tuple(region.upper[i] for i in axes)
    in_space = len(axes) == 2 and problem.time_axis not in axes
    if in_space and space is not None and space.own_dimension < space.dimension == 2:
        columns, counts = space.test_points(_SCATTERED), ()
    else:
        ends = zip(lower, upper, counts, strict=True)
        mesh = np.meshgrid(*[np.linspace(a, b, n) for a, b, n in ends], indexing="ij")
        columns = np.stack([m.ravel() for m in mesh], axis=1)
    x = np.repeat(base[None], len(columns), axis=0)
    x[:, axes] = columns
    inside = region.contains(x) if counts else np.ones(len(x), bool)
    return Panel(
        title=title,
        labels=tuple(problem.coordinates[i] for i in axes),
        axes=axes,
        counts=counts,
        points=x[inside],
        inside=inside.reshape(counts or -1),
        lower=lower,
        upper=upper,
        in_space=in_space,
    )
