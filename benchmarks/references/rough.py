"""Writes pinnacle_{heat_varying,wave_medium} and the same with _coded: rough media.

Finite volumes in space on PINNacle's random fields, which its seeds give back. Heat:
the trapezoidal rule with steps of two lengths, extrapolated. Waves: leap-frog. The
accuracy is the difference to a coarser grid, of which the finer one's error is a part.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse import linalg
from tables import relative, save_values

sys.path.insert(0, str(Path(__file__).parents[1]))

from pinnacle_cases.fields import CubicTable, gaussian_field

SCRIPT = "benchmarks/references/rough.py"
HEAT_TIMES = np.arange(1, 11) * 0.5
WAVE_TIMES = np.arange(1, 11) * 0.5


def _flux_matrix(along_x: np.ndarray, along_y: np.ndarray, n: int) -> sparse.csc_matrix:
    """-div(a grad u) times h^2 at the n - 1 by n - 1 inner nodes; u = 0 outside."""
    m = n - 1
    main = along_x[:-1] + along_x[1:] + along_y[:, :-1] + along_y[:, 1:]
    number = np.arange(m * m).reshape(m, m)
    parts = [(number, number, main)]
    parts += [(number[:-1], number[1:], -along_x[1:-1])]
    parts += [(number[1:], number[:-1], -along_x[1:-1])]
    parts += [(number[:, :-1], number[:, 1:], -along_y[:, 1:-1])]
    parts += [(number[:, 1:], number[:, :-1], -along_y[:, 1:-1])]
    rows, columns, values = (
        np.concatenate([np.ravel(part[i]) for part in parts]) for i in range(3)
    )
    return sparse.csc_matrix((values, (rows, columns)))


def _conductivity(n: int) -> tuple[np.ndarray, np.ndarray]:
    """a on the edges between nodes along x and along y, from the spline."""
    spline = CubicTable(gaussian_field())
    nodes, middles = np.arange(1, n) / n, (np.arange(n) + 0.5) / n

    def on(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        points = np.stack([p.ravel() for p in np.meshgrid(x, y, indexing="ij")], 1)
        found = [spline(part)[0].numpy()[:, 0] for part in np.array_split(points, 64)]
        return np.exp(np.concatenate(found)).reshape(len(x), len(y))

    return on(middles, nodes), on(nodes, middles)


def _inverse_at_nodes(n: int) -> np.ndarray:
    """1 / a, averaged over the cell around each node, where a is a table's entry."""
    inverse = np.exp(-gaussian_field()).T
    # Quarters of cells: each lies within one entry if n is a multiple of 256.
    fine = np.kron(inverse, np.ones((2 * n // 256, 2 * n // 256)))
    sides = slice(1, -1, 2), slice(2, None, 2)
    return sum(fine[i, j] for i in sides for j in sides) / 4.0


def heat(n: int, coded: bool) -> np.ndarray:
    """u at every (n / 32)th node and at `HEAT_TIMES`, `(31, 31, times)`."""
    nodes = np.arange(1, n) / n
    shape = np.outer(np.sin(np.pi * nodes), np.sin(5.0 * np.pi * nodes))
    if coded:
        weight = _inverse_at_nodes(n)
        ones = np.ones((n, n - 1))
        matrix = _flux_matrix(ones, ones.T, n) * float(n * n)
    else:
        weight = np.ones((n - 1, n - 1))
        matrix = _flux_matrix(*_conductivity(n), n) * float(n * n)
    mass = sparse.diags(weight.ravel())
    source = 200.0 * (weight * shape).ravel()
    every = n // 32
    found = []
    for step in (0.05, 0.025):
        solver = linalg.splu(
            (mass + 0.5 * step * matrix).tocsc(), permc_spec="MMD_AT_PLUS_A"
        )
        u, shown = np.zeros(matrix.shape[0]), []
        for k in range(round(5.0 / step)):
            pulse = np.sin(np.pi * step * k) + np.sin(np.pi * step * (k + 1))
            right = mass @ u - 0.5 * step * (matrix @ u) + 0.5 * step * pulse * source
            u = solver.solve(right)
            if (k + 1) % round(0.5 / step) == 0:
                cut = u.reshape(n - 1, n - 1)[every - 1 :: every, every - 1 :: every]
                shown.append(cut)
        found.append(np.stack(shown, axis=2))
    return (4.0 * found[1] - found[0]) / 3.0


def _medium() -> np.ndarray:
    """c in each of the table's cells, x first."""
    return np.where(gaussian_field() > 0.0, 12.0, 1.0).T


def wave(refined: int, coded: bool) -> np.ndarray:
    """u at the centres of every 8th cell of the table and at `WAVE_TIMES`."""
    n = 256 * refined
    h = 2.0 / n
    centres = -1.0 + h * (np.arange(n) + 0.5)
    table = _medium()
    if coded:
        from pinnacle_cases.fields import linear

        unit = (np.stack(np.meshgrid(centres, centres, indexing="ij"), 2) + 1.0) / 2.0
        c = linear(table.T, unit.reshape(-1, 2)).numpy().reshape(n, n)
        faces = np.ones((n - 1, n)), np.ones((n, n - 1))
    else:
        c = np.ones((n, n))
        k = np.kron(table, np.ones((refined, refined)))
        faces = (
            2.0 * k[1:] * k[:-1] / (k[1:] + k[:-1]),
            2.0 * k[:, 1:] * k[:, :-1] / (k[:, 1:] + k[:, :-1]),
        )

    def pushed(u: np.ndarray) -> np.ndarray:
        total = np.zeros_like(u)
        flux = faces[0] * np.diff(u, axis=0)
        total[:-1] += flux
        total[1:] -= flux
        flux = faces[1] * np.diff(u, axis=1)
        total[:, :-1] += flux
        total[:, 1:] -= flux
        return c * total / h**2

    between = 0.5
    steps = int(np.ceil(between / (0.95 * h / np.sqrt(2.0 * 12.0))))
    dt = between / steps
    u = np.exp(-np.add.outer((centres + 0.5) ** 2, centres**2) / (2.0 * 0.3**2))
    before, u, shown = u, u + 0.5 * dt**2 * pushed(u), []
    cut = slice(4 * refined + refined // 2, None, 8 * refined)
    for _ in WAVE_TIMES:
        for _ in range(steps):
            u, before = 2.0 * u - before + dt**2 * pushed(u), u
        # u is a step ahead: it began so.
        shown.append(before[cut, cut])
    return np.stack(shown, axis=2)


def main() -> None:
    """Writes the files that were asked for."""
    names = ("heat_varying", "heat_varying_coded", "wave_medium", "wave_medium_coded")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=names, help="of the files")
    for name in parser.parse_args().names:
        coded = name.endswith("_coded")
        if name.startswith("heat"):
            coarse, fine = heat(256, coded), heat(512, coded)
            axis, times = np.arange(1, 32) / 32.0, HEAT_TIMES
        else:
            coarse, fine = wave(1, coded), wave(3, coded)
            axis, times = -1.0 + (np.arange(32) + 0.5625) / 16.0, WAVE_TIMES
        error = relative(coarse, fine)
        save_values(name, [axis, axis, times], fine, error, SCRIPT)


if __name__ == "__main__":
    main()
