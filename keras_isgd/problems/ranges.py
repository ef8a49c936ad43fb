"""Ranges of a problem's parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_isgd.geometry import Box

__all__ = ["box_of", "ranges_of"]


def box_of(ranges: Sequence[tuple[float, float]]) -> Box | None:
    """Returns ranges as a box, or None where there are none."""
    if not ranges:
        return None
    return Box([low for low, _ in ranges], [high for _, high in ranges])


def ranges_of(owner: str, parameters: Mapping[str, Any]) -> dict[str, tuple]:
    """Returns the ranges `(low, high)` of parameters by name.

    Args:
        owner: the problem's name, for sentences.
        parameters: what the problem declares.

    Raises:
        ValueError: something that is no range, or one out of order.
    """
    found = {}
    for name, given in parameters.items():
        try:
            low, high = (float(end) for end in given)
        except (TypeError, ValueError):
            raise ValueError(
                f"Expected the parameter {name!r} of {owner} as a range (low, high), "
                f"got {given!r}."
            ) from None
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise ValueError(
                f"Expected finite ends low < high for the parameter {name!r} of "
                f"{owner}, got {given!r}. A number that does not vary is an attribute "
                "of the problem."
            )
        found[name] = (low, high)
    return found
