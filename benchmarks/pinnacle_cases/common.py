"""What a case of PINNacle consists of, and where its data come from."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import keras_isgd as ki

REFERENCES = Path(__file__).parents[1] / "references"


class MissingData(Exception):
    """A file that is not there, in a sentence."""


class Folder:
    """The folder of PINNacle's data: `ref/`, its own, and `derived/`, made from it.

    Args:
        path: of the folder; None where there is none.
    """

    def __init__(self, path: str | None) -> None:
        self.path = None if path is None else Path(path)

    def has(self, name: str) -> bool:
        """Tells whether a file such as "ref/burgers1d.dat" is there."""
        return self.path is not None and (self.path / name).is_file()

    def file(self, name: str) -> Path:
        """Returns the path of a file.

        Raises:
            MissingData: it is not there.
        """
        if self.path is None:
            raise MissingData(
                f"PINNacle's {name} is needed: say where its folder is, --data FOLDER."
            )
        if not self.has(name):
            raise MissingData(f"There is no {name} in {self.path}.")
        return self.path / name

    def table(self, name: str) -> np.ndarray:
        """Returns a file of numbers, `(rows, columns)`; see `file`."""
        return np.loadtxt(self.file(name), comments=("%", "#"), ndmin=2)


class Reference(NamedTuple):
    """A solution at points, and how good it is.

    Attributes:
        label: what it is.
        points: `(n, d)`.
        values: `(n, outputs)`, NaN where an output is not compared.
        accuracy: its own relative L2 error, or None where it is not known.
    """

    label: str
    points: np.ndarray
    values: np.ndarray
    accuracy: float | None


class Case(NamedTuple):
    """One of the problems, as it is to be solved.

    Attributes:
        paper: its name in the table of published errors.
        problem: makes it.
        references: makes the solutions that it is compared with, the best one first;
            what is not there is left out.
        says: in what it differs from the published one.
        score_on: names of the outputs that are scored; all of them if empty.
        comparable: whether an error may stand beside the published ones.
    """

    paper: str
    problem: Callable[[Folder], ki.Problem]
    references: Callable[[Folder], list[Reference]]
    says: str = ""
    score_on: tuple[str, ...] = ()
    comparable: bool = True


def rows_of(table: np.ndarray, d: int, times: np.ndarray, outputs: int = 1) -> tuple:
    """Returns points in space and time, and values there, from columns for each time.

    Args:
        table: d coordinates, then for each time the outputs, one row for each place.
        d: number of coordinates in space.
        times: ascending.
        outputs: their number.

    Returns:
        `(n * times, d + 1)` and `(n * times, outputs)`.
    """
    n, count = len(table), len(times)
    places = np.repeat(table[:, :d], count, axis=0)
    points = np.concatenate([places, np.tile(times, n)[:, None]], axis=1)
    return points, table[:, d:].reshape(n * count, outputs)


def inner_grid(
    low: Sequence[float], high: Sequence[float], counts: Sequence[int]
) -> np.ndarray:
    """Returns the points of a grid without its boundary, `(n, d)`."""
    axes = [
        a + (b - a) * np.arange(1, n + 1) / (n + 1)
        for a, b, n in zip(low, high, counts)
    ]
    return product(*axes)


def grid_in_time(
    low: Sequence[float], high: Sequence[float], end: float, n: int
) -> np.ndarray:
    """Returns the points on which the benchmark compares with formulas, `(m, d + 1)`.

    They lie inside the box, and at equally spaced times down from the last one.

    Args:
        low, high: corners in space.
        end: the last time, the first one being 0.
        n: about their number.
    """
    measure = math.prod(b - a for a, b in zip(low, high))
    places = math.ceil(math.sqrt(n * measure / end))
    times = math.ceil(n / places)
    inside = math.ceil(places ** (1.0 / len(low)))
    axes = [
        a + (b - a) * np.arange(1, inside + 1) / (inside + 1) for a, b in zip(low, high)
    ]
    return product(*axes, end - end * np.arange(times) / times)


def product(*axes: np.ndarray) -> np.ndarray:
    """Returns all points of a grid, the last axis fastest, `(n, d)`."""
    return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)


def random_points(problem: ki.Problem, count: int = 20_000) -> np.ndarray:
    """Returns points that fill a problem's domain evenly, `(count, d)`."""
    points = problem.points(count, resample=False, seed=7, method="sobol")
    return next(iter(points))["interior"].numpy()


def exact_on(
    problem: ki.Problem, points: np.ndarray, label: str = "exact"
) -> Reference:
    """Returns a problem's own solution at points."""
    values = problem.exact(np.asarray(points, np.float64))
    return Reference(label, points, np.asarray(values), 0.0)


def computed(name: str) -> list[Reference]:
    """Returns a solution that a script of benchmarks/references has computed.

    A list of one, or of none where the file is not there.
    """
    path = REFERENCES / f"pinnacle_{name}.npz"
    if not path.is_file():
        return []
    with np.load(path) as file:
        if "points" in file:
            points = file["points"].astype(float)
        else:
            points = product(*(file[f"axis_{i}"] for i in range(int(file["axes"]))))
        values = file["values"].astype(float).reshape(len(points), -1)
        kept = ~np.isnan(values).all(axis=1)
        accuracy = float(file["accuracy"])
    return [Reference("computed", points[kept], values[kept], accuracy)]
