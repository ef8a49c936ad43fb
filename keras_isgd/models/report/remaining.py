"""How well the loss determines the answer: one Gauss-Newton step on fresh points."""

import dataclasses

import numpy as np
import scipy.linalg
import tensorflow as tf

from keras_isgd.models.linearised import linearised
from keras_isgd.models.points import default_points
from keras_isgd.models.report.trained import Trained
from keras_isgd.objectives.parameters import ParameterVector

__all__ = ["LARGEST", "Remaining", "remaining_of"]

# The most trained numbers whose singular values are computed: seconds on two cores.
LARGEST = 2500
# Relative to the largest singular value of a Jacobian, what is above its rounding.
_ROUNDING = {"float64": 1e-11, "float32": 1e-5}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remaining:
    """What one Gauss-Newton step on points that were not trained on would do.

    The step is the least-squares solution of the linearised loss without damping but a
    cut-off at singular values of the size of rounding. Where the network can represent
    the solution and the loss is well posed, it is most of the error that remains. It
    cannot see an error that this network cannot represent, nor one of a solution of the
    same equation and conditions that is not close.

    Attributes:
        change: of each output by its name, root mean square over points that were not
            trained on, relative to that of the output before or after the step, the
            larger one.
        coefficients: the coefficients' changes by name, those of their trained numbers
            mapped to values.
        left: the residual that the step leaves, relative to the present one, per row
            that it cannot fit by mere counting: near 1, the network cannot do better;
            near 0, it has not been trained to its end.
        rank: how many directions of the trained numbers change the residual.
        rows: how many rows.
    """

    change: dict[str, float]
    coefficients: dict[str, float]
    left: float
    rank: int
    rows: int


def remaining_of(trained: Trained, seed: int, x: np.ndarray) -> Remaining | str:
    """Estimates the error that remains; or says in a sentence why it cannot.

    Args:
        trained: the model.
        seed: of the points.
        x: points at which u is compared, `(n, d + q)`.
    """
    parameters = ParameterVector(trained.variables)
    if parameters.size > LARGEST:
        return (
            f"Not estimated: the model has {parameters.size} trained numbers, and "
            f"the singular values of more than {LARGEST} take too long."
        )
    sets = default_points(
        trained.problem,
        parameters.size,
        trained.equations[0].columns,
        resample=False,
        seed=seed,
        network=trained.network,
    )
    points = {name: tf.cast(x, trained.dtype) for name, x in next(iter(sets)).items()}
    try:
        rows = linearised(
            trained.terms, trained.network, trained.coefficients, points, parameters
        )
    except ValueError as error:
        return f"Not estimated: {error}"
    jacobian = np.concatenate([r.jacobian for r in rows])
    residual = np.concatenate([r.residual for r in rows])
    if not (np.isfinite(jacobian).all() and np.isfinite(residual).all()):
        return "Not estimated: the residual, or its Jacobian, is NaN or infinite."
    step, rank, after = _step(jacobian, residual, _ROUNDING[trained.dtype])
    before, count = float(residual @ residual), len(residual)
    left = 0.0
    if before > 0.0 and count > rank:
        left = float(np.sqrt(after / (count - rank) / (before / count)))
    u = trained.predicted(x)
    return Remaining(
        change=_changes(trained, u, _change(trained, parameters, step, x)),
        coefficients=_coefficients(trained, step),
        left=left,
        rank=rank,
        rows=count,
    )


def _step(
    jacobian: np.ndarray, residual: np.ndarray, rounding: float
) -> tuple[np.ndarray, int, float]:
    """The step, the Jacobian's rank, and the sum of squares that it leaves."""
    # Columns of length 1: weights of unlike effect must not count as rounding.
    lengths = np.linalg.norm(jacobian, axis=0)
    lengths = np.where(lengths > 0.0, lengths, 1.0)
    both = np.concatenate([jacobian / lengths, -residual[:, None]], axis=1)
    (triangle,) = scipy.linalg.qr(both, mode="r", check_finite=False)
    size = jacobian.shape[1]
    u, s, v = np.linalg.svd(triangle[: size + 1, :size], full_matrices=False)
    kept = s > rounding * s[0]
    u, s, v = u[:, kept], s[kept], v[kept]
    right = triangle[: size + 1, size]
    along = u.T @ right
    rest = right - u @ along
    return (v.T @ (along / s)) / lengths, int(kept.sum()), float(rest @ rest)


def _change(
    trained: Trained, parameters: ParameterVector, step: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """The change of u at points to first order, `(n, outputs)`."""
    parts = parameters.unpack(parameters.read())
    tangents = parameters.unpack(tf.constant(step, parameters.dtype))
    points = tf.constant(x, trained.dtype)
    with (
        tf.autodiff.ForwardAccumulator(parts, tangents) as accumulator,
        parameters.scope(parts),
    ):
        u = trained.network(points)
    change = accumulator.jvp(u, tf.UnconnectedGradients.ZERO)
    if trained.problem.subdomains:
        change = trained.problem.chosen_outputs(points, change)
    return np.asarray(change).astype(np.float64)


def _changes(trained: Trained, u: np.ndarray, change: np.ndarray) -> dict[str, float]:
    found = {}
    names = trained.problem.names
    for i, name in enumerate(names.outputs):
        moved, value = change[:, i], u[:, i]
        if name in trained.problem.defined_up_to_constant:
            moved, value = moved - moved.mean(), value - value.mean()
        size = max(np.linalg.norm(value), np.linalg.norm(value + moved)) or 1.0
        found[name] = float(np.linalg.norm(moved) / size)
    return found


def _coefficients(trained: Trained, step: np.ndarray) -> dict[str, float]:
    names = list(trained.coefficients)
    moves = step[len(step) - len(names) :]
    unknowns = trained.problem.unknowns
    return {
        name: float(
            abs(unknowns[name].slope(float(trained.coefficients[name].numpy())) * move)
        )
        for name, move in zip(names, moves)
    }
