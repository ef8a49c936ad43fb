"""Where the time of a step goes."""

import time

import numpy as np
import pytest
from gauss_newton_cases import compiled, model_of

import keras_isgd as ki
from keras_isgd.stopwatch import PIECES


@pytest.mark.parametrize("factorisation", ["gram", "exact", "iterative"])
def test_pieces_add_up_to_the_step(factorisation):
    solver = ki.solvers.GaussNewton(factorisation=factorisation)
    model = compiled(model_of(width=24), ki.ISGD(inner=solver))
    monitor = ki.callbacks.CostMonitor()
    points = model.problem.points(1200, seed=0)
    model.fit(points, steps_per_epoch=2, verbose=0, callbacks=[monitor])
    begin = time.perf_counter()
    model.fit(points, steps_per_epoch=3, verbose=0, callbacks=[monitor])
    elapsed = time.perf_counter() - begin
    assert len(monitor.steps) == 5
    assert all(set(step) == set(PIECES) for step in monitor.steps)
    assert all(value >= 0.0 for step in monitor.steps for value in step.values())
    assert all(step["jacobian"] > 0 and step["probes"] > 0 for step in monitor.steps)
    assert sum(sum(step.values()) for step in monitor.steps[2:]) < elapsed
    shares = monitor.shares()
    np.testing.assert_allclose(sum(shares.values()), 1.0)
    reduced = monitor.steps[-1]["reduction"]
    assert (reduced > 0) == (factorisation != "iterative")
    assert monitor.steps[-1]["factorisation"] > 0


def test_measuring_changes_no_step():
    weights = []
    for callbacks in ([], [ki.callbacks.CostMonitor()]):
        model = compiled(model_of())
        points = model.problem.points(20, seed=0)
        model.fit(points, steps_per_epoch=4, verbose=0, callbacks=callbacks)
        weights.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(*weights)


def test_refusals():
    monitor = ki.callbacks.CostMonitor()
    with pytest.raises(ValueError, match="at least two measured steps"):
        monitor.shares()
    model = compiled(model_of(), ki.ISGD(0.5, inner="lbfgs"))
    with pytest.raises(ValueError, match='inner="gauss_newton"'):
        model.fit(model.problem.points(5), verbose=0, callbacks=[monitor])
