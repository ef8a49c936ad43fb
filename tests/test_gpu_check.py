"""The script for a GPU runs on a CPU too, and finds nothing there."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "gpu_check.py"


def test_the_short_form_finds_no_difference(tmp_path):
    out = tmp_path / "found.json"
    command = [sys.executable, str(SCRIPT), "--short", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(out.read_text())
    for gap in ("loss", "gradient", "jacobian", "gram"):
        assert found["loss_and_jacobian"].get(gap, 0.0) < 1e-12
    for name, value in found["factorisations"].items():
        assert value is True or value < 1e-8 or name == "took", name
    assert found["switch"]["switched"]
    assert found["switch"]["steps"] == 12
    assert found["resume"]["largest difference of a weight"] == 0.0
    assert found["export"]["values"] < 1e-12
    assert found["accuracy"]["relative_l2"] < 1.0
    assert found["large_network"]["relative_l2"] < 1.0
    assert all(value > 0.0 for value in found["seconds_a_step"].values())
