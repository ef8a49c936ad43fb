"""Features that decay as solutions do in boundary layers."""

import numpy as np
import pytest
import tensorflow as tf
from structured_networks import (
    POINTS,
    UP_TO_FOUR,
    check_against_tapes,
    saved_and_loaded,
    small,
)

import keras_isgd as ki
from keras_isgd.networks import BoundaryLayer, BoundaryLayerFeatures
from keras_isgd.networks.row_factors import row_factor_of

LEFT = BoundaryLayer(0, 0.0, 1, 3.0)
TOP = BoundaryLayer(1, 1.0, -1, 2.0, 5.0, 9.0)


def test_they_decay_away_from_the_face():
    layer = BoundaryLayerFeatures([LEFT, TOP], dtype="float64")
    x, away = POINTS[:, 0], 1.0 - POINTS[:, 1]
    waves = np.exp(-(2.0 - 5.0j) * away)
    by_hand = np.stack([np.exp(-3.0 * x), waves.real, waves.imag], axis=1)
    np.testing.assert_allclose(layer(POINTS), by_hand, rtol=1e-12)
    assert layer.count == 3
    assert (LEFT.end, TOP.end) == (8.0 / 3.0, -3.0)


def test_derivatives_agree_with_tapes():
    network = small(features=BoundaryLayerFeatures([LEFT, TOP], dtype="float64"))
    requests = frozenset((0, name) for name in UP_TO_FOUR)
    check_against_tapes(network, requests, tolerance=1e-10)


def test_rows_of_the_equation_weigh_less_in_a_layer():
    network = small(features=BoundaryLayerFeatures([TOP], dtype="float64"))
    x = tf.constant([[0.3, 1.0], [0.3, 0.5]], tf.float64)
    by_hand = [[0.1], [1.0 / (1.0 + 9.0 * np.exp(-1.0))]]
    np.testing.assert_allclose(row_factor_of(network)(x), by_hand, rtol=1e-12)
    assert row_factor_of(network, equation=False) is None


def test_layers_are_saved(tmp_path):
    network = small(features=BoundaryLayerFeatures([LEFT, TOP], dtype="float64"))
    again = saved_and_loaded(network, tmp_path)
    np.testing.assert_array_equal(again(POINTS), network(POINTS))
    assert again.layers[1].boundary_layers == [LEFT, TOP]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"axis": -1}, "coordinate's number"),
        ({"at": np.nan}, "coordinate's number"),
        ({"side": 0}, "`side`"),
        ({"rate": 0.0}, "`rate`"),
        ({"wave": -1.0}, "`wave`"),
        ({"growth": np.inf}, "`growth`"),
    ],
)
def test_refusals(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        BoundaryLayerFeatures([LEFT._replace(**change)])


def test_none_and_a_coordinate_that_is_missing():
    with pytest.raises(ValueError, match="at least one `BoundaryLayer`"):
        BoundaryLayerFeatures([])
    with pytest.raises(ValueError, match="at least 3 coordinates"):
        BoundaryLayerFeatures([LEFT._replace(axis=2)])(POINTS)


def test_they_are_public():
    assert ki.networks.BoundaryLayerFeatures is BoundaryLayerFeatures
