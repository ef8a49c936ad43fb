"""Limited-memory BFGS as inner solver, by TensorFlow Probability."""

import importlib.util
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.solvers.base import Solver, SolverResult
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_count

__all__ = ["LBFGS", "CurvaturePairs"]


class CurvaturePairs(NamedTuple):
    """What L-BFGS knows of the curvature.

    Attributes:
        position_deltas: s = w_{k+1} - w_k, `(memory, p)`, the newest last.
        gradient_deltas: y = g_{k+1} - g_k, `(memory, p)`.
        pairs: how many pairs were ever stored, int32; the last
            `min(pairs, memory)` rows are valid.
    """

    position_deltas: tf.Tensor
    gradient_deltas: tf.Tensor
    pairs: tf.Tensor


@keras.saving.register_keras_serializable(package="keras_isgd.solvers")
class LBFGS(Solver):
    """Solves the implicit step by L-BFGS with a Hager-Zhang line search.

    The paper's choice for "ISGD, L-BFGS" (below Eq. 12), through
    `tfp.optimizer.lbfgs_minimize`. In the scaling of Eq. 12 the first trial
    step, -alpha grad L(w_n), is the explicit Euler step. Later implicit steps of
    the same alpha begin with the curvature that earlier ones found: differences
    of grad P do not depend on w_n.

    TFP's `converged` also reports stagnation. `Status.SOLVED` here means that
    the gradient really fell to `tolerance` times its start.

    Args:
        steps: largest number of L-BFGS iterations; each costs about two to
            three evaluations.
        memory: number of correction pairs kept.
        tolerance: stops when the largest entry of the gradient has fallen to
            this fraction of its value at the start; 0 never stops early.
        line_search_steps: largest number of evaluations in one line search.

    Raises:
        ValueError: an argument out of range.
        ImportError: TensorFlow Probability is not installed.
    """

    def __init__(
        self,
        steps: int = 50,
        memory: int = 20,
        tolerance: float = 1e-8,
        line_search_steps: int = 50,
    ) -> None:
        self.steps = check_count("steps", steps)
        self.memory = check_count("memory", memory)
        if not 0 <= tolerance < 1:
            raise ValueError(f"Expected `tolerance` in [0, 1), got {tolerance!r}.")
        self.tolerance = float(tolerance)
        self.line_search_steps = check_count("line_search_steps", line_search_steps)
        check_tensorflow_probability()

    def initial_state(self, size: int, dtype: tf.DType) -> CurvaturePairs:
        queue = tf.zeros((self.memory, size), dtype)
        return CurvaturePairs(queue, queue, tf.constant(0, tf.int32))

    def state_for_new_alpha(self, state: CurvaturePairs) -> CurvaturePairs:
        return state._replace(pairs=tf.zeros_like(state.pairs))

    def state_after_refusal(self, state: CurvaturePairs) -> CurvaturePairs:
        # The pairs may no longer fit (other points, say): it begins without them.
        return self.state_for_new_alpha(state)

    def fits_alone(self, rows: int, weights: int) -> bool:
        return True  # its pairs describe the curvature of another loss

    def describe(self, objective: Objective) -> str:
        return f"L-BFGS, {objective.parameters.size:,} weights"

    def solve(
        self, objective: Any, start: Evaluation, state: CurvaturePairs
    ) -> SolverResult:
        # Here and not at the top: it takes two seconds and loads Keras 2 as well.
        tfp_lbfgs = compat.tfp_lbfgs()

        state = _without_stale(state)
        tolerance = self.tolerance * _largest(start.gradient)
        initial = tfp_lbfgs.LBfgsOptimizerResults(
            converged=_largest(start.gradient) <= 0.0,
            failed=tf.constant(False),
            num_iterations=state.pairs,
            num_objective_evaluations=tf.constant(0, tf.int32),
            position=start.w,
            objective_value=start.value,
            objective_gradient=start.gradient,
            position_deltas=state.position_deltas,
            gradient_deltas=state.gradient_deltas,
        )
        end = tfp_lbfgs.minimize(
            _in_one_graph(objective.value_and_gradient),
            initial_position=None,
            previous_optimizer_results=initial,
            tolerance=tolerance,
            max_iterations=state.pairs + self.steps,
            max_line_search_iterations=self.line_search_steps,
        )
        return self._result(start, state, end, tolerance)

    def _result(
        self,
        start: Evaluation,
        state: CurvaturePairs,
        end: Any,
        tolerance: tf.Tensor,
    ) -> SolverResult:
        finite = tf.math.is_finite(end.objective_value) & tf.reduce_all(
            tf.math.is_finite(end.objective_gradient)
        )
        good = finite & (end.objective_value <= start.value)
        solved = good & (_largest(end.objective_gradient) <= tolerance)
        moved = end.objective_value < start.value
        stopped = end.converged | end.failed
        status = tf.case(
            [
                (solved, lambda: int(Status.SOLVED)),
                (good & ~stopped, lambda: int(Status.OUT_OF_STEPS)),
                (good & moved, lambda: int(Status.STALLED)),
                (finite, lambda: int(Status.NO_DECREASE)),
            ],
            default=lambda: int(Status.NOT_FINITE),
        )
        iterations = end.num_iterations - state.pairs
        # TFP stores no pair in an iteration that ends in convergence, though it
        # counts it; a pair of zeros would make the next direction NaN. A failed line
        # search may come from pairs that no longer fit (other points, say): the next
        # call then begins without them.
        stored = iterations - tf.cast(end.converged & (iterations > 0), tf.int32)
        pairs = tf.where(end.failed, 0, state.pairs + stored)
        return SolverResult(
            tf.where(good, end.position, start.w),
            tf.where(good, end.objective_value, start.value),
            tf.where(good, end.objective_gradient, start.gradient),
            iterations,
            end.num_objective_evaluations,
            status,
            CurvaturePairs(end.position_deltas, end.gradient_deltas, pairs),
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "steps": self.steps,
            "memory": self.memory,
            "tolerance": self.tolerance,
            "line_search_steps": self.line_search_steps,
        }


def _without_stale(state: CurvaturePairs) -> CurvaturePairs:
    """Zeros in the rows that are not valid: TFP's recursion runs over all of them."""
    memory = state.position_deltas.shape[0]
    valid = (tf.range(memory) >= memory - state.pairs)[:, None]
    return state._replace(
        position_deltas=tf.where(valid, state.position_deltas, 0.0),
        gradient_deltas=tf.where(valid, state.gradient_deltas, 0.0),
    )


def _in_one_graph(function: Callable) -> Callable:
    """The line search has some ten places that evaluate: calls instead of copies."""
    if tf.executing_eagerly():
        return function
    uncopied = {"_noinline": True}
    return tf.function(function, autograph=False, experimental_attributes=uncopied)


def _largest(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_max(tf.abs(x))


def check_tensorflow_probability() -> None:
    """Looks for TensorFlow Probability without importing it.

    Raises:
        ImportError: it or tf-keras, which it needs, is not installed.
    """
    for package in ("tensorflow_probability", "tf_keras"):
        if importlib.util.find_spec(package) is None:
            raise ImportError(
                "L-BFGS needs TensorFlow Probability and tf-keras: "
                "pip install tensorflow-probability tf-keras"
            )
