"""jit_compile="auto": XLA for long runs of networks that Taylor mode passes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.models import compilation
from keras_isgd.models.compilation import decide


def model_of(optimizer, derivatives="auto", **arguments):
    problem = ki.problems.Poisson1D("u_L")
    network = ki.networks.mlp(1, width=5, depth=2, input_scale=3.0, seed=0)
    model = ki.PINN(network, problem, derivatives=derivatives)
    model.compile(optimizer=optimizer, **arguments)
    return model


@pytest.mark.parametrize(
    ("optimizer", "steps", "pays"),
    [
        (ki.ISGD, 199, False),
        (ki.ISGD, 200, True),
        (ki.ISGD, None, True),
        (keras.optimizers.Adam, 499, False),
        (keras.optimizers.Adam, 500, True),
    ],
)
def test_long_runs_are_compiled(optimizer, steps, pays):
    assert bool(decide(model_of(optimizer()), steps)) is pays
    assert not decide(model_of(optimizer(), "tape"), steps)
    assert not decide(model_of(optimizer(), run_eagerly=True), steps)


class Disk(ki.Problem):
    """Laplace's equation, with boundary values that XLA cannot compute."""

    coordinates = ("x", "y")
    domain = ki.geometry.Disk((0.0, 0.0), 1.0)

    def residual(self, u, x):
        return u.laplacian()

    def conditions(self):
        return [ki.Dirichlet(value=lambda x: self.exact(x) * self.factor(x))]

    def exact(self, x):
        return x[:, :1] ** 2 - x[:, 1:] ** 2

    def factor(self, x):
        return tf.math.special.bessel_j0(0.0 * x[:, :1])


class Numbers(Disk):
    """The same, by a function of NumPy's."""

    def factor(self, x):
        ones = tf.numpy_function(np.ones_like, [x[:, :1]], x.dtype)
        return tf.ensure_shape(ones, (x.shape[0], 1))


@pytest.mark.parametrize(
    ("kind", "operation"), [(Disk, "BesselJ0"), (Numbers, "PyFunc")]
)
@pytest.mark.filterwarnings("ignore:A model of")
def test_what_xla_does_not_know_is_trained_without_it(kind, operation):
    network = ki.networks.mlp(2, width=6, depth=2, seed=0)
    model = ki.PINN(network, kind())
    model.compile(optimizer=ki.ISGD())
    assert np.isfinite(model.evaluate(kind().points(20), verbose=0)[0])
    model.fit(epochs=40, steps_per_epoch=5, verbose=0)
    assert not model.jit_compile
    assert model.errors()["relative_l2"] < 1e-3
    model.compile(optimizer=ki.ISGD(), jit_compile=True)
    with pytest.raises(
        ValueError, match=f"'dirichlet.*' uses TensorFlow's {operation}"
    ):
        model.fit(verbose=0)


def test_each_fit_decides_anew_and_a_given_choice_stands():
    model = model_of(keras.optimizers.Adam())
    points = model.problem.points(8, resample=False)
    for epochs, compiled in ((1, False), (3, True), (1, False)):
        model.fit(points, epochs=epochs, steps_per_epoch=200, verbose=0)
        assert bool(model.jit_compile) is compiled
    for given in (False, True):
        model.compile(optimizer=keras.optimizers.Adam(), jit_compile=given)
        model.fit(points, epochs=3, steps_per_epoch=200, verbose=0)
        assert model.jit_compile is given


def test_an_open_choice_stays_open_in_a_loaded_model(tmp_path):
    model = model_of(keras.optimizers.Adam())
    model.fit(model.problem.points(8), verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert not again.jit_compile
    points = model.problem.points(8, resample=False)
    again.fit(points, epochs=3, steps_per_epoch=200, verbose=0)
    assert again.jit_compile


def test_what_counts_is_where_the_weights_are(monkeypatch):
    model = model_of(ki.ISGD())
    # A GPU in sight, and the model on the CPU nevertheless.
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    model.jit_compile = given = object()
    assert decide(model, 200) is not given
    assert bool(decide(model, 200))
    assert not decide(model, 199)
    monkeypatch.setattr(compilation, "device_type", lambda variable: "GPU")
    assert decide(model, 200) is given
