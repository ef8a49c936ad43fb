"""Writes cavity_smooth_{100,400}.npz, cavity_constant_100.npz and step_100.npz.

Spectral elements (`elements.py`), graded towards corners where the flow is singular.
The accuracy is the largest difference, at 40,000 random points, of the velocities that
the file gives and of a computation on a finer mesh with a higher degree; points closer
than 0.05 to such a corner are left out.
"""

import argparse

import numpy as np
from elements import Flow, Mesh
from numpy.polynomial import chebyshev
from tables import save

SCRIPT = "benchmarks/references/flow.py"


def _graded(end, ratio, count):
    """Lines from 0 to `end` that get closer towards 0."""
    return end * np.concatenate([[0.0], ratio ** np.arange(count - 1, -1, -1)])


def cavity(reynolds, lid, finer):
    """The flow in a unit square under a moving lid."""
    if lid == "smooth":
        x = [0.0, 0.05, 0.25, 0.75, 0.95, 1.0]
        if finer:
            x = [0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0]
        lines = [np.array(x), np.array([0.0, *x[2 + finer :]])]
        degree = 12
    else:
        half = _graded(0.5, 0.25 if finer else 0.35, 7 if finer else 5)
        lines = [np.concatenate([half, 1.0 - half[-2::-1]])]
        lines.append(np.concatenate([[0.0, 0.25], 1.0 - half[::-1]]))
        degree = 10 if finer else 8

    def given(points):
        x, y = points.T
        walls = (np.abs(x * (1 - x)) < 1e-9) | (np.abs(y * (1 - y)) < 1e-9)
        values = np.zeros((len(points), 2))
        inner = (y > 1 - 1e-9) & (np.abs(x * (1 - x)) > 1e-9)
        values[inner, 0] = (16 * x**2 * (1 - x) ** 2)[inner] if lid == "smooth" else 1.0
        return values, np.stack([walls, walls], axis=1)

    mesh = Mesh(lines, lambda x, y: True)
    return Flow(mesh, degree, 1.0 / reynolds, given, pin=True)


def step(reynolds, finer):
    """The flow over a step: the channel doubles its width at x = 0."""
    near = _graded(1.0, 0.25 if finer else 0.3, 7 if finer else 5)
    lines = [
        np.concatenate([[-2.0], -near[:0:-1], near, np.linspace(1.7, 8.0, 10)]),
        np.concatenate([1.0 - near[:0:-1], 1.0 + near]),
    ]

    def given(points):
        x, y = points.T
        inlet, outlet = np.abs(x + 2) < 1e-9, np.abs(x - 8) < 1e-9
        walls = (np.abs(y * (2 - y)) < 1e-9) | ((np.abs(y - 1) < 1e-9) & (x < 1e-9))
        walls |= (np.abs(x) < 1e-9) & (y < 1 + 1e-9)
        values = np.zeros((len(points), 2))
        values[inlet, 0] = (6.0 * (y - 1) * (2 - y))[inlet]
        return values, np.stack([walls | inlet, walls | inlet | outlet], axis=1)

    mesh = Mesh(lines, lambda x, y: x > 0 or y > 1)
    return Flow(mesh, 9 if finer else 7, 2.0 / reynolds, given, pin=False)


def evaluate(mesh, coefficients, points):
    """The outputs at points `(n, 2)`, `(n, 3)`."""
    found = np.empty((len(points), 3))
    numbers = [
        np.clip(np.searchsorted(line, points[:, a], "right") - 1, 0, len(line) - 2)
        for a, line in enumerate(mesh.lines)
    ]
    cells = mesh.cells[tuple(numbers)]
    for cell in np.unique(cells):
        here = cells == cell
        i, j = mesh.numbers[cell]
        low = np.array([mesh.lines[0][i], mesh.lines[1][j]])
        s = 2.0 * (points[here] - low) / mesh.sizes[cell] - 1.0
        for c in range(3):
            found[here, c] = chebyshev.chebval2d(*s.T, coefficients[cell, c])
    return found


def _solve(make, *arguments):
    """The coefficients, with pressures of mean zero where none is given."""
    flow = make(*arguments)
    found = flow.coefficients(flow.solve())
    if make is cavity:
        s, t = np.meshgrid(*[np.linspace(0.0025, 0.9975, 200)] * 2)
        places = np.stack([s.ravel(), t.ravel()], axis=1)
        found[:, 2, 0, 0] -= np.mean(evaluate(flow.mesh, found, places)[:, 2])
    return flow, found


def _write(name, dtype, corners, make, *arguments):
    flow, coarse = _solve(make, *arguments, False)
    finer, best = _solve(make, *arguments, True)
    stored = coarse.astype(dtype).astype(float)
    lines = flow.mesh.lines
    rng = np.random.default_rng(0)
    low, high = zip(*((line[0], line[-1]) for line in lines))
    points = rng.uniform(low, high, (40_000, 2))
    if make is step:
        points = points[(points[:, 0] > 0) | (points[:, 1] > 1)]
    for corner in corners:
        points = points[np.linalg.norm(points - corner, axis=1) > 0.05]
    gap = evaluate(flow.mesh, stored, points) - evaluate(finer.mesh, best, points)
    size = np.abs(gap)
    print(f"  largest {size.max(axis=0)}, mean {size.mean(axis=0)}")
    error = float(size[:, :2].max())
    bases = ["chebyshev", "chebyshev"]
    save(name, lines, bases, flow.mesh.cells, stored, error, SCRIPT, dtype)


TASKS = {
    "cavity_smooth_100": ("f8", (), cavity, 100.0, "smooth"),
    "cavity_smooth_400": ("f8", (), cavity, 400.0, "smooth"),
    "cavity_constant_100": ("f4", ((0.0, 1.0), (1.0, 1.0)), cavity, 100.0, "constant"),
    "step_100": ("f4", ((0.0, 1.0),), step, 100.0),
}


def main():
    """Writes the files that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(TASKS), help="of the files")
    for name in parser.parse_args().names:
        _write(name, *TASKS[name])


if __name__ == "__main__":
    main()
