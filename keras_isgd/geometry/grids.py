"""Fixed points, evenly spread over a geometry."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

__all__ = ["even_points", "grid"]

# In more coordinates a grid has too few points along each.
_LARGEST_GRID = 3


class _Shape(Protocol):
    """What is asked of a geometry."""

    @property
    def dimension(self) -> int: ...
    @property
    def own_dimension(self) -> int: ...
    @property
    def lower(self) -> tuple[float, ...]: ...
    @property
    def upper(self) -> tuple[float, ...]: ...
    @property
    def lengths(self) -> tuple[float, ...]: ...
    @property
    def measure(self) -> float: ...
    @property
    def proposal_measure(self) -> float: ...
    @property
    def unit_dimension(self) -> int: ...
    def contains(self, x: Any) -> np.ndarray: ...
    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


def grid(
    lower: Sequence[float], upper: Sequence[float], counts: Sequence[int]
) -> np.ndarray:
    """Returns a tensor-product grid of a box with its boundary, `(prod(counts), d)`.

    Args:
        lower: lower corner, d numbers.
        upper: upper corner.
        counts: points along each coordinate.
    """
    axes = [np.linspace(a, b, n) for a, b, n in zip(lower, upper, counts, strict=True)]
    mesh = np.meshgrid(*axes, indexing="ij")
    return np.stack([m.ravel() for m in mesh], axis=1)


def even_points(shape: _Shape, count: int) -> np.ndarray:
    """Returns about `count` points of a geometry, or fewer; see its `test_points`."""
    d = shape.dimension
    if d <= _LARGEST_GRID and shape.own_dimension == d:
        share = shape.measure / math.prod(shape.lengths)
        edge = max(int((count / share) ** (1.0 / d) + 1e-9), 2)
        x = grid(shape.lower, shape.upper, [edge] * d)
        x = x[shape.contains(x)]
        # A set between the lines of the grid has none of its points.
        if len(x) >= count / 2:
            return x
    from scipy.stats import qmc  # two thirds of a second, for few geometries

    share = shape.measure / shape.proposal_measure
    digits = max(math.ceil(math.log2(count / share)), 1)
    unit = qmc.Sobol(shape.unit_dimension, scramble=False).random_base2(digits)
    x, kept = shape.interior(unit)
    return x[kept][:count]
