"""The holes of a domain, and what a network makes of them."""

import pytest
import tensorflow as tf
from any_problem import Any

import keras_isgd as ki
from keras_isgd.geometry import Annulus, Ball, Box, Disk, Ellipse, Interval, Rectangle
from keras_isgd.models.default_network import design_for

PLATE = Rectangle((0.0, 0.0), (4.0, 2.0))


def holes(domain, coordinates=("x", "y")):
    problem = Any(
        lambda u, x: sum(u.d(2 * name) for name in coordinates if name != "t"),
        ki.Dirichlet(),
        *([ki.Initial()] if "t" in coordinates else []),
        coordinates=coordinates,
        domain=domain,
    )
    return design_for(problem).holes


def test_each_hole_has_its_centre_and_radius():
    first, second = Disk((1.0, 1.0), 0.3), Ellipse((3.0, 1.0), (0.4, 0.2))
    for domain in (PLATE - first - second, PLATE - (first | second)):
        one, other = holes(domain)
        assert [*one.centre, one.radius] == pytest.approx([1.0, 1.0, 0.3])
        assert [*other.centre, other.radius] == pytest.approx([3.0, 1.0, 0.2])


@pytest.mark.parametrize(
    "domain",
    [
        PLATE,
        PLATE - Disk((2.0, 1.0), 0.8),  # what is left is narrow
        PLATE - Disk((9.0, 1.0), 0.2),  # elsewhere
        # An island in the middle of what is cut out.
        PLATE - (Disk((2.0, 1.0), 0.4) - Disk((2.0, 1.0), 0.2)),
        Disk((0.0, 0.0), 1.0),
        Annulus((0.0, 0.0), 1.0, 1.3),
    ],
)
def test_what_is_none(domain):
    assert holes(domain) == ()


def test_a_quarter_of_a_hole():
    (hole,) = holes(PLATE - Disk((0.0, 0.0), 0.3))
    assert [*hole.centre, hole.radius] == pytest.approx([0.0, 0.0, 0.3])


def test_the_inner_sphere_of_a_shell():
    (hole,) = holes(Annulus((1.0, 2.0), 0.1, 1.0))
    assert [*hole.centre, hole.radius] == pytest.approx([1.0, 2.0, 0.1])


def test_with_a_time_and_in_space():
    timed = (PLATE - Disk((1.0, 1.0), 0.3)) * Interval(0.0, 5.0)
    (hole,) = holes(timed, ("x", "y", "t"))
    assert [*hole.centre, hole.radius] == pytest.approx([1.0, 1.0, 0.3])
    cube = Box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)) - Ball((0.4, 0.5, 0.6), 0.1)
    (hole,) = holes(cube, ("x", "y", "z"))
    assert hole.centre == pytest.approx((0.4, 0.5, 0.6))


def test_too_many_are_none():
    domain = Rectangle((0.0, 0.0), (22.0, 2.0))
    for number in range(21):
        domain = domain - Disk((number + 0.5, 1.0), 0.2)
        if number == 19:
            assert len(holes(domain)) == 20
    assert holes(domain) == ()


class Well(ki.Problem):
    """Laplace's equation around a small well, at the middle of an edge."""

    coordinates = ("x", "y")
    domain = Rectangle((-1.0, 0.0), (1.0, 1.0)) - Disk((0.0, 0.0), 0.05, name="well")

    def residual(self, u, x):
        return u.laplacian()

    def exact(self, x):
        return 0.5 * tf.math.log(x[:, :1] ** 2 + x[:, 1:] ** 2) + x[:, :1]

    def conditions(self):
        return [ki.Dirichlet(value=self.exact)]


def test_the_network_has_them_as_inputs():
    model = ki.PINN(problem=Well())
    layer = model.network.get_layer("holes")
    assert (layer.columns, layer.count) == ([0, 1], 2)
    assert model.network.get_layer("mlp").input_shape == (None, 4)
    assert any(choice.startswith("Holes: 1. ") for choice in model.choices)


def error_of(model):
    model.compile(optimizer=ki.ISGD())
    model.fit(steps_per_epoch=120, epochs=1, verbose=0)
    return model.errors()["relative_l2"]


def test_a_well_is_solved_in_fewer_steps(monkeypatch):
    found = error_of(ki.PINN(problem=Well()))
    monkeypatch.setattr("keras_isgd.models.default_network.holes_of", lambda p: ())
    without = error_of(ki.PINN(problem=Well()))
    assert found < 5e-3
    assert found < 0.2 * without
