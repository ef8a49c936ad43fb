"""What optimizers keep between steps."""

import keras
import pytest
import tensorflow as tf

import keras_isgd as ki

OPTIMIZERS = {
    "gauss_newton": ki.ISGD,
    "spring": lambda: ki.ISGD(step_control=ki.SPRING()),
    "adam": lambda: ki.ISGD(0.1, inner="adam"),
    "lbfgs": lambda: ki.ISGD(0.1, inner="lbfgs"),
    "plain_lbfgs": ki.LBFGS,
    "ssbroyden": ki.SSBroyden,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_xla_on_a_gpu_reaches_every_variable(name):
    """TensorFlow keeps int32 variables on the CPU, whatever the device in force."""
    optimizer = OPTIMIZERS[name]()
    optimizer.build([keras.Variable([1.0, 2.0], dtype="float64")])
    dtypes = {v.path: tf.as_dtype(v.dtype) for v in optimizer.variables}
    assert tf.int32 not in dtypes.values(), dtypes


def test_integers_come_back_as_they_were():
    optimizer = ki.LBFGS()
    optimizer.build([keras.Variable([1.0, 2.0], dtype="float64")])
    state = optimizer.solver.initial_state(2, "float64")
    kept = optimizer._curvature
    kept.pairs.assign(7)
    read = ki.optimizers.kept_state.read(kept)
    assert [v.dtype for v in read] == [v.dtype for v in state]
    assert int(read.pairs) == 7
