"""Boundary layers that are read from equations."""

import math

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.models.boundary_layers import boxes_of
from keras_isgd.models.default_network import default_network, design_for

SQUARE = ki.geometry.Rectangle((0.0, 0.0), (2.0, 1.0))
LINE = ki.geometry.Interval(0.0, 2.0)


def problem(residual, conditions=None, domain=LINE, outputs=("u",), coordinates=None):
    given = [ki.Dirichlet(value=0.0)] if conditions is None else conditions
    names = coordinates or ("x", "y")[: domain.dimension]
    places = {"residual": lambda self, u, x: residual(u, x)}
    places["conditions"] = lambda self: given
    attributes = {"domain": domain, "outputs": outputs, "coordinates": names}
    return type("Layered", (ki.Problem,), {**attributes, **places})()


def layers(*arguments, **named):
    return design_for(problem(*arguments, **named)).layers


def test_convection_makes_a_layer_where_it_leaves():
    (found,) = layers(lambda u, x: -1e-3 * u.d("xx") + 2.0 * u.d("x") - 1.0)
    assert (found.axis, found.at, found.side, found.wave) == (0, 2.0, -1, 0.0)
    assert found.rate == pytest.approx(2000.0, rel=1e-9)
    # 1e-3 k^2 + 2 k beside 1e-3 / 4 + 2 / 2 over the edge of 2.
    assert found.growth == pytest.approx(8000.0 / 1.00025, rel=1e-9)
    # The other way, and with a constant beside it: a k^2 + 2 k - 300 = 0.
    residual = lambda u, x: (  # noqa: E731
        -1e-3 * u.d("xx") - 2.0 * u.d("x") + 300.0 * u.value - 1.0
    )
    first, second = layers(residual)
    assert (first.at, second.at) == (0.0, 2.0)
    roots = [(math.sqrt(4.0 + 1.2) + s * 2.0) / 2e-3 for s in (1, -1)]
    assert [first.rate, second.rate] == pytest.approx(roots, rel=1e-9)


def test_reactions_make_layers_on_all_sides():
    reacts = lambda u, x: -u.laplacian() + 1e4 * (u.value - 1.0)  # noqa: E731
    found = layers(reacts, domain=SQUARE)
    places = [(k.axis, k.at, k.side) for k in found]
    assert places == [(0, 0.0, 1), (0, 2.0, -1), (1, 0.0, 1), (1, 1.0, -1)]
    assert [k.rate for k in found] == pytest.approx([100.0] * 4, rel=1e-9)
    box = boxes_of(problem(lambda u, x: u.laplacian(), domain=SQUARE), found)[1]
    np.testing.assert_allclose([box.lower, box.upper], [[1.92, 0.0], [2.0, 1.0]])


def test_systems_and_higher_orders():
    # Ekman's spiral: E (i k^2)... = (1 + i) / (2 E)^(1/2).
    def spiral(u, z):
        one = 1e-4 * u["u"].d("xx") + u["v"].value
        return {"one": one, "two": 1e-4 * u["v"].d("xx") - u["u"].value + 1.0}

    found = layers(spiral, outputs=("u", "v"))
    assert [k.at for k in found] == [0.0, 2.0]
    for layer in found:
        assert layer.rate == pytest.approx(math.sqrt(5e3), rel=1e-6)
        assert layer.wave == pytest.approx(math.sqrt(5e3), rel=1e-6)
    # A beam under tension, whose ends are clamped.
    ends = [ki.Dirichlet(value=0.0), ki.Neumann(value=0.0)]
    found = layers(lambda u, x: 1e-6 * u.d("xxxx") - u.d("xx") - 1.0, ends)
    assert [k.rate for k in found] == pytest.approx([1e3, 1e3], rel=1e-6)
    assert [k.growth for k in found] == pytest.approx([8e6, 8e6], rel=1e-3)


def test_a_fast_decay_begins_with_the_time():
    start = [ki.Dirichlet("t_min", value=0.0)]
    residual = lambda u, t: u.d("t") + 500.0 * (u.value - tf.cos(t))  # noqa: E731
    (found,) = layers(residual, start, coordinates=("t",))
    assert (found.at, found.side) == (0.0, 1)
    assert found.rate == pytest.approx(500.0, rel=1e-9)


def test_a_rate_that_varies_along_the_face():
    def residual(u, x):
        return -1e-3 * u.laplacian() + (0.05 + x[:, 1:]) * u.d("x")

    found = layers(residual, domain=SQUARE)
    # From 50 to 1,050: one for the lower and one for the upper half.
    low, high = sorted(k.rate for k in found)
    assert {k.at for k in found} == {2.0}
    assert 200.0 < low < 450.0
    assert 700.0 < high < 950.0


@pytest.mark.parametrize(
    "residual",
    [
        lambda u, x: -0.2 * u.d("xx") + u.d("x"),  # as wide as the domain
        lambda u, x: -1e-3 * u.d("xx") - 1e3 * u.value,  # waves
        lambda u, x: -1e-3 * u.d("xx") + u.value * u.d("x"),  # moves with the solution
        lambda u, x: -1e-3 * u.d("xx") + (1.0 - x) * u.d("x"),  # inside the domain
        lambda u, x: -1e-12 * u.d("xx") + u.d("x"),  # beyond rounding
    ],
)
def test_none(residual):
    assert layers(residual) == ()


def test_none_where_nothing_is_prescribed_or_values_are_periodic():
    residual = lambda u, x: -1e-3 * u.d("xx") + u.d("x") - 1.0  # noqa: E731
    left = [ki.Dirichlet("x_min", value=0.0)]
    assert layers(residual, left) == ()
    around = [ki.Periodic("x", orders=(0, 1))]
    assert layers(residual, around) == ()


def test_none_where_a_number_is_unknown():
    given = problem(lambda u, x: -u.coefficient("a") * u.d("xx") + u.d("x") - 1.0)
    type(given).coefficients = {"a": 1e-3}
    assert design_for(given).layers == ()


def test_sizes_are_those_within_layers():
    # v is in balance with 1e-4 u'' within the layer alone, where it is half of u.
    def spiral(u, z):
        one = 1e-4 * u["u"].d("xx") + u["v"].value
        return {"one": one, "two": 1e-4 * u["v"].d("xx") - u["u"].value + 1.0}

    given = [
        ki.Dirichlet("x_min", value=0.0),
        ki.Dirichlet("x_max", value=1.0, component="u"),
        ki.Dirichlet("x_max", value=0.0, component="v"),
    ]
    sizes = design_for(problem(spiral, given, outputs=("u", "v"))).sizes
    assert sizes[0] == pytest.approx(0.5)
    assert 0.03 < sizes[1] < 3.0


class Layer(ki.Problem):
    """-eps u'' + u' = 1, whose layer is a thousandth of the domain."""

    domain = ki.geometry.Interval(0.0, 1.0)
    eps = 1e-3

    def residual(self, u, x):
        return -self.eps * u.d("xx") + u.d("x") - 1.0

    def conditions(self):
        return [ki.Dirichlet(value=0.0)]

    def exact(self, x):
        return x - tf.exp((x - 1.0) / self.eps)


@pytest.fixture(scope="module")
def layer():
    model = ki.PINN(problem=Layer(), candidates=4)
    model.compile(optimizer=ki.ISGD())
    model.fit(epochs=40, verbose=0)
    return model


def test_a_layer_is_solved(layer):
    x = np.concatenate([np.linspace(0.0, 1.0, 301), np.linspace(0.99, 1.0, 301)])
    # Without features it is at 0.2 after as many steps.
    assert layer.errors(x[:, None])["max_error"] < 1e-6


def test_half_of_the_points_lie_in_it(layer):
    x = next(iter(layer.default_points()))["interior"].numpy()
    assert np.mean(x > 1.0 - 8e-3) == pytest.approx(0.5, abs=0.02)


def test_the_choices_say_it(layer):
    (said,) = [c for c in layer.choices if c.startswith("Boundary layers")]
    assert "x = 1 (thickness 0.001)." in said


def test_conditions_in_a_layer_weigh_as_elsewhere():
    model = ki.PINN(default_network(Layer(), seed=5), Layer())
    x, edge = np.array([[1.0], [0.5]]), np.array([[0.0], [1.0]])
    (found,) = design_for(Layer()).layers
    rows = model.residual(x).numpy()[:, 0] / (1.0 + found.growth * np.array([1.0, 0.0]))
    expected = np.mean(rows**2) + np.mean(model.network(edge).numpy() ** 2)
    objective = model.objective({"interior": x, "boundary": edge})
    value = objective.evaluate(objective.parameters.read()).value
    assert float(value) == pytest.approx(expected, rel=1e-9)


def test_no_layer_leads_from_a_value_to_the_same_one():
    """Where behind the layer there is what the face has anyway."""

    def trapped(u, x):
        # i psi' = -psi'' / 2 + 3200 psi: real and imaginary part.
        return {
            "re": u["u"].d("y") + 0.5 * u["v"].d("xx") - 3200.0 * u["v"].value,
            "im": u["v"].d("y") - 0.5 * u["u"].d("xx") + 3200.0 * u["u"].value,
        }

    walls = [
        ki.Dirichlet(("x_min", "x_max"), value=0.0, component="u"),
        ki.Dirichlet(("x_min", "x_max"), value=0.0, component="v"),
    ]
    assert not layers(trapped, walls, SQUARE, ("u", "v"))
    walls[0] = ki.Dirichlet("x_min", value=0.5, component="u")
    walls.append(ki.Dirichlet("x_max", value=0.0, component="u"))
    (found,) = layers(trapped, walls, SQUARE, ("u", "v"))
    assert (found.axis, found.at, found.side) == (0, 0.0, 1)

    def cooled(u, x):
        return -u.d("xx") + 1e4 * (u.value - 3.0)

    ends = [ki.Dirichlet("x_min", value=3.0), ki.Dirichlet("x_max", value=1.0)]
    (found,) = layers(cooled, ends)
    assert found.at == 2.0
    # Values that vary along a face are not looked at, nor is what a flow brings along.
    varied = [ki.Dirichlet(value=lambda x: x[:, 1:])]
    every = layers(lambda u, x: -u.laplacian() + 1e4 * u.value, varied, SQUARE)
    assert len(every) == 3
    flow = [ki.Dirichlet("x_min", value=0.0), ki.Dirichlet("x_max", value=1.0)]
    (found,) = layers(lambda u, x: -1e-3 * u.d("xx") + u.d("x"), flow)
    assert found.at == 2.0
