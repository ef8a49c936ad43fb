"""Conditions, against a function whose derivatives are known."""

import contextlib
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from condition_cases import Sheet, rows_of

import keras_isgd as ki
from keras_isgd.models.default_network import design_for
from keras_isgd.residuals.terms import terms_of


def u(x, t, d=""):
    """A function that is no solution, and its derivatives."""
    return {
        "": x**2 * t + 3 * t + x * t**2,
        "x": 2 * x * t + t**2,
        "t": x**2 + 3 + 2 * x * t,
    }[d]


def sheet(p):
    return u(p[:, :1], p[:, 1:])


@pytest.mark.parametrize(
    ("condition", "name", "expected"),
    [
        (ki.Dirichlet("x_max", 0.5), "dirichlet_x_max", lambda x, t: u(x, t) - 0.5),
        (ki.Dirichlet("t_max", sheet, name="end"), "end", lambda x, t: 0 * x),
        (ki.Neumann("x_min", 1.0), "neumann_x_min", lambda x, t: -u(x, t, "x") - 1),
        (ki.Neumann("x_max", 1.0), "neumann_x_max", lambda x, t: u(x, t, "x") - 1),
        (
            ki.Neumann(value=lambda p: p[:, 1:]),
            "neumann_boundary",
            lambda x, t: np.where(x == 2.0, 1, -1) * u(x, t, "x") - t,
        ),
        (ki.Initial(2.0), "initial", lambda x, t: u(x, 1.0) - 2),
        (
            ki.Initial(lambda p: p[:, :1], 1),
            "initial_dt",
            lambda x, t: u(x, 1, "t") - x,
        ),
        (
            ki.Periodic("x", (0, 1)),
            "periodic_x",
            lambda x, t: np.hstack([u(-1, t) - u(2, t), u(-1, t, "x") - u(2, t, "x")]),
        ),
        (ki.Periodic("t", [1]), "periodic_t", lambda x, t: u(x, 1, "t") - u(x, 3, "t")),
    ],
)
def test_condition_rows(condition, name, expected):
    rows, sets = rows_of(Sheet(condition), sheet)
    assert set(rows) == {"residual", name}
    x, t = np.split(sets[condition.on][:, :2], 2, axis=1)
    np.testing.assert_allclose(rows[name], expected(x, t), rtol=1e-12, atol=1e-12)
    assert len(x) == 200


def test_normals_point_outwards_on_every_face():
    plate = Sheet(ki.Neumann(), coordinates=("x", "y"), residual=lambda u, x: u.value)
    rows, sets = rows_of(plate, sheet)
    x, y = np.split(sets["boundary"][:, :2], 2, axis=1)
    expected = np.select(
        [x == -1.0, x == 2.0, y == 1.0, y == 3.0],
        [-u(x, y, "x"), u(x, y, "x"), -u(x, y, "t"), u(x, y, "t")],
    )
    np.testing.assert_allclose(rows["neumann_boundary"], expected, rtol=1e-12)


POINTS = np.array([[0.0, 1.5], [1.0, 2.0], [-1.0, 3.0]])


def test_data_and_one_output_of_two():
    both = ki.Data(POINTS, np.ones((3, 2)), name="both")
    second = ki.Data(POINTS, [1.0, 2.0, 3.0], component=1)
    face = ki.Dirichlet("x_min", component=1)
    pair = Sheet(both, second, face, outputs=2, residual=lambda u, x: u[0].d("x"))
    rows, sets = rows_of(pair, lambda p: tf.concat([sheet(p), p[:, :1] * 5], axis=1))
    columns = np.hstack([sheet(POINTS), POINTS[:, :1] * 5])
    np.testing.assert_allclose(rows["both"], columns - 1)
    np.testing.assert_allclose(rows["data"], columns[:, 1:] - [[1], [2], [3]])
    np.testing.assert_allclose(rows["dirichlet_x_min"], np.full((200, 1), -5.0))
    assert set(sets) == {"interior", "x_min"}


# -- every argument -----------------------------------------------------------------


def two(p):
    """Two outputs, the second with derivatives of its own."""
    return tf.concat([sheet(p), 5 * p[:, :1] ** 2 * p[:, 1:] ** 2], axis=1)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (ki.Dirichlet("x_max", component=1), lambda x, t: 5 * x**2 * t**2),
        (
            ki.Dirichlet("x_max", [1.0, 2.0]),
            lambda x, t: np.hstack([u(x, t) - 1, 5 * x**2 * t**2 - 2]),
        ),
        (ki.Neumann("x_max", 3.0, component=1), lambda x, t: 10 * x * t**2 - 3),
        (ki.Initial(1.0, component=1), lambda x, t: 5 * x**2 - 1),
        (ki.Initial(1.0, 1, component=1), lambda x, t: 10 * x**2 - 1),
        (ki.Initial(1.0, 2, component=1), lambda x, t: 10 * x**2 - 1),
        (ki.Periodic("x", [0], component=1), lambda x, t: (5 - 20) * t**2),
    ],
)
def test_components_and_orders(condition, expected):
    pair = Sheet(condition, outputs=2, residual=lambda u, x: u[0].d("x"))
    rows, sets = rows_of(pair, two)
    x, t = np.split(sets[condition.on][:, :2], 2, axis=1)
    np.testing.assert_allclose(rows[condition.name], expected(x, t), rtol=1e-11)


@pytest.mark.parametrize(
    ("make", "default"),
    [
        (lambda **a: ki.Dirichlet("x_min", **a), "dirichlet_x_min"),
        (lambda **a: ki.Neumann("x_min", **a), "neumann_x_min"),
        (lambda **a: ki.Initial(order=2, **a), "initial_dtt"),
        (lambda **a: ki.Periodic("x", **a), "periodic_x"),
        (lambda **a: ki.Data(POINTS, [1.0, 2.0, 3.0], **a), "data"),
    ],
)
def test_weights_and_names_reach_the_terms(make, default):
    def term(**arguments):
        return terms_of(Sheet(make(**arguments)), {}, "float64")[1]

    assert (term().name, set(np.ravel(term().weight))) == (default, {1.0})
    heavy = term(weight=7.5)
    assert (heavy.name, set(np.ravel(heavy.weight))) == (default, {7.5})
    assert term(name="mine").name == "mine"


def test_given_numbers_keep_their_digits():
    # 0.1 has none of its own in float32; TensorFlow casts Python numbers there first.
    tenth = keras.Variable(0.1, dtype="float64")
    for value in (0.1, np.float64(0.1), [0.1], lambda x: 0.1, lambda x: [0.1], tenth):
        rows, _ = rows_of(Sheet(ki.Dirichlet("x_min", value)), lambda p: 0 * p[:, :1])
        np.testing.assert_array_equal(rows["dirichlet_x_min"], np.full((200, 1), -0.1))


def test_integers_are_numbers():
    data = ki.Data(POINTS.round().astype(int), [[1], [2], [3]])
    assert data.points.dtype == data.values.dtype == np.float64
    rows, _ = rows_of(Sheet(ki.Dirichlet("x_min", 2), data), sheet)
    np.testing.assert_allclose(rows["data"], sheet(POINTS.round()) - [[1], [2], [3]])


NO_NUMBERS = {
    "complex": (1.0 + 2.0j, "is complex.*real and the imaginary part as two"),
    "string": ("1.0", "real numbers, got dtype <U3"),
    "object": (object(), "real numbers, got dtype object"),
    "truth": (True, "real numbers, got dtype bool"),
    "NaN": (math.nan, "NaN or infinite entries"),
    "infinite": ([1.0, -math.inf], "NaN or infinite entries"),
    "ragged": ([[1.0], [1.0, 2.0]], "rows of different lengths"),
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_what_is_no_number_is_refused(case):
    value, words = NO_NUMBERS[case]
    for kind in (ki.Dirichlet, ki.Neumann):
        with pytest.raises(ValueError, match=f"condition '{kind.kind}_x_min'.*{words}"):
            kind("x_min", value)
    with pytest.raises(ValueError, match=f"condition 'initial'.*{words}"):
        ki.Initial(value)
    rows = [value] if isinstance(value, list) else [[value], [value]]
    rows = value if case == "ragged" else rows
    with pytest.raises(ValueError, match=f"`values` of the data 'data'.*{words}"):
        ki.Data(np.zeros((len(rows), 2)), rows)
    with pytest.raises(ValueError, match=f"`points` of the data 'data'.*{words}"):
        ki.Data(rows, np.zeros(len(rows)))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lambda x: tf.complex(x[:, :1], x[:, :1]), "is complex"),
        (lambda x: np.ones((x.shape[0], 1)) * 1j, "is complex"),
        (lambda x: tf.constant("1"), "has to be made of real numbers"),
    ],
)
@pytest.mark.parametrize("kind", [ki.Dirichlet, ki.Neumann])
def test_functions_that_return_no_real_numbers(kind, value, words):
    with pytest.raises(ValueError, match=f"_x_min' of Sheet: .*_x_min' {words}"):
        terms_of(Sheet(kind("x_min", value)), {}, "float64")


def test_values_by_point_are_data():
    with pytest.raises(ValueError, match=r"got shape \(3, 1\).*ki\.Data"):
        ki.Dirichlet("x_min", np.ones((3, 1)))


@pytest.mark.parametrize("order", [-1, 1.0, True, None, "1"])
def test_orders_are_whole_numbers(order):
    with pytest.raises(ValueError, match="`order` to be a derivative's order"):
        ki.Initial(order=order)
    with pytest.raises(ValueError, match="`orders` to be a derivative's order"):
        ki.Periodic("x", [order])
    for orders, words in ((1, "as a tuple"), ((), "at least one")):
        with pytest.raises(ValueError, match=words):
            ki.Periodic("x", orders)


# -- time by another name -----------------------------------------------------------


class Heat(ki.Problem):
    """u_tau = u_xx with u = exp(-pi^2 tau) sin(pi x)."""

    coordinates = ("x", "tau")
    domain = ki.Box((0.0, 0.0), (1.0, 0.2))
    time = "tau"
    initial = ki.Initial

    def residual(self, u, x):
        return u.d("tau") - u.laplacian()

    def conditions(self):
        return [ki.Dirichlet(), self.initial(lambda x: tf.sin(np.pi * x[:, :1]))]

    def exact(self, x):
        return tf.exp(-(np.pi**2) * x[:, 1:]) * tf.sin(np.pi * x[:, :1])


def test_time_by_another_name():
    problem = Heat()
    assert problem.faces("boundary") == [(0, 0), (0, 1)]
    assert problem.point_sets() == ["interior", "boundary", "tau_min"]
    interior = np.random.default_rng(3).uniform(size=(9, 2)) * [1.0, 0.2]
    rows, sets = rows_of(problem, problem.exact, interior)
    for name in ("residual", "dirichlet_boundary", "initial"):
        np.testing.assert_allclose(rows[name], 0.0, atol=1e-12)
    x, tau = sets["boundary"].T
    assert set(x) == {0.0, 1.0}
    assert len(set(tau)) == len(tau)
    # Taylor mode, and each output by itself.
    model = ki.PINN(ki.networks.mlp(2, width=4, depth=1, seed=0), problem)
    kernel, bias, out, _ = model.network.get_weights()
    h = np.tanh(interior @ kernel + bias)
    first = ((1 - h**2) * kernel[1]) @ out
    second = (-2 * h * (1 - h**2) * kernel[0] ** 2) @ out
    np.testing.assert_allclose(model.residual(interior), first - second, rtol=1e-11)
    problem.residual = lambda u, x: u[0].d("tau") - u[0].laplacian()
    rows, _ = rows_of(problem, problem.exact, interior)
    np.testing.assert_allclose(rows["residual"], 0.0, atol=1e-12)


def test_derivatives_in_time_are_named_after_it():
    class Wave(Heat):
        initial = staticmethod(lambda g: ki.Initial(0.0, order=1))

    rows, sets = rows_of(Wave(), lambda p: p[:, :1] * p[:, 1:])
    assert set(rows) == {"residual", "dirichlet_boundary", "initial_dtau"}
    np.testing.assert_allclose(rows["initial_dtau"], sets["tau_min"][:, :1])


def of(base=Heat, **attributes):
    return type("Own", (base,), attributes)()


def test_a_problem_may_have_no_time():
    for time in (None, "t"):
        problem = of(time=time, conditions=lambda self: [])
        problem.check()
        assert problem.faces("boundary") == [(0, 0), (0, 1), (1, 0), (1, 1)]
        rows, _ = rows_of(problem, lambda p: p**2 @ [[1.0], [3.0]], np.ones((1, 2)))
        assert rows["residual"] == 6.0 - 2.0 - 6.0


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        # As 0.1 took it, with the wrong boundary and Laplacian.
        (
            of(time="t", initial=staticmethod(lambda g: ki.Initial(g, time="tau"))),
            'Own has no time, .*"tau" as space. Set `time = "tau"` in the problem',
        ),
        (
            of(initial=staticmethod(lambda g: ki.Initial(g, time="x"))),
            'Own has the time "tau", .*Set `time = "x"` in the problem',
        ),
        (of(time=None), "coordinates x, tau of Own is its time.*set `time = "),
        (of(time="t"), "coordinates x, tau of Own is its time.*set `time = "),
        (of(time="s"), 'Own.time is "s", but its coordinates are x, tau'),
        (of(time=3.0), "Own.time to be the name of the coordinate that is time"),
        (of(coordinates=("tau",), domain=ki.Box(0, 1)), 'in its time "tau".*tau_min'),
        (of(coefficients={"k": math.nan}), "coefficient 'k' of Own has NaN"),
        (of(coefficients={"k": 1j}), "coefficient 'k' of Own is complex"),
        (of(coefficients={"k": [1.0, 2.0]}), "'k' of Own has to start at one number"),
    ],
)
def test_parts_that_do_not_fit(problem, words):
    with pytest.raises(ValueError, match=words):
        problem.check()


def test_laplacian_of_time_alone():
    problem = Sheet(
        coordinates=("tau",),
        domain=ki.Box(0, 1),
        time="tau",
        residual=lambda u, x: u.laplacian(),
    )
    with pytest.raises(ValueError, match=r'u\.d\("tau", "tau"\)'):
        terms_of(problem, {}, "float64")


class Waves(ki.Problem):
    """u_t plus a derivative of some order in x, periodic in x."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (2.0, 1.0))

    def __init__(self, order):
        self.order = order

    def residual(self, u, x):
        if self.order == 2:
            return u.d("t") - u.laplacian()
        return u.d("t") + u.d("x" * self.order)

    def conditions(self):
        return [ki.Periodic("x"), ki.Initial(0.0)]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_what_is_periodic_agrees_in_all_derivatives_that_the_equation_leaves(order):
    network = ki.networks.mlp(2, width=5, seed=2)
    model = ki.PINN(network, Waves(order))
    term = next(t for t in model._terms if t.name == "periodic_x")
    assert term.columns == order
    low = tf.constant([[0.0, 0.3], [0.0, 0.8]], tf.float64)

    def derivatives(x):
        found, tapes = [], []
        t = x[:, 1:]
        with contextlib.ExitStack() as stack:
            x = tf.Variable(x[:, :1])
            for _ in range(order):
                tapes.append(stack.enter_context(tf.GradientTape(persistent=True)))
            found.append(network(tf.concat([x, t], 1)))
            for tape in tapes[:0:-1]:
                found.append(tape.gradient(found[-1], x))
        return np.concatenate([f.numpy() for f in found], axis=1)

    gap = derivatives(low) - derivatives(low + np.array([[2.0, 0.0]]))
    rows = term.rows_at(low, network, {}).numpy()
    np.testing.assert_allclose(rows, gap, atol=1e-11)
    # A network that is periodic by itself has nothing left to learn there.
    assert design_for(Waves(order)).periodic == (0,)
