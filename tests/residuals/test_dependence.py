"""Which rows depend on which points, read off a trace."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from condition_cases import Sheet

import keras_isgd as ki
from keras_isgd.derivatives.trace import trace_rows
from keras_isgd.residuals.dependence import rows_are_pointwise

MATRIX = tf.constant(np.random.default_rng(0).normal(size=(2, 2)))
TABLE = tf.constant([[1.0], [2.0]], tf.float64)
NETWORK = ki.networks.mlp(1, width=3, depth=1, seed=0)


def pointwise(function):
    trace = trace_rows(
        lambda fields, x: function(fields[0], x), 1, ("x", "t"), 2, ("nu",), "float64"
    )
    return rows_are_pointwise(trace)


def called(u, x):
    return tf.function(lambda v: tf.sin(v) + keras.activations.silu(v))(u.value)


def nested_mean(u, x):
    return tf.function(lambda v: v - tf.reduce_mean(v, axis=0))(u.value)


def slope(u, x):
    """The derivative of a coefficient that is a function of u."""
    s = u[0].value
    with tf.GradientTape() as tape:
        tape.watch(s)
        k = tf.exp(s) * s
    return tape.gradient(k, s) * u[0].d("x")


POINTWISE = {
    "sum": lambda u, x: u.d("t") - u.coefficient("nu") * u.d("xx") + x[:, :1],
    "columns": lambda u, x: tf.concat([u[0].value * u[1].value, u.d("x")], axis=1),
    "stack": lambda u, x: tf.stack([u[0].value[:, 0], x[:, 1]], axis=1),
    "split": lambda u, x: tf.add_n(tf.split(u.value, 2, axis=1)),
    "unstack": lambda u, x: tf.transpose(tf.stack(tf.unstack(u.value, axis=1))),
    "where": lambda u, x: tf.where(x[:, :1] > 0.5, u.value, u.d("x")),
    "gather": lambda u, x: tf.gather(u.value, [1, 0, 1], axis=1),
    "pad": lambda u, x: tf.pad(u.value, [[0, 0], [1, 2]]),
    "norm": lambda u, x: tf.norm(u.value, axis=1, keepdims=True),
    "transposed": lambda u, x: tf.transpose(tf.transpose(u.value) ** 2),
    "matrix": lambda u, x: u.value @ MATRIX,
    "matvec": lambda u, x: tf.linalg.matvec(MATRIX, u.value),
    "einsum": lambda u, x: tf.einsum("ni,ij,nj->n", x, MATRIX, u.value)[:, None],
    "determinant": lambda u, x: tf.linalg.det(tf.stack([u.value, u.d("x")], axis=1))[
        :, None
    ],
    "reshaped": lambda u, x: tf.reshape(tf.reshape(u.value, [-1, 1, 2]), [-1, 2]),
    "tile": lambda u, x: tf.tile(u[0].value, [1, 3]),
    "flipped columns": lambda u, x: tf.reverse(u.value, axis=[1]),
    "running sum over columns": lambda u, x: tf.cumsum(u.value, axis=1),
    "ones": lambda u, x: u.value + tf.ones_like(x) - tf.ones((x.shape[0], 2), x.dtype),
    "filled": lambda u, x: u[0].value * tf.fill([x.shape[0], 1], u.coefficient("nu")),
    "repeated": lambda u, x: (
        u[0].value + tf.broadcast_to(u.coefficient("nu"), [x.shape[0], 1])
    ),
    "table": lambda u, x: u[0].value * tf.gather(TABLE, tf.argmax(x, axis=1)),
    "one hot": lambda u, x: (
        u.value * tf.one_hot(tf.argmax(x, axis=1), 2, dtype=x.dtype)
    ),
    "network": lambda u, x: NETWORK(u[0].value) * u[0].d("x"),
    "keras": lambda u, x: keras.ops.where(x > 0.5, keras.ops.sin(u.value), x),
    "called": called,
    "inner derivative": slope,
    "clipped": lambda u, x: tf.clip_by_value(u.value, 0.0, 1.0),
    "softmax": lambda u, x: tf.nn.softmax(u.value),
}
MIXED = {
    "mean": lambda u, x: u.value - tf.reduce_mean(u.value, axis=0),
    "weak": lambda u, x: u.value + 1e-6 * tf.reduce_sum(u.value),
    "small": lambda u, x: 1e-12 * (u.value + u.value[::-1]),
    "maximum": lambda u, x: u.value / tf.reduce_max(tf.abs(u.value)),
    "reversed": lambda u, x: tf.reverse(u.value, axis=[0]),
    "rolled": lambda u, x: tf.roll(u.value, 1, axis=0),
    "difference": lambda u, x: tf.pad(u.value[1:] - u.value[:-1], [[0, 1], [0, 0]]),
    "first": lambda u, x: u.value - u.value[:1],
    "sorted": lambda u, x: tf.sort(u.value, axis=0),
    "running sum": lambda u, x: tf.cumsum(u.value),
    "gathered": lambda u, x: tf.gather(u.value, tf.zeros([x.shape[0]], tf.int32)),
    "kernel": lambda u, x: tf.exp(-tf.square(x[:, :1] - x[:, 0])) @ u.value,
    "gram": lambda u, x: tf.einsum("ni,mi->nm", x, x) @ u.value,
    "position": lambda u, x: u[0].value * tf.range(x.shape[0], dtype=x.dtype)[:, None],
    "count": lambda u, x: u.value / x.shape[0],
    "count of a tensor": lambda u, x: u.value / tf.cast(tf.shape(x)[0], x.dtype),
    "nested mean": nested_mean,
    "reshaped": lambda u, x: tf.reshape(tf.transpose(u.value), [-1, 2]),
    "softmax": lambda u, x: tf.nn.softmax(u.value, axis=0),
}


@pytest.mark.parametrize("name", POINTWISE)
def test_rows_of_their_own_points(name):
    assert pointwise(POINTWISE[name])


@pytest.mark.parametrize("name", MIXED)
def test_rows_that_mix_points(name):
    assert not pointwise(MIXED[name])


def test_an_operation_without_a_rule_is_taken_for_mixed():
    def function(u, x):
        return tf.while_loop(lambda v: False, lambda v: v, (u.value,))[0]

    assert not pointwise(function)


def layouts(problem, network=None):
    inputs = len(problem.coordinates)
    network = network or ki.networks.mlp(inputs, problem.outputs, 4, 1, seed=0)
    return tuple(term.layout for term in ki.PINN(network, problem)._terms)


def test_conditions_are_pointwise():
    corners = np.array([[0.0, 1.5], [1.0, 2.0]])
    problem = Sheet(
        ki.Dirichlet("x_min", value=lambda x: tf.sin(x[:, 1:2])),
        ki.Neumann("boundary", name="flux"),
        ki.Neumann("x_max"),
        ki.Initial(order=1),
        ki.Periodic("x", orders=(0, 1, 2)),
        ki.Data(corners, [1.0, 2.0]),
    )
    assert layouts(problem) == ("pointwise",) * 7


@pytest.mark.parametrize(
    "residual",
    [
        lambda u, x: 1e-9 * u.d("xx"),
        lambda u, x: tf.math.log(u.value) - u.d("t"),
        lambda u, x: u.d("x") + u.value**2.2 - (3.0 - u.value) ** 1.5,
    ],
    ids=["small units", "logarithm", "fractional powers"],
)
def test_numbers_do_not_matter_for_pointwise_rows(residual):
    assert layouts(Sheet(residual=residual)) == ("pointwise",)


@pytest.mark.parametrize(
    "residual",
    [
        lambda u, x: u.d("t") + 1e-6 * tf.reduce_mean(u.value),
        lambda u, x: 1e-9 * (u.d("t") - tf.reduce_mean(u.value)),
        lambda u, x: tf.math.log(u.value) - tf.reduce_mean(u.value),
    ],
    ids=["weak coupling", "small units", "NaN"],
)
def test_numbers_do_not_matter_for_coupled_rows(residual):
    problem = Sheet(residual=residual)
    assert layouts(problem) == ("coupled",)
    # The Jacobian shows the coupling.
    model = ki.PINN(ki.networks.mlp(2, width=3, depth=1, seed=0), problem)
    for weight in model.network.trainable_variables[-1:]:
        weight.assign(np.full(weight.shape, 2.0))
    data = {"interior": np.random.default_rng(0).uniform(1.0, 2.0, (4, 2))}
    objective = model.objective(data)
    w = objective.parameters.read()
    found = objective.linearise(w)[1].numpy()
    v = np.random.default_rng(1).normal(size=w.shape)
    h = 1e-5
    ahead, behind = (objective.residual(w + s * h * v) for s in (1.0, -1.0))
    expected = (ahead - behind) / (2.0 * h)
    np.testing.assert_allclose(found @ v, expected, rtol=1e-6, atol=1e-8 * np.abs(
        expected).max())  # fmt: skip


@pytest.mark.parametrize("declared", [True, False])
def test_a_declaration_overrides_the_trace(declared):
    mixed = Sheet(residual=lambda u, x: u.value - u.value[:1], pointwise=declared)
    own = Sheet(residual=lambda u, x: u.value, pointwise=declared)
    expected = "pointwise" if declared else "coupled"
    assert layouts(mixed) == layouts(own) == (expected,)
    condition = ki.Dirichlet("x_min")
    condition.pointwise = declared
    assert layouts(Sheet(condition))[1] == expected


def test_a_residual_that_uses_the_network_past_its_fields_is_not_factored():
    network = ki.networks.mlp(2, width=4, depth=1, seed=0)
    problem = Sheet(residual=lambda u, x: u.d("t") - network(x + 0.1))
    assert layouts(problem, network) == ("general",)
    mixed = Sheet(residual=lambda u, x: u.d("t") - tf.reduce_mean(network(x)))
    assert layouts(mixed, network) == (None,)
