"""Solvers written for version 0.1 keep working, with a warning."""

from typing import NamedTuple

import pytest
import tensorflow as tf
from argument_tables import rosenbrock, step

import keras_isgd as ki
from keras_isgd.solvers import Solver, SolverResult


class Memory(NamedTuple):
    """How often the solver was called with one alpha."""

    calls: tf.Tensor


def _old_solver():
    with pytest.warns(DeprecationWarning, match="rename it") as caught:

        class Downhill(Solver):
            """One short step along the gradient, longer with each call."""

            def initial_memory(self, size, dtype):
                return Memory(tf.constant(0, tf.int32))

            def memory_for_new_alpha(self, memory):
                return Memory(tf.zeros_like(memory.calls))

            def solve(self, objective, start, memory):
                rate = 1e-4 * tf.cast(memory.calls + 1, start.w.dtype)
                w = start.w - rate * start.gradient
                value, gradient = objective.value_and_gradient(w)
                one = tf.constant(1, tf.int32)
                status = tf.constant(int(ki.Status.LOWERED), tf.int32)
                memory = Memory(memory.calls + 1)
                return SolverResult(w, value, gradient, one, one, status, memory)

            def get_config(self):
                return {}

    return Downhill, [str(warning.message) for warning in caught]


def test_the_old_methods_of_a_solver_warn_and_work():
    kind, messages = _old_solver()
    assert messages == [
        "Downhill.initial_memory is called initial_state now; rename it.",
        "Downhill.memory_for_new_alpha is called state_for_new_alpha now; rename it.",
    ]
    objective = rosenbrock()
    optimizer = ki.ISGD(0.1, inner=kind())
    before = float(objective.value(objective.parameters.read()))
    _, report = step(optimizer, objective, steps=3)
    assert float(report.loss) < before
    assert int(optimizer.state()["inner_calls"].numpy()) == 3
    optimizer.learning_rate = 0.2
    step(optimizer, objective)
    assert int(optimizer.state()["inner_calls"].numpy()) == 1


def test_the_new_names_do_not_warn(recwarn):
    class Quiet(ki.solvers.Adam):
        def initial_state(self, size, dtype):
            return super().initial_state(size, dtype)

    assert [w for w in recwarn if w.category is DeprecationWarning] == []
    Quiet()
