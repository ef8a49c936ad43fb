"""Fixed points, evenly spread over the unit box."""

import functools

import numpy as np

__all__ = ["spread", "spread_share"]


@functools.lru_cache(maxsize=32)
def spread(dimension: int, count: int) -> np.ndarray:
    """Returns the first points of an additive recurrence, `(count, dimension)`.

    Shares and measures are estimated on them: they need no library, and any number
    of them is balanced. The steps are powers of 1/phi, phi^(d+1) = phi + 1, which is
    the golden ratio for d = 1 (M. Roberts, The unreasonable effectiveness of
    quasirandom sequences, 2018).
    """
    phi = 1.5
    for _ in range(64):
        phi = (1.0 + phi) ** (1.0 / (dimension + 1))
    steps = phi ** -np.arange(1.0, dimension + 1.0)
    points = (0.5 + np.arange(1, count + 1)[:, None] * steps) % 1.0
    points.flags.writeable = False
    return points


def spread_share(kept: np.ndarray) -> float:
    """Returns the share of True in an array; 0 for an empty one."""
    return float(np.mean(kept)) if kept.size else 0.0
