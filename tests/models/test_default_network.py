"""The network of a problem that is given none."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.models.default_network import default_network, design_for
from keras_isgd.models.scales import output_ranges


@keras.saving.register_keras_serializable("tests")
class Rod(ki.Problem):
    """Heat in a rod, in any units."""

    coordinates = ("x", "t")
    outputs = ("T", "q")
    coefficients = {"c": 2.0}

    def __init__(self, length=1.0, degree=1.0):
        self.length, self.degree = length, degree
        self.domain = ki.Box((-length, 0.0), (length, 3.0))

    def residual(self, u, x):
        heat = u["T"].d("t") - self.length**2 * u["T"].d("xx")
        return {"heat": heat, "flux": u["q"].value - self.length * u["T"].d("x")}

    def conditions(self):
        return [
            ki.Dirichlet("x_min", 300.0 * self.degree, component="T"),
            ki.Dirichlet("x_max", lambda u, x: u.coefficient("c") * 0.0, component="q"),
            ki.Initial(
                lambda x: self.degree * (300 + 50 * x[:, :1] / self.length),
                0,
                component="T",
            ),
            ki.Initial(1e9, 1, component="T"),
            ki.Neumann("x_max", 1e9, component="T"),
        ]

    def get_config(self):
        return {"length": self.length, "degree": self.degree}


@keras.saving.register_keras_serializable("tests")
class MildRod(Rod):
    """Without slopes that no network of this size has."""

    def conditions(self):
        return super().conditions()[:3]


def test_outputs_have_the_range_of_what_is_prescribed():
    middles, halves, single = output_ranges(Rod(degree=10.0))
    assert not single.any()
    assert middles == pytest.approx([3000.0, 0.0], rel=0.02)
    assert halves == pytest.approx([500.0, np.nan], rel=0.05, nan_ok=True)


@pytest.mark.parametrize(
    ("condition", "middle", "half"),
    [
        (ki.Dirichlet(value=293.15), 293.15, 293.15),
        (ki.Dirichlet(value=0.0), 0.0, np.nan),
        (ki.Data([[0.1], [0.2]], [2e6, 6e6]), 4e6, 2e6),
        (ki.Data([[0.1]], [7.0], operator=lambda u, x: u.d("x")), 0.0, np.nan),
        (ki.Dirichlet([[0.5]], -3.0), -3.0, 3.0),
        (ki.Neumann("x_min", 5.0), 0.0, np.nan),
        (ki.Robin("x_min", value=5.0), 0.0, np.nan),
    ],
)
def test_what_counts_as_a_value(condition, middle, half):
    problem = ki.Problem()
    problem.conditions = lambda: [condition]
    problem.residual = lambda u, x: u.d("x")
    *found, single = output_ranges(problem)
    assert single[0] == (middle != 0.0 and abs(middle) == half)
    assert [float(v[0]) for v in found] == pytest.approx([middle, half], nan_ok=True)


def test_units_do_not_matter():
    metres, millimetres = Rod(), Rod(1000.0, 1e-3)
    one, other = (default_network(p, seed=3) for p in (metres, millimetres))
    x = np.array([[-0.3, 0.5], [0.9, 2.5]])
    scaled = other(x * [1000.0, 1.0]).numpy()
    np.testing.assert_allclose(scaled[:, 0], 1e-3 * one(x).numpy()[:, 0], rtol=1e-5)
    losses, points = [], one.count_params()
    for problem in (MildRod(), MildRod(1000.0, 1e-3)):
        model = ki.PINN(problem=problem, seed=3)
        model.compile(optimizer=ki.ISGD())
        sets = problem.points(points, 20, resample=False)
        losses.append(model.evaluate(sets, verbose=0, return_dict=True)["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_it_trains_is_saved_and_loaded(tmp_path):
    model = ki.PINN(problem=MildRod(), seed=1)
    assert {term.layout for term in model._terms} == {"pointwise"}
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    history = model.fit(model.problem.points(80, 20), epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss_before"][0]
    model.save(tmp_path / "rod.keras")
    again = keras.models.load_model(tmp_path / "rod.keras")
    x = tf.constant([[0.1, 0.2]], tf.float64)
    np.testing.assert_array_equal(again(x), model(x))


def test_seeds():
    one, other, third = (
        ki.PINN(problem=Rod(), seed=seed).network.get_weights() for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, other))
    assert not all(np.array_equal(a, b) for a, b in zip(one, third))
    with pytest.raises(ValueError, match="give it to the network"):
        ki.PINN(ki.networks.mlp(2, 2), Rod(), seed=1)
    with pytest.raises(ValueError, match=r"Expected a ki\.Problem"):
        ki.PINN(ki.networks.mlp(2, 2))


def test_an_output_with_a_single_value_starts_flat():
    problem = Rod()
    problem.conditions = lambda: [
        ki.Dirichlet("x_min", 293.15, component="T"),
        ki.Initial(lambda x: x[:, :1], component="q"),
    ]
    x = np.random.default_rng(0).uniform(0.0, 1.0, (200, 2))
    design = design_for(problem)
    T, q = design.network(seed=0)(x).numpy().T
    plain = ki.networks.mlp(2, 2, 24, 2, input_scale=4.0, seed=0)
    unit = np.add(x, [1.0, 0.0]) / [2.0, 3.0]
    inner = plain(unit).numpy().T
    expected = 293.15 + 0.01 * design.sizes[0] * inner[0]
    np.testing.assert_allclose(T, expected, rtol=1e-7)
    assert np.std(q) == pytest.approx(design.sizes[1] * np.std(inner[1]), rel=0.05)


def test_periodic_coordinates_are_circles_in_the_unit_box():
    class Waves(ki.Problem):
        coordinates = ("x", "t")
        domain = ki.Box((-3.0, 0.0), (5.0, 2.0))

        def residual(self, u, x):
            return u.d("tt") - u.d("xx")

        def conditions(self):
            return [ki.Periodic("x"), ki.Initial(lambda x: tf.cos(x[:, :1]))]

    design = design_for(Waves())
    network = design.network(seed=0)
    x = np.random.default_rng(0).uniform((-3.0, 0.0), (5.0, 2.0), (300, 2))
    np.testing.assert_allclose(network(x), network(np.add(x, [8.0, 0.0])), atol=1e-12)
    assert (
        np.abs(network(x).numpy() - network(np.add(x, [4.0, 0.0])).numpy()).max() > 1e-6
    )
    inner = keras.Model(network.input, network.get_layer("circles_in_box").output)
    unit = inner(x).numpy()
    assert unit.shape == (300, 3)
    assert 0.0 <= unit.min() < unit.max() <= 1.0
    # Values agree, slopes are not asked for: a kink is possible, and no circle.
    kinked = Waves()
    kinked.conditions = lambda: [ki.Periodic("x", orders=(0,)), ki.Initial(0.0)]
    assert design_for(kinked).periodic == ()
    weights = ki.PINN(network, Waves()).balanced_weights()
    assert sorted(weights) == ["initial", "residual"]
