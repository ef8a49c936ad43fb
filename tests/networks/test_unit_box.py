"""Coordinates on the unit box, and networks for stretches of time."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.derivatives import tape, taylor
from keras_isgd.networks.time_windows import TimeWindows, in_windows
from keras_isgd.networks.unit_box import UnitBox

REQUESTS = frozenset({(0, ()), (0, (0,)), (0, (1,)), (0, (0, 0)), (0, (0, 1, 1))})


def _network(layer, seed=0):
    inner = ki.networks.mlp(2, 1, 6, 2, input_scale=2.0, seed=seed)
    x = keras.Input((2,), dtype="float64")
    return keras.Model(x, inner(layer(x)))


def _agree(network, x):
    found = taylor.derivatives(network, x, REQUESTS)
    expected = tape.derivatives(network, x, REQUESTS)
    for request in REQUESTS:
        np.testing.assert_allclose(
            found[request], expected[request], rtol=1e-9, atol=1e-9
        )


def test_taylor_mode_passes_a_unit_box():
    layer = UnitBox([-2.0, 1e3], [5.0, 3e3], dtype="float64")
    _agree(_network(layer), tf.constant([[-1.0, 1200.0], [4.5, 2999.0]], tf.float64))


def test_the_ends_are_mapped_to_zero_and_one():
    layer = UnitBox([-2.0, 1e3], [5.0, 3e3], dtype="float64")
    ends = tf.constant([[-2.0, 3e3], [5.0, 1e3]], tf.float64)
    np.testing.assert_allclose(layer(ends), [[0.0, 1.0], [1.0, 0.0]], atol=1e-12)
    layer.move(1, 3e3, 4e3)
    np.testing.assert_allclose(layer(ends)[:, 1], [0.0, -2.0], atol=1e-12)
    again = UnitBox.from_config(layer.get_config())
    assert again.lower == layer.lower
    assert layer.trainable_weights == []


@pytest.mark.parametrize(
    ("lower", "upper", "sentence"),
    [([0.0], [0.0], "lower < upper"), ([0.0, 1.0], [2.0], "d numbers each")],
)
def test_ends_out_of_order(lower, upper, sentence):
    with pytest.raises(ValueError, match=sentence):
        UnitBox(lower, upper)


def test_each_network_answers_in_its_own_time(tmp_path):
    layers = [UnitBox([0.0, 0.0], [1.0, 1.0], dtype="float64") for _ in range(3)]
    parts = [_network(layer, seed) for seed, layer in enumerate(layers)]
    for number, part in enumerate(parts):
        part.name = f"part_{number}"
    joined = in_windows(parts, 1, [0.5, 2.0])
    x = tf.constant([[0.3, 0.1], [0.3, 0.5], [0.3, 1.9], [0.3, 2.5]], tf.float64)
    expected = [parts[k](x).numpy()[i] for i, k in enumerate((0, 1, 1, 2))]
    np.testing.assert_array_equal(joined(x), expected)
    _agree(joined, x)
    joined.save(tmp_path / "joined.keras")
    again = keras.models.load_model(tmp_path / "joined.keras")
    np.testing.assert_array_equal(again(x), joined(x))
    assert in_windows(parts[:1], 1, []) is parts[0]


def test_times_out_of_order():
    with pytest.raises(ValueError, match="times in order"):
        TimeWindows(1, [2.0, 1.0])
    with pytest.raises(ValueError, match="one more than edges"):
        TimeWindows(1, [2.0])([tf.zeros((2, 2)), tf.zeros((2, 1))])
