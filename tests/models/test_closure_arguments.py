"""Each argument of `ClosureModel` and its training makes a difference."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from argument_tables import check_differs

import keras_isgd as ki

X = np.linspace(-0.5, 1.0, 12)[:, None]
Y = np.sin(3.0 * X)


def _optimizer(alpha=1.0):
    return ki.ISGD(alpha, inner=ki.solvers.Adam(1e-2, steps=1))


def _model(optimizer=None, outputs=1, **arguments):
    inputs = keras.Input((1,))
    layer = keras.layers.Dense(outputs, kernel_initializer="ones")
    model = ki.ClosureModel(inputs, layer(inputs), **arguments)
    model.compile(optimizer=optimizer or _optimizer(), loss="mse", run_eagerly=True)
    return model


def _fit(**arguments):
    """Trains; returns the epochs, the entries of `History` and the weights."""
    model, given = _model(), {"batch_size": 12, "shuffle": False, "verbose": 0}
    history = model.fit(X, Y, **{**given, **arguments})
    return history.epoch, sorted(history.history), model.get_weights()


class Count(keras.callbacks.Callback):
    """Counts the steps that it sees."""

    def __init__(self):
        super().__init__()
        self.steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1


WEIGHTS = np.linspace(0.1, 2.0, 12)

FIT = {
    "batch_size": (lambda v: np.concatenate(_fit(batch_size=v)[2], None), (12, 6)),
    "epochs": (lambda v: _fit(epochs=v)[0], (1, 2)),
    "initial_epoch": (lambda v: _fit(epochs=3, initial_epoch=v)[0], (0, 1)),
    "steps_per_epoch": (
        lambda v: np.concatenate(_fit(batch_size=6, steps_per_epoch=v)[2], None),
        (1, 2),
    ),
    "sample_weight": (
        lambda v: np.concatenate(_fit(sample_weight=v)[2], None),
        (None, WEIGHTS),
    ),
    "validation_split": (lambda v: len(_fit(validation_split=v)[1]), (0.0, 0.5)),
    "validation_data": (lambda v: len(_fit(validation_data=v)[1]), (None, (X, Y))),
}


@pytest.mark.parametrize("name", FIT)
def test_fit_honours(name):
    # Adam takes two steps: the first is the sign of the gradient alone.
    check_differs(*FIT[name])


def test_a_class_weight_is_honoured():
    x, y = np.ones((4, 1)), np.array([[0.0], [0.0], [1.0], [1.0]])

    def loss(class_weight):
        model = _model()
        history = model.fit(x, y, verbose=0, class_weight=class_weight)
        return history.history["loss_before"]

    # The outputs are 1: only those of class 0 are wrong.
    np.testing.assert_allclose(loss({0: 1.0, 1: 1.0}), 0.5)
    np.testing.assert_allclose(loss({0: 3.0, 1: 1.0}), 1.5)


@pytest.mark.parametrize("how", ["alone", "list", "tuple", "callback list"])
def test_callbacks_come_in_every_form_that_keras_takes(how):
    model, count = _model(), Count()
    forms = {"alone": count, "list": [count], "tuple": (count,)}
    callbacks = forms.get(how) or keras.callbacks.CallbackList(
        [count, keras.callbacks.History()], model=model, epochs=2, steps=1, verbose=0
    )
    for steps in (2, 4):
        history = model.fit(X, Y, 12, epochs=2, verbose=0, callbacks=callbacks)
        assert count.steps == steps
        assert history.epoch == [0, 1]
        if how == "callback list":
            assert history is callbacks.callbacks[1]
            assert len(callbacks.callbacks) == 2


def test_a_model_takes_what_a_keras_model_takes():
    check_differs(lambda v: _model(name=v).name, ("one", "two"))
    check_differs(lambda v: _model(trainable=v).trainable, (False, True))
    check_differs(lambda v: _model(outputs=v).output_shape, (1, 2))
    inputs = keras.Input((1,))
    by_name = ki.ClosureModel(inputs=inputs, outputs=keras.layers.Dense(1)(inputs))
    assert by_name.output_shape == (None, 1)


def test_methods_use_what_they_are_given():
    model = _model()
    one, other = ((tf.constant(X), tf.constant(c * Y)) for c in (1.0, 2.0))
    w = tf.constant([1.0, 0.0])
    for method in (
        lambda v: model.objective(v).value(w),
        lambda v: model.closure(v)[0],
        lambda v: (
            model.log(v, tf.constant(1.0), model(v[0]))["loss"]
            + model.objective(v).value(w)
        ),
    ):
        check_differs(method, (one, other))
    model.reset_metrics()
    logs = [model.log(one, tf.constant(v), model(one[0]))["loss"] for v in (1.0, 3.0)]
    np.testing.assert_allclose(logs, [1.0, 2.0])  # Keras's mean so far
    check_differs(lambda v: model.predict_for_training(v * X), (1.0, 2.0))


def test_an_optimizer_that_is_set_trains_from_then_on():
    def weights(alpha):
        model = _model(ki.ISGD(1.0, inner="gauss_newton"))
        model.fit(X, Y, 12, verbose=0)
        model.set_optimizer(ki.ISGD(alpha, inner="gauss_newton"))
        model.fit(X, Y, 12, verbose=0)
        assert int(model.optimizer.iterations.numpy()) == 1
        return np.concatenate(model.get_weights(), None)

    check_differs(weights, (1e-3, 10.0))
