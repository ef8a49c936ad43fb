import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki


def _model(problem=None):
    problem = problem or ki.problems.Helmholtz2D()
    network = ki.networks.mlp(len(problem.coordinates), width=6, depth=2, seed=0)
    model = ki.PINN(network, problem)
    model.compile(optimizer=ki.ISGD(0.5, inner=ki.solvers.Adam(steps=3)))
    model.fit(model.problem.points(20), verbose=0)
    return model


_CONSUMER = """
import sys

import importlib.util

import numpy as np
import tensorflow as tf

for absent in ("keras", "keras_isgd", "tensorflow_probability"):
    assert importlib.util.find_spec(absent) is None

model = tf.saved_model.load(sys.argv[1])
x = np.load(sys.argv[2])
d = model.derivatives(x)
with tf.GradientTape(persistent=True) as outer:
    points = tf.constant(x)
    outer.watch(points)
    with tf.GradientTape() as inner:
        inner.watch(points)
        u = model.serve(points)
    u_x = inner.gradient(u, points)[:, 0:1]
u_xx = outer.gradient(u_x, points)[:, 0:1]
np.testing.assert_allclose(u_x, d["u_x"], rtol=1e-12)
np.testing.assert_allclose(u_xx, d["u_xx"], rtol=1e-12)
np.savez(sys.argv[3], residual=model.residual(x), **{k: v for k, v in d.items()})
assert model.serve(x[:1]).shape == (1, 1)
"""


def test_runs_where_only_tensorflow_is_installed(tmp_path):
    model = _model()
    ki.export(model, tmp_path / "solver")
    x = np.random.default_rng(0).uniform(size=(7, 2))
    np.save(tmp_path / "x.npy", x)
    # -S and links to all packages but ours and Keras: they are not installed there.
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(tf.__file__).parents[1].iterdir():
        if not entry.name.startswith(("keras", "tf_keras", "tensorflow_probability")):
            (packages / entry.name).symlink_to(entry)
    command = [sys.executable, "-S", "-c", _CONSUMER]
    command += [str(tmp_path / name) for name in ("solver", "x.npy", "out.npz")]
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    subprocess.run(command, check=True, cwd=tmp_path, timeout=120, env=environment)
    out = np.load(tmp_path / "out.npz")
    assert set(out) == {"residual", "u", "u_x", "u_y", "u_xx", "u_xy", "u_yy"}
    np.testing.assert_allclose(out["u"], model.network(x), rtol=1e-12)
    h = 1e-4
    ahead, behind = (model.network(x + s * h * np.array([0.0, 1.0])) for s in (1, -1))
    np.testing.assert_allclose(out["u_y"], (ahead - behind) / (2 * h), rtol=1e-5)
    expected = (
        out["u_xx"] + out["u_yy"] + 16 * out["u"] - np.asarray(model.problem.source(x))
    )
    np.testing.assert_allclose(out["residual"], expected, rtol=1e-10)


def test_optimizer_state_is_not_exported(tmp_path):
    model = _model()
    ki.export(model, tmp_path / "solver")
    path = str(tmp_path / "solver/variables/variables")
    names = [name for name, _ in tf.train.list_variables(path)]
    kernels_and_biases = 2 * 3
    assert sum(name.startswith("variables/") for name in names) == kernels_and_biases
    assert not any("optimizer" in name for name in names)


def test_coefficients_of_the_equation_are_exported(tmp_path):
    class Decay(ki.Problem):
        coefficients = {"rate": 2.5}

        def residual(self, u, x):
            return u.d("x") + u.coefficient("rate") * u.value

    model = _model(Decay())
    rate = float(model.coefficients["rate"].numpy())
    assert rate != 2.5
    ki.export(model, tmp_path / "solver")
    loaded = tf.saved_model.load(tmp_path / "solver")
    x = np.array([[0.3], [0.6]])
    d = loaded.derivatives(x)
    np.testing.assert_allclose(loaded.residual(x), d["u_x"] + rate * d["u"], rtol=1e-12)
    found = loaded.coefficients()
    assert {name: float(value) for name, value in found.items()} == {"rate": rate}


def test_every_derivative_that_the_problem_uses_is_exported(tmp_path):
    class Waves(ki.Problem):
        coordinates = ("x", "y")
        domain = ki.Box((0.0, 0.0), (1.0, 1.0))

        def residual(self, u, x):
            return u.d("xxx") + u.d("xxyy") + u.laplacian()

        def conditions(self):
            class Third(ki.Dirichlet):
                def residual(self, problem, fields, x):
                    return fields[0].d("yyy")

            return [Third("x_min")]

    model = _model(Waves())
    ki.export(model, tmp_path / "solver")
    loaded = tf.saved_model.load(tmp_path / "solver")
    assert not hasattr(loaded, "coefficients")
    x = np.random.default_rng(0).uniform(size=(5, 2))
    d = loaded.derivatives(x)
    low = {"u", "u_x", "u_y", "u_xx", "u_xy", "u_yy"}
    assert set(d) == low | {"u_xxx", "u_yyy", "u_xxyy"}
    sum_of_all = d["u_xxx"] + d["u_xxyy"] + d["u_xx"] + d["u_yy"]
    np.testing.assert_allclose(loaded.residual(x), sum_of_all, rtol=1e-10)
    h = 1e-4
    ahead, behind = (
        loaded.derivatives(x + s * h * np.array([0.0, 1.0])) for s in (1, -1)
    )
    difference = (ahead["u_yy"] - behind["u_yy"]) / (2 * h)
    np.testing.assert_allclose(d["u_yyy"], difference, rtol=1e-5, atol=1e-9)


def test_refusals_touch_nothing(tmp_path):
    model = _model()
    path = tmp_path / "solver"
    path.mkdir()
    (path / "keep").write_text("me")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        ki.export(model, path)
    assert (path / "keep").read_text() == "me"
    plain = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    with pytest.raises(TypeError, match=r"model.export\(path\)"):
        ki.export(plain, tmp_path / "other")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):  # noqa: PT011 (the system's own words)
        ki.export(model, tmp_path / "file" / "below")
    model.trainable_variables[0].assign(model.trainable_variables[0] * np.nan)
    with pytest.raises(ValueError, match="NaN or infinite"):
        ki.export(model, tmp_path / "other")
    assert not os.path.exists(tmp_path / "other")


def test_keras_export_works_too(tmp_path):
    model = _model()
    model.export(tmp_path / "solver", verbose=False)
    x = np.random.default_rng(0).uniform(size=(5, 2))
    loaded = tf.saved_model.load(tmp_path / "solver")
    np.testing.assert_allclose(loaded.serve(x), model.network(x), rtol=1e-12)


def test_pinn_saves_and_loads_whole(tmp_path):
    model = _model()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).uniform(size=(5, 2))
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.network(x))
    assert loaded.problem.k == model.problem.k
    assert loaded.errors() == model.errors()
