"""Exponential time differencing of fourth order.

Source: Cox and Matthews (J. Comput. Phys. 176, 2002), with the coefficients by contour
integrals of Kassam and Trefethen (SIAM J. Sci. Comput. 26, 2005).
"""

import itertools

import numpy as np

_ROOTS = np.exp(2j * np.pi * (np.arange(64) + 0.5) / 64)


class Stepper:
    """v' = L v + N(v), with a diagonal L, by steps of one length.

    Args:
        linear: L, complex, `(k,)`.
        nonlinear: N, a function from `(k,)` to `(k,)`.
        h: the step.
    """

    def __init__(self, linear, nonlinear, h):
        self._nonlinear = nonlinear
        z = h * linear[:, None] + _ROOTS
        grown = np.exp(z)
        self._whole, self._half = np.exp(h * linear), np.exp(h * linear / 2)
        self._q = h * np.mean((np.exp(z / 2) - 1) / z, axis=1)
        self._f1 = h * np.mean((-4 - z + grown * (4 - 3 * z + z**2)) / z**3, axis=1)
        self._f2 = h * np.mean((2 + z + grown * (z - 2)) / z**3, axis=1)
        self._f3 = h * np.mean((-4 - 3 * z - z**2 + grown * (4 - z)) / z**3, axis=1)

    def __call__(self, v):
        """Returns v a step later."""
        n_v = self._nonlinear(v)
        a = self._half * v + self._q * n_v
        n_a = self._nonlinear(a)
        b = self._half * v + self._q * n_a
        n_b = self._nonlinear(b)
        c = self._half * a + self._q * (2 * n_b - n_v)
        n_c = self._nonlinear(c)
        return (
            self._whole * v
            + self._f1 * n_v
            + 2 * self._f2 * (n_a + n_b)
            + self._f3 * n_c
        )


def integrate(linear, nonlinear, v, times, largest):
    """Returns v at ascending times from the first on, `(k, len(times))`.

    Args:
        linear, nonlinear: see `Stepper`.
        v: at the first time, `(k,)`.
        times: numbers.
        largest: the largest step.
    """
    found = [v]
    for begin, end in itertools.pairwise(times):
        steps = int(np.ceil((end - begin) / largest))
        step = Stepper(linear, nonlinear, (end - begin) / steps)
        for _ in range(steps):
            v = step(v)
        found.append(v)
    return np.stack(found, axis=1)
