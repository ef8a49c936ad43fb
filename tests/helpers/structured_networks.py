"""Networks of parts and hard conditions for tests, and exact derivatives of them."""

import itertools

import keras
import mpmath
import numpy as np
import tensorflow as tf
from taylor_cases import disagreement, evaluate, evaluate_by_uses

import keras_isgd as ki
from keras_isgd.derivatives import laplacian, tape, taylor

POINTS = np.random.default_rng(3).uniform(0.1, 0.9, (7, 2))
UP_TO_FOUR = [
    name
    for order in range(5)
    for name in itertools.combinations_with_replacement(range(2), order)
]
LAPLACIAN = laplacian((0, 1))


@keras.saving.register_keras_serializable("tests")
class Strip:
    """0 < x < 1, all y, as a geometry of one or two dimensions."""

    def __init__(self, dimension=1):
        self.dimension = dimension

    def smooth_distance(self, x):
        return x[:, 0:1] * (1.0 - x[:, 0:1])

    def get_config(self):
        return {"dimension": self.dimension}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable("tests")
def linear_in_n(x, N):
    return x[:, 0:1] * (1.0 - x[:, 0:1]) * tf.exp(x[:, 1:2]) * N + tf.sin(x[:, 0:1])


def small(inputs=2, outputs=1, seed=0, **arguments):
    """An mlp whose derivatives are neither small nor large."""
    arguments = {"width": 4, "depth": 1, **arguments}
    network = ki.networks.mlp(inputs, outputs, seed=seed, **arguments)
    rng = np.random.default_rng(seed)
    for weight in network.trainable_variables:
        fan = weight.shape[0] if len(weight.shape) > 1 else 4
        weight.assign(rng.normal(size=weight.shape) / np.sqrt(fan))
    return network


def tanh_unit(a, b, c, names=2):
    """tanh(a x + b y + c) as a network, and as a function of mpmath's numbers."""
    x = keras.Input((2,), dtype="float64")
    unit = keras.layers.Dense(1, "tanh", dtype="float64")
    network = keras.Model(x, unit(x), name="unit")
    unit.set_weights([np.array([[a], [b]]), np.array([c])])
    return network, lambda x, y: mpmath.tanh(a * x + b * y + c)


def exact(function, name, points=POINTS):
    """A derivative of `function(x, y)` at points, `(n, 1)`, by 40 digits."""
    orders = name.count(0), name.count(1)
    with mpmath.workdps(40):
        values = [
            mpmath.diff(function, tuple(map(mpmath.mpf, point)), orders)
            if name
            else function(*map(mpmath.mpf, point))
            for point in points.tolist()
        ]
    return np.array([[float(value)] for value in values])


def check_against_tapes(network, requests, x=POINTS, tolerance=1e-12):
    """Derivatives and the gradients of a function of them, in two ways."""
    x = tf.constant(x)
    expected = evaluate(tape, network, x, requests)
    for way in (evaluate, evaluate_by_uses):
        found = way(taylor, network, x, requests)
        assert disagreement(found, expected) < tolerance


def all_requests(outputs):
    """All derivatives up to the fourth order, and Laplacians, of each output."""
    return [(c, name) for c in range(outputs) for name in [*UP_TO_FOUR, LAPLACIAN]]


def few_requests(outputs):
    """First derivatives and a Laplacian, which is then carried as one channel."""
    return [(c, name) for c in range(outputs) for name in [(), (0,), (1,), LAPLACIAN]]


def saved_and_loaded(network, path):
    network.save(path / "network.keras")
    return keras.saving.load_model(path / "network.keras")
