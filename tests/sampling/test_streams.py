"""The place in a stream of points, through what is made of it."""

import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.sampling import SetSampler, place_of

PROBLEM = ki.problems.Poisson1D("u_L")
STEP = 3


def model_at(step):
    """A model whose weights stay, and whose optimizer has done some steps."""
    model = ki.PINN(ki.networks.mlp(width=4, depth=1, seed=1), PROBLEM)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(step)
    return model


def residuals(step, dataset, until=6):
    """The residual's mean square at each step, which names the step's points."""
    history = model_at(step).fit(dataset, initial_epoch=step, epochs=until, verbose=0)
    return history.history["residual"]


KEPT = {
    "itself": lambda points: points,
    "prefetch": lambda points: points.prefetch(1),
    "map": lambda points: points.map(lambda sets: {**sets}),
    "both": lambda points: points.map(dict, num_parallel_calls=2).prefetch(2),
    "options": lambda points: points.with_options(tf.data.Options()).prefetch(3),
    "zip": lambda points: tf.data.Dataset.zip((points, points)).map(lambda a, b: a),
}


@pytest.mark.parametrize("made", KEPT)
def test_a_resumed_run_has_the_points_that_it_would_have_had(made):
    expected = residuals(0, PROBLEM.points(8, seed=6))
    assert len(set(expected)) == 6
    dataset = KEPT[made](PROBLEM.points(8, seed=6))
    assert place_of(dataset).lost_by == ()
    # Bit for bit, also where the same dataset was drawn from before.
    np.testing.assert_array_equal(residuals(0, dataset), expected)
    np.testing.assert_array_equal(residuals(STEP, dataset), expected[STEP:])


LOST = {
    "take": lambda points: points.take(100),
    "repeat": lambda points: points.take(2).repeat(),
    "shuffle": lambda points: points.shuffle(2),
    "skip": lambda points: points.skip(1).prefetch(1),
    "filter": lambda points: points.filter(lambda sets: True),
    "cache": lambda points: points.take(1).cache().repeat(),
    "unbatch": lambda points: points.batch(1).unbatch(),
}


@pytest.mark.parametrize("made", LOST)
def test_a_lost_place_is_said(made):
    dataset = LOST[made](PROBLEM.points(8, seed=6))
    fresh, resumed = model_at(0), model_at(STEP)
    arguments = {"steps_per_epoch": 1, "verbose": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh.fit(dataset, **arguments)
    with pytest.warns(UserWarning, match=f"{made}.*at step 3 .*Give fit"):
        resumed.fit(dataset, **arguments)


def test_nothing_is_lost_where_each_epoch_begins_anew_or_all_points_are_the_same():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Epochs of three steps: after three, the first points come again anyway.
        model_at(STEP).fit(PROBLEM.points(8).take(3), verbose=0)
        fixed = PROBLEM.points(8, resample=False)
        model_at(STEP).fit(fixed.shuffle(2), steps_per_epoch=1, verbose=0)
    with pytest.warns(UserWarning, match="lost"):
        model_at(STEP).fit(PROBLEM.points(8).take(2), verbose=0)
    with pytest.warns(UserWarning, match="lost"):
        model_at(STEP).fit(PROBLEM.points(8).take(3).shuffle(3), verbose=0)


@pytest.mark.parametrize("method", ["uniform", "sobol"])
def test_points_are_no_part_of_the_graph(method):
    def size(count):
        sampler = SetSampler(ki.Box((0.0, 0.0), (1.0, 1.0)), count, method, 0)
        step = tf.TensorSpec((), tf.int64)
        graph = tf.function(sampler).get_concrete_function(step).graph
        return graph.as_graph_def().ByteSize()

    # Shapes have more digits; 99,000 points would be a million and a half bytes.
    assert size(100_000) - size(1000) < 100


def test_measured_points_are_no_part_of_the_graph():
    def size(count):
        class Measured(ki.problems.Poisson1D):
            def conditions(self):
                x = np.linspace(0.0, 1.0, count)[:, None]
                return [*super().conditions(), ki.Data(x, np.sin(x))]

        problem = Measured("u_L")
        model = ki.PINN(ki.networks.mlp(width=4, depth=1, seed=1), problem)
        model.compile(optimizer=ki.ISGD())
        model.optimizer.build(model.trainable_variables)
        sets = next(iter(problem.points(8)))
        graph = tf.function(model.train_step).get_concrete_function(sets).graph
        return graph.as_graph_def().ByteSize()

    assert size(100_000) - size(1000) < 1000


def test_uniform_points_do_not_wait_for_scipys_statistics():
    code = (
        "import sys, keras_isgd; keras_isgd.problems.Helmholtz2D().points(9);"
        "assert 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
