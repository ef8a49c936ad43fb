"""How fast the data of a problem vary along each coordinate."""

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.models.default_network import design_for

PI = np.pi


class Plate(ki.Problem):
    """u_t = Laplacian u + source, in any units of length."""

    coordinates = ("x", "y", "t")

    def __init__(self, length=1.0, size=1.0):
        self.length, self.size = length, size
        self.domain = ki.Box((0.0, 0.0, 0.0), (length, length, 5.0))

    def residual(self, u, x):
        return u.d("t") - self.length**2 * (u.d("xx") + u.d("yy")) - self.source(x)

    def source(self, x):
        return 0.0 * x[:, :1]

    def conditions(self):
        return [ki.Dirichlet(value=self.edge), ki.Initial(self.start)]

    def edge(self, x):
        return 0.0 * x[:, :1]

    def start(self, x):
        x, y = (x[:, i : i + 1] / self.length for i in (0, 1))
        return self.size * tf.sin(20 * PI * x) * tf.sin(PI * y)


class Driven(Plate):
    """A source that varies with time, and edges that hold rounding only."""

    def source(self, x):
        return self.size * tf.sin(12.0 * PI * x[:, 2:] / 5.0)

    def edge(self, x):
        return 1e-16 * self.size * tf.sin(400.0 * x[:, :1])

    def start(self, x):
        return self.size * tf.ones_like(x[:, :1])


class Around(Plate):
    """Periodic in x."""

    def conditions(self):
        edges = [ki.Dirichlet(on, 0.0) for on in ("y_min", "y_max")]
        return [ki.Periodic("x", orders=(0, 1)), *edges, ki.Initial(self.start)]


@pytest.mark.parametrize("units", [(1.0, 1.0), (1e3, 1e-9)])
def test_initial_values_give_the_frequencies_of_space(units):
    found = design_for(Plate(*units)).frequencies
    assert found == pytest.approx([20 * PI, PI, 0.0], rel=0.02)


def test_a_source_gives_that_of_time_and_rounding_gives_none():
    found = design_for(Driven(size=1e4)).frequencies
    assert found == pytest.approx([0.0, 0.0, 12 * PI], rel=0.05)


def test_the_first_layer_resolves_what_the_data_bring_along():
    design = design_for(Plate())
    assert design.input_scales == pytest.approx([20 * PI / 3, 4.0, 4.0], rel=0.02)
    kernel = design.network(500).get_layer("mlp").get_layer("hidden_1").kernel.numpy()
    assert kernel.std(axis=1) == pytest.approx(design.input_scales, rel=0.15)


def test_around_a_circle_lengths_are_those_within_the_unit_box():
    scales = design_for(Around()).input_scales
    around = 20 * PI / 3 / (2 * PI * 0.25)
    assert scales == pytest.approx([4.0, 4.0, around, around], rel=0.02)


def test_a_window_of_time_has_its_part_of_the_frequency():
    found = design_for(Driven()).in_windows(4).frequencies
    assert found == pytest.approx([0.0, 0.0, 3 * PI], rel=0.05)


def test_what_was_chosen_is_said_where_it_is_not_the_usual():
    said = " ".join(ki.PINN(problem=Plate()).choices)
    assert "the network covers: x 62." in said
