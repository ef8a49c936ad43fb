"""Where the values that a problem prescribes jump, and what a PINN makes of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from any_problem import Any
from scipy import special

import keras_isgd as ki
from keras_isgd.models.default_network import design_for

PLATE = ki.Box((0.0, 0.0), (2.0, 1.0))


def jumps(equation, *conditions, **attributes):
    attributes = {"coordinates": ("x", "y"), "domain": PLATE, **attributes}
    return design_for(Any(equation, *conditions, **attributes)).jumps.jumps


def laplace(u, x):
    return u.laplacian()


def rod(conductivity=1.0, unit=1.0, conditions=None):
    """A rod of 0.5 that is 20 degrees warm at first and 100 at its lower end."""
    chosen = [ki.Dirichlet("x_min", 100.0), ki.Initial(20.0), ki.Neumann("x_max")]
    return design_for(
        Any(
            lambda u, x: u.d("t") - conductivity * unit**2 * u.d("xx"),
            *(conditions or chosen),
            coordinates=("x", "t"),
            domain=ki.Box((0.0, 0.0), (0.5 * unit, 0.1)),
        )
    ).jumps.jumps


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_heat_spreads_from_where_two_temperatures_meet(unit):
    (jump,) = rod(0.3, unit)
    assert (jump.axes, jump.at) == ((0, 1), (0.0, 0.0))
    assert jump.lengths == pytest.approx((0.5 * unit, 0.1))
    # a^2 is 4 k t / L^2 where x is the width of the layer.
    assert (jump.power, jump.order) == (2, 2)
    assert jump.ratio == pytest.approx(4 * 0.3 * 0.1 / 0.5**2)


def test_a_hot_edge_between_cold_ones():
    cold = ki.Dirichlet(("x_min", "x_max", "y_min"), 0.0)
    found = jumps(laplace, ki.Dirichlet("y_max", 100.0), cold)
    assert [jump.at for jump in found] == [(0.0, 1.0), (2.0, 1.0)]
    assert [jump.lengths for jump in found] == [(2.0, -1.0), (-2.0, -1.0)]
    assert [jump.power for jump in found] == [1, 1]
    assert [jump.ratio for jump in found] == pytest.approx([0.5, 0.5])


def test_the_same_as_one_function_of_the_boundary():
    def edge(x):
        return tf.where(x[:, 1:] > 1.0 - 1e-9, tf.ones_like(x[:, 1:]), 0.0 * x[:, 1:])

    found = jumps(laplace, ki.Dirichlet("boundary", edge))
    assert [jump.at for jump in found] == [(0.0, 1.0), (2.0, 1.0)]


def test_a_better_conductor_along_one_coordinate():
    cold = ki.Dirichlet(("x_min", "x_max", "y_min"), 0.0)
    found = jumps(
        lambda u, x: 16.0 * u.d("xx") + u.d("yy"), ki.Dirichlet("y_max", 1.0), cold
    )
    # In coordinates x / 4 and y the equation is Laplace's: 2 / 4 by 1.
    assert found[0].ratio == pytest.approx(2.0)


def test_a_value_that_jumps_within_a_face():
    def hat(x):
        return tf.cast((x[:, :1] > 0.3) & (x[:, :1] < 0.4), x.dtype)

    found = rod(conditions=[ki.Initial(hat), ki.Dirichlet("boundary", 0.0)])
    assert [jump.at[0] for jump in found] == pytest.approx([0.3, 0.4], abs=1e-9)
    assert {jump.at[1] for jump in found} == {0.0}


@pytest.mark.parametrize("power", [2, 1000])
def test_steep_is_not_a_jump(power):
    def steep(x):
        return tf.tanh(power * (x[:, :1] - 0.25)) - tf.tanh(
            tf.constant(-power * 0.25, x.dtype)
        )

    def same(u, x):
        return steep(x)

    conditions = [ki.Initial(steep), ki.Dirichlet("boundary", same)]
    assert rod(conditions=conditions) == ()


def test_a_lid_moves_over_walls_at_rest():
    lid = ki.problems.LidDrivenCavity(lid="constant")
    assert [j.at for j in design_for(lid).jumps.jumps] == [(0.0, 1.0), (1.0, 1.0)]
    assert design_for(ki.problems.LidDrivenCavity()).jumps.jumps == ()


def test_the_edges_of_a_cube():
    found = jumps(
        laplace,
        ki.Dirichlet("z_max", 1.0),
        ki.Dirichlet(("x_min", "x_max", "y_min", "y_max", "z_min"), 0.0),
        coordinates=("x", "y", "z"),
        domain=ki.Box((0.0,) * 3, (1.0,) * 3),
    )
    assert [(jump.axes, jump.at) for jump in found] == [
        ((0, 2), (0.0, 1.0)),
        ((0, 2), (1.0, 1.0)),
        ((1, 2), (0.0, 1.0)),
        ((1, 2), (1.0, 1.0)),
    ]


def test_the_corners_of_a_triangle():
    found = jumps(
        laplace,
        ki.Dirichlet("edge_1", 1.0),
        ki.Dirichlet(("edge_0", "edge_2"), 0.0),
        domain=ki.geometry.Triangle((0.0, 0.0), (1.0, 0.0), (0.3, 0.8)),
    )
    assert {jump.at for jump in found} == {(1.0, 0.0), (0.3, 0.8)}
    assert {jump.axes for jump in found} == {(0, 1)}


def test_a_plate_with_a_hole_and_a_hot_edge_at_all_times():
    plate = ki.geometry.Rectangle((0.0, 0.0), (2.0, 1.0))
    hole = ki.geometry.Disk((0.7, 0.5), 0.25, name="hole")
    found = jumps(
        lambda u, x: u.d("t") - u.laplacian(),
        ki.Dirichlet("top", lambda x: 1.0 - tf.exp(-x[:, 2:])),
        ki.Dirichlet(("left", "right", "hole"), 0.0),
        ki.Initial(0.0),
        coordinates=("x", "y", "t"),
        domain=(plate - hole) * ki.geometry.Interval(0.0, 1.0),
    )
    assert sorted(jump.at for jump in found) == [(0.0, 1.0), (2.0, 1.0)]


def upper(x):
    return x[:, 1] > 0.0


def lower(x):
    return x[:, 1] <= 0.0


class Halves(ki.Problem):
    """Laplace's equation in a disk, 1 on the upper half of its edge and 0 below."""

    coordinates = ("x", "y")
    domain = ki.geometry.Disk((0.0, 0.0), 1.0)

    def residual(self, u, x):
        return u.laplacian()

    def conditions(self):
        return [ki.Dirichlet(upper, 1.0), ki.Dirichlet(lower, 0.0)]

    def exact(self, x):
        height = 1.0 - tf.reduce_sum(x**2, axis=1, keepdims=True)
        return 0.5 + tf.atan2(2.0 * x[:, 1:], height) / np.pi


def test_a_disk_with_two_halves_is_solved():
    found = design_for(Halves()).jumps.jumps
    assert {round(jump.at[0], 6) for jump in found} == {-1.0, 1.0}
    assert all(abs(jump.at[1]) < 1e-6 for jump in found)
    model = ki.PINN(problem=Halves(), candidates=4)
    model.compile(optimizer=ki.ISGD())
    model.fit(epochs=60, verbose=0)
    x = 0.99 * Halves.domain.test_points(4000)
    error = model.predict(x, verbose=0) - Halves().exact(x).numpy()
    # Without features it is above 1e-2.
    assert np.sqrt(np.mean(error**2)) < 1e-3


class Cylinder(ki.Problem):
    """A cylinder that is 1 warm at first, and 0 at its surface from then on."""

    coordinates = ("x", "y", "t")
    domain = ki.geometry.Disk((0.0, 0.0), 1.0) * ki.geometry.Interval(0.0, 0.3)

    def residual(self, u, x):
        return u.d("t") - u.laplacian()

    def conditions(self):
        return [ki.Dirichlet("boundary", 0.0), ki.Initial(1.0)]


def test_a_cylinder_is_quenched(tmp_path):
    keras.saving.register_keras_serializable("tests")(Cylinder)
    found = design_for(Cylinder()).jumps
    (jump,) = found.jumps
    assert jump.axes == (-1, 2)
    assert found.shapes == (Cylinder.domain.first,)
    # The width of the layer in diameters.
    assert jump.ratio == pytest.approx(4 * 0.3 / 2.0**2)
    model = ki.PINN(problem=Cylinder(), candidates=4)
    model.compile(optimizer=ki.ISGD())
    model.fit(epochs=40, verbose=0)
    space = Cylinder.domain.first.test_points(400)
    x = np.concatenate([np.insert(space, 2, t, axis=1) for t in (0.003, 0.03, 0.3)])
    r = np.hypot(x[:, 0], x[:, 1])[:, None]
    zeros = special.jn_zeros(0, 60)
    series = 2.0 / (zeros * special.j1(zeros)) * special.j0(zeros * r)
    right = np.sum(series * np.exp(-(zeros**2) * x[:, 2:]), axis=1, keepdims=True)
    error = np.sqrt(np.mean((model.predict(x, verbose=0) - right) ** 2))
    assert error < 3e-3
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_a_hole_that_is_hot_from_the_first_time_on():
    plate = ki.geometry.Rectangle((0.0, 0.0), (2.0, 1.0))
    hole = ki.geometry.Disk((0.7, 0.5), 0.25, name="hole")
    found = design_for(
        Any(
            lambda u, x: u.d("t") - u.laplacian(),
            ki.Dirichlet("hole", 1.0),
            ki.Dirichlet(("left", "top"), 1.0),
            ki.Neumann(("right", "bottom"), 0.0),
            ki.Initial(0.0),
            coordinates=("x", "y", "t"),
            domain=(plate - hole) * ki.geometry.Interval(0.0, 1.0),
        )
    ).jumps
    assert found.shapes == (hole,)
    places = {jump.axes[0]: jump.at[0] for jump in found.jumps}
    assert places == {-1: 0.0, 0: 0.0, 1: 1.0}


class Heated(ki.Problem):
    """A rod at zero that a unit flux heats at one end from the first time on."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1.0, 0.2))

    def residual(self, u, x):
        return u.d("t") - u.d("xx")

    def conditions(self):
        return [ki.Neumann("x_min", 1.0), ki.Neumann("x_max", 0.0), ki.Initial(0.0)]

    def exact(self, x):
        """Carslaw and Jaeger, Conduction of Heat in Solids (1959), 3.8."""
        place, time = 1.0 - x[:, :1], x[:, 1:]
        n = np.arange(1, 400)
        waves = (-1.0) ** n / n**2 * np.exp(-((n * np.pi) ** 2) * time)
        waves = waves * np.cos(n * np.pi * place)
        series = waves.sum(axis=1, keepdims=True)
        return time + (3.0 * place**2 - 1.0) / 6.0 - 2.0 / np.pi**2 * series


def test_a_flux_that_sets_in():
    problem = Heated()
    (jump,) = design_for(problem).jumps.jumps
    assert (jump.axes, jump.at, jump.derivative) == ((0, 1), (0.0, 0.0), 1)
    model = ki.PINN(problem=problem, candidates=4)
    model.compile(optimizer=ki.ISGD())
    model.fit(epochs=50, verbose=0)
    x = np.random.default_rng(1).uniform((0.0, 1e-3), (1.0, 0.2), (2000, 2))
    right = problem.exact(x)
    error = np.linalg.norm(model.predict(x, verbose=0) - right) / np.linalg.norm(right)
    # Without features it is at 1e-3 after as many steps.
    assert error < 2e-4


@pytest.mark.parametrize(
    ("condition", "first", "found"),
    [
        (ki.Neumann("x_min", 1.0), lambda x: -x[:, :1], []),
        (ki.Neumann("x_min", 1.0), lambda x: x[:, :1], [0.0]),
        (ki.Robin("x_max", 2.0, 1.0, 1.75), lambda x: 0.5 + x[:, :1] ** 2 / 2, []),
        (ki.Robin("x_max", 2.0, 1.0, 4.0), lambda x: 0.5 + x[:, :1] ** 2 / 2, [0.5]),
        (ki.Neumann("boundary"), lambda x: tf.cos(2 * np.pi * x[:, :1]), []),
        (ki.Neumann("boundary"), lambda x: tf.sin(np.pi * x[:, :1]), [0.0]),
    ],
)
def test_slopes_that_do_not_fit_the_first_values(condition, first, found):
    jumps = rod(conditions=[condition, ki.Initial(first)])
    assert [jump.at[0] for jump in jumps] == found
    assert all(jump.derivative == 1 for jump in jumps)


def test_a_disk_in_a_warm_fluid():
    found = design_for(
        Any(
            lambda u, x: u.d("t") - u.laplacian(),
            ki.Robin("boundary", 1.0, 1.0, 5.0),
            ki.Initial(0.0),
            coordinates=("x", "y", "t"),
            domain=ki.geometry.Disk((0.0, 0.0), 1.0) * ki.geometry.Interval(0.0, 1.0),
        )
    ).jumps
    assert [(jump.axes, jump.derivative) for jump in found.jumps] == [((-1, 2), 1)]


def test_a_velocity_at_first_is_no_slope_that_jumps():
    conditions = ki.Initial(0.0), ki.Neumann("t_min", 2.0), ki.Neumann("x_min", 0.0)
    for coordinates, domain in (
        (("x", "t"), PLATE),
        (("t",), ki.geometry.Interval(0.0, 3.0)),
    ):
        found = jumps(
            lambda u, x: u.d("t") - 1.0,
            *conditions[: len(coordinates) + 1],
            coordinates=coordinates,
            domain=domain,
        )
        assert found == ()


def test_values_that_are_infinite_or_jump_to_infinity():
    for value in (lambda x: 1.0 / x[:, :1], lambda x: tf.math.log(x[:, :1] - 0.3)):
        assert rod(conditions=[ki.Initial(value), ki.Dirichlet("x_max", 1.0)]) in (
            (),
            rod(conditions=[ki.Initial(0.0), ki.Dirichlet("x_max", 1.0)]),
        )


def test_slopes_that_no_first_values_are_given_for():
    def equation(u, x):
        return {
            "u": u["u"].d("t") - u["v"].d("xx"),
            "v": u["v"].d("t") - u["u"].d("xx"),
        }

    found = jumps(
        equation,
        ki.Initial(0.0, component="u"),
        ki.Neumann("x_min", 1.0),
        coordinates=("x", "t"),
        outputs=("u", "v"),
        domain=PLATE,
    )
    assert found == ()


@pytest.mark.parametrize(
    "equation",
    [
        lambda u, x: u.d("tt") - u.d("xx"),  # the jump goes on along x = t
        lambda u, x: u.d("t") + u.d("x"),
        lambda u, x: u.value - 1.0 + 0.0 * u.d("x"),
    ],
)
def test_equations_that_do_not_smooth(equation):
    found = jumps(
        equation,
        ki.Initial(1.0),
        ki.Dirichlet("x_min", 0.0),
        coordinates=("x", "t"),
        domain=PLATE,
    )
    assert found == ()


def test_orders_of_the_equation():
    found = jumps(
        lambda u, x: u.d("t") + 0.5 * u.d("xxxx"),
        ki.Initial(1.0),
        ki.Dirichlet("x_min", 0.0),
        coordinates=("x", "t"),
        domain=PLATE,
    )
    assert [(jump.power, jump.order) for jump in found] == [(4, 4)]
    assert found[0].ratio == pytest.approx(4 * 0.5 / 2.0**4)


class Corner(ki.Problem):
    """Laplace's equation about a corner: u is the angle in parts of the right one."""

    coordinates = ("x", "y")
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))

    def residual(self, u, x):
        return u.laplacian()

    def conditions(self):
        return [ki.Dirichlet("boundary", self.exact)]

    def exact(self, x):
        return tf.atan2(x[:, 1:], x[:, :1]) / (0.5 * np.pi)


@pytest.fixture(scope="module")
def corner():
    model = ki.PINN(problem=Corner(), candidates=4)
    model.compile(optimizer=ki.ISGD())
    return model


def test_a_jump_is_solved(corner):
    corner.fit(epochs=50, verbose=0)
    x = np.random.default_rng(1).uniform(0.0, 1.0, (5000, 2))
    error = corner.predict(x, verbose=0) - Corner().exact(x).numpy()
    # Without features it is at 1e-2 after as many steps, and at 0.3 near the corner.
    assert np.sqrt(np.mean(error**2)) < 1e-4
    assert np.max(np.abs(error)) < 2e-3


def test_the_choices_and_the_report_say_it(corner):
    (said,) = [choice for choice in corner.choices if choice.startswith("Jumps")]
    assert "x = 0 and y = 0." in said
    assert corner.report().corners == ()


@pytest.mark.parametrize("derivatives", ["taylor", "tape"])
def test_rows_weigh_less_near_by_in_each_form_of_the_loss(corner, derivatives):
    problem, network = Corner(), corner.network
    model = ki.PINN(network, problem, derivatives=derivatives)
    x = np.array([[0.05, 0.0], [0.5, 0.5], [0.03, 0.04]])
    edge = np.array([[0.05, 0.0], [1.0, 0.5]])
    data = {"interior": x, "boundary": edge}
    rows = model.residual(x).numpy()[:, 0]
    u = network(edge).numpy() - problem.exact(edge).numpy()
    factors = [np.sum(p**2, axis=1) / (np.sum(p**2, axis=1) + 0.01) for p in (x, edge)]
    expected = np.mean((factors[0] * rows) ** 2)
    expected += np.mean((factors[1] * u[:, 0]) ** 2)
    objective = model.objective(data)
    w = objective.parameters.read()
    assert float(objective.evaluate(w).value) == pytest.approx(expected, rel=1e-9)
    residual, jacobian = objective.linearise(w)
    assert float(tf.reduce_sum(residual**2)) == pytest.approx(expected, rel=1e-9)
    gradient = 2.0 * tf.linalg.matvec(jacobian, residual, transpose_a=True)
    found = objective.evaluate(w).gradient
    np.testing.assert_allclose(gradient, found, rtol=1e-6, atol=1e-9)
