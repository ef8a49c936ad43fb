"""Spectral elements for steady flow on unions of rectangles.

Velocities of degree p and pressures of degree p - 1, both continuous (Taylor and Hood),
on the cells of a grid with hanging lines nowhere; Newton's method from rest.
"""

import numpy as np
from numpy.polynomial import chebyshev, legendre
from scipy import sparse
from scipy.sparse import linalg


def lobatto(degree):
    """The nodes of Gauss, Lobatto and Legendre on (-1, 1)."""
    inner = legendre.Legendre.basis(degree).deriv().roots()
    return np.concatenate([[-1.0], np.sort(inner.real), [1.0]])


def _values(nodes, at):
    """Lagrange's polynomials and their slopes at points, `(at, nodes)` both."""
    degree = len(nodes) - 1
    inverse = np.linalg.inv(legendre.legvander(nodes, degree))
    slopes = np.stack(
        [legendre.Legendre.basis(k).deriv()(at) for k in range(degree + 1)], axis=1
    )
    return legendre.legvander(at, degree) @ inverse, slopes @ inverse


class Mesh:
    """The cells of a grid that `inside` keeps, with nodes of one degree.

    Args:
        lines: the grid's lines, x and y.
        inside: a function of a cell's centre.
    """

    def __init__(self, lines, inside):
        self.lines = [np.asarray(line, float) for line in lines]
        shape = [len(line) - 1 for line in self.lines]
        self.cells = np.full(shape, -1)
        found = []
        for i, j in np.ndindex(*shape):
            centre = [0.5 * (l[n] + l[n + 1]) for l, n in zip(self.lines, (i, j))]
            if inside(*centre):
                self.cells[i, j] = len(found)
                found.append((i, j))
        self.numbers = np.array(found)
        self.sizes = np.stack(
            [np.diff(line)[self.numbers[:, a]] for a, line in enumerate(self.lines)], 1
        )

    def nodes(self, degree):
        """Places of the nodes `(count, 2)` and their numbers `(cells, (p + 1)^2)`."""
        unit = 0.5 * (lobatto(degree) + 1.0)
        places = []
        for axis, line in enumerate(self.lines):
            low = line[self.numbers[:, axis]]
            places.append(low[:, None] + self.sizes[:, axis, None] * unit)
        x = np.repeat(places[0][:, :, None], degree + 1, axis=2)
        y = np.repeat(places[1][:, None, :], degree + 1, axis=1)
        points = np.stack([x.ravel(), y.ravel()], axis=1)
        _, first, numbers = np.unique(
            np.round(points, 10), axis=0, return_index=True, return_inverse=True
        )
        return points[first], numbers.reshape(len(self.numbers), -1)


class Flow:
    """u . grad u + grad p = nu Laplacian u, div u = 0.

    Args:
        mesh: the `Mesh`.
        degree: p.
        viscosity: nu.
        given: a function from nodes `(count, 2)` to the velocities' values there and
            whether they are given, `(count, 2)` both.
        pin: whether one pressure is set to zero, where no outlet does.
    """

    def __init__(self, mesh, degree, viscosity, given, pin):
        self.mesh, self.degree, self.viscosity = mesh, degree, viscosity
        self.points, self.velocity = mesh.nodes(degree)
        at, pressure = mesh.nodes(degree - 1)
        self.pressure = pressure + 2 * len(self.points)
        self.size = 2 * len(self.points) + len(at)
        values, fixed = given(self.points)
        self.start = np.zeros(self.size)
        known = np.zeros(self.size, bool)
        for axis in (0, 1):
            numbers = 2 * np.flatnonzero(fixed[:, axis]) + axis
            self.start[numbers], known[numbers] = values[fixed[:, axis], axis], True
        if pin:
            known[2 * len(self.points)] = True
        self.free = np.flatnonzero(~known)
        self._tabulate()

    def _tabulate(self):
        q, weights = legendre.leggauss((3 * self.degree) // 2 + 2)
        value, slope = _values(lobatto(self.degree), q)
        self._v = np.einsum("ai,bj->abij", value, value).reshape(len(q) ** 2, -1)
        self._vx = np.einsum("ai,bj->abij", slope, value).reshape(len(q) ** 2, -1)
        self._vy = np.einsum("ai,bj->abij", value, slope).reshape(len(q) ** 2, -1)
        lower, _ = _values(lobatto(self.degree - 1), q)
        self._p = np.einsum("ai,bj->abij", lower, lower).reshape(len(q) ** 2, -1)
        self._w = np.outer(weights, weights).ravel()

    def solve(self, tolerance=1e-12):
        """Returns the unknowns: u and v in turns at each node, then p."""
        state = self.start.copy()
        for _ in range(30):
            matrix, rest = self._linearise(state)
            inner = matrix[self.free][:, self.free].tocsc()
            step = linalg.spsolve(inner, -rest[self.free], permc_spec="COLAMD")
            state[self.free] += step
            if np.max(np.abs(step)) < tolerance * max(1.0, np.max(np.abs(state))):
                return state
        raise RuntimeError("Newton's method does not converge.")

    def _linearise(self, state):
        """The Jacobian and the residual of the weak equations."""
        h = self.mesh.sizes
        area = 0.25 * h[:, 0] * h[:, 1]
        w = area[:, None] * self._w
        dx = 2.0 / h[:, 0, None, None] * self._vx
        dy = 2.0 / h[:, 1, None, None] * self._vy
        v, nu = self._v, self.viscosity
        nodal = [state[2 * self.velocity + axis] for axis in (0, 1)]
        u_at = [nodes @ v.T for nodes in nodal]
        grads = [
            [np.einsum("eqi,ei->eq", d, nodes) for d in (dx, dy)] for nodes in nodal
        ]
        p_at = state[self.pressure] @ self._p.T
        carry = u_at[0][:, :, None] * dx + u_at[1][:, :, None] * dy
        weighted = w[:, :, None] * v
        diffusion = nu * sum(
            np.einsum("eqi,eqj->eij", w[:, :, None] * d, d) for d in (dx, dy)
        )
        transport = np.einsum("eqi,eqj->eij", weighted, carry)
        rows, columns, entries = [], [], []
        rest = np.zeros(self.size)

        def add(left, right, block):
            rows.append(np.broadcast_to(left[:, :, None], block.shape).ravel())
            columns.append(np.broadcast_to(right[:, None, :], block.shape).ravel())
            entries.append(block.ravel())

        for axis, d in enumerate((dx, dy)):
            mine = 2 * self.velocity + axis
            add(mine, mine, diffusion + transport)
            for other in (0, 1):
                block = np.einsum(
                    "eqi,qj->eij", weighted * grads[axis][other][:, :, None], v
                )
                add(mine, 2 * self.velocity + other, block)
            coupling = np.einsum("eqi,qj->eij", w[:, :, None] * d, self._p)
            add(mine, self.pressure, -coupling)
            add(self.pressure, mine, -coupling.transpose(0, 2, 1))
            carried = u_at[0] * grads[axis][0] + u_at[1] * grads[axis][1]
            weak = (w * carried) @ v
            weak += nu * sum(
                np.einsum("eqi,eq->ei", e, w * g) for e, g in zip((dx, dy), grads[axis])
            )
            weak -= np.einsum("eqi,eq->ei", d, w * p_at)
            np.add.at(rest, mine, weak)
        divergence = grads[0][0] + grads[1][1]
        np.add.at(rest, self.pressure, -(w * divergence) @ self._p)
        matrix = sparse.coo_matrix(
            (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
            (self.size, self.size),
        )
        return matrix.tocsr(), rest

    def coefficients(self, state):
        """Chebyshev coefficients in each cell, `(cells, 3, p + 1, p + 1)`."""
        nodes = lobatto(self.degree)
        to_chebyshev = np.linalg.inv(chebyshev.chebvander(nodes, self.degree))
        raised, _ = _values(lobatto(self.degree - 1), nodes)
        side = self.degree + 1
        parts = [
            state[2 * self.velocity + axis].reshape(-1, side, side) for axis in (0, 1)
        ]
        pressure = state[self.pressure].reshape(-1, side - 1, side - 1)
        parts.append(np.einsum("ai,eij,bj->eab", raised, pressure, raised))
        values = np.stack(parts, axis=1)
        return np.einsum("ai,ecij,bj->ecab", to_chebyshev, values, to_chebyshev)
