"""Private names of Keras, TensorFlow and TFP: still there, and still the same."""

import ast
import importlib
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd import compat

PACKAGE = Path(ki.__file__).parent


def _model():
    x = keras.Input((2,))
    y = keras.layers.Dense(1)(keras.layers.Dense(3, "tanh")(x))
    model = keras.Model(x, y)
    model.compile(optimizer=_optimizer(), loss="mse", metrics=["mae"])
    return model


def _optimizer():
    optimizer = keras.optimizers.SGD(0.1, use_ema=True)
    optimizer.build([keras.Variable([1.0, 2.0])])
    return optimizer


def _tensor():
    return keras.layers.Dense(1)(keras.Input((2,)))


def _class(module, name):
    return lambda: getattr(importlib.import_module(module), name)


# Where each private name is found, and the function of `compat` that needs it.
PRIVATE = {
    "flatten_layers": (_model, "_flatten_layers"),
    "build_from_batch": (_model, "_symbolic_build"),
    "loss_tracker": (_model, "_loss_tracker"),
    "has_compiled_metrics": (_model, "_compile_metrics"),
    "has_loss_weights": (lambda: _model()._compile_loss, "_user_loss_weights"),
    "set_initial_epoch": (_model, "_initial_epoch"),
    "AutoJit": (_model, "_resolve_auto_jit_compile"),
    "producer": (_tensor, "_keras_history"),
    "producer's arguments": (
        lambda: _tensor()._keras_history.operation,
        "_inbound_nodes",
    ),
    "built_variables": (_optimizer, "_trainable_variables"),
    "check_known": (_optimizer, "_check_variables_are_known"),
    "moving_averages": (_optimizer, "_model_variables_moving_average"),
    "update_averages": (_optimizer, "_update_model_variables_moving_average"),
    "overwrite_with_averages": (
        _optimizer,
        "_overwrite_model_variables_with_average_value",
    ),
    "set_learning_rate_variable": (_optimizer, "_learning_rate"),
    "op_determinism_enabled": (
        lambda: importlib.import_module("tensorflow.python.framework.config"),
        "is_op_determinism_enabled",
    ),
    "has_begun": (
        lambda: importlib.import_module("tensorflow.python.eager.context").context(),
        "_context_handle",
    ),
    "has_kernel": (
        lambda: importlib.import_module("tensorflow.python.framework.kernels"),
        "get_registered_kernels_for_op",
    ),
    "dataset_inputs": (lambda: tf.data.Dataset.range(1), "_inputs"),
    "xspace": (
        lambda: importlib.import_module("tensorflow.tsl.profiler.protobuf.xplane_pb2"),
        "XSpace",
    ),
    "hlo_module": (
        lambda: importlib.import_module("tensorflow.compiler.xla.service.hlo_pb2"),
        "HloProto",
    ),
    "tfp_lbfgs": (
        lambda: importlib.import_module(
            "tensorflow_probability.python.optimizer.lbfgs"
        ),
        "LBfgsOptimizerResults",
    ),
}


@pytest.mark.parametrize("function", PRIVATE)
def test_private_name_exists(function):
    make, name = PRIVATE[function]
    try:
        owner = make()
    except (ImportError, AttributeError) as error:
        pytest.fail(f"compat.{function}: its owner is gone in this version: {error}")
    where = getattr(owner, "__name__", type(owner).__name__)
    assert hasattr(owner, name), (
        f"This version of {type(owner).__module__.split('.')[0]} has dropped "
        f"{name!r} of {where}, which compat.{function} needs."
    )


# -- each function still means what its docstring says ------------------------------


def test_layers_at_any_depth():
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    outer = keras.Sequential([keras.Input((2,)), inner, keras.layers.Dense(1)])
    dense = [*inner.layers, outer.layers[-1]]
    found = compat.flatten_layers(outer, include_self=False)
    assert all(any(f is d for f in found) for d in dense)
    assert not any(f is outer for f in found)
    assert compat.flatten_layers(outer)[0] is outer


def test_takes_training():
    assert compat.takes_training(_model())
    assert compat.takes_training(keras.layers.Dropout(0.1))
    assert not compat.takes_training(keras.layers.Flatten())


def test_builds_from_a_batch():
    class Late(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    model = Late()
    model.compile(loss="mse")
    compat.build_from_batch(model, (np.ones((4, 2)), np.ones((4, 1))))
    assert model.dense.built
    assert model.optimizer.built


@pytest.mark.parametrize("takes", [True, False])
def test_compute_loss(takes):
    if takes:

        class Own(keras.Model):
            def compute_loss(self, x, y, y_pred, sample_weight, training):
                assert training is True
                return tf.reduce_sum(sample_weight * (y_pred - y))
    else:

        class Own(keras.Model):
            def compute_loss(self, x, y, y_pred, sample_weight):
                return tf.reduce_sum(sample_weight * (y_pred - y))

    y, y_pred, weight = (tf.constant(v) for v in ([1.0, 1.0], [3.0, 2.0], [1.0, 5.0]))
    assert float(compat.compute_loss(Own(), None, y, y_pred, weight)) == 7.0


def test_loss_tracker_is_what_the_logs_hold():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    compat.loss_tracker(model).update_state(7.0)
    assert float(model.get_metrics_result()["loss"]) == 7.0


@pytest.mark.parametrize("metrics", [None, ["mae"]])
@pytest.mark.parametrize("weights", [None, [2.0]])
def test_what_compile_was_given(metrics, weights):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    assert not compat.has_compiled_metrics(model)
    assert not compat.has_loss_weights(model)
    model.compile(loss="mse", loss_weights=weights, metrics=metrics)
    assert compat.has_compiled_metrics(model) == (metrics is not None)
    assert compat.has_loss_weights(model) == (weights is not None)


def test_initial_epoch_and_validation_within_fit():
    seen, within = [], []

    class Seen(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            compat.set_initial_epoch(self.model, 3)

        def on_epoch_begin(self, epoch, logs=None):
            seen.append(epoch)

    class Model(keras.Model):
        def evaluate(self, *args, **kwargs):
            within.append(compat.evaluates_within_fit(kwargs))
            return super().evaluate(*args, **kwargs)

    x = keras.Input((1,))
    model = type("Net", (Model,), {"call": lambda self, x: self.dense(x)})()
    model.dense = keras.layers.Dense(1)
    model.compile("sgd", "mse")
    x = np.ones((2, 1))
    model.fit(x, x, epochs=5, verbose=0, callbacks=[Seen()], validation_data=(x, x))
    model.evaluate(x, x, verbose=0)
    assert seen == [3, 4]
    assert within == [True, True, False]


def test_auto_jit_is_asked_and_told():
    told = []

    class Model(compat.AutoJit, keras.Model):
        def auto_jit_compile(self, default):
            told.append(default)
            return 7

    model = Model()
    model.compile(optimizer="sgd")
    assert model.jit_compile == 7
    assert set(told) == {bool(tf.config.list_physical_devices("GPU"))}


def test_producer():
    layer, x = keras.layers.Dense(1), keras.Input((2,))
    layer(x)
    operation, arguments = compat.producer(layer(x))
    assert operation is layer
    assert arguments.args[0] is x


def test_mask():
    embedded = keras.layers.Embedding(3, 2, mask_zero=True)(tf.constant([[1, 0]]))
    np.testing.assert_array_equal(compat.keras_mask(embedded), [[True, False]])
    assert compat.keras_mask(tf.constant(1.0)) is None


def test_averages_of_an_optimizer():
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.75)
    variable = keras.Variable([2.0, 4.0])
    optimizer.build([variable])
    assert compat.built_variables(optimizer) == [variable]
    compat.check_known(optimizer, [variable])
    with pytest.raises(ValueError, match="Unknown variable"):
        compat.check_known(optimizer, [keras.Variable(1.0)])
    compat.update_averages(optimizer, [variable])  # the first takes the value
    optimizer.iterations.assign(1)
    variable.assign([4.0, 8.0])
    compat.update_averages(optimizer, [variable])
    (average,) = compat.moving_averages(optimizer)
    np.testing.assert_allclose(average.numpy(), [2.5, 5.0])
    compat.overwrite_with_averages(optimizer, [variable])
    np.testing.assert_allclose(variable.numpy(), [2.5, 5.0])


def test_learning_rate_variable():
    optimizer = keras.optimizers.SGD(0.5)
    rate = keras.Variable(0.1, dtype="float64", trainable=False)
    compat.set_learning_rate_variable(optimizer, rate)
    assert optimizer.learning_rate is rate
    optimizer.learning_rate = 0.3
    assert float(rate.numpy()) == 0.3


def test_op_determinism():
    assert compat.op_determinism_enabled() is False


def test_functions_stay_calls():
    f = tf.function(
        lambda x: 2.0 * x,
        autograph=False,
        experimental_attributes=dict(compat.NOT_INLINED),
    )
    concrete = f.get_concrete_function(tf.constant(1.0))
    assert concrete.function_def.attr["_noinline"].b


def test_what_a_dataset_was_made_of():
    counter = tf.data.Dataset.range(3)
    made = {
        "Map": counter.map(lambda i: i + 1),
        "ParallelMap": counter.map(lambda i: i + 1, num_parallel_calls=2),
        "Prefetch": counter.prefetch(1),
        "Options": counter.with_options(tf.data.Options()),
        "Take": counter.take(2),
        "Repeat": counter.repeat(),
        "Shuffle": counter.shuffle(2),
        "Cache": counter.cache(),
    }
    for kind, dataset in made.items():
        assert compat.dataset_kind(dataset) == kind
        assert compat.dataset_inputs(dataset) == [counter]
    pair = tf.data.Dataset.zip((counter, made["Take"]))
    assert compat.dataset_kind(pair) == "Zip"
    assert compat.dataset_inputs(pair) == [counter, made["Take"]]
    assert compat.dataset_inputs(tf.data.Dataset.from_tensors(1.0)) == []


def test_xspace():
    empty = compat.xspace(b"")
    empty.planes.add(name="/host:CPU")
    again = compat.xspace(empty.SerializeToString())
    assert [plane.name for plane in again.planes] == ["/host:CPU"]


def test_hlo_module():
    # A message by hand: field 1 of HloProto is the module, whose field 1 is its name.
    assert compat.hlo_module(b"\x0a\x03\x0a\x01m").name == "m"


def test_tfp_lbfgs():
    module = compat.tfp_lbfgs()
    end = module.minimize(
        lambda x: (tf.reduce_sum((x - 2.0) ** 2), 2.0 * (x - 2.0)), tf.zeros(2)
    )
    assert type(end) is module.LBfgsOptimizerResults
    np.testing.assert_allclose(end.position, [2.0, 2.0])


# -- and nobody else uses one -------------------------------------------------------

_NAMES = {name for _, name in PRIVATE.values()} | {
    "_compile_loss",
    "_keras_mask",
    "_iterations",
    "_get_current_learning_rate",
    "_assert_compile_called",
    "_call_has_training_arg",
    "_compute_loss",
    "_use_cached_eval_dataset",
    "_noinline",
}


def _private_names(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Attribute):
            name = node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value
        elif isinstance(node, ast.FunctionDef):
            name = node.name
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            if re.match(
                r"(tensorflow(_probability)?\.(python|tsl|compiler)|keras\.src)", name
            ):
                yield f"{file.name}:{node.lineno} imports {name}"
            continue
        else:
            continue
        if name in _NAMES:
            yield f"{file.name}:{node.lineno} uses {name}"


_PRIVATE_MODULES = re.compile(
    r"(tensorflow(_probability)?\.(python|tsl|compiler)|keras\.src)"
)


# Modules that still reach past `compat`; to be empty.
_NOT_YET = {
    "derivatives/rules.py",
    "optimizers/closure_optimizer.py",
    "optimizers/isgd.py",
    "solvers/lbfgs.py",
}


def test_only_compat_uses_private_names():
    users = {}
    for file in PACKAGE.rglob("*.py"):
        found = list(_private_names(file))
        if found and PACKAGE / "compat" not in file.parents:
            users[str(file.relative_to(PACKAGE))] = found
    assert not {k: v for k, v in users.items() if k not in _NOT_YET}


def test_tensorflow_has_begun():
    tf.constant(0.0)
    assert compat.has_begun()


def test_kernels_are_known():
    tf.function(lambda: tf.zeros(()), jit_compile=True)()
    assert compat.has_kernel("MatMul", "CPU")
    assert compat.has_kernel("MatMul", "XLA_CPU_JIT")
    assert compat.has_kernel("BesselJ0", "CPU")
    assert not compat.has_kernel("BesselJ0", "XLA_CPU_JIT")
