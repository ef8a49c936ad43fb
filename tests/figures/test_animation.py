"""Moving pictures, and what notebooks show."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_isgd as ki
from keras_isgd import figures


class Decay(ki.Problem):
    """Heat that fades, exactly."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1.0, 0.5))

    def residual(self, u, x):
        return u.d("t") - u.d("xx")

    def conditions(self):
        return [ki.Dirichlet()]

    def exact(self, x):
        return tf.sin(np.pi * x[:, :1]) * tf.exp(-(np.pi**2) * x[:, 1:])


class Disk(ki.Problem):
    coordinates = ("x", "y", "t")
    domain = ki.geometry.Disk((0.0, 0.0), 1.0) * ki.geometry.Interval(0.0, 1.0)
    outputs = ("u", "v")

    def residual(self, u, x):
        return u["u"].d("t") - u["v"].laplacian()

    def conditions(self):
        return [ki.Dirichlet()]


def _model(problem):
    outputs = len(problem.names.outputs)
    network = ki.networks.mlp(problem.input_count, outputs, width=4, depth=1, seed=0)
    return ki.PINN(network, problem)


@pytest.mark.parametrize("problem", [Decay(), Disk()], ids=["line", "map"])
def test_a_solution_in_time_moves(problem, tmp_path):
    path = tmp_path / "moving.gif"
    last = problem.names.outputs[-1]
    figures.animate(_model(problem), path, output=last, frames=5, title="T")
    with Image.open(path) as film:
        assert film.n_frames == 5
        shown = []
        for i in range(5):
            film.seek(i)
            shown.append(np.asarray(film.convert("RGB"), float))
    assert shown[0].std() > 1.0
    assert np.abs(shown[0] - shown[-1]).max() > 50.0


def test_what_cannot_be_animated_is_refused(tmp_path):
    path = tmp_path / "moving.gif"
    with pytest.raises(ValueError, match="takes time"):
        figures.animate(_model(ki.problems.Poisson2D()), path)
    with pytest.raises(ValueError, match="`output`"):
        figures.animate(_model(Decay()), path, output=3)
    for name in ("frames", "fps"):
        with pytest.raises(ValueError, match=f"`{name}`"):
            figures.animate(_model(Decay()), path, **{name: 0})


def test_plot_writes_a_picture_that_a_notebook_shows(tmp_path):
    model = _model(Decay())
    path = tmp_path / "solution.png"
    picture = model.plot(path, title="Heat")
    assert picture.get_suptitle() == "Heat"
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert picture._repr_html_().startswith("<img alt=")
    with pytest.raises(ValueError, match="more coordinates than can be drawn"):
        _model(ki.problems.PoissonND(5)).plot()
