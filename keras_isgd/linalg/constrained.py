"""Least squares under a constraint that is known to limited accuracy.

    minimise |A d - e|^2  over those d that leave C d at zero.

A `(n, p)` and C `(m, p)` are Jacobians in the same p unknowns. Where these are the
weights of a network, C has singular values of all sizes and no sharp null space: some
d move A d and leave C d almost as it is (the solutions of the linearised equation),
some move neither (the network has more weights than it needs), and the rest are held
by C. With w on |C d|^2 the solution is a function of w that is level wherever w lies
between the former and the rest, and the generalised singular values mu of the pair
(A, C) tell where that is.
"""

import numpy as np

from keras_isgd.linalg.blas import one_blas_thread

__all__ = ["ConstrainedLeastSquares"]

# What mu^2 falls by, from the free directions to the others, where they are told apart:
# with w in the middle of such a gap, w changes a free direction's variance, and another
# direction adds to it, by 1 / sqrt(1e4) = 1 %.
_GAP = 1e4
# With the stronger half of the unknowns alone, mu^2 of a direction that C holds is much
# the same: C decides it. That of a solution falls by orders of magnitude, since fewer
# unknowns follow it less well.
_STRONGER = 0.5
_CONVERGED = 10.0
# Above this mu^2 is not known, and w not above its root: the constraint's rounding,
# 1e-16 of it, is weighted by w.
_SHARPEST = 1e16
# Share of a unit vector among the directions that are rounding from which on it is
# unknown what it does to A d.
_UNSEEN = 1e-6


class ConstrainedLeastSquares:
    """The constrained problem, by one SVD of the stacked matrix and one of a part.

    With the columns scaled to length 1 by D and s |C|_F = |A|_F,

        [A; s C] = [U_A; U_C] S V^T D,      U_A^T U_A + U_C^T U_C = I
        U_A = P c Q^T,                      sigma_i = |U_C q_i|,  mu_i = c_i / sigma_i

    (Paige and Saunders, SIAM J. Numer. Anal. 18, 1981: the generalised singular values
    by way of the CS decomposition), so that for every weight

        U_A^T U_A + w U_C^T U_C = Q (c^2 + w sigma^2) Q^T  (+ w outside of Q).

    Args:
        jacobian: A, `(n, p)`, float64.
        constraint: C, `(m, p)`, float64.
        rounding: singular values of the stacked matrix below so many times the largest
            are zero but for rounding, that of the SVD and that of A and C.

    Attributes:
        ratios: mu^2, descending, `(k,)` with k <= n.
        free: how many directions C leaves free.
        weight: w.
    """

    def __init__(
        self, jacobian: np.ndarray, constraint: np.ndarray, rounding: float = 1e-11
    ) -> None:
        n = len(jacobian)
        size = np.linalg.norm(constraint)
        self._balance = np.linalg.norm(jacobian) / size if size > 0 else 1.0
        stack = np.concatenate([jacobian, self._balance * constraint])
        lengths = np.linalg.norm(stack, axis=0)
        lengths[lengths == 0.0] = 1.0
        with one_blas_thread():
            left, values, right = np.linalg.svd(stack / lengths, full_matrices=False)
        rank = max(int(np.sum(values > rounding * values[0])), 1)
        self._lengths = lengths
        self._seen = right[:rank]
        # From coordinates in which the stacked matrix is orthonormal to the unknowns.
        self._directions = right[:rank].T / values[:rank] / lengths[:, None]
        self._upper, self._lower = left[:n, :rank], left[n:, :rank]
        self._p, self._c, self._q, self._sigma = _cosines(self._upper, self._lower)
        self.ratios = _ratios(self._c, self._sigma)
        coarse = max(int(_STRONGER * rank), 1)
        _, c, _, sigma = _cosines(self._upper[:, :coarse], self._lower[:, :coarse])
        self.free = self._count_free(_ratios(c, sigma))
        above = self.ratios[self.free - 1]
        below = self._after()[self.free - 1]
        self.weight = float(np.sqrt(above) * np.sqrt(below))

    def _after(self) -> np.ndarray:
        """What follows each ratio; a direction is held from 1 on, however small."""
        return np.maximum(np.append(self.ratios[1:], 0.0), 1.0)

    def _count_free(self, coarser: np.ndarray) -> int:
        """Returns the number of directions above the last gap, or above the widest one.

        Solutions that the unknowns follow less well may come after a gap; they count.

        Args:
            coarser: mu^2 with the stronger half of the unknowns.
        """
        falls = self.ratios / self._after()
        clear = np.flatnonzero(falls >= _GAP)
        free = 1 + int(clear[-1] if len(clear) else np.argmax(falls))
        while (
            free < len(self.ratios)
            and self.ratios[free] > 1.0
            and (len(coarser) <= free or coarser[free] * _CONVERGED < self.ratios[free])
        ):
            free += 1
        return free

    @property
    def _held(self) -> np.ndarray:
        return self._c**2 + self.weight * self._sigma**2

    def influence(self) -> np.ndarray:
        """Returns dd/de, `(p, n)`: how the solution follows e."""
        inner = (self._c / self._held)[:, None] * self._p.T
        return self._directions @ (self._q.T @ inner)

    def hat(self) -> np.ndarray:
        """Returns A dd/de, `(n, n)`, a projection of rank `free` but for its error."""
        return (self._p * (self._c**2 / self._held)) @ self._p.T

    def step(self, residual: np.ndarray, defect: np.ndarray) -> np.ndarray:
        """Returns d `(p,)` that minimises |A d + r|^2 under C d = -c.

        Args:
            residual: r, `(n,)`.
            defect: c, `(m,)`.
        """
        slope = self._upper.T @ residual
        slope += self.weight * self._balance * (self._lower.T @ defect)
        along = self._q @ slope
        inside = self._q.T @ (along / self._held)
        outside = (slope - self._q.T @ along) / self.weight
        return -self._directions @ (inside + outside)

    def variances(self, gradients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns variances of quantities, of the free directions and of the rest.

        They are those of (A^T A + w C^T C)^-1, for e of variance 1. The second part
        falls with `weight` and should be negligible: a quantity to which it matters
        is not settled by A and C. It is infinite for one that neither of them sees.

        Args:
            gradients: dq/dd, `(q, p)`.

        Returns:
            Two arrays `(q,)`.
        """
        scaled = gradients / self._lengths
        total = np.sum(scaled**2, axis=1)
        unseen = total - np.sum((scaled @ self._seen.T) ** 2, axis=1)
        reduced = gradients @ self._directions
        along = reduced @ self._q.T
        parts = along**2 / self._held
        beside = np.sum(reduced**2, axis=1) - np.sum(along**2, axis=1)
        rest = np.sum(parts[:, self.free :], axis=1)
        rest += np.maximum(beside, 0.0) / self.weight
        rest[unseen > _UNSEEN * total] = np.inf
        return np.sum(parts[:, : self.free], axis=1), rest


def _cosines(
    upper: np.ndarray, lower: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns P, c and Q^T of U_A = P c Q^T, and sigma; see the class."""
    with one_blas_thread():
        p, c, q = np.linalg.svd(upper, full_matrices=False)
        return p, c, q, np.linalg.norm(lower @ q.T, axis=0)


def _ratios(c: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Returns mu^2, as far as it is known."""
    return c**2 / np.maximum(sigma**2, 1.0 / _SHARPEST)
