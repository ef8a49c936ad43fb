"""Equations by name: what a problem's residual returns, as columns of one tensor."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

__all__ = ["Equations"]


class Equations:
    """Joins a residual's equations, and remembers their names.

    Args:
        suffix: stands behind each name.

    Attributes:
        columns: how many columns each named equation has; empty for a residual that
            is one tensor.
    """

    def __init__(self, suffix: str = "") -> None:
        self._suffix = suffix
        self.columns: dict[str, int] = {}

    def joined(self, found: Any) -> tf.Tensor:
        """Returns a residual's columns side by side, `(n, k)`.

        Args:
            found: what `Problem.residual` returned: a tensor, or tensors by name.

        Raises:
            ValueError: no equations, names that are no words, or a tensor that is not
                `(n, k)`.
        """
        if not isinstance(found, Mapping):
            return found
        if not found:
            raise ValueError("residual() returned a dictionary without equations.")
        rows = {}
        for name, row in found.items():
            if not isinstance(name, str) or not name:
                raise ValueError(
                    f"Expected equations by names, such as 'continuity'; got {name!r}."
                )
            row = tf.convert_to_tensor(row)
            if row.shape.rank != 2:
                raise ValueError(
                    f"Expected the equation {name!r} in the shape (n, k) for n points, "
                    f"such as (n, 1); got {row.shape}. Slices of x keep their column "
                    "as x[:, 0:1]."
                )
            rows[name] = row
        heights = {name: row.shape[0] for name, row in rows.items()}
        if len(set(heights.values())) > 1:
            raise ValueError(
                "Expected equations with one row for each point; got "
                + ", ".join(f"{name}: {height}" for name, height in heights.items())
                + " rows."
            )
        self.columns = {
            name + self._suffix: int(row.shape[1]) for name, row in rows.items()
        }
        parts = list(rows.values())
        return parts[0] if len(parts) == 1 else tf.concat(parts, axis=1)
