"""What a closure optimizer cannot honour, and what it keeps in its config."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.problems import StiffQuadratic


@pytest.mark.parametrize("make", [ki.ISGD, ki.LBFGS])
@pytest.mark.parametrize(
    "key",
    [
        "clipnorm",
        "clipvalue",
        "global_clipnorm",
        "weight_decay",
        "gradient_accumulation_steps",
        "loss_scale_factor",
    ],
)
def test_what_needs_gradients_is_refused(make, key):
    with pytest.raises(ValueError, match=f"cannot honour {key}=2"):
        make(**{key: 2})
    make(**{key: None})
    with pytest.raises(TypeError, match="unexpected argument 'momentum'"):
        make(momentum=0.9)


@pytest.mark.parametrize("make", [ki.ISGD, ki.LBFGS])
def test_gradients_alone_are_refused(make):
    w = keras.Variable(1.0, dtype="float64")
    with pytest.raises(TypeError, match="ClosureModel"):
        make().apply_gradients([(tf.constant(1.0), w)])
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=make(), loss="mse")
    with pytest.raises(TypeError, match="ClosureModel"):
        model.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0)


def test_several_replicas_are_refused():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    optimizer = ki.ISGD()
    with strategy.scope():
        optimizer.build([keras.Variable(1.0, dtype="float64")])  # one is fine

    class Two:
        num_replicas_in_sync = 2

    original = tf.distribute.get_strategy
    tf.distribute.get_strategy = lambda: Two()
    try:
        with pytest.raises(ValueError, match="one replica, got 2"):
            ki.ISGD().build([keras.Variable(1.0, dtype="float64")])
    finally:
        tf.distribute.get_strategy = original


def test_variables_of_another_problem_are_refused():
    optimizer = ki.ISGD()
    optimizer.minimize(StiffQuadratic((1.0, 2.0)).objective())
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.minimize(StiffQuadratic((1.0, 2.0)).objective())


@pytest.mark.parametrize(
    "optimizer",
    [
        ki.ISGD(0.25, inner=ki.solvers.Adam(1e-2, steps=7), use_ema=True),
        ki.ISGD(keras.optimizers.schedules.CosineDecay(1.0, 10), inner="lbfgs"),
        ki.LBFGS(steps=3, memory=4, tolerance=1e-5),
        ki.Staged([ki.ISGD(2.0), ki.LBFGS(), keras.optimizers.Adam(0.5)], [4, 8]),
    ],
    ids=lambda o: o.name,
)
def test_config_round_trip(optimizer):
    config = keras.optimizers.serialize(optimizer)
    copy = keras.optimizers.deserialize(config)
    assert type(copy) is type(optimizer)
    assert keras.optimizers.serialize(copy) == config
