"""Exports: parameters, outputs and equations by name, and what residuals ask for."""

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki

RNG = np.random.default_rng(4)


def pinn(problem, dtype="float64", seed=1):
    network = ki.networks.mlp(
        problem.input_count,
        problem.network_outputs,
        width=4,
        depth=1,
        dtype=dtype,
        seed=seed,
    )
    return ki.PINN(network, problem)


def exported(model, path):
    ki.export(model, path / "solver")
    return tf.saved_model.load(path / "solver")


class Diffusion(ki.Problem):
    coordinates = ("x", "t")
    outputs = ("T", "q")
    parameters = {"k": (0.2, 1.0), "m": (1.0, 3.0)}
    coefficients = {"h": ki.Coefficient(2.0, lower=0.5), "free": 3.0}
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))

    def residual(self, u, x):
        h, free = u.coefficient("h"), u.coefficient("free")
        return {
            "flux": u["q"].value + u.parameter("k") * u["T"].d("x"),
            "heat": h * u["T"].d("t") + free * u.parameter("m") * u["q"].d("x"),
        }


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_parameters_outputs_and_equations_by_name(dtype, tmp_path):
    model = pinn(Diffusion(), dtype)
    model.coefficients["h"].assign(7.0)
    loaded = exported(model, tmp_path)
    tolerance = {"rtol": 1e-12 if dtype == "float64" else 1e-5, "atol": 1e-6}
    x = RNG.uniform(size=(5, 2)).astype(dtype)
    whole = np.column_stack([x, np.full(5, 0.5), np.full(5, 2.0)]).astype(dtype)
    for given in (
        {"k": 0.5, "m": 2.0},
        {"m": np.full((5, 1), 2.0, dtype), "k": np.full((5, 1), 0.5, dtype)},
    ):
        expected = model.network(whole)
        np.testing.assert_allclose(loaded.serve(x, **given), expected, **tolerance)
        d = loaded.derivatives(x, **given)
        rows = loaded.residual(x, **given)
        for endpoint, values in ((loaded.derivatives, d), (loaded.residual, rows)):
            for name, value in endpoint(whole).items():
                np.testing.assert_allclose(values[name], value, **tolerance)
    np.testing.assert_allclose(loaded.serve(whole), expected, **tolerance)
    orders = ("", "_x", "_t", "_xx", "_xt", "_tt")
    assert set(d) == {f"{name}{order}" for name in "Tq" for order in orders}
    assert {value.shape for value in d.values()} == {(5, 1)}
    np.testing.assert_allclose(d["q"], expected[:, 1:], **tolerance)
    assert set(rows) == {"flux", "heat"}
    np.testing.assert_allclose(rows["flux"], d["q"] + 0.5 * d["T_x"], **tolerance)
    heat = 7.0 * d["T_t"] + 3.0 * 2.0 * d["q_x"]
    np.testing.assert_allclose(rows["heat"], heat, **tolerance)
    found = {name: float(value) for name, value in loaded.coefficients().items()}
    assert found == pytest.approx({"h": 7.0, "free": 3.0}, rel=1e-6)
    signature = loaded.signatures["serve"].structured_input_signature[1]
    assert {name: list(spec.shape) for name, spec in signature.items()} == {
        "x": [None, 4]
    }


def test_outputs_without_names_stay_together(tmp_path):
    class Two(ki.Problem):
        coordinates = ("x",)
        outputs = 2
        domain = ki.Box(0.0, 1.0)

        def residual(self, u, x):
            return u.d("x")

    model = pinn(Two())
    loaded = exported(model, tmp_path)
    x = RNG.uniform(size=(5, 1))
    d = loaded.derivatives(x)
    assert {name: tuple(value.shape) for name, value in d.items()} == {
        "u": (5, 2),
        "u_x": (5, 2),
        "u_xx": (5, 2),
    }
    np.testing.assert_allclose(d["u"], model.network(x), rtol=1e-12)
    np.testing.assert_allclose(loaded.residual(x), d["u_x"], rtol=1e-12)


class Volterra(ki.Problem):
    """u' = 1 - integral of u from 0 to x, by four nodes."""

    coordinates = ("x",)
    domain = ki.Box(0.0, 1.0)

    def residual(self, u, x):
        nodes, weights = np.polynomial.legendre.leggauss(4)
        points = x[:, None, :] * (0.5 + 0.5 * nodes)[None, :, None]
        values = u.at(points).value * (0.5 * weights)[None]
        integral = x * tf.reduce_sum(values, axis=1, keepdims=True)
        return u.d("x") - 1.0 + integral


class Whole(ki.Problem):
    """u' = the integral of u from 0 to 1."""

    coordinates = ("x",)
    domain = ki.Box(0.0, 1.0)

    def residual(self, u, x):
        nodes, weights = np.polynomial.legendre.leggauss(4)
        values = u.at((0.5 + 0.5 * nodes)[:, None]).value
        return u.d("x") - tf.reduce_sum(0.5 * weights[:, None] * values)


@pytest.mark.parametrize("make", [Volterra, Whole])
def test_a_residual_that_asks_for_other_points(make, tmp_path):
    model = pinn(make())
    loaded = exported(model, tmp_path)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    for n in (1, 6):
        x = RNG.uniform(size=(n, 1))
        ends = x if make is Volterra else np.ones((n, 1))
        at = ends * (0.5 + 0.5 * nodes)[None]
        u = np.reshape(model.network(at.reshape(-1, 1)), (n, -1))
        integral = ends[:, 0] * np.sum(0.5 * weights * u, axis=1)
        u_x = loaded.derivatives(x)["u_x"][:, 0]
        expected = u_x - 1.0 + integral if make is Volterra else u_x - integral
        np.testing.assert_allclose(loaded.residual(x)[:, 0], expected, atol=1e-6)


def test_in_subdomains_each_point_has_its_own(tmp_path):
    class Layers(ki.Problem):
        coordinates = ("x",)
        domain = ki.geometry.Interval(0.0, 2.0)
        subdomains = {
            "left": ki.geometry.Interval(0.0, 1.0),
            "right": ki.geometry.Interval(1.0, 2.0),
        }

        def residual(self, u, x):
            return {"flux": (3.0 if u.subdomain == "left" else 5.0) * u.d("x")}

    model = pinn(Layers())
    loaded = exported(model, tmp_path)
    x = np.array([[0.1], [0.9], [1.1], [1.9]])
    both = model.network(x).numpy()
    expected = np.array([both[0, 0], both[1, 0], both[2, 1], both[3, 1]])[:, None]
    np.testing.assert_allclose(loaded.serve(x), expected, rtol=1e-12)
    d = loaded.derivatives(x)
    np.testing.assert_allclose(d["u"], expected, rtol=1e-12)
    h = 1e-5
    difference = (loaded.serve(x + h) - loaded.serve(x - h)) / (2 * h)
    np.testing.assert_allclose(d["u_x"], difference, rtol=1e-6)
    factors = np.array([[3.0], [3.0], [5.0], [5.0]])
    residual = loaded.residual(x)
    assert list(residual) == ["flux"]
    np.testing.assert_allclose(residual["flux"], factors * d["u_x"], rtol=1e-12)


def test_names_that_cannot_be_told_apart_are_refused(tmp_path):
    class Twice(ki.Problem):
        coordinates = ("x",)
        outputs = ("u", "u_x")
        domain = ki.Box(0.0, 1.0)

        def residual(self, u, x):
            return u.value

    class Odd(Twice):
        outputs = 1
        parameters = {"Re number": (1.0, 2.0)}

    class Own(Twice):
        coordinates = ("y",)
        outputs = 1
        parameters = {"x": (1.0, 2.0)}

    for make, words in (
        (Twice, "two derivatives .* 'u_x': rename an output"),
        (Odd, "'Re number' cannot be an input .* Rename it"),
        (Own, "'x' cannot be an input"),
    ):
        with pytest.raises(ValueError, match=words):
            ki.export(pinn(make()), tmp_path / "solver")
    assert not (tmp_path / "solver").exists()


def test_a_residual_for_a_fixed_number_of_points_is_told_so(tmp_path):
    class Fixed(ki.Problem):
        coordinates = ("x",)
        domain = ki.Box(0.0, 1.0)

        def residual(self, u, x):
            return u.value - tf.ones((x.shape[0], 1), x.dtype)

    with pytest.raises(ValueError, match=r"residual of Fixed .*tf\.shape\(x\)\[0\]"):
        ki.export(pinn(Fixed()), tmp_path / "solver")
    assert not (tmp_path / "solver").exists()
