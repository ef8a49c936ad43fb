"""The references of the benchmark of equations as they are given."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import as_given  # noqa: E402
from as_given_problems import CASES, common  # noqa: E402

# Their references take seconds.
SLOW = {"soil", "oscillating-plate", "beltrami-flow"}


@pytest.mark.parametrize("name", sorted(set(CASES) - SLOW))
def test_a_reference_fits_its_problem(name):
    case = CASES[name]
    stated = case.make()
    stated.problem.check()
    assert case.says.strip()
    shape = (len(stated.points), len(stated.problem.names.outputs))
    assert stated.values.shape == shape
    assert len(stated.points) >= 40
    assert np.isfinite(stated.values).all()
    assert np.abs(stated.values).max(axis=0).min() > 0.0
    low, high = stated.problem.domain.lower, stated.problem.domain.upper
    d = len(low)
    room = 1e-9 * (np.asarray(high) - low)
    assert np.all(stated.points[:, :d] >= low - room)
    assert np.all(stated.points[:, :d] <= high + room)
    assert set(stated.numbers) == set(stated.problem.unknowns)
    found = common.errors(case, stated, stated.values)
    assert all(error["relative_l2"] < 1e-12 for error in found.values())


def test_errors_of_either_sign_and_up_to_a_constant():
    case = CASES["drum-ground-state"]
    stated = case.make()
    (error,) = common.errors(case, stated, -1.1 * stated.values).values()
    assert error["relative_l2"] == pytest.approx(0.1)
    assert error["maximum"] == pytest.approx(0.1)
    case = CASES["rotating-cylinders"]
    stated = case.make()
    found = common.errors(case, stated, stated.values + 3.0)
    assert found["p"]["relative_l2"] < 1e-12
    assert found["u"]["relative_l2"] > 1.0


def test_derivatives_and_integrals_at_chebyshevs_points():
    x, derivative = common.chebyshev(21, -1.0, 3.0)
    weights = common.clenshaw_curtis(21, -1.0, 3.0)
    assert x[0] == -1.0
    assert x[-1] == 3.0
    np.testing.assert_allclose(derivative @ np.exp(x), np.exp(x), atol=1e-9)
    assert weights @ np.exp(x) == pytest.approx(np.exp(3.0) - np.exp(-1.0), rel=1e-12)


def test_runs_are_kept_and_shown(tmp_path, monkeypatch, capsys):
    run = {
        "problem": "enzyme",
        "seconds": 30.0,
        "seed": 0,
        "errors": {"S": {"relative_l2": 7e-3, "maximum": 6e-3}},
        "numbers": {"V": {"found": 5.2e-6, "right": 5e-6}},
        "steps": 12,
    }
    made = []

    def child(command, **options):
        made.append(json.loads(command[-1]))
        return subprocess.CompletedProcess(command, 0, json.dumps(run) + "\n", "")

    monkeypatch.setattr(as_given.child_runs, "commit", lambda: "abc")
    monkeypatch.setattr(subprocess, "run", child)
    words = ["as_given", "--problems", "enzyme", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    as_given.main()
    as_given.main()
    assert made == [{"name": "enzyme", "seconds": 30.0, "seed": 0}]
    shown = capsys.readouterr().out
    assert "| enzyme | 30 | 0 | 7.0e-03 | 6.0e-03 | V 5.2e-06 (5e-06) | 12 |" in shown
    monkeypatch.setattr(sys, "argv", ["as_given", "--problems", "enzym"])
    with pytest.raises(SystemExit, match="Unknown problems: enzym"):
        as_given.main()


SCRIPT = """
import json, os, sys, time
task = json.loads(sys.argv[-1])
if task["does"] == "fail":
    sys.exit("It cannot be done.")
time.sleep(task.get("seconds", 0.0))
print("words")
print(json.dumps({"does": task["does"], "level": os.environ["LEVEL"]}))
"""


def test_a_run_that_fails_or_takes_too_long_says_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    child, level = as_given.child_runs.in_child, {"LEVEL": "2"}
    found = child(str(script), {"does": "well"}, environment=level)
    assert found == {"does": "well", "level": "2"}
    assert child(str(script), {"does": "fail"})["failed"] == "It cannot be done."
    late = child(str(script), {"does": "well", "seconds": 30.0}, timeout=0.5)
    assert late["failed"] == "It had not ended after 0.5 s."
