"""The values of a solution that a picture shows."""

import dataclasses

import numpy as np

from keras_isgd.figures.views import Panel, View
from keras_isgd.problems import Problem
from keras_isgd.problems.exact import exact_values, without_constants

__all__ = ["Solution", "headed", "solutions_of"]


@dataclasses.dataclass(frozen=True)
class Solution:
    """One output in one view.

    Attributes:
        title: the output and the setting of the parameters; "" if there is but one.
        panels: those of the view.
        u: the prediction on each panel's points, `(n,)`.
        exact: the exact solution likewise, NaN where it is unknown; None if it is
            unknown altogether.
    """

    title: str
    panels: tuple[Panel, ...]
    u: list[np.ndarray]
    exact: list[np.ndarray] | None

    @property
    def error(self) -> list[np.ndarray]:
        """The absolute error on each panel's points; NaN without an exact solution."""
        if self.exact is None:
            return [np.full_like(u, np.nan) for u in self.u]
        return [np.abs(u - exact) for u, exact in zip(self.u, self.exact)]


def solutions_of(
    problem: Problem, view: View, prediction: np.ndarray
) -> list[Solution]:
    """Returns a prediction in one view, output by output.

    Outputs that are defined up to a constant are moved to the exact ones.

    Args:
        problem: the `Problem`.
        view: of that problem.
        prediction: its values at `view.points`, `(n, outputs)`.
    """
    x, u = view.points, np.asarray(prediction, np.float64)
    exact = np.full_like(u, np.nan)
    if problem.exact is not None:
        exact = exact_values(problem, x)
        u = without_constants(problem, u, exact)
    ends = np.cumsum([len(panel.points) for panel in view.panels])[:-1]
    names = problem.names.outputs
    found = []
    for i, name in enumerate(names):
        known = not np.isnan(exact[:, i]).all()
        # A single output that has no name of its own needs no title.
        named = len(names) > 1 or not isinstance(problem.outputs, int)
        words = [name] if named else []
        found.append(
            Solution(
                ", ".join(words + ([view.title] if view.title else [])),
                view.panels,
                np.split(u[:, i], ends),
                np.split(exact[:, i], ends) if known else None,
            )
        )
    return found


def headed(title: str, words: str) -> str:
    """Returns a heading: what is shown, and of what."""
    return f"{title}: {words}" if title else words
