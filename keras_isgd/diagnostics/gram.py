"""Gram matrices of networks, and the bound of Theorem 1."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from keras_isgd.diagnostics.hessian import point_of
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.utils.checks import is_whole
from keras_isgd.utils.memory import require_memory

__all__ = [
    "gram_matrix",
    "limit_gram_matrix",
    "theorem_bound",
    "two_layer_gram_matrix",
]

# The derivative of an activation, for arrays.
Slope = Callable[[np.ndarray], np.ndarray]

# The normal density is below 1e-18 of its maximum from here on.
_REACH = 9.2


def gram_matrix(
    objective: LeastSquares, w: ArrayLike | None = None, memory: float = 4.0
) -> np.ndarray:
    """Returns J J^T of a sum of squares, a NumPy array `(m, m)`.

    Row i of J is the gradient of row i of the residual; for a PINN the rows hold
    the derivatives of the network and the weights of the loss (Eq. 6). Its smallest
    eigenvalue is what the proof of Theorem 1 needs to be positive, and what may
    vanish for a PINN (Li, Chen and Huang, AAAI 2023, "PINN Loss").

    Args:
        objective: a `LeastSquares`, such as `model.objective(points)` of a PINN.
        w: where, `(p,)`; the variables' present values if None.
        memory: budget for J and the matrix, in GiB.

    Raises:
        TypeError: no `LeastSquares`.
        ValueError: they exceed `memory`.
    """
    if not isinstance(objective, LeastSquares):
        raise TypeError(
            "Expected a sum of squares, such as model.objective(next(iter(points))) of "
            f"a ki.PINN, got {type(objective).__name__}."
        )
    rows, size = objective.row_count() or 0, objective.parameters.size
    require_memory(
        rows * (size + rows) * objective.parameters.dtype.size,
        memory,
        f"The Jacobian of {rows} rows and {size} weights with its Gram matrix",
        "Take fewer points or a smaller network.",
    )
    jacobian = objective.linearise(point_of(objective, w))[1]
    return tf.matmul(jacobian, jacobian, transpose_b=True).numpy()


def two_layer_gram_matrix(
    x: ArrayLike, weights: ArrayLike, outer: ArrayLike, slope: Slope | None = None
) -> np.ndarray:
    """Returns H of the two-layer network, Eq. 16, a NumPy array `(n, n)`.

        u(x) = 1 / sqrt(m) sum_r a_r act(w_r . x)                        (Eq. 13)
        H_ij = 1 / m x_i . x_j sum_r a_r^2 act'(w_r . x_i) act'(w_r . x_j)

    Only W is trained.

    Args:
        x: inputs, `(n, d)`.
        weights: W, `(m, d)`.
        outer: a, `(m,)`.
        slope: act', a function of arrays; that of tanh if None.

    Source: Li, Chen and Huang (AAAI 2023), Eq. 13 and 16.
    """
    x, weights = np.asarray(x, np.float64), np.asarray(weights, np.float64)
    slopes = (slope or _tanh_slope)(x @ weights.T) * np.asarray(outer, np.float64)
    return (x @ x.T) * (slopes @ slopes.T) / len(weights)


def limit_gram_matrix(
    x: ArrayLike,
    slope: Slope | None = None,
    outer_square: float = 1.0 / 3.0,
    order: int = 240,
) -> tuple[np.ndarray, float]:
    """Returns H-infinity, the limit of H for infinite width, and its error.

        H_ij = E[a^2] x_i . x_j E_w[act'(w . x_i) act'(w . x_j)],  w ~ N(0, I)

    w . x_i and w . x_j are two Gaussian numbers, so a quadrature in two dimensions
    serves any d. Eq. 17 is printed without E[a^2]; with a uniform in [-1, 1], as
    Theorem 1 has it, the limit of Eq. 16 holds that factor of 1/3.

    Args:
        x: inputs, `(n, d)`.
        slope: act', a smooth function of arrays; that of tanh if None.
        outer_square: E[a^2]; 1 for the matrix as printed.
        order: nodes of the trapezoidal rule in each dimension, at least 8; it converges
            exponentially for smooth functions, where Gauss-Hermite is slow for tanh.

    Returns:
        The matrix `(n, n)` and the largest change of an entry from half the order.

    Raises:
        ValueError: `order` below 8.

    Source: Li, Chen and Huang (AAAI 2023), Eq. 17.
    """
    if not is_whole(order, 8):
        raise ValueError(f"Expected `order` as a whole number >= 8, got {order!r}.")
    x = np.asarray(x, np.float64)
    fine = _limit(x, slope or _tanh_slope, order)
    coarse = _limit(x, slope or _tanh_slope, order // 2)
    return outer_square * fine, outer_square * float(np.max(np.abs(fine - coarse)))


def theorem_bound(loss: float, alpha: float, smallest: float, steps: int) -> np.ndarray:
    """The bound of Theorem 1 on the loss after 0, 1, ..., `steps` implicit steps.

        L(n) <= (1 / (1 + alpha lambda_min / 2))^n L(0)                  (Eq. 18)

    Args:
        loss: L(0).
        alpha: a positive number.
        smallest: the smallest eigenvalue of H-infinity.
        steps: how many steps.

    Returns:
        A NumPy array `(steps + 1,)`.

    Source: Li, Chen and Huang (AAAI 2023), Theorem 1.
    """
    return loss * (1.0 + 0.5 * alpha * smallest) ** -np.arange(steps + 1.0)


def _tanh_slope(z: np.ndarray) -> np.ndarray:
    return 1.0 - np.tanh(z) ** 2


def _limit(x: np.ndarray, slope: Slope, order: int) -> np.ndarray:
    nodes = np.linspace(-_REACH, _REACH, order)
    weights = np.exp(-0.5 * nodes**2)
    weights *= (nodes[1] - nodes[0]) / math.sqrt(2.0 * math.pi)
    inner = x @ x.T
    norms = np.sqrt(np.diag(inner))
    # v = cos * (first number) + sin * (a second, independent one).
    cosines = inner / np.maximum(np.outer(norms, norms), np.finfo(float).tiny)
    cosines = np.clip(cosines, -1.0, 1.0)
    sines = np.sqrt(1.0 - cosines**2)
    result = np.empty_like(inner)
    first = slope(norms[:, None] * nodes) * weights
    for i in range(len(x)):
        mixed = (
            cosines[i][:, None, None] * nodes[:, None]
            + sines[i][:, None, None] * nodes[None, :]
        )
        second = slope(norms[:, None, None] * mixed) @ weights
        result[i] = inner[i] * (second @ first[i])
    return 0.5 * (result + result.T)
