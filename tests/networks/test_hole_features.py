"""Features of the coordinates around holes."""

import numpy as np
import pytest
import tensorflow as tf
from structured_networks import (
    POINTS,
    check_against_tapes,
    few_requests,
    saved_and_loaded,
    small,
)

import keras_isgd as ki
from keras_isgd.networks import Hole, HoleFeatures

# Neither has a point of POINTS within.
HOLES = [Hole((-0.2, 0.3), 0.25), Hole((0.5, 1.4), 0.4)]


def test_a_hole_is_inverted_in_its_boundary():
    layer = HoleFeatures(HOLES, dtype="float64")
    angles = np.linspace(0.0, 6.0, 7)
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for number, hole in enumerate(HOLES):
        for ratio in (1.0, 2.0, 100.0):
            x = np.array(hole.centre) + ratio * hole.radius * around
            found = layer(x).numpy()[:, 2 * number : 2 * number + 2]
            np.testing.assert_allclose(found, 0.5 + 0.5 * around / ratio, rtol=1e-12)
    assert layer.count == layer(POINTS).shape[1] == 4


def test_derivatives_agree_with_tapes():
    network = small(features=HoleFeatures(HOLES, dtype="float64"))
    check_against_tapes(network, few_requests(1), tolerance=1e-10)


def test_columns_are_those_of_the_centres():
    turned = HoleFeatures([Hole((0.3, -0.2), 0.25)], [1, 0], dtype="float64")
    plain = HoleFeatures([HOLES[0]], dtype="float64")
    np.testing.assert_allclose(turned(POINTS), plain(POINTS).numpy()[:, ::-1])


def test_in_space():
    layer = HoleFeatures([((1.0, 2.0, 3.0), 0.5)], dtype="float64")
    found = layer(tf.constant([[1.0, 2.0, 4.0]], tf.float64))
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.75]])


def test_layers_are_saved(tmp_path):
    network = small(features=HoleFeatures(HOLES, dtype="float64"))
    again = saved_and_loaded(network, tmp_path)
    np.testing.assert_array_equal(again(POINTS), network(POINTS))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([],), "at least one `Hole`"),
        (([((0.0, np.nan), 1.0)],), "`holes`"),
        (([((0.0, 0.0), 0.0)],), "`radius`"),
        (([((0.0, 0.0), 1.0)], [0]), "`columns`"),
        (([((0.0, 0.0), 1.0)], [0, -1]), "`columns`"),
        (([((0.0, 0.0), 1.0), ((0.0,), 1.0)],), "`columns`"),
    ],
)
def test_refusals(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        HoleFeatures(*arguments)


def test_a_coordinate_that_is_missing():
    with pytest.raises(ValueError, match="at least 3 coordinates"):
        HoleFeatures([Hole((0.0, 0.0), 1.0)], [0, 2])(POINTS)


def test_they_are_public():
    assert ki.networks.HoleFeatures is HoleFeatures
