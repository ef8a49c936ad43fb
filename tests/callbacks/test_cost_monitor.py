"""Where the time of a step goes."""

import glob
import tempfile
import time

import numpy as np
import pytest
import tensorflow as tf
from gauss_newton_cases import compiled, model_of
from profiles import Products, fit

import keras_isgd as ki
from keras_isgd.callbacks.cost_monitor import PIECES


@pytest.mark.parametrize("mode", ["no XLA", "XLA", "XLA for the parts"])
def test_known_products(mode):
    model = Products(parts_jitted=mode == "XLA for the parts")
    model.compile(jit_compile=mode == "XLA")
    monitor = ki.callbacks.CostMonitor(count=4)
    fit(model, [monitor])
    shares = monitor.shares()
    np.testing.assert_allclose(sum(shares.values()), 1.0)
    assert len(monitor.steps) == 4
    # Eight times the multiplications.
    assert 2.0 < shares["jacobian"] / shares["probes"] < 32.0
    assert shares["jacobian"] + shares["probes"] > 0.5
    assert shares["reduction"] == shares["factorisation"] == 0.0


@pytest.mark.parametrize("factorisation", ["gram", "exact", "iterative"])
def test_pieces_add_up_to_the_step(factorisation):
    solver = ki.solvers.GaussNewton(factorisation=factorisation)
    # Enough that a step takes far longer than what surrounds it.
    width, count = (12, 600) if factorisation == "exact" else (24, 1200)
    model = compiled(model_of(width=width), ki.ISGD(inner=solver))
    monitor = ki.callbacks.CostMonitor(count=3)
    points = model.problem.points(count, seed=0)
    model.fit(points, steps_per_epoch=2, verbose=0)
    begin = time.perf_counter()
    model.fit(points, steps_per_epoch=5, verbose=0, callbacks=[monitor])
    elapsed = time.perf_counter() - begin
    assert len(monitor.steps) == 3
    assert all(set(step) == set(PIECES) for step in monitor.steps)
    assert all(value >= 0.0 for step in monitor.steps for value in step.values())
    assert all(step["jacobian"] > 0 and step["probes"] > 0 for step in monitor.steps)
    assert sum(sum(step.values()) for step in monitor.steps) < elapsed
    shares = monitor.shares()
    np.testing.assert_allclose(sum(shares.values()), 1.0)
    reduced = monitor.steps[-1]["reduction"]
    assert (reduced > 0) == (factorisation != "iterative")
    assert monitor.steps[-1]["factorisation"] > 0
    assert shares["rest"] < 0.5


def test_measuring_changes_no_step():
    weights = []
    for callbacks in ([], [ki.callbacks.CostMonitor(count=2)]):
        model = compiled(model_of())
        points = model.problem.points(20, seed=0)
        model.fit(points, steps_per_epoch=4, verbose=0, callbacks=callbacks)
        weights.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(*weights)


def test_count_and_skip(monkeypatch):
    started = []
    start = tf.profiler.experimental.start

    def count(*args, **kwargs):
        started.append(model.iteration)
        return start(*args, **kwargs)

    monkeypatch.setattr(tf.profiler.experimental, "start", count)

    class Count(ki.callbacks.TimeLimit):
        def on_train_batch_end(self, batch, logs=None):
            self.model.iteration += 1

    model = Products()
    model.iteration = 0
    model.compile()
    monitor = ki.callbacks.CostMonitor(count=2, skip=3)
    fit(model, [Count(60.0), monitor])
    assert started == [3]
    assert len(monitor.steps) == 2
    fit(model, [Count(60.0), monitor], steps=4)  # ends before it has two more
    assert started == [3, 9]
    assert len(monitor.steps) == 3
    model.iteration = 0
    fit(model, [Count(60.0), ki.callbacks.CostMonitor(count=1, skip=0)], steps=1)
    assert started[-1] == 0


def test_executions_of_several_steps():
    model = Products()
    model.compile(steps_per_execution=2)
    monitor = ki.callbacks.CostMonitor(count=2, skip=1)
    fit(model, [monitor], steps=6)
    assert len(monitor.steps) == 2
    assert monitor.shares()["jacobian"] > monitor.shares()["probes"] > 0


def test_leaves_no_files():
    pattern = f"{tempfile.gettempdir()}/keras_isgd_profile_*"
    before = set(glob.glob(pattern))
    model = Products()
    model.compile()
    fit(model, [ki.callbacks.CostMonitor(count=1, skip=1)], steps=3)
    assert set(glob.glob(pattern)) == before


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="count"):
        ki.callbacks.CostMonitor(count=0)
    with pytest.raises(ValueError, match="skip"):
        ki.callbacks.CostMonitor(skip=-1)
    monitor = ki.callbacks.CostMonitor(count=1)
    with pytest.raises(ValueError, match="more than the 2 steps that it skips"):
        monitor.shares()
    model = Products()
    model.compile()
    tf.profiler.experimental.start(str(tmp_path))
    try:
        with pytest.raises(RuntimeError, match="profile_batch"):
            fit(model, [monitor], steps=3)
    finally:
        tf.profiler.experimental.stop()


def test_a_step_without_pieces_is_said():
    class Plain(Products):
        def train_step(self, data):
            return self.get_metrics_result()

    model = Plain()
    model.compile()
    monitor = ki.callbacks.CostMonitor(count=1)
    with pytest.warns(UserWarning, match="found no piece"):
        fit(model, [monitor], steps=3)
    with pytest.raises(ValueError, match='inner="gauss_newton"'):
        monitor.shares()
