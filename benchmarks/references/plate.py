"""Writes pinnacle_heat_holes.npz: a plate that 17 round holes heat.

Laplace's transform in time leaves (Laplacian - s) u = 0 with du/dn + u given. For each
s, multipoles in the holes and sources around the plate are fitted to that by least
squares, with the symmetry of the plate; Talbot's contour, as Weideman chose it
(SIAM J. Numer. Anal. 44, 2006), transforms back. The accuracy is the difference to
fewer terms and a shorter sum.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import kve
from sources import circle, fitted
from tables import relative, save_values

SCRIPT = "benchmarks/references/plate.py"
TIMES = np.array([0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 2.5, 3.0])
# One hole of each kind: centre, radius, what it is heated to.
_HOLES = [
    ((4.0, 3.0), 1.0, 5.0),
    ((4.0, 9.0), 1.0, 5.0),
    ((0.0, 0.0), 1.0, 5.0),
    ((0.0, 6.0), 1.0, 5.0),
    ((3.2, 6.0), 0.4, 1.0),
    ((3.2, 0.0), 0.4, 1.0),
]


def _multipoles(
    points: np.ndarray,
    centre: Sequence[float],
    radius: float,
    root: complex,
    orders: int,
) -> np.ndarray:
    """Values and slopes, `(3, points, 2 orders + 1)`: u, u_x, u_y."""
    z = (points - centre) @ np.array([1.0, 1j])
    r, angle = np.abs(z)[:, None], np.angle(z)[:, None]
    n = np.arange(orders + 2)
    # Scaled by exp: what is large and small cancels.
    decay = np.exp(-root * (r - radius))
    bessel = kve(n, root * r) * decay / kve(n, root * radius)
    ratio = kve(n[1:], root * radius) / kve(n[:-1], root * radius)
    u = bessel[:, :-1]
    radial = n[:-1] / r * u - root * bessel[:, 1:] * ratio
    n = n[:-1]
    cos, sin = np.cos(n * angle), np.sin(n * angle)
    parts = []
    for wave, turned in ((cos, -sin), (sin[:, 1:], cos[:, 1:])):
        own = slice(orders + 1 - wave.shape[1], None)
        along, around = radial[:, own] * wave, n[own] / r * u[:, own] * turned
        c, s = np.cos(angle), np.sin(angle)
        parts.append([u[:, own] * wave, c * along - s * around, s * along + c * around])
    return np.concatenate([np.stack(part) for part in parts], axis=2)


def _around(step: float, distance: float) -> np.ndarray:
    """Sources around a quarter of the plate."""
    right, top = 8.0 + distance, 12.0 + distance
    y = np.arange(step / 2, top, step)
    x = np.arange(step / 2, right, step)
    sides = (
        np.stack([np.full_like(y, right), y], 1),
        np.stack([x, np.full_like(x, top)], 1),
    )
    return np.concatenate(sides)


def _basis(points: np.ndarray, root: complex, orders: int, step: float) -> np.ndarray:
    """Values and slopes of all functions at points, symmetric, `(3, points, k)`."""
    total = 0.0
    for mirror in ((1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)):
        image = points * mirror
        parts = [
            _multipoles(image, centre, radius, root, orders)
            for centre, radius, _ in _HOLES
        ]
        for source in _around(step, 1.5):
            parts.append(_multipoles(image, source, 1.0, root, 0))
        found = np.concatenate(parts, axis=2)
        total = total + found * np.array([1.0, *mirror])[:, None, None]
    return total


def _boundary(count: int) -> list[np.ndarray]:
    """Points, normals out of the plate and what heats it, on a quarter."""
    points, normals, values = [], [], []
    for centre, radius, heat in _HOLES:
        here = circle(centre, radius, count, 0.5)
        here = here[(here >= -1e-9).all(axis=1)]
        points.append(here)
        normals.append((np.array(centre) - here) / radius)
        values.append(np.full(len(here), heat))
    unit = 0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * count) + 0.5) / (2 * count))
    ends = np.ones_like(unit)
    points.append(np.stack([8.0 * ends, 12.0 * unit], axis=1))
    points.append(np.stack([8.0 * unit, 12.0 * ends], axis=1))
    normals.append(np.stack([ends, 0.0 * ends], axis=1))
    normals.append(np.stack([0.0 * ends, ends], axis=1))
    values.append(np.full(2 * len(unit), 0.1))
    return [np.concatenate(found) for found in (points, normals, values)]


def _transformed(
    s: complex, places: np.ndarray, orders: int, step: float
) -> np.ndarray:
    """The transform of u at places."""
    root = np.sqrt(s)
    points, normals, values = _boundary(6 * orders)
    u, u_x, u_y = _basis(points, root, orders, step)
    rows = u + normals[:, :1] * u_x + normals[:, 1:] * u_y
    kept = np.linalg.norm(rows, axis=0) > 1e-12
    found = fitted(rows[:, kept], values / s)
    return _basis(places, root, orders, step)[0][:, kept] @ found


def solve(places: np.ndarray, nodes: int, orders: int, step: float) -> np.ndarray:
    """u at places and `TIMES`, `(places, times)`."""
    columns = []
    for t in TIMES:
        angle = np.pi * np.arange(1, nodes, 2) / nodes
        cot = 1.0 / np.tan(0.6407 * angle)
        s = nodes / t * (-0.6122 + 0.5017 * angle * cot + 0.2645j * angle)
        slope = 0.5017 * (cot - 0.6407 * angle * (1.0 + cot**2)) + 0.2645j
        weights = nodes / t * slope * np.exp(s * t)
        total = sum(
            w * _transformed(z, places, orders, step) for w, z in zip(weights, s)
        )
        columns.append(2.0 / nodes * total.imag)
    return np.stack(columns, axis=1)


def main() -> None:
    """Writes the file."""
    axes = [np.linspace(0.0, 8.0, 33), np.linspace(0.0, 12.0, 49)]
    places = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)
    outside = np.ones(len(places), bool)
    for centre, radius, _ in _HOLES:
        outside &= np.linalg.norm(places - centre, axis=1) > radius
    coarse = solve(places[outside], 12, 8, 0.75)
    fine = solve(places[outside], 16, 12, 0.5)
    values = np.full((len(places), len(TIMES)), np.nan)
    values[outside] = fine
    error = max(relative(coarse, fine), 3e-8)
    values = values.reshape(33, 49, -1)
    save_values("heat_holes", [*axes, TIMES], values, error, SCRIPT)


if __name__ == "__main__":
    main()
