"""Each argument of the objectives makes a difference, or is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from argument_tables import check_differs, flat, names_of

import keras_isgd as ki
from keras_isgd.objectives.blocks import PointwiseRows
from keras_isgd.objectives.least_squares import Linearisation

POINTS = np.linspace(-1.0, 1.0, 12)[:, None]
W = tf.constant([0.3, -0.7], tf.float64)


def _variables():
    return [keras.Variable([v], dtype="float64") for v in (0.3, -0.7)]


def _value(kind, function, **arguments):
    variables = _variables()
    objective = kind(lambda: function(*variables), variables, **arguments)
    return float(objective.value(objective.parameters.read()))


def _gradient(kind, function, count):
    variables = _variables()
    objective = kind(lambda: function(*variables), variables[:count])
    return objective.value_and_gradient(objective.parameters.read())[1]


def _updated(kind, function, counted):
    """The counter that the function moves, after a step has been committed."""
    variables = _variables()
    counter = keras.Variable(0.0, dtype="float64", trainable=False)

    def counting():
        counter.assign_add(1.0)
        return function(*variables)

    objective = kind(counting, variables, [counter] if counted else [])
    objective.commit(objective.evaluate(objective.parameters.read()))
    return float(counter.numpy())


def _uncompiled(kind, function, jit_compile, method="evaluate"):
    """Whether a graph runs Python in the function, which XLA cannot."""
    variables = _variables()

    def python():
        found = function(*variables)
        zero = tf.py_function(lambda: 0.0, [], tf.float64)
        return found + tf.ensure_shape(zero, ())

    objective = kind(python, variables, jit_compile=jit_compile)
    called = tf.function(getattr(objective, method), autograph=False)
    try:
        called(W)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        return "EagerPyFunc" not in str(error)
    return True


def _loss(a, b):
    return tf.reduce_sum(a.value * b.value)


def _rows(a, b):
    return tf.concat([a.value * b.value, b.value], axis=0)


def _blocks(variables, sizes=None, **arguments):
    a, b = variables

    def rows(x):
        if sizes is not None:
            sizes.append(x.shape[0])
        return a.value * x + b.value

    return [PointwiseRows(rows, tf.constant(POINTS), **arguments)]


def _in_blocks(blocks):
    """A residual whose function is not what its blocks are."""
    variables = _variables()
    blocks = _blocks(variables) if blocks else None
    objective = ki.LeastSquares(lambda: _rows(*variables), variables, blocks=blocks)
    return objective.linearise(W)[1]


def _largest_piece(memory):
    variables, sizes = _variables(), []
    a, b = variables
    objective = ki.LeastSquares(
        lambda: tf.reshape(a.value * POINTS + b.value, [-1]),
        variables,
        blocks=_blocks(variables, sizes, cost=2.0**20),
        memory=memory,
    )
    expected = np.sum((0.3 * POINTS - 0.7) ** 2)
    value, _ = objective.value_and_gradient(W)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(objective.value(W), expected, rtol=1e-12)
    return max(sizes)


def _aux(aux_of):
    variables = _variables()
    objective = ki.LeastSquares(
        lambda: _rows(*variables), variables, blocks=_blocks(variables), aux_of=aux_of
    )
    return objective.evaluate(W).aux


def _shared(kind, function):
    """The rows that both kinds of objective have."""
    return {
        "function": (
            lambda v: _value(kind, lambda a, b: v * function(a, b)),
            (1.0, 2.0),
        ),
        "variables": (lambda v: _gradient(kind, function, v), (1, 2)),
        "state": (lambda v: _updated(kind, function, v), (False, True)),
        "jit_compile": (lambda v: _uncompiled(kind, function, v), (False, True)),
    }


TABLES = {
    ki.Objective: _shared(ki.Objective, _loss),
    ki.LeastSquares: {
        **_shared(ki.LeastSquares, _rows),
        "blocks": (_in_blocks, (False, True)),
        "memory": (_largest_piece, (None, 4.0 / 1024)),
        "aux_of": (_aux, (lambda sums: sums[0], lambda sums: 2.0 * sums[0])),
    },
}


@pytest.mark.parametrize(("kind", "name", "outcome", "values"), **flat(TABLES))
def test_an_argument_makes_a_difference(kind, name, outcome, values):
    check_differs(outcome, values)


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_the_tables_have_every_argument(kind):
    assert set(names_of(kind)) == set(TABLES[kind])


@pytest.mark.parametrize("method", ["value", "value_and_gradient", "evaluate"])
def test_xla_compiles_the_loss_whichever_way_it_is_asked_for(method):
    check_differs(lambda v: _uncompiled(ki.Objective, _loss, v, method), (False, True))


@pytest.mark.parametrize("method", ["value", "residual", "linearise"])
def test_xla_compiles_a_residual_whichever_way_it_is_asked_for(method):
    check_differs(
        lambda v: _uncompiled(ki.LeastSquares, _rows, v, method), (False, True)
    )


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"memory": 1.0}, "give blocks"),
        ({"aux_of": sum}, "give blocks"),
        ({"memory": -1.0, "blocks": []}, "positive number of GiB"),
        ({"memory": np.nan, "blocks": []}, "positive number of GiB"),
    ],
)
def test_what_would_have_no_effect_is_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        ki.LeastSquares(lambda: W, _variables(), **arguments)


def test_aux_of_is_refused_beside_state():
    # The function that assigns the state is not called then.
    counter = keras.Variable(0.0, trainable=False)
    with pytest.raises(ValueError, match="leave one of the two out"):
        ki.LeastSquares(lambda: W, _variables(), [counter], [], aux_of=sum)


@pytest.mark.parametrize("kind", [ki.Objective, ki.LeastSquares])
def test_an_unknown_shape_is_refused_with_a_sentence(kind):
    variables = _variables()

    def unknown():
        return tf.py_function(lambda: 0.0, [], tf.float64) * variables[0].value

    objective = kind(unknown, variables)
    with pytest.raises(ValueError, match=r"Expected .* got .*<unknown>"):
        tf.function(objective.value, autograph=False)(W)


def test_statistics_of_a_refused_step_stay_and_counters_move():
    variables = _variables()
    mean = keras.Variable(0.0, dtype="float64", trainable=False)
    seed = keras.Variable(0, dtype="int64", trainable=False)

    def loss():
        mean.assign(3.0)
        seed.assign_add(1)
        return _loss(*variables)

    objective = ki.Objective(loss, variables, [mean, seed])
    evaluation = objective.evaluate(W)
    objective.commit(evaluation, taken=False)
    assert (float(mean.numpy()), int(seed.numpy())) == (0.0, 1)
    objective.commit(evaluation, taken=True)
    assert float(mean.numpy()) == 3.0


def test_a_sample_has_the_share_that_is_asked_for():
    w = keras.Variable([1.0], dtype="float64")
    objective = ki.LeastSquares(lambda: w.value * np.ones(200), [w])
    for share in (0.25, 0.5, 1.0):
        jacobian = objective.sampled_jacobian(w.value, share)
        assert tuple(jacobian.shape) == (200 * share, 1)
        np.testing.assert_allclose(tf.reduce_sum(jacobian**2), 200.0, rtol=1e-12)


def test_the_old_names_of_a_linearisation_warn_and_work():
    linear = Linearisation(W, lambda v: 2.0 * v, lambda u: 3.0 * u)
    with pytest.warns(DeprecationWarning, match="Use `jvp`"):
        forward = linear.forward
    with pytest.warns(DeprecationWarning, match="Use `vjp`"):
        backward = linear.backward
    assert forward is linear.jvp
    assert backward is linear.vjp


def test_a_stride_warns_and_takes_every_so_many_rows():
    w = keras.Variable([0.3, -0.7], dtype="float64")
    matrix = np.arange(10.0).reshape(5, 2)
    objective = ki.LeastSquares(lambda: tf.linalg.matvec(matrix, w.value), [w])
    with pytest.warns(DeprecationWarning, match="sampled_jacobian"):
        rows, jacobian = objective.linearise(w.value, stride=2)
    np.testing.assert_array_equal(jacobian, matrix[::2])
    np.testing.assert_allclose(rows, matrix[::2] @ [0.3, -0.7], rtol=1e-12)
    np.testing.assert_array_equal(objective.linearise(w.value)[1], matrix)
