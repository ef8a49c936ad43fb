"""Losses in pieces: the same numbers in less memory."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.objectives.blocks import PointwiseRows, squares
from keras_isgd.objectives.parameters import ParameterVector


def objective_of(memory, derivatives="auto", interior=103):
    problem = ki.problems.Helmholtz2D()
    network = ki.networks.mlp(2, width=7, depth=2, input_scale=2.0, seed=1)
    model = ki.PINN(network, problem, {"dirichlet_boundary": 5.0}, derivatives)
    data = next(iter(problem.points(interior, 20, seed=0)))
    whole = model.objective(data)
    return ki.LeastSquares(
        whole._rows_function, whole.parameters.variables, blocks=whole._blocks,
        memory=memory,
    )  # fmt: skip


@pytest.mark.parametrize("derivatives", ["taylor", "tape"])
@pytest.mark.parametrize("jit", [False, True])
def test_pieces_give_the_loss_and_gradient_of_the_whole(jit, derivatives):
    # 103 points in pieces of 9 leave a rest.
    small, large = (objective_of(m, derivatives) for m in (9 * 7680 / 2**30, 1.0))
    assert small._blocks[0].cost == pytest.approx(7680)
    w = large.parameters.read()
    for method in ("value_and_gradient", "value"):
        compiled = tf.function(getattr(small, method), jit_compile=jit)
        found, expected = compiled(w), getattr(large, method)(w)
        for a, b in zip(tf.nest.flatten(found), tf.nest.flatten(expected)):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
    assert "While" in str(compiled.get_concrete_function(w).graph.as_graph_def())


def test_memory_bounds_what_is_evaluated_at_once():
    seen = []

    def rows(x):
        seen.append(x.shape[0])
        return x

    block = PointwiseRows(rows, tf.ones((100, 1)), cost=1000)
    parameters = ParameterVector([_variable()])
    parts = parameters.unpack(parameters.read())
    value, _ = squares(block, parameters, parts, memory=30_000, gradient=False)
    assert value == 100.0
    assert max(seen) <= 30
    assert sum(seen) == 100
    with pytest.raises(ValueError, match="positive number of GiB"):
        ki.LeastSquares(lambda: None, [_variable()], blocks=[block], memory=0.0)
    with pytest.raises(ValueError, match="in `blocks`"):
        ki.LeastSquares(lambda: None, [_variable()], memory=1.0)


def _variable():
    return keras.Variable([1.0], dtype="float32")
