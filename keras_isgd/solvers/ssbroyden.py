"""Self-scaled Broyden as inner solver."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.solvers.base import Solver, SolverResult
from keras_isgd.solvers.broyden_update import UPDATES, updated_inverse
from keras_isgd.solvers.line_search import LineSearch, strong_wolfe
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_choice, check_count, check_positive
from keras_isgd.utils.memory import require_memory

__all__ = ["InverseHessian", "SSBroyden"]

# A pair whose y.s is below this part of |s||y| says nothing about the curvature.
_FLAT = 1e-10
# The matrix, its successor and what it is updated by.
_COPIES = 4


class InverseHessian(NamedTuple):
    """What a dense quasi-Newton method knows of the curvature.

    Attributes:
        matrix: H, `(p, p)`, float64.
        updates: how many pairs it has, int32; with none it is the identity.
    """

    matrix: tf.Tensor
    updates: tf.Tensor


class _Iterate(NamedTuple):
    k: tf.Tensor
    at: Evaluation
    curvature: InverseHessian
    evaluations: tf.Tensor
    stopped: tf.Tensor


@keras.saving.register_keras_serializable(package="keras_isgd.solvers")
class SSBroyden(Solver):
    """Solves the implicit step by a self-scaled update of Broyden's convex class.

    With H an approximation of the inverse Hessian, s = t q along q = -H g, y the
    change of the gradient, v = s/(y.s) - Hy/(y.Hy):

        H+ = (H - (Hy)(Hy)^T/(y.Hy) + psi (y.Hy) v v^T) / tau + s s^T/(y.s)

    psi and tau after Al-Baali and Khalfan (2005) as Urbán, Stefanou and Pons give them,
    "Unveiling the optimization process of physics informed neural networks"
    (arXiv 2405.04230, 2024; SSBroyden2 in their code). t satisfies the strong Wolfe
    conditions. Pairs that say nothing about the curvature are skipped; where no step
    is found along q, H begins again as the identity.

    H is dense: each iteration costs some 6 p^2 multiplications beside one or two
    evaluations, and 8 p^2 bytes are kept. Its steps are cheap beside those of
    Gauss-Newton, and far better than those of L-BFGS.

    Args:
        steps: largest number of iterations.
        tolerance: stops when the largest entry of the gradient has fallen to this
            fraction of its value at the start; 0 never stops early.
        line_search_steps: largest number of evaluations in one line search.
        update: "ssbroyden"; "ssbfgs" (psi = 1, scaled by tau = min(1, (y.s)/(s.Bs)));
            or "bfgs" (psi = tau = 1).
        memory: budget for the matrix with its working copies, in GiB.

    Raises:
        ValueError: an argument out of range; where the optimizer is built, a matrix
            beyond `memory`.
    """

    def __init__(
        self,
        steps: int = 50,
        tolerance: float = 1e-8,
        line_search_steps: int = 30,
        update: str = "ssbroyden",
        memory: float = 4.0,
    ) -> None:
        self.steps = check_count("steps", steps)
        if not 0 <= tolerance < 1:
            raise ValueError(f"Expected `tolerance` in [0, 1), got {tolerance!r}.")
        self.tolerance = float(tolerance)
        self.line_search_steps = check_count("line_search_steps", line_search_steps)
        self.update = check_choice("update", update, UPDATES)
        self.memory = check_positive("memory", memory)

    def initial_state(self, size: int, dtype: tf.DType) -> InverseHessian:
        require_memory(
            8 * _COPIES * size**2,
            self.memory,
            f"The inverse Hessian of {size} weights, with working copies,",
            "Take LBFGS, which keeps some vectors instead, a smaller network, or a "
            "larger SSBroyden(memory=...).",
        )
        return InverseHessian(
            tf.zeros((size, size), tf.float64), tf.constant(0, tf.int32)
        )

    def state_for_new_alpha(self, state: InverseHessian) -> InverseHessian:
        return state._replace(updates=tf.zeros_like(state.updates))

    def state_after_refusal(self, state: InverseHessian) -> InverseHessian:
        return self.state_for_new_alpha(state)

    def fits_alone(self, rows: int, weights: int) -> bool:
        return True  # H describes the curvature of another loss

    def describe(self, objective: Objective) -> str:
        name = {"bfgs": "BFGS", "ssbfgs": "SSBFGS"}.get(self.update, "SSBroyden")
        return f"{name}, {objective.parameters.size:,} weights"

    def solve(
        self, objective: Any, start: Evaluation, state: InverseHessian
    ) -> SolverResult:
        goal = self.tolerance * _largest(start.gradient)

        def going(s: _Iterate) -> tf.Tensor:
            return (s.k < self.steps) & ~s.stopped & (_largest(s.at.gradient) > goal)

        first = _Iterate(
            tf.constant(0, tf.int32),
            Evaluation(start.w, start.value, start.gradient, ()),
            state._replace(matrix=_symmetric(state.matrix)),
            tf.constant(0, tf.int32),
            tf.constant(False),
        )
        (end,) = tf.while_loop(
            going,
            lambda s: (self._advance(objective, s),),
            (first,),
            parallel_iterations=1,
        )
        return self._result(start, end, goal)

    def _advance(self, objective: Any, state: _Iterate) -> _Iterate:
        at, curvature = state.at, state.curvature
        fresh = tf.equal(curvature.updates, 0)
        gradient = tf.cast(at.gradient, tf.float64)
        direction = tf.cond(
            fresh,
            lambda: -gradient,
            lambda: -tf.linalg.matvec(curvature.matrix, gradient),
        )
        direction = tf.cast(direction, at.w.dtype)
        # The length of the first step is unknown: the gradient's inverse length.
        unit = tf.math.divide_no_nan(tf.ones_like(at.value), tf.norm(at.gradient))
        length = tf.where(fresh, tf.minimum(unit, 1.0), tf.ones_like(unit))
        line = strong_wolfe(
            objective.value_and_gradient, at, direction, length, self.line_search_steps
        )
        moved = line.length > 0.0
        updated = tf.cond(
            moved,
            lambda: self._updated(curvature, at, direction, line),
            lambda: self.state_for_new_alpha(curvature),
        )
        return _Iterate(
            state.k + 1,
            Evaluation(at.w + line.length * direction, line.value, line.gradient, ()),
            updated,
            state.evaluations + line.evaluations,
            # Along the gradient itself there is nothing else to try.
            ~moved & fresh,
        )

    def _updated(
        self,
        curvature: InverseHessian,
        at: Evaluation,
        direction: tf.Tensor,
        line: LineSearch,
    ) -> InverseHessian:
        s = tf.cast(line.length * direction, tf.float64)
        y = tf.cast(line.gradient - at.gradient, tf.float64)
        ys = tf.tensordot(y, s, 1)
        curved = tf.math.is_finite(ys) & (ys > _FLAT * tf.norm(y) * tf.norm(s))
        slope = tf.tensordot(s, tf.cast(at.gradient, tf.float64), 1)
        bent = -tf.cast(line.length, tf.float64) * slope  # s.Bs

        def renewed() -> InverseHessian:
            matrix = tf.cond(
                tf.equal(curvature.updates, 0),
                lambda: ys / tf.reduce_sum(y**2) * tf.eye(y.shape[0], dtype=y.dtype),
                lambda: curvature.matrix,
            )
            fresh = tf.equal(curvature.updates, 0)
            # Of the scaled identity s.Bs is known as well.
            now = tf.where(fresh, tf.reduce_sum(s**2) * tf.reduce_sum(y**2) / ys, bent)
            return InverseHessian(
                updated_inverse(matrix, s, y, now, self.update), curvature.updates + 1
            )

        return tf.cond(curved, renewed, lambda: curvature)

    def _result(
        self, start: Evaluation, end: _Iterate, goal: tf.Tensor
    ) -> SolverResult:
        # Within rounding a step may have ended above where it began.
        good = end.at.value <= start.value
        at = tf.nest.map_structure(
            lambda a, b: tf.where(good, a, b),
            end.at,
            Evaluation(start.w, start.value, start.gradient, ()),
        )
        end = end._replace(at=at)
        moved = end.at.value < start.value
        solved = _largest(end.at.gradient) <= goal
        status = tf.case(
            [
                (solved, lambda: int(Status.SOLVED)),
                (moved & ~end.stopped, lambda: int(Status.OUT_OF_STEPS)),
                (moved, lambda: int(Status.STALLED)),
            ],
            default=lambda: int(Status.NO_DECREASE),
        )
        return SolverResult(
            end.at.w,
            end.at.value,
            end.at.gradient,
            end.k,
            end.evaluations,
            status,
            end.curvature,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "steps": self.steps,
            "tolerance": self.tolerance,
            "line_search_steps": self.line_search_steps,
            "update": self.update,
            "memory": self.memory,
        }


def _symmetric(matrix: tf.Tensor) -> tf.Tensor:
    return 0.5 * (matrix + tf.transpose(matrix))


def _largest(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_max(tf.abs(x))
