"""Errors: of each output, up to a constant, where the solution is known."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.problems.exact import exact_values

RNG = np.random.default_rng(5)
POINTS = RNG.uniform(size=(40, 2))


class Flow(ki.Problem):
    coordinates = ("x", "y")
    outputs = ("u", "p")
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))

    def residual(self, u, x):
        return u.value

    def exact(self, x):
        return tf.stack([tf.sin(x[:, 0]), x[:, 0] * x[:, 1]], axis=1)


class Fixed(keras.layers.Layer):
    """The exact solution with an error that is known in closed form."""

    def __init__(self, error):
        super().__init__(dtype="float64")
        self.error = error
        self.unused = self.add_weight(shape=(1,), initializer="zeros")

    def call(self, x):
        return self.error(x) + 0.0 * self.unused

    def compute_output_shape(self, shape):
        return (None, self.error(np.zeros((1, shape[1]))).shape[1])


def pinn(problem, function):
    inputs = keras.Input((problem.input_count,), dtype="float64")
    network = keras.Model(inputs, Fixed(function)(inputs))
    return ki.PINN(network, problem, derivatives="tape")


def off(problem, error):
    """A model that is wrong by `error(x)`, `(n, outputs)`."""
    return pinn(problem, lambda x: problem.exact(x) + error(x))


def _columns(*columns):
    return lambda x: tf.stack([c(x) for c in columns], axis=1)


WRONG = _columns(lambda x: 0.1 * x[:, 0], lambda x: 2.0 + 0.3 * x[:, 1])


def norm(values):
    return math.sqrt(float(np.sum(np.square(values))))


def test_of_all_outputs_and_of_each():
    problem = Flow()
    model = off(problem, WRONG)
    x, y = POINTS.T
    e_u, e_p = 0.1 * x, 2.0 + 0.3 * y
    found = model.errors(POINTS)
    expected = {
        "relative_l2": norm([e_u, e_p]) / norm([np.sin(x), x * y]),
        "max_error": e_p.max(),
        "relative_l2_u": norm(e_u) / norm(np.sin(x)),
        "max_error_u": e_u.max(),
        "relative_l2_p": norm(e_p) / norm(x * y),
        "max_error_p": e_p.max(),
    }
    assert found == pytest.approx(expected, rel=1e-12)
    assert list(found)[:2] == ["relative_l2", "max_error"]
    assert model.relative_l2(POINTS) == found["relative_l2"]
    assert model.max_error(POINTS) == found["max_error"]


def test_up_to_a_constant():
    class UpTo(Flow):
        defined_up_to_constant = ("p",)

    found = off(UpTo(), WRONG).errors(POINTS)
    x, y = POINTS.T
    e_u, e_p = 0.1 * x, 0.3 * (y - y.mean())
    assert found["max_error_p"] == pytest.approx(np.abs(e_p).max(), rel=1e-12)
    assert found["relative_l2_p"] == pytest.approx(norm(e_p) / norm(x * y), rel=1e-12)
    assert found["max_error_u"] == pytest.approx(e_u.max(), rel=1e-12)
    overall = norm([e_u, e_p]) / norm([np.sin(x), x * y])
    assert found["relative_l2"] == pytest.approx(overall, rel=1e-12)


def test_points_and_outputs_that_are_unknown_are_left_out():
    class Half(Flow):
        def exact(self, x):
            u = tf.where(x[:, :1] < 0.5, tf.sin(x[:, :1]), np.nan)
            return {"u": u}

    model = pinn(Half(), lambda x: tf.concat([tf.sin(x[:, :1]) + x[:, 1:]] * 2, 1))
    found = model.errors(POINTS)
    x, y = POINTS[POINTS[:, 0] < 0.5].T
    expected = {"relative_l2": norm(y) / norm(np.sin(x)), "max_error": y.max()}
    expected |= {f"{key}_u": value for key, value in expected.items()}
    assert found == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="NaN, which is unknown, at all of the 3"):
        model.errors(np.array([[0.6, 0.1], [0.7, 0.2], [0.8, 0.3]]))


def test_a_network_that_diverged_has_no_error():
    class UpTo(Flow):
        defined_up_to_constant = ("p",)

    found = off(UpTo(), lambda x: x * np.nan)
    assert all(math.isnan(value) for value in found.errors(POINTS).values())


def test_an_output_that_is_zero_has_an_infinite_relative_error_or_none():
    class Still(Flow):
        def exact(self, x):
            return {"u": 0.0, "p": x[:, 0]}

    x = POINTS[:, 0]

    def function(x):
        return tf.stack([0.5 + 0.0 * x[:, 0], x[:, 0]], axis=1)

    found = pinn(Still(), function).errors(POINTS)
    assert found["relative_l2_u"] == math.inf
    assert found["relative_l2_p"] == 0.0
    assert found["relative_l2"] == pytest.approx(0.5 * math.sqrt(40) / norm(x))


def exact_of(function):
    class Own(Flow):
        def exact(self, x):
            return function(x)

    return Own()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x[:, 0], r"shape \(n, 2\).*u, p.*for 40 points it returned \(40,\)"),
        (lambda x: x[:, :1], r"returned \(40, 1\).*a dictionary"),
        (lambda x: {"v": x[:, :1]}, r"names \(u, p\), got 'v'"),
        (lambda x: {}, r"names \(u, p\), got none"),
        (lambda x: {"u": x}, r"exact\(x\)\['u'\] in the shape \(n, 1\).*\(40, 2\)"),
        (lambda x: 1j * x.numpy(), "complex"),
        (lambda x: 1.0 / (x - x[3]), r"infinite at 1 of 40 points, such as \(0\."),
    ],
)
def test_an_exact_solution_of_a_wrong_kind_is_told_so(function, words):
    model = pinn(exact_of(function), lambda x: x[:, :2])
    with pytest.raises(ValueError, match=words):
        model.errors(POINTS)


def test_without_an_exact_solution_there_are_none():
    class Unknown(Flow):
        exact = None

    with pytest.raises(ValueError, match="define exact"):
        pinn(Unknown(), lambda x: x[:, :2]).errors()
    with pytest.raises(ValueError, match="define exact"):
        exact_values(Unknown(), POINTS)


def test_points_of_another_width_are_refused():
    model = off(Flow(), WRONG)
    for wrong in (np.zeros((4, 3)), np.zeros(4), np.zeros((0, 2))):
        with pytest.raises(ValueError, match=r"Expected points \(n, 2\)"):
            model.errors(wrong)


class Heat(ki.Problem):
    """Two parameters: u = exp(-k t) sin(m x)."""

    coordinates = ("x", "t")
    parameters = {"k": (0.2, 1.0), "m": (1.0, 3.0)}
    domain = ki.Box((0.0, 0.0), (1.0, 2.0))

    def residual(self, u, x):
        return u.d("t") + u.parameter("k") * u.value

    def exact(self, x):
        x, t, k, m = (x[:, i : i + 1] for i in range(4))
        return tf.exp(-k * t) * tf.sin(m * x)


def test_parameters_are_fixed_by_their_names():
    # Wrong by k, so that the largest error says which k there was.
    model = off(Heat(), lambda x: x[:, 2:3] + 0.0 * x[:, :1])
    assert model.max_error() == pytest.approx(1.0, abs=1e-3)
    assert model.max_error(k=0.5) == pytest.approx(0.5)
    errors = model.errors(POINTS, k=0.4, m=2)
    x, t = POINTS.T
    expected = 0.4 * math.sqrt(40) / norm(np.exp(-0.4 * t) * np.sin(2 * x))
    assert errors["relative_l2"] == pytest.approx(expected, rel=1e-12)
    assert model.relative_l2(POINTS, m=2, k=0.4) == errors["relative_l2"]
    full = np.column_stack([POINTS, np.full(40, 0.4), np.full(40, 2.0)])
    assert model.errors(full) == pytest.approx(errors, rel=1e-12)
    # As fine as for a problem without parameters.
    both = model.errors(k=0.4, m=2.0)
    grid = np.column_stack([ki.Box((0, 0), (1, 2)).grid((201, 201)), np.zeros(201**2)])
    x, t, _ = grid.T
    expected = 0.4 * 201 / norm(np.exp(-0.4 * t) * np.sin(2 * x))
    assert both["relative_l2"] == pytest.approx(expected, rel=1e-12)


def test_parameters_that_do_not_fit_are_refused():
    model = off(Heat(), lambda x: x[:, 2:3])
    for arguments, words in (
        ({"c": 1.0}, "Unknown 'c': the parameters of Heat are k, m"),
        ({"k": 2.0}, "'k' of Heat is between 0.2 and 1.*got 2"),
        ({"k": [0.3, 0.4]}, r"'k' as one number, got shape \(2,\)"),
        ({"points": POINTS, "k": 0.3}, "m is missing, such as m=2"),
        ({"points": POINTS}, r"\(n, 4\), got shape \(40, 2\).*last 2 are the param"),
    ):
        with pytest.raises(ValueError, match=words):
            model.errors(**arguments)
    with pytest.raises(ValueError, match="the parameters of Flow are none"):
        off(Flow(), WRONG).errors(k=0.5)
