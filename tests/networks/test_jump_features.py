"""Features with which a network jumps in a point."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from structured_networks import POINTS, check_against_tapes, few_requests, small

import keras_isgd as ki
from keras_isgd.networks import Jump, JumpFeatures

# All points are on the domain's side of (-3, 4).
CORNER = Jump((0, 1), (-3.0, 4.0), (2.0, -5.0), 1, 0.5, 2)
LAYER = Jump((0, 1), (-3.0, -4.0), (2.0, 5.0), 2, 0.8, 2)
BEAM = Jump((0, 1), (-3.0, -4.0), (2.0, 5.0), 4, 0.8, 4)


def distances(jump):
    return [
        (POINTS[:, axis] - at) / length
        for axis, at, length in zip(jump.axes, jump.at, jump.lengths)
    ]


def test_a_corner_has_the_cosine_and_the_sine_of_its_angle():
    a, b = distances(CORNER)
    angle = np.arctan2(0.5 * b, a)
    found = JumpFeatures([CORNER], dtype="float64")(POINTS)
    expected = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("jump", [LAYER, BEAM])
def test_what_spreads_has_its_similarity_variable(jump):
    a, b = distances(jump)
    z = a / (0.8 * b) ** (1.0 / jump.power)
    expected = z / (1.0 + z**jump.power) ** (1.0 / jump.power)
    found = JumpFeatures([jump], dtype="float64")(POINTS)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-9)


def test_where_slopes_jump_there_is_the_width_too():
    jump = LAYER._replace(derivative=1)
    a, b = distances(jump)
    r = np.sqrt(a**2 + 0.8 * b)
    layer = JumpFeatures([jump, CORNER], dtype="float64")
    found = layer(POINTS).numpy()
    np.testing.assert_allclose(found[:, :2], np.stack([a / r, r], axis=1), rtol=1e-9)
    assert found.shape[1] == layer.count == 4
    (alone,) = JumpFeatures([jump], dtype="float64").factor(tf.constant(POINTS[:1]))
    assert alone.numpy()[0] == pytest.approx(r[0] / np.sqrt(r[0] ** 2 + 0.01))


SLOPE = LAYER._replace(derivative=1)


@pytest.mark.parametrize("jumps", [[CORNER], [LAYER], [BEAM], [SLOPE], [CORNER, LAYER]])
def test_derivatives_agree_with_tapes(jumps):
    network = small(features=JumpFeatures(jumps, dtype="float64"))
    check_against_tapes(network, few_requests(1), tolerance=1e-10)


def test_distances_from_a_shape():
    disk = ki.geometry.Disk((0.3, -0.2), 9.0)
    jump = Jump((-1, 0), (0.0, -4.0), (3.0, 5.0), 2, 0.8, 2)
    # The shape's coordinates are the second and the first one.
    layer = JumpFeatures([jump], [disk], [1, 0], dtype="float64")
    a = disk.smooth_distance(tf.constant(POINTS[:, ::-1].copy())).numpy()[:, 0] / 3.0
    b = (POINTS[:, 0] + 4.0) / 5.0
    expected = a / np.sqrt(a**2 + 0.8 * b)
    np.testing.assert_allclose(layer(POINTS)[:, 0], expected, rtol=1e-9)
    network = small(features=layer)
    check_against_tapes(network, few_requests(1), tolerance=1e-10)
    again = JumpFeatures.from_config(layer.get_config())
    np.testing.assert_array_equal(again(POINTS), layer(POINTS))


def test_rows_weigh_less_within_a_tenth_of_the_domain():
    layer = JumpFeatures([CORNER, LAYER], dtype="float64")
    # Below, the first one is 2 away, and the second one at distances along x.
    x = np.array([[-3.0 + 2.0 * r, -4.0] for r in (1e-3, 0.1, 1.0)])
    found = layer.factor(tf.constant(x)).numpy()
    np.testing.assert_allclose(found, [[1e-4 / 1.0001], [0.5], [1 / 1.01]], rtol=1e-5)


def test_the_place_itself_is_harmless():
    layer = JumpFeatures([CORNER, LAYER], dtype="float64")
    for jump in layer.jumps:
        x = tf.constant([jump.at], tf.float64)
        assert np.isfinite(layer(x)).all()
        assert layer.factor(x).numpy()[0, 0] < 1e-9


def test_layers_are_saved_and_found(tmp_path):
    network = small(features=JumpFeatures([CORNER, BEAM], dtype="float64"))
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again(POINTS), network(POINTS))


@pytest.mark.parametrize(
    ("jumps", "sentence"),
    [
        ([], "at least one `Jump`"),
        ([CORNER._replace(axes=(0, 0.5))], "two coordinates"),
        ([CORNER._replace(axes=(0,))], "two coordinates"),
        ([CORNER._replace(axes=(-1, 0))], "two coordinates"),
        ([CORNER._replace(lengths=(0.0, 1.0))], "two coordinates"),
        ([CORNER._replace(at=(np.nan, 1.0))], "`jumps`"),
        ([CORNER._replace(power=0)], "`power`"),
        ([CORNER._replace(ratio=-1.0)], "`ratio`"),
        ([CORNER._replace(order=0)], "`order`"),
        ([CORNER._replace(derivative=1)], "`derivative`"),
        ([LAYER._replace(derivative=2)], "`derivative`"),
    ],
)
def test_refusals(jumps, sentence):
    with pytest.raises(ValueError, match=sentence):
        JumpFeatures(jumps)


@pytest.mark.parametrize(
    ("shapes", "columns"), [([], [0]), ([ki.geometry.Disk((0.0, 0.0), 1.0)], [1])]
)
def test_columns_that_no_shape_has(shapes, columns):
    with pytest.raises(ValueError, match="`columns`"):
        JumpFeatures([CORNER], shapes, columns)


def test_a_coordinate_that_is_missing():
    with pytest.raises(ValueError, match="at least 3 coordinates"):
        JumpFeatures([CORNER._replace(axes=(0, 2))])(POINTS)


def test_they_are_public():
    assert ki.networks.JumpFeatures is JumpFeatures
