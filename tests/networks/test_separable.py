"""Sums of products of functions of one coordinate each."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.derivatives import tape, taylor
from keras_isgd.derivatives.channels import plan
from keras_isgd.derivatives.jet import coordinates
from keras_isgd.derivatives.rules import through
from keras_isgd.models.default_network import default_network, design_for
from keras_isgd.networks.unit_box import UnitBox
from keras_isgd.networks.widen import widened

GROUPS = [[0], [1, 2], [3]]


def points_of(count, seed=0, rows=9):
    return np.random.default_rng(seed).random((rows, count))


def test_it_is_the_sum_of_products_that_it_says():
    network = ki.networks.separable(4, 2, width=5, groups=GROUPS, seed=3)
    x = points_of(4)
    product = np.ones((9, 5))
    for number, columns in enumerate(GROUPS):
        first = network.get_layer(f"hidden_{number}").get_weights()
        second = network.get_layer(f"factor_{number}").get_weights()
        hidden = np.tanh(x[:, columns] @ first[0] + first[1])
        product = product * np.tanh(hidden @ second[0] + second[1])
    kernel, bias = network.get_layer("u").get_weights()
    np.testing.assert_allclose(network(x), product @ kernel + bias, rtol=1e-13)


def test_its_derivatives_are_those_of_tapes():
    network = ki.networks.separable(3, seed=1)
    x = tf.constant(points_of(3))
    asked = [(0, (0, 1)), (0, (2, 2)), (0, (0, 0)), (0, (0, 1, 2))]
    fast = taylor.derivatives(network, x, asked)
    slow = tape.derivatives(network, x, asked)
    for name in asked:
        np.testing.assert_allclose(fast[name], slow[name], rtol=1e-10, atol=1e-13)
    assert taylor.passage(network, [(0, 0)]).complete


def carried(layers, column):
    """The derivatives that a function of one column carries behind some layers."""
    x = keras.Input((3,), dtype="float64")
    inner = x
    for layer in layers:
        inner = layer(inner)
    network = keras.Model(x, ki.networks.Columns([column], dtype="float64")(inner))
    names = plan([(0, 0), (1, 1), (2,)])
    jet = through(network, coordinates(tf.constant(points_of(3)), names))
    return set(jet.channels)


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [],
        lambda: [UnitBox([0.0, -1.0, 0.0], [2.0, 1.0, 5.0], dtype="float64")],
        lambda: [keras.layers.Rescaling([2.0] * 3, [1.0] * 3, dtype="float64")],
    ],
)
def test_a_factor_carries_derivatives_in_its_own_coordinate_alone(layers):
    assert carried(layers(), 0) == {(), (0,)}
    assert carried(layers(), 2) == {(), (2,)}


def test_behind_a_circle_a_factor_carries_its_own_derivatives_alone():
    circle = ki.networks.PeriodicFeatures([None, 1.0, None], dtype="float64")
    # Columns: x, t, sin and cos of y.
    assert carried([circle], 1) == {(), (2,)}
    assert carried([circle], 3) == {(), (1,), (1, 1)}


def test_a_wider_one_begins_as_the_same_function():
    narrow, wide = (ki.networks.separable(3, 2, width=w, seed=w) for w in (4, 7))
    wide.set_weights(widened(narrow.get_weights(), wide.get_weights()))
    x = points_of(3)
    np.testing.assert_allclose(wide(x), narrow(x), rtol=1e-13)


def test_it_comes_back_from_a_file(tmp_path):
    network = ki.networks.separable(3, groups=[[0], [1, 2]], seed=0)
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    x = points_of(3)
    np.testing.assert_array_equal(again(x), network(x))


def test_seeds_give_weights():
    x = points_of(3)
    values = [np.asarray(ki.networks.separable(3, seed=s)(x)) for s in (0, 0, 1)]
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.allclose(values[0], values[2])


@pytest.mark.parametrize(
    "groups", [[[0], [1]], [[0], [1], [1, 2]], [[0, 1, 2], []], [[0], [1], [2.0]]]
)
def test_groups_that_are_no_partition_are_refused(groups):
    with pytest.raises(ValueError, match="in one group"):
        ki.networks.separable(3, groups=groups)


def test_sizes_and_types_out_of_range_are_refused():
    with pytest.raises(ValueError, match="width"):
        ki.networks.separable(3, width=0)
    with pytest.raises(ValueError, match="dtype"):
        ki.networks.separable(3, dtype="float16")
    with pytest.raises(ValueError, match="input_scale"):
        ki.networks.separable(3, input_scale=-1.0)
    with pytest.raises(ValueError, match="one for each of the 3 inputs"):
        ki.networks.separable(3, input_scale=[1.0, 2.0])


class Carried(ki.Problem):
    """Carried around in x, and spread in y."""

    coordinates = ("x", "y", "t")
    domain = ki.geometry.Box([0.0, 0.0], [2.0, 1.0]) * ki.geometry.Interval(0.0, 1.0)

    def residual(self, u, x):
        return u.d("t") + u.d("x") - 0.1 * u.d("y", "y")

    def conditions(self):
        def first(x):
            return tf.sin(np.pi * x[:, :1]) * tf.sin(np.pi * x[:, 1:2])

        return [
            ki.Periodic("x"),
            ki.Dirichlet(("y_min", "y_max")),
            ki.Initial(first),
        ]


def test_a_design_makes_one_of_about_as_many_weights():
    design = design_for(Carried())
    other = design.as_separable()
    assert (other.separable, design.separable) == (True, False)
    assert design.periodic == (0,)
    count = design.network(24).count_params()
    width = other.separable_width(24)
    network = other.network(width)
    assert 0.8 < network.count_params() / count < 1.25
    with pytest.raises(ValueError, match="two hidden layers"):
        other.network(width, depth=3)
    inner = network.get_layer("separable")
    kernels = [inner.get_layer(f"hidden_{k}").kernel.shape for k in range(3)]
    assert kernels == [(1, width), (1, width), (2, width)]
    # It is as periodic, and starts as small, as a fully connected one.
    x = points_of(3) * [0.0, 1.0, 1.0]
    there = x + np.array([2.0, 0.0, 0.0])
    np.testing.assert_allclose(network(there), network(x), atol=1e-12)
    assert np.abs(network(x)).max() < 0.2


def test_two_coordinates_six_and_features_have_no_separable_network():
    class Plate(ki.Problem):
        coordinates = ("x", "y")
        domain = ki.geometry.Box([0.0, 0.0], [1.0, 1.0])

        def residual(self, u, x):
            return u.laplacian() + 1.0

        def conditions(self):
            return [ki.Dirichlet()]

    class Cube(Plate):
        coordinates = ("x", "y", "z")
        domain = ki.geometry.Box([0.0] * 3, [1.0] * 3)

    class HotFace(Cube):
        def conditions(self):
            sides = ("x_min", "x_max", "y_min", "y_max", "z_min")
            return [ki.Dirichlet("z_max", 1.0), ki.Dirichlet(sides)]

    class Six(Plate):
        coordinates = tuple("abcdef")
        domain = ki.geometry.Box([0.0] * 6, [1.0] * 6)

    assert design_for(Plate()).as_separable() is None
    assert design_for(Six()).as_separable() is None
    assert design_for(Cube()).as_separable() is not None
    assert design_for(HotFace()).as_separable() is None
    assert default_network(Cube()).get_layer("mlp") is not None
