"""A network in another precision, against itself."""

import keras
import numpy as np
import pytest

import keras_isgd as ki


def _network(name):
    if name == "chosen":  # circles, a box of its own, scales of outputs
        return ki.PINN(problem=ki.problems.AllenCahn()).network
    features = ki.networks.periodic(2, {0: 2.0}) if name == "periodic" else None
    return ki.networks.mlp(2, width=6, depth=2, features=features, seed=0)


@pytest.mark.parametrize("name", ["plain", "periodic", "chosen"])
def test_it_computes_the_same_to_its_digits(name):
    network = _network(name)
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (20, 2))
    x[:, 1] = abs(x[:, 1])
    expected = network(x).numpy()
    small = ki.networks.in_precision(network, "float32")
    found = small(x.astype("float32")).numpy()
    assert {w.dtype for w in small.weights} == {"float32"}
    assert found.dtype == "float32"
    assert small.inputs[0].dtype == "float32"
    np.testing.assert_allclose(found, expected, atol=3e-6 * abs(expected).max())
    back = ki.networks.in_precision(small, "float64")
    assert back(x).numpy().dtype == "float64"
    np.testing.assert_allclose(back(x), expected, atol=3e-6 * abs(expected).max())


def test_the_copy_has_weights_of_its_own():
    network = _network("plain")
    before = network.get_weights()
    copy = ki.networks.in_precision(network, "float64")
    copy.set_weights([0.0 * w for w in before])
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_refusals():
    with pytest.raises(ValueError, match="float16"):
        ki.networks.in_precision(_network("plain"), "float16")
    with pytest.raises(TypeError, match="Dense"):
        ki.networks.in_precision(keras.layers.Dense(1), "float32")
    model = ki.PINN(problem=ki.problems.Heat())
    with pytest.raises(TypeError, match=r"model\.network"):
        ki.networks.in_precision(model, "float32")
