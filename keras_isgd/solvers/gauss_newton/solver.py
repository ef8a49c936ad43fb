"""Gauss-Newton as inner solver: linearise the residual, not the loss."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.linalg import damped
from keras_isgd.objectives.halving import halved
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.solvers.base import LeastSquaresSolver, NoState, SolverResult
from keras_isgd.solvers.gauss_newton import matrix_choice, matrix_free
from keras_isgd.solvers.gauss_newton.linear_model import LinearModel
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_choice, check_count, check_positive

__all__ = ["GaussNewton"]

# A proximal step halved so often is a millionth of itself.
_HALVINGS = 20
# The largest relative acceleration: Transtrum and Sethna, arXiv 1201.5885, Eq. 15.
_ACCELERATION = 0.75


class _Iterate(NamedTuple):
    k: tf.Tensor
    w: tf.Tensor
    value: tf.Tensor
    gradient: tf.Tensor
    evaluations: tf.Tensor
    improved: tf.Tensor


@keras.saving.register_keras_serializable(package="keras_isgd.solvers")
class GaussNewton(LeastSquaresSolver):
    """Solves the implicit step by linearising the residual.

    With L(w) = |r(w)|^2, anchor w_n and iterate w_k, each iteration solves

        minimise over s:  alpha |r(w_k) + J s|^2 + 1/2 |w_k + s - w_n|^2

    One iteration from w_n is a Levenberg-Marquardt step with the damping
    lambda = 1 / (2 alpha); several solve the implicit equation itself (Eq. 4 of
    Li, Chen and Huang, AAAI 2023), and the optimizer's `implicit_residual` falls
    accordingly. A step is halved until it decreases the proximal objective
    (Eq. 12).

    With d = w_n - w_k and s = d + t the problem is damped least squares in t,
    |J t + r(w_k) + J d|^2 + lambda |t|^2, in the smaller of the spaces of rows (m)
    and parameters (p); see `linalg/damped.py`.

    It cannot be compiled by XLA as a whole (its factorisations are LAPACK's on a
    CPU); with `compile(jit_compile=True)` the residual, the gradient and the
    Jacobian are.

    Args:
        iterations: largest number of iterations in one implicit step.
        factorisation: "gram" (Cholesky of J J^T or J^T J: fast, but it loses
            singular values below 1e-8 of the largest; with fewer rows than
            parameters and the Euclidean metric J is not formed where that is
            cheaper), "exact" (QR),
            "iterative" (conjugate gradients on J v and J^T v, without the
            matrix), or "auto": iterative if the matrix exceeds `memory`; else
            gram while the damping is 1000 times above the rounding of the Gram
            matrix, exact below.
        memory: budget for the Jacobian with its working copies, in GiB, beyond
            which "auto" is iterative and a step with "gram" or "exact" is refused. A
            batch without a fixed number of rows is measured when it comes, and
            refused beyond it.
        tolerance: iterations end when the relative residual of the implicit
            equation is below this.
        cg_tolerance: conjugate gradients stop when the residual of the normal
            equations has fallen to this fraction of its start.
        cg_steps: largest number of conjugate-gradient iterations.
        acceleration: steps follow the curvature of the residual by geodesic
            acceleration (Transtrum and Sethna, arXiv 1201.5885, 2012) where this is
            at most so large relative to the step, and lowers the loss; None for no
            acceleration; "auto" is 0.75, or None for iterative steps, which cannot
            have it. Costs two evaluations of the residual for each alpha tried.

    Raises:
        ValueError: an argument out of range; in a step, a Jacobian beyond `memory`,
            or a number for `acceleration` where steps are iterative.
    """

    supports_jit = False

    def __init__(
        self,
        iterations: int = 1,
        factorisation: str = "auto",
        memory: float = 4.0,
        tolerance: float = 1e-10,
        cg_tolerance: float = 1e-2,
        cg_steps: int = 100,
        acceleration: float | str | None = "auto",
    ) -> None:
        self.iterations = check_count("iterations", iterations)
        self.factorisation = check_choice(
            "factorisation", factorisation, matrix_choice.FACTORISATIONS
        )
        self.memory = check_positive("memory", memory)
        self.tolerance = check_positive("tolerance", tolerance)
        self.cg_tolerance = check_positive("cg_tolerance", cg_tolerance)
        self.cg_steps = check_count("cg_steps", cg_steps)
        self._limit: float | None = None
        if acceleration == "auto":
            self._limit = _ACCELERATION
        elif acceleration is not None:
            acceleration = self._limit = check_positive("acceleration", acceleration)
        self.acceleration = acceleration
        if factorisation == "iterative":
            matrix_choice.refuse_bent(self.acceleration)

    def initial_state(self, size: int, dtype: tf.DType) -> Any:
        return NoState()

    def fits_alone(self, rows: int, weights: int) -> bool:
        return rows < weights

    def describe(self, objective: Objective) -> str:
        if not isinstance(objective, LeastSquares):
            return super().describe(objective)
        count = objective.row_count()
        rows = "an unknown number of" if count is None else f"{count:,}"
        if objective.drawn_from is not None:
            rows += f" of {objective.drawn_from:,}"
        matrix = ", without the matrix" if self._iterative(objective) else ""
        weights = objective.parameters.size
        return f"Gauss-Newton, {weights:,} weights, {rows} rows{matrix}"

    def solves_any_damping(self, objective: LeastSquares) -> bool:
        matrix_choice.require_supported(self, objective)
        return not self._iterative(objective)

    def solves_in_rows(self, objective: LeastSquares) -> bool:
        return matrix_choice.in_rows(self, objective)

    def linearise(
        self,
        objective: LeastSquares,
        w: tf.Tensor,
        scaled: bool,
        exact: bool = True,
    ) -> LinearModel:
        return self._model(objective, w, scaled=scaled, exact=exact)

    def metric(self, objective: LeastSquares, w: tf.Tensor) -> tf.Tensor:
        sample = matrix_free.sampled_jacobian(objective, w)
        return damped.column_metric(damped.column_norms(sample))

    def solve(
        self, objective: ProximalProblem, start: Evaluation, state: Any
    ) -> SolverResult:
        matrix_choice.require_supported(self, objective.objective)
        first = _Iterate(
            tf.constant(0, tf.int32),
            start.w,
            start.value,
            start.gradient,
            tf.constant(0, tf.int32),
            tf.constant(True),
        )
        return self._result(start, self._iterate(objective, first), state)

    def refine(
        self, problem: ProximalProblem, w: tf.Tensor, iterations: tf.Tensor
    ) -> SolverResult | None:
        if self.iterations == 1:
            return None
        value, gradient = problem.value_and_gradient(w)
        one, yes = tf.constant(1, tf.int32), tf.constant(True)
        first = _Iterate(iterations, w, value, gradient, one, yes)
        return self._result(problem.start, self._iterate(problem, first), NoState())

    def _iterate(self, problem: ProximalProblem, first: _Iterate) -> _Iterate:
        goal = self.tolerance * tf.norm(problem.start.gradient)

        def going(s: _Iterate) -> tf.Tensor:
            unsolved = tf.norm(s.gradient) > goal
            return (s.k < self.iterations) & s.improved & unsolved

        (end,) = tf.while_loop(
            going,
            lambda s: (self._advance(problem, s),),
            (first,),
            parallel_iterations=1,
        )
        return end

    def _advance(self, problem: ProximalProblem, state: _Iterate) -> _Iterate:
        displacement = problem.anchor - state.w
        correction = tf.zeros_like(state.w)
        if self._iterative(problem.objective):
            step, evaluations = matrix_free.proximal_step(
                problem, state.w, self.cg_tolerance, self.cg_steps
            )
        else:
            damping = 0.5 / problem.alpha
            model = self._model(problem.objective, state.w, problem.metric)
            solved = model.prepare(damping, displacement)(damping)
            step = displacement + solved.step
            correction = model.correction(step, solved)
            evaluations = tf.constant(1 if self._limit is None else 2, tf.int32)

        def path(scale: tf.Tensor) -> tf.Tensor:
            return state.w + scale * (step + scale * correction)

        with tf.name_scope("probes"):
            halvings, scale, value = halved(
                lambda scale: problem.value(path(scale)), state.value, _HALVINGS
            )
            improved = value < state.value
            w = tf.where(improved, path(scale), state.w)
            value, gradient = problem.value_and_gradient(w)
        evaluations = state.evaluations + evaluations + halvings + 2
        return _Iterate(state.k + 1, w, value, gradient, evaluations, improved)

    def _result(self, start: Evaluation, end: _Iterate, state: Any) -> SolverResult:
        finite = tf.math.is_finite(end.value) & tf.reduce_all(
            tf.math.is_finite(end.gradient)
        )
        moved = finite & (end.improved | (end.k > 1))
        solved = tf.norm(end.gradient) <= self.tolerance * tf.norm(start.gradient)
        # One iteration is a whole step; of several, all may be too few.
        lowered = Status.LOWERED if self.iterations == 1 else Status.OUT_OF_STEPS
        status = tf.case(
            [
                (finite & solved, lambda: int(Status.SOLVED)),
                (moved & end.improved, lambda: int(lowered)),
                (moved, lambda: int(Status.STALLED)),
                (finite, lambda: int(Status.NO_DECREASE)),
            ],
            default=lambda: int(Status.NOT_FINITE),
        )
        return SolverResult(
            end.w, end.value, end.gradient, end.k, end.evaluations, status, state
        )

    def _model(
        self,
        objective: LeastSquares,
        w: tf.Tensor,
        metric: tf.Tensor | None = None,
        scaled: bool = False,
        exact: bool = True,
    ) -> LinearModel:
        factorisation, limit = self.factorisation, self._limit
        with tf.control_dependencies(matrix_choice.limits(self, objective, w)):
            w = tf.identity(w)
        return LinearModel(objective, w, factorisation, limit, metric, scaled, exact)

    def _iterative(self, objective: LeastSquares) -> bool:
        return matrix_choice.iterative(self, objective)

    def get_config(self) -> dict[str, Any]:
        return {
            "iterations": self.iterations,
            "factorisation": self.factorisation,
            "memory": self.memory,
            "tolerance": self.tolerance,
            "cg_tolerance": self.cg_tolerance,
            "cg_steps": self.cg_steps,
            "acceleration": self.acceleration,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "GaussNewton":
        # Files from before there was acceleration go on with straight steps.
        return cls(**{"acceleration": None, **config})
