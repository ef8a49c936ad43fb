"""Coefficients with bounds are read and assigned by their values."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki


class Decay(ki.Problem):
    coordinates = ("t",)
    domain = ki.Box(0.0, 1.0)
    coefficients = {
        "rate": ki.Coefficient(2.0, lower=0.5),
        "share": ki.Coefficient(0.3, lower=0.0, upper=1.0),
        "size": ki.Coefficient(1e-3, log=True),
        "free": 4.0,
    }

    def residual(self, u, x):
        terms = [u.coefficient(name) for name in self.coefficients]
        return u.d("t") + tf.add_n(terms) * u.value


@pytest.fixture
def model():
    return ki.PINN(ki.networks.mlp(1, width=3, depth=1, seed=0), Decay())


FIRST = {"rate": 2.0, "share": 0.3, "size": 1e-3, "free": 4.0}


def test_values_in_every_form(model):
    for name, value in FIRST.items():
        coefficient = model.coefficients[name]
        assert float(coefficient) == pytest.approx(value, rel=1e-14)
        assert coefficient.numpy() == pytest.approx(value)
        assert float(coefficient.value) == pytest.approx(value)
        assert float(tf.convert_to_tensor(coefficient)) == pytest.approx(value)
        assert float(tf.cast(coefficient, tf.float32)) == pytest.approx(value)
        assert np.asarray(coefficient) == pytest.approx(value)
        assert tuple(coefficient.shape) == ()
        assert coefficient.dtype == "float64"
    assert isinstance(model.coefficients["free"], keras.Variable)
    assert repr(model.coefficients["rate"]) == "<CoefficientValue rate = 2>"


@pytest.mark.parametrize(
    ("name", "value"), [("rate", 7.5), ("share", 0.9), ("size", 2)]
)
def test_what_is_assigned_is_what_the_residual_uses(model, name, value):
    others = sum(FIRST.values()) - FIRST[name]
    coefficient = model.coefficients[name]
    coefficient.assign(value)
    assert float(model.coefficients[name]) == pytest.approx(value)
    trained = {id(v) for v in model.trainable_variables}
    assert id(coefficient.variable) in trained
    x = np.array([[0.25], [0.5]])
    u = model.network(x)
    with tf.GradientTape() as tape:
        points = tf.constant(x)
        tape.watch(points)
        found = model.network(points)
    expected = tape.gradient(found, points) + (others + value) * u
    np.testing.assert_allclose(model.residual(x), expected, rtol=1e-10)


def test_bounds_are_kept(model):
    for name, value in (("rate", 0.5), ("share", 1.5), ("size", -1.0)):
        with pytest.raises(ValueError, match=f"coefficient {name!r}: Expected a value"):
            model.coefficients[name].assign(value)
        assert float(model.coefficients[name]) == pytest.approx(FIRST[name])
