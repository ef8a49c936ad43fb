import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
TRAINING = sorted(
    path.name
    for path in EXAMPLES.glob("*.py")
    if path.name not in ("common.py", "stiff_quadratic.py")
)


@pytest.mark.parametrize("name", TRAINING)
def test_example_shortened(name, tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    small = ["--width", "6", "--depth", "2", "--k0", "2", "--k1", "5", "--steps", "4"]
    monkeypatch.setattr(sys, "argv", [name, *small, "--out", str(tmp_path / "out")])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    printed = capsys.readouterr().out
    assert "relative_l2" in printed
    assert (tmp_path / "out" / "solution.png").exists()
    assert (tmp_path / "out" / "model" / "saved_model.pb").exists()


def test_stiff_quadratic_shows_theory_beside_measurement(capsys):
    runpy.run_path(str(EXAMPLES / "stiff_quadratic.py"), run_name="__main__")
    rows = capsys.readouterr().out.strip().splitlines()[1:]
    assert len(rows) == 11
    for row in rows:
        _, theory_gd, seen_gd, theory, seen = map(float, row.split())
        assert seen_gd == pytest.approx(theory_gd, rel=1e-3)
        assert seen == pytest.approx(theory, rel=1e-5)
