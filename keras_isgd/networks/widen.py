"""Wider networks that begin as the same function."""

from collections.abc import Sequence

import numpy as np

__all__ = ["widened"]


def widened(
    narrow: Sequence[np.ndarray], wide: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Returns weights of a wider network that is the same function as a narrow one.

    The units of the narrow network keep their weights and get nothing from the new
    ones; the new units keep what they were drawn with, and nothing after them listens
    to them yet. The gradient with respect to the weights that go out of them is not
    zero, so that training uses them from the first step on.

    Source: Chen, Goodfellow and Shlens, Net2Net (ICLR 2016, arXiv 1511.05641), whose
    new units are copies of old ones; here they are fresh.

    Args:
        narrow: weights of a chain of dense layers, kernels `(n, m)` and biases `(m,)`
            in the order of `get_weights()`, and others of a size that does not change.
        wide: those of a network with the same layers and at least as many units.

    Raises:
        ValueError: lists that do not match, or a layer that is narrower.
    """
    fits = len(narrow) == len(wide) and all(
        old.ndim == new.ndim and np.all(np.less_equal(old.shape, new.shape))
        for old, new in zip(narrow, wide)
    )
    if not fits:
        raise ValueError(
            "Expected the weights of two networks with the same layers, the second one "
            f"at least as wide; got the shapes {[w.shape for w in narrow]} and "
            f"{[w.shape for w in wide]}."
        )
    found = []
    for old, new in zip(narrow, wide):
        weight = np.array(new)
        weight[tuple(slice(n) for n in old.shape)] = old
        if old.ndim == 2:
            weight[old.shape[0] :, : old.shape[1]] = 0.0
        found.append(weight)
    return found
