"""Corners in which solutions are singular, and what a network makes of them."""

import math

import pytest
import tensorflow as tf
from any_problem import Any

import keras_isgd as ki
from keras_isgd.geometry import Disk, Interval, PointCloud, Polygon, Rectangle
from keras_isgd.models.default_network import design_for

L_SHAPE = Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])
PLATE = Rectangle((0.0, 0.0), (2.0, 1.0))
CLOUD = [(0.0, 0.0), (1.0, 0.2), (0.3, 0.8)]


def laplace(u, x):
    return u.laplacian()


def corners(domain, *conditions, equation=laplace, coordinates=("x", "y")):
    given = conditions or (ki.Dirichlet(),)
    problem = Any(equation, *given, coordinates=coordinates, domain=domain)
    return design_for(problem).corners


def test_a_corner_of_270_degrees():
    (corner,) = corners(L_SHAPE)
    assert (corner.axes, corner.at) == ((0, 1), pytest.approx((1.0, 1.0)))
    assert corner.lengths == pytest.approx((2.0, 2.0))
    assert corner.exponent == pytest.approx(2.0 / 3.0)
    assert corner.middle == pytest.approx(-0.75 * math.pi)
    assert corner.ratio == pytest.approx(1.0)


def test_in_the_coordinates_of_the_equation():
    # With u_xx + 9 u_yy lengths along y count a third: 270 degrees stay what they are
    # between the axes, and a corner of a rhombus does not.
    steep = Polygon([(0, 0), (3, 0), (0, 3), (1, 1)])
    (corner,) = corners(steep, equation=lambda u, x: u.d("xx") + 9.0 * u.d("yy"))
    one, other = math.atan2(-1 / 3, -1), math.atan2(2 / 3, -1)
    angle = 2.0 * math.pi - (other - one) % (2.0 * math.pi)
    assert corner.exponent == pytest.approx(math.pi / max(angle, 2 * math.pi - angle))
    assert corner.ratio == pytest.approx(1.0 / 3.0)


def left(x):
    return (x[:, 1] < 1e-9) & (x[:, 0] <= 0.5)


def right(x):
    return (x[:, 1] < 1e-9) & (x[:, 0] >= 0.5)


def test_where_the_kind_of_the_conditions_changes():
    rest = ki.Dirichlet(("x_min", "x_max", "y_max"))
    (corner,) = corners(PLATE, ki.Dirichlet(left), ki.Neumann(right), rest)
    assert corner.at == pytest.approx((0.5, 0.0), abs=1e-6)
    assert corner.exponent == pytest.approx(0.5, abs=1e-4)
    assert corner.middle == pytest.approx(0.5 * math.pi, abs=1e-3)


def test_halves_of_a_disk():
    def upper(x):
        return x[:, 1] >= 0.0

    def lower(x):
        return x[:, 1] <= 0.0

    disk = Disk((0.0, 0.0), 1.0)
    found = corners(disk, ki.Dirichlet(upper), ki.Neumann(lower))
    assert sorted(corner.at[0] for corner in found) == pytest.approx([-1.0, 1.0])
    assert [corner.exponent for corner in found] == pytest.approx([0.5, 0.5], abs=1e-4)


def test_with_a_time():
    found = corners(
        L_SHAPE * Interval(0.0, 1.0),
        ki.Dirichlet(),
        ki.Initial(),
        equation=lambda u, x: u.d("t") - u.d("xx") - u.d("yy"),
        coordinates=("x", "y", "t"),
    )
    assert [corner.axes for corner in found] == [(0, 1)]


@pytest.mark.parametrize(
    ("domain", "conditions", "equation"),
    [
        (PLATE, (ki.Dirichlet("x_min"), ki.Neumann("y_min")), laplace),
        (Polygon([(0, 0), (1, 0), (0, 1)]), (), laplace),
        (Disk((0.0, 0.0), 1.0), (), laplace),
        # Without a boundary.
        (PointCloud(CLOUD), (ki.Dirichlet("interior"),), laplace),
        (L_SHAPE, (), lambda u, x: u.d("x") + u.d("y")),
        (L_SHAPE, (), lambda u, x: u.d("xxxx") + u.d("yyyy")),
        (L_SHAPE, (), lambda u, x: u.d("xx") - u.d("yy")),
    ],
)
def test_what_is_none(domain, conditions, equation):
    assert corners(domain, *conditions, equation=equation) == ()


def test_the_choices_and_the_rows_know_them():
    model = ki.PINN(problem=ki.problems.PoissonLShape())
    layer = model.network.get_layer("corners")
    assert model.network.get_layer("mlp").input_shape == (None, 4)
    (corner,) = layer.corners
    assert any(choice.startswith("Corners: ") for choice in model.choices)
    close = tf.constant([corner.at], tf.float64) - 1e-3
    assert all(term.factor(close).numpy()[0, 0] < 0.1 for term in model._terms)


class Insulated(ki.Problem):
    """Laplace's equation over an edge that is cold on one half and insulated beyond."""

    coordinates = ("x", "y")
    domain = Rectangle((-1.0, 0.0), (1.0, 1.0))

    def residual(self, u, x):
        return u.laplacian()

    def exact(self, x):
        r = tf.sqrt(x[:, :1] ** 2 + x[:, 1:] ** 2)
        return tf.sqrt(r) * tf.sin(0.5 * tf.atan2(x[:, 1:], x[:, :1])) + x[:, 1:]

    def conditions(self):
        def cold(x):
            return (x[:, 1] < 1e-9) & (x[:, 0] >= 0.0)

        def insulated(x):
            return (x[:, 1] < 1e-9) & (x[:, 0] <= 0.0)

        return [
            ki.Dirichlet(cold, 0.0, name="cold"),
            ki.Neumann(insulated, -1.0, name="insulated"),
            ki.Dirichlet(("x_min", "x_max", "y_max"), self.exact, name="rest"),
        ]


def error_of(model):
    model.compile(optimizer=ki.ISGD())
    model.fit(steps_per_epoch=80, epochs=1, verbose=0)
    return model.errors()["relative_l2"]


def test_an_edge_that_is_insulated_in_part_is_solved(monkeypatch):
    # The network can hold the solution.
    assert error_of(ki.PINN(problem=Insulated())) < 1e-4
    corners = "keras_isgd.models.default_network.singular_corners"
    monkeypatch.setattr(corners, lambda *arguments: ())
    assert error_of(ki.PINN(problem=Insulated())) > 1e-3
