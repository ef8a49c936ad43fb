"""State that was saved before the first step is that of a run that has not begun."""

import keras
import numpy as np
import pytest

import keras_isgd as ki

OPTIMIZERS = {
    "isgd": lambda: ki.ISGD(0.5, inner="gauss_newton", step_control=ki.DecreaseRatio()),
    "averaged": lambda: ki.ISGD(0.5, inner=ki.solvers.Adam(1e-2, 2), use_ema=True),
    "lbfgs": lambda: ki.LBFGS(steps=2, line_search_steps=5),
    "ssbroyden": lambda: ki.SSBroyden(steps=2, line_search_steps=5),
    "staged": lambda: ki.Staged(
        [ki.ISGD(0.5, inner=ki.solvers.Adam(1e-2, 2)), keras.optimizers.SGD(0.1)], [2]
    ),
}
X = np.linspace(-0.5, 1.0, 12)[:, None]
Y = np.sin(2.0 * X)


def _model(name):
    inputs = keras.Input((1,))
    hidden = keras.layers.Dense(2, "tanh")(inputs)
    model = ki.ClosureModel(inputs, keras.layers.Dense(1)(hidden))
    model.compile(optimizer=OPTIMIZERS[name](), loss="mse", run_eagerly=True)
    return model


def _train(model, epochs=2):
    model.fit(X, Y, batch_size=len(X), epochs=epochs, shuffle=False, verbose=0)
    weights = [v.numpy().ravel() for v in model.trainable_variables]
    return np.concatenate(weights)


@pytest.fixture(scope="module", params=sorted(OPTIMIZERS))
def case(request, tmp_path_factory):
    """A model that was compiled and saved, and where it ends after two steps."""
    folder = tmp_path_factory.mktemp(request.param)
    keras.utils.set_random_seed(1)
    model = _model(request.param)
    assert not model.optimizer.built
    model.save_weights(folder / "a.weights.h5")
    model.save(folder / "a.keras")
    return request.param, folder, _train(model)


def test_another_model_trains_on_from_such_weights(case):
    name, folder, expected = case
    other = _model(name)
    other.load_weights(folder / "a.weights.h5")
    np.testing.assert_array_equal(_train(other), expected)
    assert int(other.optimizer.iterations.numpy()) == 2


def test_a_model_that_was_trained_begins_anew(case):
    name, folder, expected = case
    other = _model(name)
    _train(other, epochs=3)
    other.load_weights(folder / "a.weights.h5")
    assert int(other.optimizer.iterations.numpy()) == 0
    assert float(other.optimizer.learning_rate) == float(
        OPTIMIZERS[name]().learning_rate
    )
    np.testing.assert_array_equal(_train(other), expected)


# Keras's own SGD says that it has more variables than the file.
@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_the_whole_model_is_loaded(case):
    _, folder, expected = case
    other = keras.models.load_model(folder / "a.keras")
    np.testing.assert_array_equal(_train(other), expected)


def test_a_learning_rate_of_another_kind_is_still_refused():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    store = {}
    ki.ISGD(schedule, inner="adam").save_own_variables(store)
    other = ki.ISGD(0.5, inner="adam")
    other.load_own_variables(store)
    with pytest.raises(ValueError, match="learning_rate differ"):
        other.build([keras.Variable([1.0])])
