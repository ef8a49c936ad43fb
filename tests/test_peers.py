"""The comparison with other libraries: its formulas, tables and pictures."""

import json
import subprocess
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
    for name in [n for n in sys.modules if n.startswith(("nonlinear", "untuned"))]:
        sys.modules.pop(name)


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


def _task(tmp_path, name="kovasznay"):
    import nonlinear_common
    import nonlinear_task

    path = str(tmp_path / "task.npz")
    nonlinear_task.write_task(name, path, (5, 2), 3)
    return nonlinear_common.Task(path, "adam:1e-3", 60.0, 0.0, 3)


def test_task_measures_as_the_package_does(tmp_path):
    task = _task(tmp_path)
    assert (task.method, task.options, task.free) == ("adam", [1e-3], [2])
    assert task.over
    # A pressure that is off by a constant is right.
    task.record(lambda: np.add(task.exact, [0.0, 0.0, 7.0]), 0.0)
    assert task.records[0]["max_error"] < 1e-12
    wrong = task.exact * [1.0, 1.01, 1.0]
    task.record(lambda: wrong, 0.0)  # too early for another
    assert len(task.records) == 1
    task.record(lambda: wrong, np.nan, force=True)
    off = 0.01 * np.linalg.norm(task.exact[:, 1]) / np.linalg.norm(task.exact)
    assert task.records[1]["relative_l2"] == pytest.approx(off, rel=1e-9)
    assert task.records[1]["loss"] is None


@pytest.mark.parametrize("name", NAMES)
def test_a_start_has_the_loss_of_finite_differences(tmp_path, name):
    task = _task(tmp_path, name)
    peers = task.problem
    assert [k.shape[1] for k, _ in task.layers] == [5, 5, peers.outputs]
    assert task.weights == sum(k.size + b.size for k, b in task.layers)

    def solution(point):
        h = np.array(peers.features(np, *point))
        for kernel, bias in task.layers[:-1]:
            h = np.tanh(h @ kernel + bias)
        kernel, bias = task.layers[-1]
        return np.array(peers.solution(np, *point, list(h @ kernel + bias)))

    def derivative(point, output, letters):
        if not letters:
            return solution(point)[output]
        step = 1e-3 * np.array([letters[0] == "x", letters[0] != "x"])
        ahead, behind = (
            derivative(point + sign * step, output, letters[1:]) for sign in (1, -1)
        )
        return (ahead - behind) / 2e-3

    rows = [
        peers.residual(np, *point, lambda i, name="", p=point: derivative(p, i, name))
        for point in task.points
    ]
    assert task.loss == pytest.approx(np.mean(np.square(rows)), rel=1e-3)


def test_a_peer_with_another_loss_is_not_believed(tmp_path, capsys):
    task = _task(tmp_path)
    task.finish(task.loss * (1.0 + 1e-12))
    assert json.loads(capsys.readouterr().out) == {"records": [], "weights": 63}
    with pytest.raises(ValueError, match="solves another problem"):
        task.finish(task.loss * 1.001)


def _made_up(folder, method, seed, error, seconds=60.0):
    import nonlinear_table

    records = [
        {
            "seconds": t,
            "loss": 1.0,
            "relative_l2": error * 60 / t,
            "max_error": 2 * error,
        }
        for t in np.linspace(1.0, seconds, 100)
    ]
    run = {
        "problem": "burgers",
        "method": method,
        "seconds": 60.0,
        "seed": seed,
        "weights": 700,
        "records": nonlinear_table.thinned(records),
    }
    name = method.replace(" ", "-").replace(":", "-")
    (folder / f"burgers-{name}-60s-seed{seed}.json").write_text(json.dumps(run))


def test_table_and_picture_of_runs(tmp_path):
    import nonlinear_table

    for seed, error in enumerate((1e-5, 3e-5, 2e-5)):
        _made_up(tmp_path, "keras_isgd solve", seed, error, 60.0 + seed)
    _made_up(tmp_path, "jax made-up", 0, 1e-2)
    _made_up(tmp_path, "jax adam:1e-3", 0, 3e-2)
    _made_up(tmp_path, "jax adam:3e-3", 0, 2e-2)  # the better one for the first seed
    _made_up(tmp_path, "jax adam:3e-3", 1, 4e-2)
    runs = nonlinear_table.load(tmp_path)
    assert {*runs} == {"burgers"}
    kept = runs["burgers"]["jax made-up"][0]["records"]
    assert len(kept) == 40
    assert (kept[0]["seconds"], kept[-1]["seconds"]) == (1.0, 60.0)
    rows = nonlinear_table.table(runs).splitlines()
    assert rows[0] == "| relative L2 | burgers, 60 s |"
    assert rows[2] == "| keras_isgd, ki.solve | 1.9e-05 [1.0e-05, 3.0e-05] |"
    assert rows[3] == "| JAX, Adam | 3.0e-02 [2.0e-02, 4.0e-02] |"
    assert rows[4] == "| jax made-up | 1.0e-02 (one seed) |"
    assert "| jax made-up | 2.0e-02 (one seed) |" in rows
    assert "JAX, Adam (3e-3) 700 weights, 2 seeds" in rows[-1]
    nonlinear_table.draw(runs, str(tmp_path / "runs.png"))
    assert (tmp_path / "runs.png").stat().st_size > 10_000


def test_later_seeds_have_the_setting_that_was_best_for_the_first(
    tmp_path, monkeypatch
):
    import nonlinear

    tried = []

    def trained(problem, method, seconds, seed, python):
        tried.append((method, seed))
        error = {"jax adam:3e-3": 1e-3, "jax adam:1e-2": np.nan}.get(method, 1e-2)
        record = {"seconds": 1.0, "loss": 1.0, "relative_l2": error, "max_error": 1.0}
        line = json.dumps({"records": [record], "weights": 9})
        return subprocess.CompletedProcess([], method == "jax lbfgs", line, "no")

    monkeypatch.setattr(nonlinear, "_trained", trained)
    words = ["nonlinear.py", "--problems", "burgers", "--out", str(tmp_path)]
    words += [
        "--methods",
        "jax adam",
        "jax lbfgs",
        "jax spring:0.5",
        "--seeds",
        "4",
        "5",
    ]
    monkeypatch.setattr(sys, "argv", words)
    nonlinear.main()
    adam = [(f"jax adam:{rate}", 4) for rate in ("1e-3", "3e-3", "1e-2")]
    first = [*adam, ("jax lbfgs", 4), ("jax spring:0.5", 4)]
    second = [("jax adam:3e-3", 5), ("jax lbfgs", 5), ("jax spring:0.5", 5)]
    assert tried == [*first, *second]
    tried.clear()
    nonlinear.main()  # what is there is not made again, what failed is
    assert tried == [("jax lbfgs", 4), ("jax lbfgs", 5)]
