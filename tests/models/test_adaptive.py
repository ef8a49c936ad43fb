"""Training points chosen by the residual."""

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.models.adaptive import choose_points


class Steep(ki.Problem):
    """u' = a bump near 0.7, which a flat network leaves as its residual."""

    def residual(self, u, x):
        return u.d("x") - 100.0 * tf.exp(-((x - 0.7) ** 2) / 2e-4)

    def conditions(self):
        return [ki.Dirichlet("x_min", 0.0)]


def _model(candidates=8):
    network = ki.networks.mlp(1, 1, 6, 1, seed=0, output_scale=1e-6)
    return ki.PINN(network, Steep(), candidates=candidates)


def _chosen(model, data, step):
    return choose_points(model._terms, data, model.network, {}, 8, tf.constant(step))


def test_points_gather_where_the_residual_is_and_stay_everywhere():
    model = _model()
    data = next(iter(model.problem.points(8 * 400, method="sobol")))
    found = _chosen(model, data, 3)
    x = found["interior"].numpy()
    assert x.shape == (400, 1)
    assert len(np.unique(x)) == 400
    assert set(x.ravel()) <= set(data["interior"].numpy().ravel())
    np.testing.assert_array_equal(found["x_min"], data["x_min"])
    near = np.abs(x - 0.7) < 0.03
    # Wu et al.: a density |r| / mean |r| + 1; half of it is uniform.
    assert np.mean(near) > 0.2
    assert np.mean(~near) > 0.3
    assert np.histogram(x, 8, (0.0, 1.0))[0].min() > 10


def test_the_choice_is_a_function_of_the_step():
    model = _model()
    data = next(iter(model.problem.points(800)))
    one, same, other = (_chosen(model, data, s)["interior"] for s in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_point_that_is_not_finite_is_kept():
    problem = Steep()
    problem.residual = lambda u, x: u.d("x") / tf.cast(x != 0.25, x.dtype)
    model = ki.PINN(ki.networks.mlp(1, 1, 6, 1, seed=0), problem, candidates=8)
    x = np.linspace(0.0, 1.0, 801)[:800, None]
    x[100] = 0.25
    found = _chosen(model, {"interior": tf.constant(x), "x_min": [[0.0]]}, 0)
    assert 0.25 in found["interior"].numpy()


def test_a_run_that_is_restored_has_the_same_points(tmp_path):
    def trained(epochs, folder):
        model = _model(4)
        model.compile(optimizer=ki.ISGD(), jit_compile=False)
        backup = ki.callbacks.BackupAndRestore(str(folder))
        model.fit(epochs=epochs, callbacks=[backup], verbose=0)
        return model.get_weights()

    class Stop(Exception):
        pass

    whole = trained(6, tmp_path / "whole")
    model = _model(4)
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    backup = ki.callbacks.BackupAndRestore(str(tmp_path / "cut"))

    class Cut(ki.callbacks.TimeLimit):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                raise Stop

    with pytest.raises(Stop):
        model.fit(epochs=6, callbacks=[backup, Cut(1e9)], verbose=0)
    for one, other in zip(trained(6, tmp_path / "cut"), whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_problem_is_not_asked_for_its_conditions_in_a_graph():
    problem = Steep()
    values = ki.networks.mlp(1, 1, 4, 1, seed=0)
    x = np.array([[0.0], [0.5]])
    # Values that a user computes with TensorFlow.
    problem.conditions = lambda: [ki.Data(x, tf.sin(values(x)))]
    model = ki.PINN(ki.networks.mlp(1, 1, 6, 1, seed=0), problem, candidates=2)
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    history = model.fit(epochs=1, verbose=0).history
    assert np.isfinite(history["loss"][0])


def test_fewer_points_than_candidates_and_rows_that_mix_points_are_refused():
    model = _model()
    data = {"interior": tf.zeros((7, 1), tf.float64), "x_min": [[0.0]]}
    with pytest.raises(ValueError, match=r"there are 7\. Give more points"):
        _chosen(model, data, 0)
    problem = Steep()
    problem.pointwise = False
    with pytest.raises(ValueError, match="leave `candidates` at 1"):
        ki.PINN(ki.networks.mlp(1, 1, 6, 1, seed=0), problem, candidates=2)


def test_candidates_are_saved_and_checked(tmp_path):
    with pytest.raises(ValueError, match="candidates"):
        _model(0)
    assert _model(3).get_config()["candidates"] == 3
