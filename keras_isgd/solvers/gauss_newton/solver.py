"""Gauss-Newton as inner solver: linearise the residual, not the loss."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.linalg import damped as linear_algebra
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.solvers.alpha_search import Trial, halved, largest_good
from keras_isgd.solvers.base import NoMemory, Search, Solver, SolverResult
from keras_isgd.solvers.gauss_newton import matrix_choice, matrix_free
from keras_isgd.solvers.gauss_newton.linear_model import LinearModel
from keras_isgd.solvers.status import Status
from keras_isgd.stopwatch import lap
from keras_isgd.utils.checks import check_choice, check_count, check_positive

__all__ = ["GaussNewton"]

_HALVINGS = 20
# Largest part of a step that a bend may be, by default.
_BEND = 0.75


class _State(NamedTuple):
    k: Any
    w: Any
    value: Any
    gradient: Any
    evaluations: Any
    improved: Any


@keras.saving.register_keras_serializable(package="keras_isgd.solvers")
class GaussNewton(Solver):
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
    and parameters (p); see `solvers/linear_algebra.py`.

    It cannot be compiled by XLA as a whole (its factorisations are LAPACK's on a
    CPU); with `compile(jit_compile=True)` the residual, the gradient and the
    Jacobian are.

    Args:
        iterations: largest number of iterations in one implicit step.
        factorisation: "gram" (Cholesky of J J^T or J^T J: fast, but blind for
            singular values below 1e-8 of the largest; with fewer rows than
            parameters and the Euclidean metric J is not formed where that is
            cheaper), "exact" (QR),
            "iterative" (conjugate gradients on J v and J^T v, without the
            matrix), or "auto": iterative if the matrix exceeds `memory`; else
            gram while the damping is 1000 times above the rounding of the Gram
            matrix, exact below.
        memory: budget for the Jacobian with its working copies, in GiB, beyond
            which "auto" is iterative and a step with "gram" or "exact" is refused. A
            batch without a fixed number of rows counts as within it.
        tolerance: iterations end when the relative residual of the implicit
            equation is below this.
        cg_tolerance: conjugate gradients stop when the residual of the normal
            equations has fallen to this fraction of its start.
        cg_steps: largest number of conjugate-gradient iterations.
        acceleration: steps are bent along the curvature of the residual (geodesic
            acceleration, Transtrum and Sethna, arXiv 1201.5885, 2012) where the bend
            is not above this part of the step and lowers the loss; None for
            straight steps; "auto" is 0.75, or None for iterative steps, which are
            straight. Costs two evaluations of the residual for each alpha tried.

    Raises:
        ValueError: an argument out of range; in a step, a Jacobian beyond `memory`,
            or a number for `acceleration` where steps are iterative.
    """

    needs = LeastSquares
    supports_jit = False
    measures_pieces = True

    def __init__(
        self,
        iterations=1,
        factorisation="auto",
        memory=4.0,
        tolerance=1e-10,
        cg_tolerance=1e-2,
        cg_steps=100,
        acceleration="auto",
    ):
        self.iterations = check_count("iterations", iterations)
        self.factorisation = check_choice(
            "factorisation", factorisation, matrix_choice.FACTORISATIONS
        )
        self.memory = check_positive("memory", memory)
        self.tolerance = check_positive("tolerance", tolerance)
        self.cg_tolerance = check_positive("cg_tolerance", cg_tolerance)
        self.cg_steps = check_count("cg_steps", cg_steps)
        if acceleration not in ("auto", None):
            acceleration = check_positive("acceleration", acceleration)
        self.acceleration = acceleration
        self._bend = _BEND if acceleration == "auto" else acceleration
        if factorisation == "iterative":
            matrix_choice.refuse_bent(self.acceleration)

    def initial_memory(self, size, dtype):
        return NoMemory()

    def searches(self, objective):
        matrix_choice.require_supported(self, objective)
        return not matrix_choice.iterative(self, objective)

    def linearises(self, objective):
        return True

    def metric(self, objective, w):
        return linear_algebra.column_metric(matrix_free.sampled_rows(objective, w))

    def solve(self, objective, start, memory):
        matrix_choice.require_supported(self, objective.objective)
        first = _State(
            tf.constant(0, tf.int32),
            start.w,
            start.value,
            start.gradient,
            tf.constant(0, tf.int32),
            tf.constant(True),
        )
        return self._result(start, self._iterate(objective, first))

    def search(self, problem_of, objective, start, candidates, target):
        alphas = candidates.alphas
        model = LinearModel(
            objective, start.w, self.factorisation, scaled=candidates.scaled
        )
        # Larger ones are rarely taken; the Gram matrix damps them as it can.
        solve, metric = model.solver(0.5 / alphas[candidates.first]), model.metric

        def attempt(i):
            solved = solve(0.5 / alphas[i])
            step, value = model.lower_of_straight_and_bent(solved, self._bend)
            ratio = (start.value - value) / solved.decrease
            # Written so that NaN is bad, too.
            good = (ratio >= target) & (value < start.value)
            return Trial(i, step, ratio, good)

        trial, tried = largest_good(
            attempt, candidates.first, candidates.top, alphas.shape[0]
        )
        alpha = alphas[trial.i]
        problem = problem_of(alpha, metric)
        w = tf.where(trial.good, start.w + trial.step, start.w)
        value, gradient = lap("probes", *problem.value_and_gradient(w))
        count = tried * (1 if self._bend is None else 3) + 2
        first = _State(tf.constant(1, tf.int32), w, value, gradient, count, trial.good)
        end = first
        if self.iterations > 1:
            end = self._never_above(objective, start, first, problem)
        return Search(self._result(problem.start, end), alpha, trial.ratio, start)

    def _never_above(self, objective, start, first, problem):
        """Iterates on from a first step, unless that ends at a larger loss.

        The ratio of decreases says nothing about the proximal objective: it may be
        larger after the first step than before, and the loss larger at its minimum.
        """
        end = self._iterate(problem, first)
        value = lap("probes", objective.value(end.w))
        better = value <= start.value
        end = tf.nest.map_structure(
            lambda new, old: tf.where(better, new, old), end, first
        )
        return end._replace(evaluations=end.evaluations + 1)

    # -- one iteration ----------------------------------------------------------

    def _iterate(self, problem, first):
        goal = self.tolerance * tf.norm(problem.start.gradient)

        def going(s):
            unsolved = tf.norm(s.gradient) > goal
            return (s.k < self.iterations) & s.improved & unsolved

        (end,) = tf.while_loop(
            going,
            lambda s: (self._advance(problem, s),),
            (first,),
            parallel_iterations=1,
        )
        return end

    def _advance(self, problem, state):
        displacement = problem.anchor - state.w
        bend = tf.zeros_like(state.w)
        if matrix_choice.iterative(self, problem.objective):
            step, evaluations = matrix_free.proximal_step(
                problem, state.w, self.cg_tolerance, self.cg_steps
            )
        else:
            damping = 0.5 / problem.alpha
            model = LinearModel(
                problem.objective, state.w, self.factorisation, problem.metric
            )
            solved = model.solver(damping, displacement)(damping)
            step = displacement + solved.step
            evaluations = tf.constant(1, tf.int32)
            if self._bend is not None:
                bend = model.bend(step, solved, self._bend)
                evaluations += 1

        def path(scale):
            return state.w + scale * (step + scale * bend)

        halvings, scale, value = halved(
            lambda scale: problem.value(path(scale)), state.value, _HALVINGS
        )
        improved = value < state.value
        w = tf.where(improved, path(scale), state.w)
        value, gradient = lap("probes", *problem.value_and_gradient(w))
        return _State(
            state.k + 1,
            w,
            value,
            gradient,
            state.evaluations + evaluations + halvings + 2,
            improved,
        )

    def _result(self, start, end):
        finite = tf.math.is_finite(end.value) & tf.reduce_all(
            tf.math.is_finite(end.gradient)
        )
        moved = finite & (end.improved | (end.k > 1))
        solved = tf.norm(end.gradient) <= self.tolerance * tf.norm(start.gradient)
        status = tf.case(
            [
                (finite & solved, lambda: int(Status.SOLVED)),
                (moved & end.improved, lambda: int(Status.OUT_OF_STEPS)),
                (moved, lambda: int(Status.STALLED)),
                (finite, lambda: int(Status.NO_DECREASE)),
            ],
            default=lambda: int(Status.NOT_FINITE),
        )
        return SolverResult(
            end.w, end.value, end.gradient, end.k, end.evaluations, status, NoMemory()
        )

    def get_config(self):
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
    def from_config(cls, config):
        # Files from before there was acceleration go on with straight steps.
        return cls(**{"acceleration": None, **config})
