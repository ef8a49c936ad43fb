"""Features that are singular as solutions are in corners."""

import keras
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
from keras_isgd.networks import Corner, CornerFeatures, Jump, JumpFeatures
from keras_isgd.networks.row_factors import row_factor_of, singular_features

# No point of POINTS lies on the other side, where the angle jumps.
REENTRANT = Corner((0, 1), (0.0, 0.0), (2.0, 3.0), 0.7, 0.6, 2.0 / 3.0)
MIXED = Corner((1, 0), (1.1, 0.5), (1.0, 1.0), 1.0, np.pi, 0.5)


def expected(corner):
    a, b = (
        (POINTS[:, axis] - at) / length
        for axis, at, length in zip(corner.axes, corner.at, corner.lengths)
    )
    z = (a + 1j * corner.ratio * b) * np.exp(-1j * corner.middle)
    power = z**corner.exponent
    return np.stack([power.real, power.imag], axis=1)


def test_they_are_powers_of_the_distance_along_the_middle():
    layer = CornerFeatures([REENTRANT, MIXED], dtype="float64")
    both = np.concatenate([expected(REENTRANT), expected(MIXED)], axis=1)
    np.testing.assert_allclose(layer(POINTS), both, rtol=1e-9, atol=1e-11)
    assert layer.count == 4


def test_derivatives_agree_with_tapes():
    network = small(features=CornerFeatures([REENTRANT, MIXED], dtype="float64"))
    check_against_tapes(network, few_requests(1), tolerance=1e-10)


def test_they_solve_the_equation():
    # u_xx / 4 + 0.49 u_yy / 9 is a Laplacian in the coordinates of REENTRANT.
    layer = CornerFeatures([REENTRANT], dtype="float64")
    h = 1e-4
    steps = h * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    east, west, north, south = (layer(POINTS + step).numpy() for step in steps)
    middle = layer(POINTS).numpy()
    along = (east + west - 2.0 * middle) / h**2 * 4.0
    across = (north + south - 2.0 * middle) / h**2 * 9.0 / 0.49
    assert np.abs(along).max() > 0.1
    np.testing.assert_allclose(along, -across, atol=1e-5)


def test_rows_weigh_less_within_a_tenth_of_the_domain():
    layer = CornerFeatures([REENTRANT, MIXED], dtype="float64")
    x = np.array([[2.0 * r, 0.0] for r in (1e-3, 0.1)])
    found = layer.factor(tf.constant(x)).numpy()
    by_hand = [[(1e-4 / 1.0001) ** (1 / 3)], [0.5 ** (1 / 3)]]
    np.testing.assert_allclose(found, by_hand, rtol=1e-6)


def test_the_corner_itself_is_harmless():
    layer = CornerFeatures([REENTRANT], dtype="float64")
    x = tf.constant([REENTRANT.at], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = layer(x)
    np.testing.assert_allclose(found, 0.0, atol=1e-7)
    assert np.isfinite(tape.gradient(found, x)).all()
    assert layer.factor(x).numpy()[0, 0] < 1e-7


def test_layers_are_saved(tmp_path):
    network = small(features=CornerFeatures([REENTRANT, MIXED], dtype="float64"))
    again = saved_and_loaded(network, tmp_path)
    np.testing.assert_array_equal(again(POINTS), network(POINTS))
    assert again.layers[1].corners == [REENTRANT, MIXED]


def test_the_smallest_factor_of_a_network_counts():
    jump = Jump((0, 1), (1.0, 0.0), (1.0, 1.0), 1, 1.0, 2)
    corner = CornerFeatures([REENTRANT], dtype="float64")
    jumps = JumpFeatures([jump], dtype="float64")
    inner = keras.Input((2,), dtype="float64")
    x = keras.Input((2,), dtype="float64")
    joined = keras.layers.Concatenate(dtype="float64")(
        [corner(x), keras.Model(inner, jumps(inner))(x)]
    )
    network = keras.Model(x, joined)
    assert list(singular_features(network)) == [corner, jumps]
    at = tf.constant([[0.01, 0.0], [0.99, 0.0]], tf.float64)
    found = row_factor_of(network)(at).numpy()
    assert found[0, 0] == corner.factor(at)[0, 0] < jumps.factor(at)[0, 0]
    assert found[1, 0] == jumps.factor(at)[1, 0] < corner.factor(at)[1, 0]
    assert row_factor_of(small()) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"axes": (0, 0)}, "`axes`"),
        ({"axes": (0, -1)}, "`axes`"),
        ({"at": (0.0,)}, "two values"),
        ({"at": (np.nan, 0.0)}, "`corners`"),
        ({"lengths": (1.0, 0.0)}, "positive lengths"),
        ({"ratio": 0.0}, "`ratio`"),
        ({"exponent": 1.0}, "`exponent`"),
        ({"exponent": 0.0}, "`exponent`"),
        ({"middle": np.inf}, "`middle`"),
    ],
)
def test_refusals(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        CornerFeatures([REENTRANT._replace(**change)])


def test_none_and_a_coordinate_that_is_missing():
    with pytest.raises(ValueError, match="at least one `Corner`"):
        CornerFeatures([])
    with pytest.raises(ValueError, match="at least 3 coordinates"):
        CornerFeatures([REENTRANT._replace(axes=(0, 2))])(POINTS)


def test_they_are_public():
    assert ki.networks.CornerFeatures is CornerFeatures
