"""`predict` with the values of parameters by name."""

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki

X = np.random.default_rng(2).uniform(size=(9, 2))


class Decay(ki.Problem):
    coordinates = ("x", "t")
    parameters = {"k": (0.2, 1.0), "m": (-1.0, 1.0)}
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))

    def residual(self, u, x):
        return u.d("t") + u.parameter("k") * u.value


@pytest.fixture(scope="module")
def model():
    return ki.PINN(ki.networks.mlp(4, width=5, depth=1, seed=0), Decay())


def beside(k, m):
    """The network itself at points with two further columns."""
    columns = [np.broadcast_to(np.ravel(v), 9)[:, None] for v in (k, m)]
    return np.concatenate([X, *columns], axis=1)


@pytest.mark.parametrize(
    ("k", "m"),
    [(0.5, -1), (np.linspace(0.2, 1.0, 9), 0.0), (0.2, np.linspace(-1, 1, 9)[:, None])],
)
def test_values_by_name(model, k, m):
    expected = model.network(beside(k, m))
    found = model.predict(X, m=m, k=k, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    whole = model.predict(beside(k, m), verbose=0, batch_size=4)
    np.testing.assert_allclose(whole, expected, rtol=1e-12)


def test_batches_of_a_dataset(model):
    batches = tf.data.Dataset.from_tensor_slices(X).batch(4)
    found = model.predict(batches, k=0.5, m=0.25, verbose=0)
    np.testing.assert_allclose(found, model.network(beside(0.5, 0.25)), rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "arguments", "words"),
    [
        (X, {"k": 0.5}, "each parameter of Decay: m is missing, such as m=0"),
        (X, {"k": 0.5, "m": 0.0, "c": 1.0}, "Unknown 'c': the parameters .* k, m"),
        (X, {"k": 1.01, "m": 0.0}, "between 0.2 and 1, where .* trained; got 1.01"),
        (X, {"k": np.ones(8), "m": 0.0}, r"for each of 9 points, got shape \(8,\)"),
        (X, {"k": "a", "m": 0.0}, "The parameter 'k'"),
        (X, {"k": np.nan, "m": 0.0}, "NaN"),
        (X, {}, r"Expected points \(n, 4\).*by name: k, m"),
        (X[:, :1], {"k": 0.5, "m": 0.0}, r"Expected points \(n, 2\) beside"),
        (beside(0.5, 0.0), {"k": 0.5, "m": 0.0}, r"Expected points \(n, 2\) beside"),
    ],
)
def test_what_does_not_fit_is_refused(model, x, arguments, words):
    with pytest.raises(ValueError, match=words):
        model.predict(x, verbose=0, **arguments)


def test_the_ends_of_a_range_belong_to_it(model):
    for k in (np.float32(0.2), 1.0):
        model.predict(X, k=k, m=1, verbose=0)


def test_a_problem_without_parameters_knows_none():
    problem = ki.problems.Helmholtz2D()
    plain = ki.PINN(ki.networks.mlp(2, width=3, depth=1, seed=0), problem)
    with pytest.raises(ValueError, match="Unknown 'k': the parameters of Helmholtz2D"):
        plain.predict(X, k=0.5, verbose=0)
