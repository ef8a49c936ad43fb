import math

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.figure import Figure

import keras_isgd as ki
from keras_isgd.app import figures


@pytest.fixture
def drawn(monkeypatch):
    """The matplotlib figures that a call draws."""
    seen = []
    save = Figure.savefig

    def savefig(self, *args, **kwargs):
        seen.append(self)
        save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return seen


def _records(loss, error):
    return [
        {"seconds": s, "evaluations": 50 * s, "loss": loss, "relative_l2": error}
        for s in (1.0, 2.0)
    ]


@pytest.mark.parametrize(
    ("loss", "error"),
    [(math.inf, 1e97), (math.nan, math.nan), (1.0, 1e97), (1.0, 1e3), (0.0, 0.0)],
)
def test_a_run_that_diverged_hides_no_other(loss, error, tmp_path, drawn):
    path = tmp_path / "curves.png"
    bad, good = _records(loss, error), _records(0.5, 0.25)
    figures.save_curves({"bad": bad}, path)
    assert path.read_bytes()[:4] == b"\x89PNG"
    figures.save_curves(
        {"bad": bad, "good": good}, path, colours={"bad": "r", "good": "b"}
    )
    for ax, value in zip(drawn[1].axes, (0.5, 0.5, 0.25, 0.25)):
        low, high = ax.get_ylim()
        assert low < value < high <= 1e4
        assert [line.get_color() for line in ax.lines] == ["r", "b"]
        np.testing.assert_array_equal(ax.lines[1].get_ydata(), [value, value])


def test_predictions_in_one_dimension(tmp_path, drawn):
    problem = ki.problems.SingularPerturbation(2.0)
    x = figures.prediction_points(problem)
    exact = problem.exact(tf.constant(x)).numpy()
    predictions = {"off by 0.1": exact + 0.1, "diverged": np.full(len(x), np.inf)}
    predictions["large"] = np.full(len(x), 1e30)
    figures.save_predictions(problem, predictions, tmp_path / "p.png", "title")
    solution, error = drawn[0].axes
    low, high = solution.get_ylim()
    assert low < exact.min() < exact.max() < high < 2.0
    np.testing.assert_allclose(error.lines[0].get_ydata(), 0.1)
    low, high = error.get_ylim()
    assert low < 0.1 < high < 1e4
    assert np.isnan(error.lines[1].get_ydata()).all()


def test_predictions_in_two_dimensions(tmp_path, drawn):
    problem = ki.problems.Helmholtz2D(k=4.0)
    x = figures.prediction_points(problem)
    exact = problem.exact(tf.constant(x)).numpy()
    shown = exact + x[:, :1]  # wrong by its x
    predictions = {"wrong": shown, "diverged": np.full_like(exact, np.nan)}
    figures.save_predictions(problem, predictions, tmp_path / "p.png")
    images = {ax: ax.images[0].get_array() for ax in drawn[0].axes if ax.images}
    below = next(ax for ax in images if ax.get_ylabel() == "absolute error")
    # A row of a picture is one y.
    np.testing.assert_allclose(images[below][0], np.linspace(0.0, 1.0, 101), atol=1e-12)
    assert any(t.get_text() == "diverged" for ax in drawn[0].axes for t in ax.texts)


def test_what_cannot_be_drawn_has_no_points():
    class Cube(ki.Problem):
        coordinates = ("x", "y", "z")
        domain = ki.Box((0.0,) * 3, (1.0,) * 3)

    class Pair(ki.Problem):
        coordinates = ("x",)
        domain = ki.Box(0.0, 1.0)
        outputs = 2

    class Unknown(ki.Problem):
        coordinates = ("x",)
        domain = ki.Box(0.0, 1.0)

    for problem in (Cube(), Pair(), Unknown()):
        assert figures.prediction_points(problem) is None
