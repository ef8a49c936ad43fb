"""The comparison with other libraries: its formulas, tables and pictures."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
# The largest residual of each reference, by its own accuracy.
NAMES = {"burgers": 1e-11, "allen-cahn": 5e-3, "kovasznay": 1e-12, "kdv": 5e-4}


@pytest.fixture(autouse=True)
def _beside_the_benchmarks(monkeypatch):
    for folder in (BENCHMARKS / "peers", BENCHMARKS):
        monkeypatch.syspath_prepend(str(folder))
    yield
    for name in ("nonlinear", "nonlinear_common", "nonlinear_problems", "untuned"):
        sys.modules.pop(name, None)


def _both(name):
    """A problem as the peers have it, and as the package has it."""
    import nonlinear_problems
    import untuned

    return nonlinear_problems.PROBLEMS[name], untuned.problem_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_peers_solve_the_same_equations(name):
    peers, problem = _both(name)
    rng = np.random.default_rng(0)
    lower, upper = np.array(peers.lower), np.array(peers.upper)
    edge = 0.1 * (upper - lower)
    points = tf.constant(rng.uniform(lower + edge, upper - edge, (50, 2)))

    def derivative(output, letters=""):
        return _derivative(problem.exact, points, output, letters)

    def largest(d):
        rows = peers.residual(tf, points[:, :1], points[:, 1:], d)
        return np.max(np.abs(tf.concat(rows, axis=1)))

    assert largest(derivative) < NAMES[name]
    # A function that is a little off is seen.
    assert largest(lambda *a: 1.01 * derivative(*a)) > 10 * NAMES[name]


def _derivative(function, points, output, letters):
    if not letters:
        return function(points)[:, output : output + 1]
    with tf.GradientTape() as tape:
        tape.watch(points)
        value = _derivative(function, points, output, letters[:-1])
    axis = 0 if letters[-1] == "x" else 1
    return tape.gradient(value, points)[:, axis : axis + 1]


@pytest.mark.parametrize("name", NAMES)
def test_peers_meet_the_conditions_by_their_form(name):
    peers, problem = _both(name)
    (x0, y0), (x1, y1) = peers.lower, peers.upper
    s = np.linspace(0.0, 1.0, 9)[:, None]
    first = np.hstack([x0 + s * (x1 - x0), np.full_like(s, y0)])
    raw = [np.sin(3.0 * s + i) for i in range(peers.outputs)]
    given = np.hstack(peers.solution(np, first[:, :1], first[:, 1:], raw))
    exact = problem.exact(tf.constant(first)).numpy()
    count = 2 if name == "kovasznay" else 1  # the pressure is free
    np.testing.assert_allclose(given[:, :count], exact[:, :count], atol=1e-6)
    sides = [np.hstack([np.full_like(s, x), y0 + s * (y1 - y0)]) for x in (x0, x1)]
    left, right = (
        np.hstack(peers.solution(np, side[:, :1], side[:, 1:], raw))[:, :count]
        for side in sides
    )
    if name in ("allen-cahn", "kdv"):
        np.testing.assert_allclose(left, right, atol=1e-12)
        inputs = [peers.features(np, side[:, :1], side[:, 1:]) for side in sides]
        np.testing.assert_allclose(*inputs, atol=1e-12)
    else:
        for side, found in zip(sides, (left, right)):
            exact = problem.exact(tf.constant(side)).numpy()[:, :count]
            np.testing.assert_allclose(found, exact, atol=1e-6)


def test_task_measures_as_the_package_does(tmp_path):
    import nonlinear
    import nonlinear_common

    path = str(tmp_path / "task.npz")
    nonlinear.write_task("kovasznay", path)
    task = nonlinear_common.Task(path, "adam:1e-3", 60.0, 0.0, 3)
    assert (task.method, task.option, task.free) == ("adam", 1e-3, [2])
    assert task.over
    # A pressure that is off by a constant is right.
    task.record(lambda: np.add(task.exact, [0.0, 0.0, 7.0]), 0.0)
    assert task.records[0]["max_error"] < 1e-12
    wrong = task.exact * [1.0, 1.01, 1.0]
    task.record(lambda: wrong, 0.0)  # too early for another
    assert len(task.records) == 1
    task.record(lambda: wrong, 0.5, force=True)
    off = 0.01 * np.linalg.norm(task.exact[:, 1]) / np.linalg.norm(task.exact)
    assert task.records[1]["relative_l2"] == pytest.approx(off, rel=1e-9)


def test_table_and_picture_of_runs(tmp_path):
    import nonlinear

    errors = {"keras_isgd solve": (1e-5, 3e-5, 2e-5), "jax made-up": (1e-2,)}
    for method, values in errors.items():
        for seed, value in enumerate(values):
            records = [
                {"seconds": t, "loss": 1.0, "relative_l2": value * 60 / t}
                for t in np.linspace(1.0, 60.0, 100)
            ]
            run = {
                "problem": "burgers",
                "method": method,
                "seconds": 60.0,
                "seed": seed,
                "weights": 700,
                "records": nonlinear.thinned(records),
            }
            (tmp_path / f"{method}-{seed}.json").write_text(json.dumps(run))
    runs = nonlinear.load(tmp_path)
    assert [*runs] == ["burgers"]
    kept = runs["burgers"]["jax made-up"][0]["records"]
    assert len(kept) == 40
    assert (kept[0]["seconds"], kept[-1]["seconds"]) == (1.0, 60.0)
    rows = nonlinear.table(runs).splitlines()
    assert rows[0] == "| | burgers, 60 s |"
    assert rows[2] == "| keras_isgd, ki.solve | 2.0e-05 (1.0e-05 to 3.0e-05) |"
    assert rows[3] == "| jax made-up | 1.0e-02 (one seed) |"
    nonlinear.draw(runs, str(tmp_path / "runs.png"))
    assert (tmp_path / "runs.png").stat().st_size > 10_000
