"""The step control that suits the number of weights and rows."""

import collections
import math
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.optimizers.spring import SPRING, MomentumState
from keras_isgd.optimizers.step_control import StepControl
from keras_isgd.optimizers.step_result import StepResult, Verdict
from keras_isgd.optimizers.step_size import DecreaseRatio, RatioState
from keras_isgd.solvers.base import LeastSquaresSolver, Solver

__all__ = ["LARGE", "AutoControl"]

# Weights beyond which a step on more rows than weights takes too long: J^T J and its
# factorisation cost some 3 p^3 multiplications with the default number of points.
LARGE = 4000
# Rows of a step for so many weights, see docs/results/large.md; for fewer weights, rows
# for each of them. Twice as many are left alone.
FEW_ROWS, ROWS_FOR_A_WEIGHT = 564, 2.5
# Large systems take so many for each equation, or few points would be left of each.
_ROWS_FOR_AN_EQUATION = 150


# The states of both controls. They share the weights before and after a step.
_Both = collections.namedtuple(  # type: ignore[misc]
    "_Both", tuple(dict.fromkeys((*RatioState._fields, *MomentumState._fields)))
)


@keras.saving.register_keras_serializable(package="keras_isgd")
class AutoControl(StepControl):
    """`SPRING` for large networks on fewer rows than weights, else `DecreaseRatio`.

    Up to 4,000 weights a step on more rows than weights takes some seconds at most,
    and is the better one. Beyond, its cost grows with the cube of their number, and
    `SPRING` takes as many steps as there are few rows: of a batch with more than twice
    as many, 564 are drawn at random in each step; see docs/results/large.md. So are,
    for smaller networks, 2.5 rows for each weight where the Jacobian of all is too
    large.
    """

    def __init__(self) -> None:
        self._ratio = DecreaseRatio()
        self._spring = SPRING()

    def chosen(self, inner: Solver, objective: Objective) -> StepControl:
        """Returns the control for an objective.

        Args:
            inner: the `Solver`.
            objective: L.
        """
        large = objective.parameters.size > LARGE
        if not (large and isinstance(inner, LeastSquaresSolver)):
            return self._ratio
        if isinstance(objective, LeastSquares) and inner.solves_in_rows(objective):
            return self._spring
        return self._ratio

    def part_of(
        self, inner: Solver, objective: Objective, step: tf.Tensor
    ) -> Objective:
        if not (
            isinstance(inner, LeastSquaresSolver)
            and isinstance(objective, LeastSquares)
            and objective.can_draw()
        ):
            return objective
        weights, rows = objective.parameters.size, objective.row_count() or 0
        if weights > LARGE:
            few = max(FEW_ROWS, _ROWS_FOR_AN_EQUATION * objective.column_count())
            if rows <= 2 * few:
                return objective
            part = objective.drawn(few, step)
            # Rows that mix points are all there.
            return part if inner.solves_in_rows(part) else objective
        few = math.ceil(ROWS_FOR_A_WEIGHT * weights)
        if rows <= 2 * few or inner.solves_any_damping(objective):
            return objective
        part = objective.drawn(few, step)
        return part if inner.solves_any_damping(part) else objective

    def initial_state(self, size: int, dtype: tf.DType) -> Any:
        ratio = self._ratio.initial_state(size, dtype)
        if size <= LARGE:
            return ratio
        momentum = self._spring.initial_state(size, dtype)
        return _Both(**{**momentum._asdict(), **ratio._asdict()})

    def propose(
        self,
        inner: Solver,
        inner_state: Any,
        objective: Objective,
        start: Evaluation,
        alpha: tf.Tensor,
        state: Any,
    ) -> StepResult:
        control = self.chosen(inner, objective)
        part = self._part(control, state)
        step = control.propose(inner, inner_state, objective, start, alpha, part)
        solved, proposed = step.state
        return step._replace(state=(solved, (control, proposed)))

    def learn(
        self, state: Any, step: StepResult, verdict: Verdict, alpha: tf.Tensor
    ) -> tuple[tf.Tensor, Any]:
        control, proposed = step.state
        part = self._part(control, state)
        step = step._replace(state=proposed)
        following, part = control.learn(part, step, verdict, alpha)
        return following, state._replace(**part._asdict())

    def remembers(self, rows: int, weights: int) -> bool:
        return weights > LARGE and self._spring.remembers(rows, weights)

    def describe(self, inner: Solver, objective: Objective) -> str:
        chosen = self.chosen(inner.resolve(objective), objective)
        return chosen.describe(inner, objective)

    def _part(self, control: StepControl, state: Any) -> Any:
        kind = MomentumState if control is self._spring else RatioState
        return kind(*(getattr(state, name) for name in kind._fields))

    def get_config(self) -> dict[str, Any]:
        return {}
