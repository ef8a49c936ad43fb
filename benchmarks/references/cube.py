"""Writes pinnacle_poisson3d.npz: a cube without four balls.

Finite volumes whose cells the balls cut, with the parts of cells and faces that are
left counted on finer points, solved by conjugate gradients. The accuracy is the
difference to a grid of half as many cells along each edge, of which the finer one's
error is a part.
"""

from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg
from tables import relative, save_values

SCRIPT = "benchmarks/references/cube.py"
_BALLS = [
    ((0.4, 0.3, 0.6), 0.2),
    ((0.6, 0.7, 0.6), 0.2),
    ((0.2, 0.8, 0.7), 0.1),
    ((0.6, 0.2, 0.3), 0.1),
]
_PARTS = 6


def _outside(x: Any, y: Any, z: Any) -> Any:
    """Whether points lie in no ball; the arguments broadcast."""
    kept = True
    for (a, b, c), radius in _BALLS:
        kept = kept & ((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 > radius**2)
    return kept


def _shares(n: int, axis: int | None) -> np.ndarray:
    """The part of each cell, or of each face across an axis, outside of the balls."""
    fine = (np.arange(n * _PARTS) + 0.5) / (n * _PARTS)
    axes = [fine, fine, fine]
    if axis is not None:
        axes[axis] = np.arange(1, n) / n
    shape = [len(a) // (_PARTS if len(a) > n else 1) for a in axes]
    found = np.empty(shape, np.float32)
    y, z = axes[1][:, None], axes[2][None, :]
    wide = [_PARTS if len(a) > n else 1 for a in axes]
    for i in range(shape[0]):
        total = 0.0
        for x in axes[0][i * wide[0] : (i + 1) * wide[0]]:
            kept = _outside(x, y, z).astype(np.float32)
            kept = kept.reshape(shape[1], wide[1], shape[2], wide[2])
            total = total + kept.mean(axis=(1, 3))
        found[i] = total / wide[0]
    return found


def _source(n: int) -> np.ndarray:
    centre = (np.arange(n) + 0.5) / n
    x, y, z = np.meshgrid(centre, centre, centre, indexing="ij", sparse=True)
    a, b, c = np.sin(np.pi * x), np.sin(10 * np.pi * y), np.sin(5 * np.pi * z)
    square = x**2 + y**2 + z**2
    return 20 * np.exp(a + b + c) * (square - 1) / (square + 1) + 100 * a * b * c


def solve(n: int) -> np.ndarray:
    """u at the cells' centres, `(n, n, n)`, NaN in the balls."""
    volume = _shares(n, None)
    faces = [_shares(n, axis) for axis in range(3)]
    centre = (np.arange(n) + 0.5) / n
    square = np.where(centre < 0.5, 64.0, 100.0)
    inside = volume > 0.0
    diagonal = square * volume
    for axis, face in enumerate(faces):
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        diagonal[tuple(low)] += face * n**2
        diagonal[tuple(high)] += face * n**2
    diagonal[~inside] = 1.0
    mass = square * volume

    def apply(flat: np.ndarray) -> np.ndarray:
        u = flat.reshape(n, n, n)
        total = mass * u
        for axis, face in enumerate(faces):
            low = [slice(None)] * 3
            high = [slice(None)] * 3
            low[axis], high[axis] = slice(None, -1), slice(1, None)
            flux = face * (n**2 * np.diff(u, axis=axis))
            total[tuple(low)] -= flux
            total[tuple(high)] += flux
        total[~inside] = u[~inside]
        return total.ravel()

    right = np.where(inside, volume * _source(n), 0.0).ravel()
    size = (n**3, n**3)
    matrix = LinearOperator(size, apply, dtype=float)
    scaled = LinearOperator(size, lambda r: r / diagonal.ravel(), dtype=float)
    u, failed = cg(matrix, right, rtol=1e-8, maxiter=5000, M=scaled)
    if failed:
        raise RuntimeError("Conjugate gradients do not converge.")
    u = u.reshape(n, n, n)
    u[~_outside(*np.meshgrid(centre, centre, centre, indexing="ij", sparse=True))] = (
        np.nan
    )
    return u


def _on_nodes(u: np.ndarray) -> np.ndarray:
    """The means of the eight cells around each inner node."""
    total = 0.0
    for corner in np.ndindex(2, 2, 2):
        part = tuple(slice(c, len(u) - 1 + c) for c in corner)
        total = total + u[part]
    return total / 8.0


def main() -> None:
    """Writes the file."""
    found = []
    for n in (60, 120):
        every = n // 20
        found.append(_on_nodes(solve(n))[every - 1 :: every, every - 1 :: every,
                                         every - 1 :: every])  # fmt: skip
        print(f"  {n}: largest {np.nanmax(np.abs(found[-1])):.4f}", flush=True)
    axis = np.arange(1, 20) / 20.0
    save_values("poisson3d", [axis] * 3, found[1], relative(*found), SCRIPT)


if __name__ == "__main__":
    main()
