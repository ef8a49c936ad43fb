"""Random networks and requests for Taylor mode, and what it is compared by."""

import itertools
from typing import NamedTuple

import keras
import mpmath
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

from keras_isgd import networks
from keras_isgd.derivatives import laplacian


def _gelu(z):
    # TensorFlow's own 1 / sqrt(2)
    return z * mpmath.erfc(-z * float(np.float32(np.sqrt(0.5)))) / 2


def _sigmoid(z):
    return 1 / (1 + mpmath.exp(-z))


# Keras's activations by name.
EXACT = {
    "linear": lambda z: z,
    "tanh": mpmath.tanh,
    "sine": mpmath.sin,
    "sigmoid": _sigmoid,
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "gelu": _gelu,
    "swish": lambda z: z * _sigmoid(z),
    "exponential": mpmath.exp,
    "log_sigmoid": lambda z: mpmath.log(_sigmoid(z)),
    "tanh_shrink": lambda z: z - mpmath.tanh(z),
}
ACTIVATIONS = list(EXACT)
_ZERO = tf.UnconnectedGradients.ZERO
FEATURES = ["none", "frozen", "trained"]
BLOCKS = {}


def block(function):
    """Registers `function(h, x, dense, make, width, activation) -> tensor`."""
    BLOCKS[function.__name__] = function
    return function


@block
def plain(h, x, dense, make, width, activation):
    return dense(width, activation)(h)


@block
def residual(h, x, dense, make, width, activation):
    h = dense(width)(h)
    return make("Add")([h, dense(width, activation)(h)])


@block
def repeated(h, x, dense, make, width, activation):
    # One unit is added to several, which have no second derivatives. Not for as many
    # points as units: Keras then takes it for a bias and adds it to each row.
    one = dense(1, activation)(h)
    many = make("Add")([dense(width)(x), one])
    return dense(2)(many) + dense(2)(one + np.linspace(0.1, 0.7, width))


@block
def subtracted(h, x, dense, make, width, activation):
    return make("Subtract")([dense(width, activation)(h), dense(width)(x)])


@block
def averaged(h, x, dense, make, width, activation):
    return make("Average")([dense(width, activation)(h) for _ in range(3)])


@block
def multiplied(h, x, dense, make, width, activation):
    return make("Multiply")([dense(width, activation)(h), dense(width, "tanh")(x)])


@block
def joined(h, x, dense, make, width, activation):
    return make("Concatenate")([dense(width, activation)(h), x, dense(2)(h)])


@block
def rescaled(h, x, dense, make, width, activation):
    return make("Rescaling", 0.3, -0.1)(dense(width, activation)(h))


@block
def activated(h, x, dense, make, width, activation):
    return make("Activation", named(activation))(make("Identity")(dense(width)(h)))


@block
def trained_sine(h, x, dense, make, width, activation):
    h = dense(width, activation)(h)
    return networks.TrainableSine(dtype=h.dtype)(h)


@block
def shared(h, x, dense, make, width, activation):
    layer = dense(width, activation)
    return layer(layer(dense(width)(h)))


@block
def calculated(h, x, dense, make, width, activation):
    h, gate = dense(width, activation)(h), keras.ops.sin(dense(width)(x))
    return 1.0 - h * gate + 0.3 * h - np.linspace(0.1, 0.7, width)


@block
def nested(h, x, dense, make, width, activation):
    inner = keras.Input((h.shape[-1],), dtype=h.dtype)
    twice = make("Concatenate")([dense(width, activation)(inner), inner])
    sequence = keras.Sequential([dense(width, "tanh"), dense(width, activation)])
    return sequence(keras.Model(inner, twice)(h))


class Case(NamedTuple):
    """A random network; `blocks` are (name, width, activation)."""

    inputs: int
    outputs: int
    features: str
    blocks: list
    freeze: bool
    seed: int


_SMALL = st.integers(1, 3)
CASES = st.builds(
    Case,
    inputs=_SMALL,
    outputs=_SMALL,
    features=st.sampled_from(FEATURES),
    blocks=st.lists(
        st.tuples(
            st.sampled_from(sorted(BLOCKS)),
            st.integers(1, 7),
            st.sampled_from(ACTIVATIONS),
        ),
        min_size=1,
        max_size=3,
    ),
    freeze=st.booleans(),
    seed=st.integers(0, 10**6),
)


@st.composite
def requests_for(draw, case, order=4, size=4):
    """A set of `(component, indices)`, Laplacians among them."""
    axes = st.integers(0, case.inputs - 1)
    partial = st.lists(axes, max_size=order).map(lambda i: tuple(sorted(i)))
    collapsed = st.sets(axes, min_size=1).map(laplacian)
    component = st.integers(0, case.outputs - 1)
    one = st.tuples(component, st.one_of(partial, partial, collapsed))
    return draw(st.sets(one, min_size=1, max_size=size))


def up_to(order, inputs):
    return [
        indices
        for k in range(order + 1)
        for indices in itertools.combinations_with_replacement(range(inputs), k)
    ]


def named(activation):
    return networks.sine if activation == "sine" else activation


def build(case, dtype="float64"):
    """Returns the network of a case, with random weights and some of them frozen."""
    rng = np.random.default_rng(case.seed)

    def make(kind, *args, **kwargs):
        return getattr(keras.layers, kind)(*args, dtype=dtype, **kwargs)

    def dense(units, activation="linear"):
        return make(
            "Dense", units, named(activation), use_bias=bool(rng.integers(0, 6))
        )

    h = x = keras.Input((case.inputs,), dtype=dtype)
    if case.features != "none":
        h = networks.FourierFeatures(
            np.ones((case.inputs, 2)), case.features == "trained", dtype=dtype
        )(x)
    for name, width, activation in case.blocks:
        h = BLOCKS[name](h, x, dense, make, width, activation)
    network = keras.Model(x, make("Dense", case.outputs)(h))
    for weight in network.weights:
        spread = 1.0 if len(weight.shape) > 1 else 0.5
        fan = weight.shape[0] if len(weight.shape) > 1 else 1
        weight.assign(spread / np.sqrt(fan) * rng.normal(size=weight.shape))
    if case.freeze:
        for weight in network.trainable_variables[:-1]:
            weight.trainable = bool(rng.integers(0, 2))
    return network


def points(case, n, dtype="float64"):
    rng = np.random.default_rng(case.seed + 1)
    return tf.constant(rng.uniform(-1.0, 1.0, (n, case.inputs)), dtype)


def scalar(values, seed=0):
    """A random function of derivatives, each in units of its own size."""
    rng = np.random.default_rng(seed)
    total = 0.0
    for value in values:
        size = tf.stop_gradient(tf.reduce_max(tf.abs(value)) + 1e-6)
        n = tf.shape(value)[0]
        a, b = (tf.constant(rng.normal(size=(20, 1)), value.dtype)[:n] for _ in "ab")
        total += tf.reduce_sum((a + b * value / size) * value / size)
    return total


def evaluate(engine, network, x, requests, function=scalar):
    """Returns derivatives, and the gradient of `function` in the trained weights."""
    with tf.GradientTape() as tape:
        values = ordered(engine.derivatives(network, x, requests), requests)
        loss = function(values)
    variables = [variable.value for variable in network.trainable_variables]
    return values, tape.gradient(loss, variables, unconnected_gradients=_ZERO)


def compiled(engine, network, x, requests, function=None, jit=False):
    """`evaluate` in a tf.function, for any number of points unless XLA needs it."""
    shape = x.shape if jit else (None, x.shape[1])
    arguments = () if function is None else (function,)
    run = tf.function(
        lambda x: evaluate(engine, network, x, requests, *arguments),
        input_signature=[tf.TensorSpec(shape, x.dtype)],
        jit_compile=jit,
        autograph=False,
    )
    return run(x)


def evaluate_by_uses(engine, network, x, requests):
    """The same with the gradient put together from the recorded uses of weights."""
    uses = []
    with tf.GradientTape(watch_accessed_variables=False) as tape:

        def record(use):
            tape.watch(use.outputs)
            uses.append(use)
            return use.outputs

        found = engine.derivatives(network, x, requests, record)
        values = ordered(found, requests)
        loss = scalar(values)
    outputs = [use.outputs for use in uses]
    flows = tape.gradient(loss, outputs, unconnected_gradients=_ZERO)
    parts = {id(v): np.zeros(v.shape) for v in network.trainable_variables}
    for use, flow in zip(uses, flows, strict=True):
        for h, z, g in zip(use.inputs, use.outputs, flow, strict=True):
            assert z.shape[0] == x.shape[0]
            h = np.broadcast_to(h, [g.shape[0], h.shape[1]])
            part = np.sum(h * g, axis=0) if use.elementwise else h.T @ g
            parts[id(use.kernel)] += part
        if use.bias is not None:
            parts[id(use.bias)] += np.sum(flow[0], axis=0)
    return values, [parts[id(v)] for v in network.trainable_variables]


def ordered(found, requests):
    """What was asked for, as a list."""
    return [found[request] for request in sorted(requests, key=str)]


def disagreement(found, expected):
    """The largest of the relative differences of derivatives and of the gradient."""
    worst = 0.0
    for value, correct in zip(found[0], expected[0], strict=True):
        value, correct = np.asarray(value, "float64"), np.asarray(correct)
        assert value.shape == correct.shape
        assert np.isfinite(correct).all()
        size = np.max(np.abs(correct)) + 1e-6
        worst = max(worst, np.max(np.abs(value - correct)) / size)
    left, right = (
        np.concatenate([np.ravel(part) for part in side[1]])
        for side in (found, expected)
    )
    assert np.isfinite(right).all()
    return max(worst, np.linalg.norm(left - right) / (np.linalg.norm(right) + 1e-6))
