"""Every page of the gallery runs to its end, with models that are not trained."""

import runpy
from pathlib import Path

import keras
import matplotlib
import pytest

import keras_isgd as ki

GALLERY = Path(__file__).parents[1] / "examples" / "gallery"
PAGES = sorted(GALLERY.glob("plot_*.py"))


def _untrained(problem, seconds, *, verbose=1, windows=None):
    """What `ki.solve` would begin with."""
    problem.check()
    model = ki.PINN(problem=problem)
    model.compile(optimizer=ki.ISGD())
    return model


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs(page, monkeypatch, capsys):
    monkeypatch.setattr(ki, "solve", _untrained)
    for kind in (ki.PINN, ki.ClosureTraining):
        monkeypatch.setattr(kind, "fit", lambda self, *args, **kwargs: None)
    monkeypatch.setattr(ki.PINN, "intervals", lambda self: "", raising=True)
    keras.utils.set_random_seed(0)
    matplotlib.use("agg")
    runpy.run_path(str(page))
    assert capsys.readouterr().out.strip()


def test_the_gallery_has_a_page_for_every_family():
    text = "\n".join(page.read_text() for page in PAGES)
    assert len(PAGES) >= 24
    for condition in ki.problems.conditions.__all__:
        if condition in ("Condition", "Continued"):
            continue
        named = f"ki.{condition}(" in text or f"``ki.{condition}``" in text
        assert named or condition == "Periodic", condition
