"""Errors of a solution against references."""

import numpy as np

from pinnacle_cases.common import Reference

__all__ = ["score", "trivial"]


def score(found: np.ndarray, reference: Reference) -> dict:
    """Returns the errors of values at a reference's points.

    The relative L2 error is the benchmark's: all outputs and points together.

    Args:
        found: `(n, outputs)`.
        reference: the `Reference`.

    Returns:
        A dictionary for JSON, with the error of the best constant as "trivial".
    """
    known = ~np.isnan(reference.values)
    exact = reference.values[known]
    gap = found[known] - exact
    return {
        "label": reference.label,
        "relative_l2": float(np.linalg.norm(gap) / np.linalg.norm(exact)),
        "max_error": float(np.max(np.abs(gap))),
        "trivial": trivial(reference),
        "accuracy": reference.accuracy,
    }


def trivial(reference: Reference) -> float:
    """Returns the relative L2 error of the best constant for each output."""
    values = reference.values
    columns = values[:, ~np.isnan(values).all(axis=0)]
    gap = columns - np.nanmean(columns, axis=0)
    return float(np.sqrt(np.nansum(gap**2) / np.nansum(columns**2)))
