"""How alpha moves from step to step."""

import abc
import functools
import math
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.objectives.objective import Evaluation
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.solvers.base import Candidates, Configured, Search
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_choice, check_count, check_positive

__all__ = ["DecreaseRatio", "RatioMemory", "StepControl"]

METRICS = ("auto", "scaled", "euclidean")
# alpha stays in here; both ends and their reciprocals are finite in float32.
_SMALLEST, _LARGEST = 1e-30, 1e30
# One alpha per step: how it grows and shrinks, and from what relative residual of
# the implicit equation on the inner solver does not keep up with it.
_GROW, _SHRINK, _UNSOLVED = 10.0**0.5, 0.1, 0.5
# How fast the cap on alpha is lifted again.
_RELEASE = 10.0 ** (2 / 3)
# A step is taken back if on new points it left the loss this many times higher.
_WORSE = 2.0


class StepControl(Configured):
    """Base class: takes an implicit step with an alpha of its own choice.

    Like a solver it is stateless; what changes is in a NamedTuple of tensors.
    """

    @abc.abstractmethod
    def initial_memory(self, size, dtype):
        """Returns the memory before the first step, a NamedTuple of tensors.

        Args:
            size: p, the number of weights.
            dtype: their dtype.
        """

    @abc.abstractmethod
    def step(self, inner, inner_memory, objective, start, alpha, memory):
        """Takes a step.

        Args:
            inner: the `Solver`.
            inner_memory: its memory.
            objective: L.
            start: its `Evaluation` at w_n.
            alpha: the last alpha, or the first one, `()`.
            memory: `initial_memory()` or the last step's.

        Returns:
            The `Search` that holds this step, the alpha for the next one, and the
            new memory.
        """


class RatioMemory(NamedTuple):
    """What `DecreaseRatio` remembers.

    Attributes:
        lowest: the smallest alpha so far, float64; infinite before the first step.
        peak: the largest alpha since then, float64.
        turned: whether alpha has risen and fallen again, int32.
        cap: the largest alpha allowed, float64.
        used: alpha of the last step, float64; 0 before the first.
        before: the weights before the last step, `(p,)`.
        after: the weights after it, `(p,)`.
    """

    lowest: Any
    peak: Any
    turned: Any
    cap: Any
    used: Any
    before: Any
    after: Any


@keras.saving.register_keras_serializable(package="keras_isgd")
class DecreaseRatio(StepControl):
    """Chooses alpha by how well a step keeps what its model promises.

        rho = (L(w_n) - L(w_{n+1})) / predicted decrease

    With the Gauss-Newton solver the prediction is |r|^2 - |r + J s|^2. The Jacobian
    and its Gram matrix or triangular factor serve every alpha. Beginning above the
    last alpha, larger ones are tried, up to 100 times it, as long as
    rho >= target; or else smaller ones, down to 1e-4 times, until that holds.

    With other solvers each step has one alpha, and the prediction is the
    trapezoidal rule, -(g_n + g_{n+1}) . s / 2, exact for a quadratic loss. alpha
    grows while rho >= target and the solver keeps up (it is Gauss-Newton without
    the matrix, or the relative residual of the implicit equation is at most 1/2),
    and shrinks tenfold when rho < target or the step was not taken.

    A low target lets alpha run ahead while the loss is large, and a trajectory
    that does so reaches far lower losses than one that takes the safest step;
    near the end a higher one saves steps. The turn between them: alpha has risen
    by a factor `turn` and fallen by as much.

    Steps are also judged by the points of the next one: if the loss there is more
    than twice what it was before the last step, that step is taken back, alpha is
    a tenth of what it was, and rises again by a factor of 4.6 a step at most. On
    fixed points this never happens.

    alpha is the optimizer's `learning_rate` and stays within 1e-30 and 1e30.

    Args:
        target: least rho until the turn, in (0, 1).
        final_target: least rho after it, in (0, 1).
        turn: a factor above 1.
        per_decade: how many alphas to try in each decade, a number of at least 1.
        metric: how the implicit step measures |w - w_n|^2. "euclidean": as the paper
            does. "scaled": sum of d_j (w_j - w_nj)^2 with d_j the norm of column j
            of the Jacobian of the residual over the mean of these norms, renewed in
            each step (backward Euler on the gradient flow in that metric). Weights
            of unlike effect then move alike, which matters most where a solution
            is steep. "auto": scaled with Gauss-Newton, euclidean with solvers that
            form no Jacobian.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(
        self, target=0.05, final_target=0.15, turn=1e6, per_decade=3, metric="auto"
    ):
        for name, value in (("target", target), ("final_target", final_target)):
            if not 0 < check_positive(name, value) < 1:
                raise ValueError(f"Expected `{name}` in (0, 1), got {value!r}.")
        if not check_positive("turn", turn) > 1:
            raise ValueError(f"Expected `turn` > 1, got {turn!r}.")
        self.target = float(target)
        self.final_target = float(final_target)
        self.turn = float(turn)
        self.per_decade = check_count("per_decade", per_decade)
        self.metric = check_choice("metric", metric, METRICS)

    def initial_memory(self, size, dtype):
        return RatioMemory(
            tf.constant(math.inf, tf.float64),
            tf.zeros((), tf.float64),
            tf.constant(0, tf.int32),
            tf.constant(_LARGEST, tf.float64),
            tf.zeros((), tf.float64),
            tf.zeros(size, dtype),
            tf.zeros(size, dtype),
        )

    def step(self, inner, inner_memory, objective, start, alpha, memory):
        start, alpha, cap, undone = self._review(objective, start, alpha, memory)
        target = tf.cast(
            tf.where(memory.turned > 0, self.final_target, self.target), alpha.dtype
        )
        scaled = self._scaled(inner, objective)
        if inner.searches(objective):
            found = inner.search(
                functools.partial(ProximalProblem, objective, start),
                objective,
                start,
                self._candidates(alpha, cap, scaled),
                target,
            )
            found = found._replace(result=found.result._replace(memory=inner_memory))
            following = tf.where(_taken(found), found.alpha, _SHRINK * alpha)
        else:
            metric = inner.metric(objective, start.w) if scaled else None
            problem = ProximalProblem(objective, start, alpha, metric)
            found = _single(inner, inner_memory, problem, start)
            keeps_up = inner.linearises(objective) | _solved(alpha, found, start)
            following = _adapt(alpha, found, target, keeps_up)
        following = tf.clip_by_value(following, _SMALLEST, _LARGEST)
        found = _with_review(found, undone)
        memory = self._remember(memory, following)._replace(
            cap=cap,
            used=tf.cast(found.alpha, tf.float64),
            before=start.w,
            after=found.result.w,
        )
        return found, following, memory

    def _review(self, objective, start, alpha, memory):
        """Takes the last step back if on the present points it made things worse."""
        same = (memory.used > 0.0) & tf.reduce_all(tf.equal(start.w, memory.after))
        earlier = tf.cond(
            same, lambda: objective.value(memory.before), lambda: start.value
        )
        undone = _WORSE * earlier < start.value

        def back():
            value, gradient = objective.value_and_gradient(memory.before)
            return memory.before, value, gradient

        start = Evaluation(
            *tf.cond(undone, back, lambda: (start.w, start.value, start.gradient))
        )
        lower = tf.maximum(_SHRINK * memory.used, _SMALLEST)
        cap = tf.where(undone, lower, tf.minimum(memory.cap * _RELEASE, _LARGEST))
        alpha = tf.minimum(alpha, tf.cast(cap, alpha.dtype))
        return start, alpha, cap, undone

    def _scaled(self, inner, objective):
        possible = inner.linearises(objective)
        if self.metric == "scaled" and not possible:
            raise ValueError(
                'metric="scaled" needs the Jacobian of a sum of squares, which '
                f'{inner!r} does not form for this loss. Use inner="gauss_newton" '
                'or metric="auto".'
            )
        return possible and self.metric != "euclidean"

    def _candidates(self, alpha, cap, scaled):
        highest = 2 * self.per_decade
        exponents = tf.range(highest, -4 * self.per_decade - 1, -1)
        powers = tf.cast(exponents, alpha.dtype) / self.per_decade
        alphas = alpha * tf.constant(10.0, alpha.dtype) ** powers
        alphas = tf.clip_by_value(alphas, _SMALLEST, _LARGEST)
        # The smallest that is at the cap, or above everything.
        above = tf.cast(alphas, tf.float64) >= cap * (1.0 - 1e-6)
        top = tf.maximum(tf.reduce_sum(tf.cast(above, tf.int32)) - 1, 0)
        alphas = tf.minimum(alphas, tf.cast(cap, alphas.dtype))
        return Candidates(alphas, tf.maximum(top, highest - 1), top, scaled)

    def _remember(self, memory, alpha):
        alpha = tf.cast(alpha, tf.float64)
        risen = memory.peak >= self.turn * memory.lowest
        turned = (memory.turned > 0) | (risen & (alpha < memory.peak / self.turn))
        # Early on alpha often falls first; its rise counts from the bottom.
        bottom = alpha < memory.lowest
        return memory._replace(
            lowest=tf.where(bottom, alpha, memory.lowest),
            peak=tf.where(bottom, alpha, tf.maximum(memory.peak, alpha)),
            turned=tf.cast(turned, tf.int32),
        )

    def get_config(self):
        return {
            "target": self.target,
            "final_target": self.final_target,
            "turn": self.turn,
            "per_decade": self.per_decade,
            "metric": self.metric,
        }


def _single(inner, inner_memory, problem, start):
    """One solve with one alpha, as a `Search`."""
    result = inner.solve(problem, problem.start, inner_memory)
    displacement = result.w - start.w
    value, gradient = problem.loss_of(result.w, result.value, result.gradient)
    predicted = -0.5 * tf.tensordot(start.gradient + gradient, displacement, 1)
    ratio = tf.math.divide_no_nan(start.value - value, predicted)
    return Search(result, problem.alpha, ratio, start)


def _with_review(found, undone):
    """Counts the review's evaluations; a step back alone is a step, too."""
    result = found.result
    status = tf.where(
        undone & (result.status == int(Status.NO_DECREASE)),
        int(Status.STALLED),
        result.status,
    )
    evaluations = result.evaluations + 1 + tf.cast(undone, tf.int32)
    return found._replace(
        result=result._replace(status=status, evaluations=evaluations)
    )


def _taken(found):
    return found.result.status < int(Status.NOT_FINITE_START)


def _solved(alpha, found, start):
    residual = tf.norm(found.result.gradient)
    return residual <= _UNSOLVED * alpha * tf.norm(start.gradient)


def _adapt(alpha, found, target, keeps_up):
    good = _taken(found) & (found.ratio >= target)
    grown = tf.where(keeps_up, _GROW * alpha, alpha)
    return tf.where(good, grown, _SHRINK * alpha)
