"""Writes pinnacle_blocks_{fluxes,coded}.npz: -div(a grad u) = f in 5 x 5 blocks.

Elements of high degree on the blocks, graded towards their edges, du/dn = -u outside.
"fluxes" has a continuous flux a du/dn between blocks; "coded" solves
Laplacian u = -f / a with continuous slopes. Both tables, a and f, are PINNacle's: say
where they are.

    .venv/bin/python benchmarks/references/blocks.py --data FOLDER

The accuracy is the difference to a coarser grid with a lower degree.
"""

import argparse
from pathlib import Path

import numpy as np
from elements import Mesh, lobatto
from numpy.polynomial import legendre
from scipy import sparse
from scipy.sparse import linalg
from tables import relative, save_values

SCRIPT = "benchmarks/references/blocks.py"
AXIS = np.linspace(-10.0, 10.0, 81)


def _lagrange(nodes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Lagrange's polynomials at points, `(points, nodes)`."""
    degree = len(nodes) - 1
    return legendre.legvander(at, degree) @ np.linalg.inv(
        legendre.legvander(nodes, degree)
    )


def _matrices(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Mass and stiffness on (-1, 1)."""
    nodes = lobatto(degree)
    q, w = legendre.leggauss(degree + 2)
    inverse = np.linalg.inv(legendre.legvander(nodes, degree))
    slopes = np.stack(
        [legendre.Legendre.basis(k).deriv()(q) for k in range(degree + 1)], axis=1
    )
    value, slope = _lagrange(nodes, q), slopes @ inverse
    return value.T @ (w[:, None] * value), slope.T @ (w[:, None] * slope)


def _lines(levels: int) -> np.ndarray:
    """Lines of a grid that get closer towards the blocks' edges."""
    half = 2.0 * np.concatenate([[0.0], 0.3 ** np.arange(levels, -1, -1)])
    one = np.concatenate([half, 4.0 - half[-2::-1]])
    return np.unique(np.round(np.add.outer(np.arange(-10, 10, 4), one), 12))


def solve(a: np.ndarray, f: np.ndarray, levels: int, degree: int) -> np.ndarray:
    """u on the grid of `AXIS`, `(81, 81)`."""
    mesh = Mesh([_lines(levels)] * 2, lambda x, y: True)
    points, numbers = mesh.nodes(degree)
    low = np.stack([line[mesh.numbers[:, i]] for i, line in enumerate(mesh.lines)], 1)
    block = ((low + 0.5 * mesh.sizes + 10.0) // 4.0).astype(int)
    a_at, parts = a[tuple(block.T)], f[tuple(block.T)]
    mass, stiff = _matrices(degree)
    ratio = mesh.sizes[:, 1] / mesh.sizes[:, 0]
    cell = (a_at * ratio)[:, None, None] * np.kron(stiff, mass)
    cell += (a_at / ratio)[:, None, None] * np.kron(mass, stiff)
    local = (points[numbers] - (4.0 * block - 10.0)[:, None, :]) / 4.0
    bump = np.sin(np.pi * local[:, :, 0]) * np.sin(np.pi * local[:, :, 1])
    source = parts[:, 0, 0, None] + parts[:, 1, 1, None] * bump
    area = 0.25 * mesh.sizes.prod(axis=1)
    load = area[:, None] * (source @ np.kron(mass, mass))
    for axis, end in ((0, 0), (0, -1), (1, 0), (1, -1)):
        edge = np.zeros((degree + 1, degree + 1))
        edge[end, end] = 1.0
        outer = np.kron(edge, mass) if axis == 0 else np.kron(mass, edge)
        last = 0 if end == 0 else len(mesh.lines[axis]) - 2
        here = mesh.numbers[:, axis] == last
        length = 0.5 * mesh.sizes[here, 1 - axis]
        cell[here] += (a_at[here] * length)[:, None, None] * outer
    shape = cell.shape
    rows = np.broadcast_to(numbers[:, :, None], shape).ravel()
    columns = np.broadcast_to(numbers[:, None, :], shape).ravel()
    matrix = sparse.csc_matrix((cell.ravel(), (rows, columns)))
    right = np.zeros(len(points))
    np.add.at(right, numbers, load)
    u = linalg.spsolve(matrix, right, permc_spec="MMD_AT_PLUS_A")
    return _on_grid(mesh, degree, u[numbers])


def _on_grid(mesh: Mesh, degree: int, values: np.ndarray) -> np.ndarray:
    found = np.empty((len(AXIS), len(AXIS)))
    places, shares = [], []
    for line in mesh.lines:
        number = np.clip(np.searchsorted(line, AXIS, "right") - 1, 0, len(line) - 2)
        unit = 2.0 * (AXIS - line[number]) / np.diff(line)[number] - 1.0
        places.append(number)
        shares.append(_lagrange(lobatto(degree), unit))
    for i, j in np.ndindex(found.shape):
        cell = values[mesh.cells[places[0][i], places[1][j]]]
        found[i, j] = shares[0][i] @ cell.reshape(degree + 1, -1) @ shares[1][j]
    return found


def main() -> None:
    """Writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="PINNacle's folder")
    folder = Path(parser.parse_args().data)
    a = np.loadtxt(folder / "ref/poisson_a_coef.dat")
    f = np.loadtxt(folder / "ref/poisson_f_coef.dat").reshape(5, 5, 2, 2)
    for name, factor, source in (
        ("fluxes", a, f),
        ("coded", np.ones((5, 5)), f / a[:, :, None, None]),
    ):
        coarse, fine = (solve(factor, source, *size) for size in ((4, 4), (5, 6)))
        error = max(relative(coarse, fine), 3e-8)
        save_values(f"blocks_{name}", [AXIS, AXIS], fine, error, SCRIPT)


if __name__ == "__main__":
    main()
