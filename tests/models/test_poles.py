"""Which outputs grow without end where others jump in a corner."""

import numpy as np
import pytest

import keras_isgd as ki
from keras_isgd.models.default_network import design_for
from keras_isgd.models.jumps import Jumps
from keras_isgd.networks import Jump


class Lid(ki.Problem):
    """Stokes' flow under a lid, with its pressure first."""

    outputs = ("p", "u", "v")
    coordinates = ("x", "y")
    domain = ki.geometry.Rectangle((0.0, 0.0), (2.0, 1.0))

    def residual(self, w, x):
        p, u, v = (w[name] for name in "puv")
        return {
            "x": u.laplacian() - p.d("x"),
            "y": v.laplacian() - p.d("y"),
            "mass": u.d("x") + v.d("y"),
        }

    def conditions(self):
        return [
            ki.Dirichlet("y_max", 1.0, component="u"),
            ki.Dirichlet(("x_min", "x_max", "y_min"), 0.0, component="u"),
            ki.Dirichlet(component="v"),
        ]


class Spread(Lid):
    """The same with a pressure that has second derivatives of its own."""

    def residual(self, w, x):
        rows = super().residual(w, x)
        return {**rows, "mass": rows["mass"] - 0.1 * w["p"].laplacian()}

    def conditions(self):
        return [*super().conditions(), ki.Dirichlet(component="p")]


class Potential(Lid):
    """u jumps, and another output's slope stands beside its value alone."""

    def residual(self, w, x):
        p, u, v = (w[name] for name in "puv")
        return {
            "x": u.laplacian(),
            "y": v.laplacian(),
            "p": p.d("x") - u.value,
        }


@pytest.mark.parametrize(
    ("problem", "poles"), [(Lid, (0,)), (Spread, ()), (Potential, ())]
)
def test_a_pressure_beside_a_viscous_stress_has_poles(problem, poles):
    jumps = design_for(problem()).jumps
    assert len(jumps.jumps) == 2
    assert jumps.poles == poles


def test_the_network_has_them_in_units_of_the_output():
    design = design_for(Lid())
    network = design.network()
    layer = network.get_layer("poles")
    assert (layer.columns, layer.outputs) == ([0], 3)
    assert layer.sizes == [pytest.approx(design.sizes[0])]
    x = np.random.default_rng(0).uniform(size=(5, 2))
    before = network(x).numpy()
    layer.kernel.assign(np.full((4, 1), 0.5))
    added = network(x).numpy() - before
    np.testing.assert_allclose(added, layer(x), rtol=1e-9, atol=1e-12)
    assert "Poles: " in " ".join(ki.PINN(problem=Lid()).choices)


def test_only_corners_of_two_coordinates_have_them():
    corner = Jump((0, 1), (0.0, 0.0), (1.0, 1.0), 1, 1.0, 2)
    from_a_shape = corner._replace(axes=(-1, 0))
    spreads = corner._replace(power=2)
    assert Jumps((from_a_shape, corner, spreads)).corners == [corner]
