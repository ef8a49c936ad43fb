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


def _within(degree):
    """Which of a cell's nodes lie on none of its edges, `((p + 1)^2,)`."""
    on_axis = np.ones(degree + 1, bool)
    on_axis[[0, -1]] = False
    return np.outer(on_axis, on_axis).ravel()


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
            centre = [
                0.5 * (line[n] + line[n + 1]) for line, n in zip(self.lines, (i, j))
            ]
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
        # A cell's unknowns: u, v and p at its nodes.
        self._numbers = np.concatenate(
            [2 * self.velocity, 2 * self.velocity + 1, self.pressure], axis=1
        )
        within = [_within(degree), _within(degree), _within(degree - 1)]
        self._inner = np.flatnonzero(np.concatenate(within))
        self._outer = np.flatnonzero(~np.concatenate(within))
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

    def solve(self, tolerance=1e-11):
        """Returns the unknowns: u and v in turns at each node, then p."""
        state = self.start.copy()
        for _ in range(30):
            step = self._step(*self._linearise(state))
            state += step
            if np.max(np.abs(step)) < tolerance * max(1.0, np.max(np.abs(state))):
                return state
        raise RuntimeError("Newton's method does not converge.")

    def _step(self, matrices, rests):
        """Newton's step: what lies inside a cell is eliminated there first."""
        inner, outer = self._inner, self._outer
        ii = matrices[:, inner][:, :, inner]
        io = matrices[:, inner][:, :, outer]
        oi = matrices[:, outer][:, :, inner]
        right = np.concatenate([io, rests[:, inner, None]], axis=2)
        solved = np.linalg.solve(ii, right)
        reduced = matrices[:, outer][:, :, outer] - oi @ solved[:, :, :-1]
        rest = rests[:, outer] - (oi @ solved[:, :, -1:])[:, :, 0]
        numbers = self._numbers[:, outer]
        shape = reduced.shape
        matrix = sparse.coo_matrix(
            (
                reduced.ravel(),
                (
                    np.broadcast_to(numbers[:, :, None], shape).ravel(),
                    np.broadcast_to(numbers[:, None, :], shape).ravel(),
                ),
            ),
            (self.size, self.size),
        ).tocsr()
        total = np.zeros(self.size)
        np.add.at(total, numbers, rest)
        step = np.zeros(self.size)
        free = np.intersect1d(self.free, numbers)
        step[free] = linalg.spsolve(matrix[free][:, free].tocsc(), -total[free])
        around = np.einsum("eio,eo->ei", solved[:, :, :-1], step[numbers])
        step[self._numbers[:, inner]] = -solved[:, :, -1] - around
        return step

    def _linearise(self, state):
        """The Jacobians and residuals of the weak equations in each cell."""
        h = self.mesh.sizes
        w = 0.25 * (h[:, 0] * h[:, 1])[:, None] * self._w
        dx = 2.0 / h[:, 0, None, None] * self._vx
        dy = 2.0 / h[:, 1, None, None] * self._vy
        v, nu, count = self._v, self.viscosity, self._v.shape[1]
        nodal = [state[2 * self.velocity + axis] for axis in (0, 1)]
        u_at = [nodes @ v.T for nodes in nodal]
        grads = [
            [np.einsum("eqi,ei->eq", d, nodes) for d in (dx, dy)] for nodes in nodal
        ]
        p_at = state[self.pressure] @ self._p.T
        carry = u_at[0][:, :, None] * dx + u_at[1][:, :, None] * dy
        spread = (w[:, :, None] * v).transpose(0, 2, 1) @ carry
        for d in (dx, dy):
            spread += nu * (w[:, :, None] * d).transpose(0, 2, 1) @ d
        cells, side = self._numbers.shape
        matrices, rests = np.zeros((cells, side, side)), np.zeros((cells, side))
        p = slice(2 * count, None)
        for axis, d in enumerate((dx, dy)):
            mine = slice(axis * count, (axis + 1) * count)
            matrices[:, mine, mine] += spread
            for other in (0, 1):
                theirs = slice(other * count, (other + 1) * count)
                carried = (w * grads[axis][other])[:, :, None] * v
                matrices[:, mine, theirs] += carried.transpose(0, 2, 1) @ v
            coupling = (w[:, :, None] * d).transpose(0, 2, 1) @ self._p
            matrices[:, mine, p] -= coupling
            matrices[:, p, mine] -= coupling.transpose(0, 2, 1)
            flux = u_at[0] * grads[axis][0] + u_at[1] * grads[axis][1]
            rests[:, mine] += (w * flux) @ v
            for e, g in zip((dx, dy), grads[axis]):
                rests[:, mine] += nu * np.einsum("eqi,eq->ei", e, w * g)
            rests[:, mine] -= np.einsum("eqi,eq->ei", d, w * p_at)
        rests[:, p] -= (w * (grads[0][0] + grads[1][1])) @ self._p
        return matrices, rests

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
