"""Writes pinnacle_{poisson2d,boltzmann}.npz: squares with round holes.

Sums of solutions with singularities outside of the domain (multipoles in the holes, and
sources behind the square's sides and corners) are fitted to the boundary's values by
least squares. Neither equation lets an error grow from the boundary inwards, so that
the accuracy is the largest error at boundary points between those of the fit, relative
to the solution's size.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import kv
from tables import save_values

SCRIPT = "benchmarks/references/sources.py"


def fitted(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Least squares with columns of unit length."""
    scale = np.linalg.norm(columns, axis=0)
    found, *_ = np.linalg.lstsq(columns / scale, values, rcond=1e-15)
    return found / scale


def circle(
    centre: Sequence[float], radius: float, count: int, shift: float = 0.0
) -> np.ndarray:
    """Evenly spread points of a circle, `(count, 2)`."""
    angle = 2.0 * np.pi * (np.arange(count) + shift) / count
    return np.array(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], 1)


def square(half: float, unit: np.ndarray) -> np.ndarray:
    """Points of a square's edge from places in (-1, 1) on each side."""
    ends = np.ones_like(unit)
    sides = [(unit, ends), (unit, -ends), (ends, unit), (-ends, unit)]
    return half * np.concatenate([np.stack(side, axis=1) for side in sides])


def grid_without(half: float, count: int, holes: Sequence) -> tuple:
    """An axis, all grid points of a square, and which of them lie in no hole."""
    axis = np.linspace(-half, half, count)
    points = np.stack([a.ravel() for a in np.meshgrid(axis, axis, indexing="ij")], 1)
    kept = np.ones(len(points), bool)
    for centre, radius in holes:
        kept &= np.linalg.norm(points - centre, axis=1) >= radius
    return axis, points, kept


# -- Laplace's equation with the symmetry of a square ---------------------------------


def _harmonic(points: np.ndarray, terms: int) -> np.ndarray:
    z = points[:, 0] + 1j * points[:, 1]
    columns = [(z / 0.7) ** (4 * k) for k in range(terms)]
    turned = [
        (z * 1j**-turn - (0.3 + 0.3j)) * np.exp(-0.25j * np.pi) for turn in range(4)
    ]
    columns.append(sum(np.log(np.abs(w)) for w in turned))
    columns += [sum((0.1 / w) ** m for w in turned) for m in range(1, terms)]
    return np.stack([np.real(column) for column in columns], axis=1)


def poisson2d() -> None:
    """1 on the square, 0 on four circles."""

    def boundary(shift: float) -> tuple[np.ndarray, np.ndarray]:
        unit = np.cos(np.pi * (np.arange(200) + 0.5 + shift) / 201.0)
        edge = square(0.5, unit)[:200]
        hole = circle((0.3, 0.3), 0.1, 200, shift)
        values = np.concatenate([np.ones(len(edge)), np.zeros(len(hole))])
        return np.concatenate([edge, hole]), values

    points, values = boundary(0.0)
    found = fitted(_harmonic(points, 25), values)
    points, values = boundary(0.4)
    error = np.max(np.abs(_harmonic(points, 25) @ found - values))
    holes = [((x, y), 0.1) for x in (-0.3, 0.3) for y in (-0.3, 0.3)]
    axis, points, kept = grid_without(0.5, 81, holes)
    solution = np.full(len(points), np.nan)
    solution[kept] = _harmonic(points[kept], 25) @ found
    # What is stored is rounded.
    save_values("poisson2d", [axis, axis], solution, max(error, 3e-8), SCRIPT)


# -- -Laplacian u + 64 u = f ----------------------------------------------------------

_HOLES = [
    ((0.5, 0.5), 0.2),
    ((0.4, -0.4), 0.4),
    ((-0.2, -0.7), 0.1),
    ((-0.6, 0.5), 0.3),
]
_K = 8.0


def _particular(points: np.ndarray) -> np.ndarray:
    """A solution without regard to the boundary."""
    x, y = points.T
    s1, c1 = np.sin(np.pi * x), np.cos(np.pi * x)
    s2, c2 = np.sin(4 * np.pi * y), np.cos(4 * np.pi * y)
    size = 17 * np.pi**2 + 64
    b = c = 10 / size
    d, e = 4 * np.pi * b / size, 16 * np.pi * c / size
    a = (170 + 2 * b + 2 * c - 2 * np.pi * d - 8 * np.pi * e) / size
    return (a + b * x**2 + c * y**2) * s1 * s2 + d * x * c1 * s2 + e * y * s1 * c2


def _screened(points: np.ndarray, orders: int) -> np.ndarray:
    columns = []
    for centre, radius in _HOLES:
        z = (points - centre) @ np.array([1.0, 1j])
        r, angle = np.abs(z), np.angle(z)
        for n in range(orders + 1):
            size = kv(n, _K * r) / kv(n, _K * radius)
            columns.append(size * np.cos(n * angle))
            if n:
                columns.append(size * np.sin(n * angle))
    for source in square(1.3, np.linspace(-1.0, 1.0, 4 * orders, endpoint=False)):
        columns.append(kv(0, _K * np.linalg.norm(points - source, axis=1)))
    for corner in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        for distance in 0.3 * np.exp(-0.45 * np.arange(orders)):
            z = (points - np.array(corner) * (1.0 + distance)) @ np.array([1.0, 1j])
            r = _K * np.abs(z)
            dipole = kv(1, r) * _K * distance
            columns.append(kv(0, r))
            columns.append(dipole * np.cos(np.angle(z)))
            columns.append(dipole * np.sin(np.angle(z)))
    return np.stack(columns, axis=1)


def boltzmann() -> None:
    """0.2 on the square, 1 on four circles."""

    def boundary(shift: float) -> tuple[np.ndarray, np.ndarray]:
        half = 0.5 * np.exp(-0.03 * (np.arange(500) + shift))
        edge = square(1.0, np.concatenate([1.0 - 2.0 * half, 2.0 * half - 1.0]))
        holes = [circle(*hole, 240, shift) for hole in _HOLES]
        points = np.concatenate([edge, *holes])
        values = np.where(np.arange(len(points)) < len(edge), 0.2, 1.0)
        return points, values - _particular(points)

    orders = 30
    points, values = boundary(0.0)
    found = fitted(_screened(points, orders), values)
    points, values = boundary(0.5)
    error = np.max(np.abs(_screened(points, orders) @ found - values))
    axis, points, kept = grid_without(1.0, 101, _HOLES)
    inside = points[kept]
    solution = np.full(len(points), np.nan)
    solution[kept] = _screened(inside, orders) @ found + _particular(inside)
    size = np.sqrt(np.nanmean(solution**2))
    save_values("boltzmann", [axis, axis], solution, max(error / size, 3e-8), SCRIPT)


if __name__ == "__main__":
    poisson2d()
    boltzmann()
