import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_isgd as ki

EXAMPLES = Path(__file__).parents[1] / "examples" / "paper"
# The paper's equations by Algorithm 1.
TRAINING = [
    "helmholtz_2d.py",
    "poisson_1d.py",
    "poisson_2d.py",
    "singular_perturbation.py",
]
# What else the paper claims: arguments that make it short, and what it writes.
STUDIES = {
    "hessian_spectrum.py": (
        "--solutions u_H --width 4 --large-width 5 --large-depth 2 --points 20 "
        "--epochs 3 --large-steps 3",
        ["spectrum.png"],
    ),
    "loss_decay.py": ("--width 4 --steps 3", ["decay.png"]),
    "implicit_steps.py": ("--width 4 --largest 2 --alphas 0.5", ["implicit.png"]),
    "theorem_1.py": (
        "--samples 4 --widths 8 --alphas 1 --steps 3",
        ["theorem_1.png"],
    ),
    "theorem_pinn.py": (
        "--points 3 4 --widths 8 --alphas 1 100 --steps 3",
        ["theorem_pinn.png"],
    ),
    "robustness.py": (
        "--batches 10 --seeds 1 --width 3 --gradient-steps 3 --implicit-steps 2",
        ["robustness.png", "robustness.json"],
    ),
    "table_1.py": (
        "eps2-batch --seconds 1 --k0 2 --k1 3 --width 4 --depth 2 "
        "--optimizers SGD recipe ISGD,Adam",
        ["curves.png", "predictions.png", "results.json"],
    ),
}


@pytest.fixture(autouse=True)
def _beside_common(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))


def test_every_example_is_covered():
    names = {path.name for path in EXAMPLES.glob("*.py")}
    others = {"common.py", "long_runs.py", "paper_settings.py"}
    assert names == {*TRAINING, *STUDIES, "stiff_quadratic.py", *others}


@pytest.mark.parametrize("name", STUDIES)
def test_study_shortened(name, tmp_path, monkeypatch, capsys):
    arguments, files = STUDIES[name]
    monkeypatch.setattr(sys, "argv", [name, *arguments.split(), "--out", str(tmp_path)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    printed = capsys.readouterr().out
    assert f"Written to {tmp_path}" in printed
    # How long, before anything else.
    assert re.search(r"takes about|s each|#Iterations", printed.splitlines()[0])
    for file in files:
        assert (tmp_path / file).stat().st_size > 200


def _table_1(monkeypatch, arguments, out):
    monkeypatch.setattr(sys, "argv", ["", *arguments.split(), "--out", str(out)])
    scope = runpy.run_path(str(EXAMPLES / "table_1.py"), run_name="__main__")
    return scope, json.loads((out / "results.json").read_text())["results"]


def test_table_in_two_dimensions(tmp_path, monkeypatch):
    short = "poisson2d --seconds 1 --width 3 --depth 1 --points 20 8"
    _, results = _table_1(
        monkeypatch, f"{short} --optimizers SGD Adam L-BFGS", tmp_path
    )
    assert results["SGD"]["steps"] > 0
    assert results["Adam"]["records"][-1]["loss"] > 0
    assert results["L-BFGS"]["records"][-1]["loss"] > 0
    assert (tmp_path / "predictions.png").stat().st_size > 10_000


def test_row_of_the_table():
    scope = runpy.run_path(str(EXAMPLES / "table_1.py"))
    # 3 implicit steps of 100 inner ones, then 98 of Adam, one second each: the last
    # tenth are the errors 91 to 101, and 101 - 1 seconds go to 398 - 100 iterations.
    records = [
        {"step": s, "seconds": float(s), "relative_l2": float(s), "evaluations": 0}
        for s in range(1, 102)
    ]
    result = {
        "loss": 1e-3,
        "relative_l2": 0.5,
        "max_error": 2.0,
        "iterations": 398,
        "seconds": 102.4,
        "settings": {"k0": 3, "k1": 100},
        "records": records,
    }
    row = "| ISGD,Adam | 1.0e-03 | 5.0e-01 | 9.6e+01 | 2.0e+00 | 398 | 102 | 335.57 |"
    assert scope["_row"]("ISGD,Adam", result) == row
    result["records"], result["iterations"] = records[:1], 100
    assert scope["_row"]("ISGD,Adam", result).endswith("| 100 | 102 | |")


def test_settings_of_the_table(tmp_path):
    scope = runpy.run_path(str(EXAMPLES / "table_1.py"))
    options = scope["_options"](
        ["eps2-full", "--full", "--alpha", "1e-3", "--width", "7"]
    )
    assert scope["_setting"](options) == ("singular-eps2", 7, 4, (400,), 1e-3, 1e-3)
    assert "rate" in scope["_left_out"]("Adam,alpha", options)
    assert scope["_left_out"]("L-BFGS", options) is None
    options = scope["_options"](["eps2-batch"])
    assert "all points" in scope["_left_out"]("L-BFGS", options)
    assert "all points" in scope["_left_out"]("recipe", options)
    with pytest.raises(SystemExit, match="no run to make"):
        scope["main"](["eps2-batch", "--optimizers", "recipe", "--out", str(tmp_path)])


def test_table_counts_iterations_as_the_paper_does(tmp_path, monkeypatch, capsys):
    short = "eps2-full --iterations 20 --k0 2 --k1 3 --width 3 --depth 1 --optimizers "
    _, results = _table_1(monkeypatch, short + "Adam,alpha", tmp_path)
    # Another call adds to what the file holds.
    _, results = _table_1(monkeypatch, short + "Adam ISGD,Adam", tmp_path)
    assert [*results] == ["Adam", "Adam,alpha", "ISGD,Adam"]
    assert results["Adam"]["steps"] == 20
    assert results["Adam"]["loss"] != results["Adam,alpha"]["loss"]
    assert results["ISGD,Adam"]["steps"] == 2 + 14  # 2 of 3 inner steps, then Adam
    # Two steps in one call from Python: both parts of the run are whole calls.
    assert [r["step"] for r in results["ISGD,Adam"]["records"]] == [2, 16]
    assert all(r["iterations"] == 20 for r in results.values())
    # Without a name it adds nothing and prints what is there.
    capsys.readouterr()
    _, again = _table_1(monkeypatch, short, tmp_path)
    assert again == results
    rows = capsys.readouterr().out.splitlines()[3:-1]
    assert [row.split(" | ")[0] for row in rows] == [f"| {n}" for n in results]
    with pytest.raises(SystemExit, match="other settings"):
        _table_1(monkeypatch, short + "Adam --seed 1", tmp_path)


@pytest.mark.parametrize(
    ("name", "boundary"), [("eps2", (2, 1)), ("helmholtz2d", (4, 2))]
)
def test_batches_are_the_same_points_in_each_pass(name, boundary):
    scope = runpy.run_path(str(EXAMPLES / "table_1.py"))
    problem = {
        "eps2": ki.problems.SingularPerturbation(2.0),
        "helmholtz2d": ki.problems.Helmholtz2D(),
    }[name]
    points = problem.points(400, 40 if boundary[1] == 2 else None, resample=False)
    dataset = scope["_batches"](problem, points, seed=0)
    batches = list(dataset.take(20))
    fixed = next(iter(points))
    # A line's end points are in every batch, other boundaries are shared out.
    assert batches[0]["boundary"].shape == boundary
    for key in ("interior",) if name == "eps2" else ("interior", "boundary"):
        passes = [
            np.concatenate([b[key] for b in batches[i : i + 10]]) for i in (0, 10)
        ]
        assert not np.array_equal(*passes)
        for x in passes:
            rows = sorted(map(tuple, x))
            assert rows == sorted(map(tuple, fixed[key].numpy()))
    dataset.stream.seek(13)  # as a run that goes on after 13 steps
    again = next(iter(dataset))
    np.testing.assert_array_equal(again["interior"], batches[13]["interior"])


def test_killed_run_of_the_table_goes_on(tmp_path, monkeypatch):
    short = "helmholtz2d-batch --k0 4 --k1 3 --width 3 --depth 1 --points 40 20 "
    short += "--dtype float32 --iterations 72 --optimizers ISGD,Adam"
    monkeypatch.setattr("long_runs.BACKUP_EPOCHS", 2)
    _, whole = _table_1(monkeypatch, short, tmp_path / "whole")
    seen = []

    class Killed(BaseException):
        pass

    def die(self, epoch, logs=None):
        seen.append(epoch)
        if len(seen) == 9:
            raise Killed

    limit = ki.callbacks.ErrorMonitor
    with monkeypatch.context() as patch:
        patch.setattr(limit, "on_epoch_end", die)
        with pytest.raises(Killed):
            _table_1(patch, short, tmp_path / "killed")
    folder = tmp_path / "killed" / "ISGD-Adam"
    assert len(list((folder / "backup").iterdir())) == 2
    with pytest.raises(ValueError, match="unfinished run of other settings"):
        _table_1(monkeypatch, short + " --seed 1", tmp_path / "killed")
    _, resumed = _table_1(monkeypatch, short, tmp_path / "killed")
    assert not folder.exists()
    run, other = whole["ISGD,Adam"], resumed["ISGD,Adam"]
    assert other["prediction"] == run["prediction"]
    steps = [r["step"] for r in other["records"]]
    assert steps == sorted(set(steps))
    assert steps[-1] == 4 + 60
    assert other["records"][-1]["evaluations"] == run["records"][-1]["evaluations"]


@pytest.mark.parametrize("name", TRAINING)
def test_example_shortened(name, tmp_path, monkeypatch, capsys):
    small = ["--width", "6", "--depth", "2", "--k0", "2", "--k1", "5", "--steps", "4"]
    monkeypatch.setattr(sys, "argv", [name, *small, "--out", str(tmp_path / "out")])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    printed = capsys.readouterr().out
    assert "relative_l2" in printed
    assert re.match(r"2 implicit steps of 5 inner ones, then 2 of Adam: 12 ", printed)
    assert "about" in printed.splitlines()[0]
    assert (tmp_path / "out" / "solution.png").exists()
    assert (tmp_path / "out" / "model" / "saved_model.pb").exists()


def test_stiff_quadratic_shows_theory_beside_measurement(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["stiff_quadratic.py", "--out", str(tmp_path)])
    runpy.run_path(str(EXAMPLES / "stiff_quadratic.py"), run_name="__main__")
    rows = capsys.readouterr().out.strip().splitlines()[2:-1]
    assert len(rows) == 11
    for row in rows:
        _, theory_gd, seen_gd, theory, seen = map(float, row.split())
        assert seen_gd == pytest.approx(theory_gd, rel=1e-3)
        assert seen == pytest.approx(theory, rel=1e-5)
