"""The Hessian of a loss: all of it for a small network, its ends for a large one."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from keras_isgd.objectives.hessian_product import (
    check_objective,
    hessian_vector_product,
    product,
)
from keras_isgd.objectives.objective import Objective
from keras_isgd.utils.checks import (
    check_array,
    check_count,
    check_seed,
)
from keras_isgd.utils.memory import require_memory

__all__ = [
    "Ends",
    "extreme_eigenvalues",
    "hessian",
    "hessian_spectrum",
    "hessian_vector_product",
]

# Two vectors of the Krylov space are parallel for rounding alone below this.
_BREAKDOWN = 1e-12


def hessian(
    objective: Objective, w: ArrayLike | None = None, memory: float = 4.0
) -> np.ndarray:
    """Returns the Hessian of a loss as a NumPy array `(p, p)`, symmetric.

    Args:
        objective: an `Objective`.
        w: where, `(p,)`; the variables' present values if None.
        memory: budget for the matrix with a copy, in GiB.

    Raises:
        TypeError: no `Objective`.
        ValueError: the matrix exceeds `memory`; use `extreme_eigenvalues`.
    """
    point = point_of(objective, w)
    size = objective.parameters.size
    require_memory(
        2 * size**2 * point.dtype.size,
        memory,
        f"The Hessian of {size} weights, with a copy,",
        "Use extreme_eigenvalues(), which needs only its products with vectors.",
    )

    @tf.function(autograph=False)
    def rows(w: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(
            lambda i: product(objective, w, tf.one_hot(i, size, dtype=w.dtype)),
            tf.range(size),
            fn_output_signature=w.dtype,
        )

    matrix = rows(point).numpy()
    return 0.5 * (matrix + matrix.T)


def hessian_spectrum(
    objective: Objective, w: ArrayLike | None = None, memory: float = 4.0
) -> np.ndarray:
    """Returns all eigenvalues of the Hessian, ascending, a NumPy array `(p,)`.

    Args, raises: as `hessian`.

    Source: Li, Chen and Huang (AAAI 2023), Figure 1.
    """
    return np.linalg.eigvalsh(hessian(objective, w, memory))


class Ends(NamedTuple):
    """The two ends of a spectrum.

    Attributes:
        smallest, largest: eigenvalues.
        smallest_error, largest_error: an eigenvalue lies within so much of each.
        products: Hessian-vector products that were needed.
    """

    smallest: float
    largest: float
    smallest_error: float
    largest_error: float
    products: int


def extreme_eigenvalues(
    objective: Objective,
    w: ArrayLike | None = None,
    steps: int = 100,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Ends:
    """Finds the ends of the Hessian's spectrum by the Lanczos method.

    With full reorthogonalisation, from a random start; the memory is that of
    `steps` vectors. It ends when both errors are below the tolerance.

    Args:
        objective: an `Objective`.
        w: where, `(p,)`; the variables' present values if None.
        steps: largest number of Hessian-vector products.
        tolerance: relative to the eigenvalue that is largest in size.
        seed: whole number for the start.

    Returns:
        `Ends`.

    Raises:
        TypeError: no `Objective`.
        ValueError: `steps` below 1, or another argument out of range.

    Source: Golub and Van Loan, Matrix Computations, 4th edition, chapter 10.
    """
    point = point_of(objective, w)
    check_count("steps", steps)
    if not tolerance >= 0.0:
        raise ValueError(f"Expected `tolerance` >= 0, got {tolerance!r}.")
    apply = hessian_vector_product(objective)
    return lanczos(
        lambda v: apply(point, tf.constant(v, point.dtype)).numpy(),
        objective.parameters.size,
        steps,
        tolerance,
        check_seed(seed),
    )


def lanczos(
    apply: Callable[[np.ndarray], np.ndarray],
    size: int,
    steps: int,
    tolerance: float,
    seed: int,
) -> Ends:
    """`extreme_eigenvalues` of any symmetric matrix, given by its products."""
    start = np.random.default_rng(seed).normal(size=size)
    basis = [start / np.linalg.norm(start)]
    diagonal: list[float] = []
    beside: list[float] = []
    for count in range(1, min(steps, size) + 1):
        image = np.asarray(apply(basis[-1]), np.float64)
        diagonal.append(float(basis[-1] @ image))
        for _ in range(2):  # once leaves rounding behind
            for q in basis:
                image = image - (q @ image) * q
        rest = float(np.linalg.norm(image))
        tridiagonal = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        values, vectors = np.linalg.eigh(tridiagonal)
        scale = max(abs(values[0]), abs(values[-1]), np.finfo(np.float64).tiny)
        errors = rest * np.abs(vectors[-1])
        done = max(errors[0], errors[-1]) <= tolerance * scale
        # A single product says nothing about the other end.
        if (done and count > 1) or rest <= _BREAKDOWN * scale:
            break
        beside.append(rest)
        basis.append(image / rest)
    return Ends(
        float(values[0]), float(values[-1]), float(errors[0]), float(errors[-1]), count
    )


def point_of(objective: Objective, w: ArrayLike | None) -> tf.Tensor:
    """Returns the vector `(p,)` that `w` means: the present weights if None.

    Raises:
        TypeError: no `Objective`.
        ValueError: `w` has not one number for each weight.
    """
    check_objective(objective)
    parameters = objective.parameters
    if w is None:
        return parameters.read()
    given = check_array("`w`", w)
    if given.shape != (parameters.size,):
        raise ValueError(
            f"Expected `w` as one number for each of the {parameters.size} weights, "
            f"got shape {given.shape}."
        )
    return tf.constant(given, parameters.dtype)
