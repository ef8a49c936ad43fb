"""Wider networks that begin as the same function."""

import numpy as np
import pytest

from keras_isgd.networks import mlp
from keras_isgd.networks.widen import widened


def networks(depth=2):
    arguments = {"inputs": 2, "outputs": 2, "depth": depth, "input_scale": 4.0}
    return [mlp(width=w, seed=w, **arguments) for w in (5, 8)]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_wider_network_is_the_same_function(depth):
    narrow, wide = networks(depth)
    x = np.random.default_rng(0).uniform(size=(50, 2))
    before = wide.predict(x, verbose=0)
    wide.set_weights(widened(narrow.get_weights(), wide.get_weights()))
    expected = narrow.predict(x, verbose=0)
    assert np.abs(before - expected).max() > 1e-3
    np.testing.assert_allclose(wide.predict(x, verbose=0), expected, rtol=1e-13)


def test_new_units_are_heard_as_soon_as_their_weights_change():
    narrow, wide = networks()
    weights = widened(narrow.get_weights(), wide.get_weights())
    wide.set_weights(weights)
    x = np.random.default_rng(0).uniform(size=(50, 2))
    before = wide.predict(x, verbose=0)
    weights[-2][5:] = 0.1
    wide.set_weights(weights)
    assert np.std(wide.predict(x, verbose=0) - before) > 1e-3


def test_neither_argument_changes():
    narrow, wide = (network.get_weights() for network in networks())
    copies = [w.copy() for w in narrow + wide]
    widened(narrow, wide)
    assert all(np.array_equal(a, b) for a, b in zip(copies, narrow + wide))


@pytest.mark.parametrize("depth", [1, 3])
def test_other_layers_are_refused(depth):
    with pytest.raises(ValueError, match="same layers"):
        widened(networks(2)[0].get_weights(), networks(depth)[1].get_weights())


def test_a_narrower_one_is_refused():
    narrow, wide = networks()
    with pytest.raises(ValueError, match="at least as wide"):
        widened(wide.get_weights(), narrow.get_weights())
