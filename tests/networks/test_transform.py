"""Hard conditions by a function of the coordinates and the network."""

import warnings

import keras
import mpmath
import numpy as np
import pytest
import tensorflow as tf
from structured_networks import (
    LAPLACIAN,
    POINTS,
    UP_TO_FOUR,
    all_requests,
    check_against_tapes,
    exact,
    few_requests,
    linear_in_n,
    saved_and_loaded,
    small,
    tanh_unit,
)
from taylor_cases import compiled, disagreement, evaluate

import keras_isgd as ki
from keras_isgd.derivatives import tape, taylor
from keras_isgd.networks import transform

LAMBDA = pytest.mark.filterwarnings("ignore:.*not registered")


def mixed(x, N):
    """Two outputs that mix both of N's, by keras.ops."""
    first = keras.ops.sin(x[:, 0:1]) * N[:, 0:1] + x[:, 1:2] ** 2 * N[:, 1:2] + 1.0
    second = N[:, 1:2] / (1.0 + x[:, 0:1]) - keras.ops.exp(x[:, 1:2])
    return keras.ops.concatenate([first, second], axis=1)


def on_slices(x, N):
    value = tf.where(x[:, :1] > 0.5, 2.0 * N, N * tf.cos(x[:, :1] * x[:, 1:]))
    return value + tf.reduce_sum(x**3, axis=1, keepdims=True)


AFFINE = {
    "registered": (linear_in_n, 1),
    "mixed": (mixed, 2),
    "slices": (on_slices, 1),
    "constant": (lambda x, N: 3.0 * N + 1.0, 2),
    "shift": (lambda x, N: N + x[:, 0:1] ** 4, 1),
    "matrix": (lambda x, N: N @ tf.constant([[1.0, 2.0], [3.0, 4.0]], N.dtype), 2),
    "shapes": (lambda x, N: tf.reshape(tf.tile(N, [1, 2])[:, 1:3], tf.shape(N)), 2),
    "ones": (lambda x, N: tf.ones_like(N) * N + tf.zeros_like(N) + x**2, 2),
    "einsum": (lambda x, N: tf.einsum("ni,nj->ni", x, N), 2),
    "columns": (lambda x, N: x * tf.reverse(N, [1]), 2),
}
CURVED = {
    "exp": lambda x, N: tf.exp(N),
    "product": lambda x, N: x[:, 0:1] * N * (1.0 - N),
    "choice": lambda x, N: tf.where(N > 0.0, 2.0 * N, N),
    "absolute": lambda x, N: tf.abs(N),
    "ops": lambda x, N: keras.ops.softplus(N) + x[:, 0:1],
    "network in a factor": lambda x, N: N * tf.stop_gradient(N),
}


@LAMBDA
@pytest.mark.parametrize("kind", AFFINE)
def test_derivatives_agree_with_tapes(kind):
    function, outputs = AFFINE[kind]
    network = transform(small(2, outputs), function)
    expected = function(tf.constant(POINTS), small(2, outputs)(POINTS))
    np.testing.assert_allclose(network(POINTS), expected, rtol=1e-14)
    assert taylor.passage(network, [(0,)]) == (None, True)
    # Single derivatives of high order, and a Laplacian as one channel.
    high = [(0, (0, 0, 1, 1)), (outputs - 1, (1, 1, 1)), (0, (0, 0))]
    for requests in (high, few_requests(outputs)):
        check_against_tapes(network, requests)
    # One point looks like what is the same at all points.
    check_against_tapes(network, few_requests(outputs), POINTS[:1])


def test_all_derivatives_agree_with_tapes():
    check_against_tapes(transform(small(), linear_in_n), all_requests(1))


def test_derivatives_have_their_closed_form():
    inner, unit = tanh_unit(1.3, -0.7, 0.2)
    network = transform(inner, linear_in_n)

    def u(x, y):
        return x * (1 - x) * mpmath.exp(y) * unit(x, y) + mpmath.sin(x)

    requests = [(0, name) for name in [*UP_TO_FOUR]]
    found = taylor.derivatives(network, tf.constant(POINTS), requests)
    for name in UP_TO_FOUR:
        expected = exact(u, name)
        size = np.max(np.abs(expected))
        np.testing.assert_allclose(found[0, name], expected, rtol=0, atol=1e-12 * size)
    alone = taylor.derivatives(network, tf.constant(POINTS), [(0, LAPLACIAN)])
    np.testing.assert_allclose(
        alone[0, LAPLACIAN], exact(u, (0, 0)) + exact(u, (1, 1)), rtol=1e-12, atol=1e-12
    )


@LAMBDA
def test_a_transform_within_a_network_follows_its_coordinates():
    """The function's x is then a nonlinear function of the points."""
    inner = transform(small(2, 2, seed=1), mixed)
    x = keras.Input((2,), dtype="float64")
    bent = keras.layers.Dense(2, "tanh", dtype="float64")(x)
    network = keras.Model(x, inner(bent))
    check_against_tapes(network, [(0, (0, 0, 1)), (1, (1, 1)), (1, LAPLACIAN)])
    twice = transform(
        transform(small(), linear_in_n), lambda x, N: N * x[:, 1:2] - x[:, :1]
    )
    check_against_tapes(twice, few_requests(1))


@LAMBDA
@pytest.mark.parametrize("kind", CURVED)
def test_what_is_not_affine_is_left_to_tapes(kind):
    network = transform(small(), CURVED[kind])
    obstacle = taylor.passage(network, [(0,)]).obstacle
    assert obstacle == "the function of 'transform_mlp' is not affine in N"


@LAMBDA
def test_a_function_that_is_not_affine_trains_right():
    class Growth(ki.Problem):
        def residual(self, u, x):
            return u.d("x") - u.value

    network = transform(small(1, 1), lambda x, N: tf.exp(x * N))
    model = ki.PINN(network, Growth())
    assert model.engines() == [tape]
    model.compile(optimizer=ki.ISGD())
    model.fit(Growth().points(20, resample=False), epochs=8, verbose=0)
    x = np.linspace(0.0, 1.0, 9)[:, None]
    np.testing.assert_allclose(network(x), np.exp(x), rtol=1e-3)


def test_a_hard_condition_trains_by_taylor_mode():
    problem = ki.problems.Poisson1D("u_L")

    class Bare(ki.problems.Poisson1D):
        def conditions(self):
            return []

    bare = Bare("u_L")
    network = ki.networks.mlp(1, width=16, depth=1, input_scale=8.0, seed=0)
    with pytest.warns(UserWarning, match="not saved as a .keras file"):
        network = transform(network, lambda x, N: x * (1.0 - x) * N)
    model = ki.PINN(network, bare)
    assert model.engines() == [taylor]
    model.compile(optimizer=ki.ISGD())
    model.fit(bare.points(60, resample=False), epochs=15, verbose=0)
    ends = np.array([[0.0], [1.0]])
    np.testing.assert_array_equal(network(ends), [[0.0], [0.0]])
    assert float(np.max(np.abs(problem.exact(ends)))) < 1e-12
    assert model.relative_l2() < 1e-3


@pytest.mark.xla
@pytest.mark.parametrize("engine", [taylor, tape])
def test_xla_compiles_values_and_gradients(engine):
    network, x = transform(small(), linear_in_n), tf.constant(POINTS)
    requests = [*few_requests(1), (0, (0, 0, 1))]
    expected = evaluate(tape, network, x, requests)
    found = compiled(engine, network, x, requests, jit=True)
    assert disagreement(found, expected) < 1e-11


def test_single_precision_stays_single():
    network = transform(small(dtype="float32"), linear_in_n)
    x = tf.constant(POINTS, tf.float32)
    found = taylor.derivatives(network, x, few_requests(1))
    expected = taylor.derivatives(
        transform(small(), linear_in_n), tf.constant(POINTS), few_requests(1)
    )
    for request, value in found.items():
        assert value.dtype == tf.float32
        np.testing.assert_allclose(value, expected[request], rtol=1e-4, atol=1e-4)
    assert network(x).dtype == "float32"


def test_the_weights_are_those_of_the_network():
    inner = small()
    network = transform(inner, linear_in_n)
    ours, theirs = network.trainable_variables, inner.trainable_variables
    assert [id(v) for v in ours] == [id(v) for v in theirs]
    assert network.input_shape == (None, 2)
    assert network.output_shape == (None, 1)


# -- files ----------------------------------------------------------------------------


@keras.saving.register_keras_serializable("tests")
class Held(ki.Problem):
    def __init__(self, factor=1.0):
        self.factor = factor

    def held(self, x, N):
        return self.factor * x * N + 1.0

    def residual(self, u, x):
        return u.d("x")

    def get_config(self):
        return {"factor": self.factor}


@keras.saving.register_keras_serializable("tests")
class Callable:
    def __call__(self, x, N):
        return x * N + 5.0

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@pytest.mark.parametrize(
    "function",
    [linear_in_n, Held(3.0).held, Callable()],
    ids=["function", "method", "object"],
)
def test_registered_functions_are_saved_with_the_network(tmp_path, function):
    inputs = 2 if function is linear_in_n else 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = transform(small(inputs), function)
    loaded = saved_and_loaded(network, tmp_path)
    x = POINTS[:, :inputs]
    np.testing.assert_array_equal(loaded(x), network(x))
    assert taylor.passage(loaded, [(0, 0)]) == (None, True)
    clone = keras.models.clone_model(network)
    clone.set_weights(network.get_weights())
    np.testing.assert_array_equal(clone(x), network(x))


def test_a_pinn_with_a_method_of_its_problem_is_saved_whole(tmp_path):
    problem = Held(2.0)
    model = ki.PINN(transform(small(1), problem.held), problem)
    model.compile(optimizer=ki.ISGD(0.5, inner=ki.solvers.Adam(steps=2)))
    model.fit(problem.points(10), verbose=0)
    loaded = saved_and_loaded(model, tmp_path)
    x = POINTS[:, :1]
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.network(x))


class Unregistered:
    def apply(self, x, N):
        return x[:, 0:1] * N

    def get_config(self):
        return {}


@keras.saving.register_keras_serializable("tests")
class WithoutFromConfig(Unregistered):
    pass


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x, N: x[:, 0:1] * N, "<lambda>"),
        (mixed, "mixed"),
        (Unregistered().apply, "Unregistered"),
        (WithoutFromConfig().apply, "WithoutFromConfig"),
    ],
)
def test_other_functions_say_at_once_that_they_cannot_be_saved(
    tmp_path, function, name
):
    words = f"'.*{name}' in a hard condition is not registered.*not saved as a .keras"
    with pytest.warns(UserWarning, match=words) as raised:
        network = transform(small(2, 2 if function is mixed else 1), function)
    assert len(raised) == 1
    assert raised[0].filename == __file__
    sentence = str(raised[0].message)
    with pytest.raises(ValueError, match="is not registered") as refused:
        network.save(tmp_path / "network.keras")
    assert str(refused.value) == sentence


@LAMBDA
def test_a_lambda_is_exported(tmp_path):
    class Line(ki.Problem):
        def residual(self, u, x):
            return u.d("xx")

    network = transform(small(1), lambda x, N: x * N + 2.0)
    model = ki.PINN(network, Line())
    ki.export(model, tmp_path / "solver")
    loaded = tf.saved_model.load(tmp_path / "solver")
    x = POINTS[:, :1]
    np.testing.assert_allclose(loaded.serve(x), network(x), rtol=1e-14)
    expected = taylor.derivatives(network, tf.constant(x), [(0, (0, 0))])
    found = loaded.derivatives(x)["u_xx"]
    np.testing.assert_allclose(found, expected[0, (0, 0)], rtol=1e-11, atol=1e-12)


def test_a_file_whose_function_is_unknown_says_so(tmp_path):
    @keras.saving.register_keras_serializable("tests", "passing")
    def passing(x, N):
        return x[:, 0:1] * N

    transform(small(), passing).save(tmp_path / "network.keras")
    registered = keras.saving.get_custom_objects()
    kept = registered.pop("tests>passing")
    try:
        with pytest.raises(ValueError, match=r"'tests>passing'\. Import the module"):
            keras.saving.load_model(tmp_path / "network.keras")
    finally:
        registered["tests>passing"] = kept


# -- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x, N: x[:, 0:1] ** 2, "does not depend on N"),
        (lambda x, N: tf.round(N), "does not depend on N"),
        (lambda x, N: 0.5, r"to return \(6, 1\), the shape of N"),
        (lambda x, N: x * N, r"for x of shape \(6, 2\); got \(6, 2\)"),
        (lambda x, N: x[:, 0] * N, r"got \(6, 6\). Slices keep"),
        (lambda x, N: tf.reduce_sum(N), r"got \(\)"),
        (lambda x, N: N @ N, r"cannot compute with x of shape \(6, 2\) and N of"),
        (lambda x, N: np.sin(N), "made of tf or keras.ops functions"),
        (lambda x, N: tf.cast(N, tf.float32), "to return float64, .*got float32"),
        (lambda x: x, "made of tf or keras.ops functions of two tensors"),
        (3.0, "to be a function of x and N, got 3.0"),
    ],
)
def test_wrong_functions(function, words):
    with pytest.raises(ValueError, match=words):
        transform(small(), function)


class Own(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    "network",
    [
        None,
        Own(),
        keras.Sequential([keras.layers.Dense(1)]),
        keras.Sequential([keras.Input((3, 2)), keras.layers.Dense(1)]),
    ],
)
def test_wrong_networks(network):
    with pytest.raises(ValueError, match=r"from \(n, d\) to \(n, outputs\)"):
        transform(network, linear_in_n)
    half = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, dtype="float16")])
    with pytest.raises(ValueError, match="in float64 or float32, got float16"):
        transform(half, linear_in_n)
