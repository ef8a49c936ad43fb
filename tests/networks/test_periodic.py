"""Features that make a network periodic."""

import math

import numpy as np
import pytest
import tensorflow as tf
from structured_networks import (
    POINTS,
    all_requests,
    check_against_tapes,
    few_requests,
    saved_and_loaded,
    small,
)
from taylor_cases import compiled, disagreement, evaluate

from keras_isgd.derivatives import tape, taylor
from keras_isgd.networks import PeriodicFeatures, periodic


def test_features_are_coordinates_sines_and_cosines():
    features = periodic(2, {0: 3.0}, harmonics=2)
    z = 2 * np.pi / 3.0 * POINTS[:, :1]
    expected = [POINTS[:, 1:], np.sin(z), np.cos(z), np.sin(2 * z), np.cos(2 * z)]
    np.testing.assert_allclose(features(POINTS), np.hstack(expected), rtol=1e-12)
    assert features(POINTS).dtype == "float64"
    assert periodic(2, {0: 3.0}, dtype="float32")(POINTS).dtype == "float32"
    # A layer of all coordinates has no others.
    assert periodic(1, {0: 1.0}, 3)(POINTS[:, :1]).shape == (7, 6)


@pytest.mark.parametrize("periods", [{0: 3.0}, {1: 0.5}, {0: 3.0, 1: 0.5}])
def test_networks_are_periodic_with_their_derivatives(periods):
    features = periodic(2, periods, harmonics=2)
    network = small(features=features)
    shift = np.array([periods.get(0, 0.0), periods.get(1, 0.0)])
    np.testing.assert_allclose(network(POINTS + shift), network(POINTS), rtol=1e-11)
    requests = [(0, (0,)), (0, (0, 1)), (0, (1, 1, 1))]
    here, there = (
        taylor.derivatives(network, tf.constant(x), requests)
        for x in (POINTS, POINTS + shift)
    )
    for request in requests:
        size = np.max(np.abs(here[request]))
        np.testing.assert_allclose(
            there[request], here[request], rtol=0, atol=1e-11 * size
        )
    # Half of a period is none.
    assert np.max(np.abs(network(POINTS + shift / 2) - network(POINTS))) > 1e-3


@pytest.mark.parametrize("periods", [{0: 3.0}, {1: 0.5}, {0: 3.0, 1: 0.5}])
def test_derivatives_agree_with_tapes(periods):
    network = small(features=periodic(2, periods, harmonics=2))
    for requests in (all_requests(1), few_requests(1)):
        check_against_tapes(network, requests, tolerance=1e-11)


@pytest.mark.xla
def test_xla_compiles_values_and_gradients():
    network = small(features=periodic(2, {1: 2.0}))
    x, requests = tf.constant(POINTS), few_requests(1)
    expected = evaluate(tape, network, x, requests)
    for engine in (taylor, tape):
        found = compiled(engine, network, x, requests, jit=True)
        assert disagreement(found, expected) < 1e-11


def test_features_are_saved(tmp_path):
    network = small(features=periodic(2, {1: 0.5}, harmonics=3))
    loaded = saved_and_loaded(network, tmp_path)
    np.testing.assert_array_equal(loaded(POINTS), network(POINTS))
    layer = PeriodicFeatures([None, 0.5], harmonics=3, dtype="float64", name="waves")
    again = PeriodicFeatures.from_config(layer.get_config())
    assert again.name == "waves"
    np.testing.assert_array_equal(again(POINTS), layer(POINTS))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, {0: 1.0}), "`inputs` to be a whole number"),
        ((2, {}), "a dictionary of periods"),
        ((2, [1.0, 1.0]), "a dictionary of periods"),
        ((2, {2: 1.0}), "coordinates from 0 to 1 in `periods`, got 2"),
        ((2, {"x": 1.0}), "coordinates from 0 to 1 in `periods`, got 'x'"),
        ((2, {0: 0.0}), "`period` to be a positive finite"),
        ((2, {0: math.inf}), "`period` to be a positive finite"),
        ((2, {0: 1.0}, 0), "`harmonics` to be a whole number"),
    ],
)
def test_wrong_arguments(arguments, words):
    with pytest.raises(ValueError, match=words):
        periodic(*arguments)


def test_another_number_of_coordinates():
    with pytest.raises(ValueError, match=r"Expected 2 coordinates, .* got 1"):
        periodic(2, {0: 1.0})(POINTS[:, :1])
    with pytest.raises(ValueError, match="at least one period"):
        PeriodicFeatures([None, None])
