"""What outputs have that grow where others jump in a corner."""

import keras
import numpy as np
import pytest
from structured_networks import POINTS, check_against_tapes, few_requests, small

from keras_isgd.networks import Jump
from keras_isgd.networks.jump_poles import JumpPoles

CORNER = Jump((0, 1), (-3.0, 4.0), (2.0, -5.0), 1, 0.5, 2)
OTHER = Jump((1, 0), (-4.0, 3.5), (5.0, -2.0), 1, 2.0, 2)


def poles(jumps=(CORNER, OTHER), outputs=3, columns=(2,), sizes=(7.0,)):
    layer = JumpPoles(jumps, outputs, columns, sizes, dtype="float64")
    layer.build((None, 2))
    return layer


def test_each_corner_has_the_cosine_and_the_sine_over_the_distance():
    layer = poles()
    layer.kernel.assign([[1.0], [10.0], [100.0], [1000.0]])
    a, b = (POINTS[:, 0] + 3.0) / 2.0, 0.5 * (POINTS[:, 1] - 4.0) / -5.0
    c, d = (POINTS[:, 1] + 4.0) / 5.0, 2.0 * (POINTS[:, 0] - 3.5) / -2.0
    expected = (a + 10.0 * b) / (a**2 + b**2)
    expected += (100.0 * c + 1000.0 * d) / (c**2 + d**2)
    found = layer(POINTS).numpy()
    np.testing.assert_allclose(found[:, 2], 7.0 * expected, rtol=1e-9)
    np.testing.assert_array_equal(found[:, :2], 0.0)


def test_they_are_nothing_at_first():
    np.testing.assert_array_equal(poles()(POINTS), 0.0)


def test_the_pressure_of_a_corner_flow_is_among_them():
    # Stokes' flow with psi = r theta (C cos theta + D sin theta), Taylor's scraper: its
    # pressure gradient is the Laplacian of the velocity, by finite differences here.
    corner = CORNER._replace(at=(0.0, 0.0), lengths=(1.0, 1.0), ratio=1.0)
    layer = poles([corner], 1, (0,), (1.0,))
    h = 1e-3

    def psi(x, y):
        return np.arctan2(y, x) * (0.7 * x - 0.4 * y)

    def velocity(x, y):
        u = (psi(x, y + h) - psi(x, y - h)) / (2.0 * h)
        return np.array([u, (psi(x - h, y) - psi(x + h, y)) / (2.0 * h)])

    def laplacian(x, y):
        around = [(x + h, y), (x - h, y), (x, y + h), (x, y - h)]
        return (sum(velocity(*at) for at in around) - 4.0 * velocity(x, y)) / h**2

    def slopes(x, y, coefficients):
        layer.kernel.assign(np.reshape(coefficients, (2, 1)))
        steps = h * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        p = layer(np.array([x, y]) + steps).numpy()[:, 0]
        return np.array([p[0] - p[1], p[2] - p[3]]) / (2.0 * h)

    at, elsewhere = (0.3, 0.5), (0.8, 0.2)
    each = [slopes(*at, c) for c in ([1.0, 0.0], [0.0, 1.0])]
    found = np.linalg.solve(np.transpose(each), laplacian(*at))
    assert np.linalg.norm(found) > 1.0
    expected = laplacian(*elsewhere)
    np.testing.assert_allclose(slopes(*elsewhere, found), expected, rtol=1e-3)


def test_derivatives_agree_with_tapes():
    x = keras.Input((2,), dtype="float64")
    layer = poles(outputs=2, columns=(1, 0), sizes=(7.0, 0.5))
    network = keras.Model(x, keras.layers.Add(dtype="float64")([small()(x), layer(x)]))
    layer.kernel.assign(np.random.default_rng(0).normal(size=(4, 2)))
    check_against_tapes(network, few_requests(2), tolerance=1e-10)


def test_the_corner_itself_is_harmless():
    layer = poles()
    layer.kernel.assign(np.ones((4, 1)))
    assert np.isfinite(layer(np.array([CORNER.at]))).all()


def test_they_are_saved(tmp_path):
    x = keras.Input((2,), dtype="float64")
    network = keras.Model(x, poles()(x))
    network.layers[-1].kernel.assign(np.random.default_rng(0).normal(size=(4, 1)))
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again(POINTS), network(POINTS))


LAYER = CORNER._replace(power=2)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"jumps": []}, "at least one `Jump`"),
        ({"jumps": [LAYER]}, "power 1"),
        ({"outputs": 0}, "`outputs`"),
        ({"columns": ()}, "`columns`"),
        ({"columns": (3,)}, "`columns`"),
        ({"columns": (-1,)}, "`columns`"),
        ({"sizes": (1.0, 2.0)}, "`sizes`"),
        ({"sizes": (0.0,)}, "`sizes`"),
    ],
)
def test_refusals(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        poles(**arguments)
