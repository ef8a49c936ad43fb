"""What `fit` says: how its steps are solved, and that batches are too small."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki

X = np.linspace(-1.0, 1.0, 64)[:, None]
Y = np.sin(3.0 * X)


def _model(optimizer, *, width=4, outputs=1, loss="mse", kernel=None, **arguments):
    inputs = keras.Input((1,))
    hidden = keras.layers.Dense(
        width, "tanh", kernel_regularizer=kernel, name="hidden"
    )(inputs)
    model = ki.ClosureModel(inputs, keras.layers.Dense(outputs)(hidden))
    model.compile(optimizer=optimizer, loss=loss, **arguments)
    return model


def _adam(**arguments):
    return ki.ISGD(0.5, inner=ki.solvers.Adam(1e-2, steps=1), **arguments)


def _said(capsys):
    """The lines in which an optimizer speaks."""
    lines = capsys.readouterr().out.splitlines()
    return [
        line for line in lines if line.startswith(("isgd: ", "lbfgs: ", "staged: "))
    ]


def _describe(model):
    objective = model.objective((tf.constant(X), tf.constant(Y)))
    return model.optimizer.describe(objective)


def test_a_pinn_says_once_how_its_steps_are_solved(capsys):
    problem = ki.problems.SingularPerturbation(0.5)
    model = ki.PINN(ki.networks.mlp(1, width=5, depth=1, seed=0), problem)
    model.compile(optimizer=ki.ISGD())
    points = problem.points(10, resample=False, seed=0)
    model.fit(points, epochs=2, verbose=0)
    assert _said(capsys) == []
    rows = sum(len(x) for x in next(iter(points)).values())
    expected = f"isgd: Gauss-Newton, {model.count_params()} weights, {rows} rows"
    for verbose in (1, 2):
        model.fit(points, epochs=3, steps_per_epoch=2, verbose=verbose)
        assert _said(capsys) == [expected]


def test_a_closure_model_speaks_unless_it_is_to_be_quiet(capsys):
    model = _model(_adam(), run_eagerly=True)
    model.fit(X, Y, batch_size=64)
    assert _said(capsys) == ["isgd: Adam, 13 weights"]
    model.fit(X, Y, 64, 1, 0)
    assert _said(capsys) == []
    model.compile(optimizer="sgd", loss="mse", run_eagerly=True)
    model.fit(X, Y, batch_size=64)
    assert _said(capsys) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "Gauss-Newton, 13 weights, 64 rows"),
        ({"kernel": "l2"}, "Gauss-Newton, 13 weights, 68 rows"),
        (
            {"kernel": "l1"},
            "L-BFGS, 13 weights, because the weight 'hidden/kernel' has the "
            "regulariser L1, which is not a sum of squares",
        ),
        (
            {"loss": "mae"},
            "L-BFGS, 13 weights, because the loss is 'mean_absolute_error', not the "
            "mean squared error",
        ),
    ],
)
def test_the_choice_comes_with_its_reason(arguments, expected):
    assert _describe(_model(ki.ISGD(), **arguments)) == expected


def test_other_optimizers_describe_themselves():
    assert _describe(_model(ki.LBFGS())) == "L-BFGS, 13 weights"
    solver = ki.solvers.GaussNewton(memory=1e-9)
    assert _describe(_model(ki.ISGD(inner=solver))).endswith("rows, without the matrix")
    staged = ki.Staged([_adam(), keras.optimizers.SGD(), ki.LBFGS()], [2, 5])
    assert _describe(_model(staged)) == (
        "Adam, 13 weights; from step 2 on SGD; from step 5 on L-BFGS, 13 weights"
    )


def test_outputs_in_a_list_stay_a_sum_of_squares():
    # As in ki.ClosureModel(other.input, other.outputs) for a model built elsewhere.
    inputs = keras.Input((1,))
    other = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    assert isinstance(other.outputs, list)
    model = ki.ClosureModel(other.input, other.outputs)
    model.compile(optimizer=ki.ISGD(), loss="mse")
    assert _describe(model) == "Gauss-Newton, 2 weights, 64 rows"


def _uncompiled(jit_compile, loss):
    """Whether Python in the loss survives, which XLA cannot compile."""

    def python(y, y_pred):
        zero = tf.py_function(lambda: 0.0, [], tf.float32)
        return loss(y, y_pred) + tf.ensure_shape(zero, ())

    model = _model(ki.ISGD(), loss=python, jit_compile=jit_compile)
    objective = model.objective((tf.constant(X), tf.constant(Y)))
    assert type(objective) is ki.Objective
    value = tf.function(objective.value, autograph=False)
    try:
        value(objective.parameters.read())
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        return "EagerPyFunc" not in str(error)
    return True


def test_jit_compile_holds_for_a_loss_that_is_no_sum_of_squares():
    assert _uncompiled(False, keras.losses.mean_absolute_error)
    assert not _uncompiled(True, keras.losses.mean_absolute_error)


class Stop(keras.callbacks.Callback):
    """Ends `fit` before its first step."""

    def on_train_begin(self, logs=None):
        raise StopIteration


def _warned(model, x=X, y=Y, **arguments):
    """What `fit` warns of before its first step."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(StopIteration):
            model.fit(x, y, verbose=0, callbacks=[Stop()], **arguments)
    found = [w for w in caught if "spoils the rest" in str(w.message)]
    # At the line that calls `fit`.
    assert all("model.fit(x, y" in _line(w) for w in found)
    return [str(w.message) for w in found]


def _line(warning):
    with open(warning.filename, encoding="utf-8") as file:
        return file.readlines()[warning.lineno - 1]


@pytest.mark.parametrize(
    ("optimizer", "arguments", "expected"),
    [
        # 24 rows for 49 weights, or, with two outputs, 48 for 66.
        (ki.ISGD, {"batch_size": 24}, True),
        (ki.LBFGS, {"batch_size": 60}, True),
        (ki.LBFGS, {}, True),  # Keras's default of 32
        (lambda: ki.ISGD(inner="lbfgs"), {"batch_size": 60}, True),
        (lambda: ki.Staged([_adam(), ki.LBFGS()], [3]), {"batch_size": 24}, True),
        (ki.ISGD, {"batch_size": 50}, False),  # more rows than weights
        (ki.ISGD, {"batch_size": 64}, False),
        (ki.LBFGS, {"batch_size": 64}, False),
        (ki.LBFGS, {"batch_size": 32, "validation_split": 0.5}, False),
        (ki.LBFGS, {"batch_size": 31, "validation_split": 0.5}, True),
        (_adam, {"batch_size": 24}, False),
        (keras.optimizers.Adam, {"batch_size": 24}, False),
    ],
)
def test_small_batches_are_warned_of(optimizer, arguments, expected):
    messages = _warned(_model(optimizer(), width=16), **arguments)
    assert len(messages) == expected
    if expected:
        batch = arguments.get("batch_size", 32)
        n = 32 if "validation_split" in arguments else 64
        assert f"and {batch} of {n} examples" in messages[0]
        assert f"Pass batch_size={n}" in messages[0]


def test_rows_are_counted_over_all_outputs():
    def model(*shape):
        inputs = keras.Input((1,))
        count = int(np.prod(shape))
        outputs = keras.layers.Dense(count, use_bias=False)(inputs)
        outputs = keras.layers.Reshape(shape)(outputs)
        found = ki.ClosureModel(inputs, outputs)
        found.compile(optimizer=ki.ISGD(), loss="mse")
        return found, np.zeros((64, *shape))

    # Batches of one example: as many rows as weights, whatever their shape.
    for shape in ((6,), (2, 3), (3, 2)):
        made, y = model(*shape)
        assert _warned(made, y=y, batch_size=1) == []
    hidden = _model(ki.ISGD(), width=4, outputs=3)
    y = np.zeros((64, 3))
    assert hidden.count_params() == 23
    assert _warned(hidden, y=y, batch_size=8) == []
    assert len(_warned(hidden, y=y, batch_size=7)) == 1


def test_datasets_and_models_without_an_optimizer_are_left_to_keras():
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    model = _model(ki.LBFGS())
    assert _warned(model, data, None, shuffle=False) == []
    inputs = keras.Input((1,))
    model = ki.ClosureModel(inputs, keras.layers.Dense(1)(inputs))
    with pytest.raises(ValueError, match="compile"):
        model.fit(X, Y, batch_size=2)
