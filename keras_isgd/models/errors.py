"""Errors of a network against a known solution."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_isgd.problems import Problem

__all__ = ["measure"]

_CHUNK = 8192  # points at a time where a whole grid would take much memory


def measure(
    network: Callable[[tf.Tensor], tf.Tensor],
    problem: Problem,
    dtype: str,
    points: np.ndarray | None = None,
) -> dict[str, float]:
    """Returns the relative L2 and the maximum error; see `PINN.errors`.

    Args:
        network: maps `(n, d)` to `(n, outputs)`.
        problem: the `Problem`.
        dtype: of the network.
        points: `(n, d)`; the problem's test grid if None.

    Raises:
        ValueError: the problem has no exact solution.
    """
    if problem.exact is None:
        raise ValueError(
            f"{type(problem).__name__} has no exact solution to compare with: "
            "define exact(self, x) in it."
        )
    points = problem.test_points() if points is None else points
    chunks = np.array_split(points, range(_CHUNK, len(points), _CHUNK))
    u = np.concatenate([network(tf.constant(x, dtype)) for x in chunks])
    exact = np.asarray(problem.exact(tf.constant(points, tf.float64)))
    return {
        "relative_l2": float(np.linalg.norm(u - exact) / np.linalg.norm(exact)),
        "max_error": float(np.max(np.abs(u - exact))),
    }
