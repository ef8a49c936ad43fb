"""Outputs, equations and parameters by name, and coefficients with bounds."""

import numpy as np
import pytest
import tensorflow as tf
from jacobians import rows_and_jacobian

import keras_isgd as ki


class Flow(ki.Problem):
    """Stokes' equations with a viscosity as a parameter and an unknown force."""

    coordinates = ("x", "y")
    outputs = ("u", "v", "p")
    domain = ki.Box((0.0, 0.0), (2.0, 1.0))
    parameters = {"nu": (0.5, 2.0)}
    coefficients = {"force": ki.Coefficient(3.0, lower=0.0, upper=4.0)}

    def residual(self, u, x):
        nu = u.parameter("nu")
        along = nu * u["u"].laplacian() - u["p"].d("x") + u.coefficient("force")
        return {
            "momentum_x": along,
            "momentum_y": nu * u["v"].laplacian() - u["p"].d("y"),
            "continuity": u["u"].d("x") + u["v"].d("y"),
        }

    def conditions(self):
        return [
            ki.Dirichlet("bottom", component="u"),
            ki.Dirichlet("bottom", lambda u, x: u.parameter("nu"), component="v"),
            ki.Dirichlet([[1.0, 0.5, 1.0]], component="p"),
            ki.Data([[0.5, 0.5, 1.0]], [[2.0]], "u", sigma=0.5),
            ki.Data([[0.5, 0.5, 1.0]], [[2.0]], operator=lambda u, x: u["p"].d("x")),
        ]


def flow(**arguments):
    problem = Flow()
    network = ki.networks.mlp(3, 3, 6, 1, seed=5)
    return ki.PINN(network, problem, **arguments)


def points(problem, seed=2):
    return next(iter(problem.points(11, 6, seed=seed)))


def test_terms_are_named_by_equations_and_components():
    model = flow(loss_weights={"continuity": 7.0})
    assert list(model.loss_weights) == [
        "momentum_x",
        "momentum_y",
        "continuity",
        "dirichlet_bottom_u",
        "dirichlet_bottom_v",
        "dirichlet_p",
        "data",
        "data_2",
    ]
    assert model.loss_weights["continuity"] == 7.0


def test_an_equation_has_its_own_weight_and_metric():
    model = flow()
    sets = points(model.problem)
    before, losses = model.closure(sets)
    rows = model.residual(sets["interior"]).numpy()
    np.testing.assert_allclose(losses[:3], np.mean(rows**2, axis=0), rtol=1e-12)
    model.loss_weights["continuity"] = 100.0
    after, again = model.closure(sets)
    np.testing.assert_allclose(again, losses, rtol=1e-12)
    np.testing.assert_allclose(after - before, 99 * losses[2], rtol=1e-10)
    objective = model.objective(sets)
    found = objective.evaluate(objective.parameters.read())
    np.testing.assert_allclose(found.value, after, rtol=1e-12)
    np.testing.assert_allclose(found.aux, again, rtol=1e-12)


def test_history_has_each_equation():
    model = flow()
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    history = model.fit(model.problem.points(40, 10), epochs=3, verbose=0).history
    assert {"momentum_x", "continuity", "dirichlet_bottom_v"} <= set(history)
    assert history["loss"][-1] < history["loss_before"][0]


def test_weights_hold_when_points_are_taken_in_pieces():
    model = flow(loss_weights={"momentum_y": 5.0})
    sets = points(model.problem)
    whole = model.objective(sets)
    pieces = model.objective(sets)
    pieces._memory = 3 * model._terms[0].cost(model.network)
    w = whole.parameters.read()
    one, other = whole.evaluate(w), pieces.evaluate(w)
    np.testing.assert_allclose(other.value, one.value, rtol=1e-12)
    np.testing.assert_allclose(other.aux, one.aux, rtol=1e-12)
    np.testing.assert_allclose(other.gradient, one.gradient, rtol=1e-9, atol=1e-12)


def test_jacobian_through_a_bounded_coefficient():
    problem = Flow()
    network = ki.networks.mlp(3, 3, 6, 1, seed=5)
    models = [ki.PINN(network, problem, derivatives=d) for d in ("taylor", "tape")]
    sets = points(problem)
    taylor, tape = (model.objective(sets) for model in models)
    w = taylor.parameters.read()
    found = tf.function(taylor.linearise)(w)[1].numpy()
    jacobians = [found, rows_and_jacobian(tape, w)[1]]
    np.testing.assert_allclose(*jacobians, rtol=1e-10, atol=1e-12)
    variables = models[0].trainable_variables
    (place,) = (i for i, v in enumerate(variables) if v.shape == ())
    column = sum(int(np.prod(v.shape)) for v in variables[:place])
    unknown = problem.unknowns["force"]
    force = jacobians[0][:, column].max() * np.sqrt(11)
    assert force == pytest.approx(unknown.slope(unknown.start), rel=1e-10)


def test_parameters_have_no_boundary_and_no_place_in_the_laplacian():
    problem = Flow()
    sets = points(problem)
    assert sets["interior"].shape == (11, 3)
    assert sets["bottom"].shape == (6, 3)
    assert np.ptp(sets["bottom"].numpy()[:, 2]) > 0.1
    assert np.all(sets["bottom"].numpy()[:, 1] == 0.0)
    assert problem.faces("boundary") == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert problem.test_points().shape[1] == 3

    class Bowl(Flow):
        outputs = 1
        coefficients = {}

        def residual(self, u, x):
            return u.laplacian()

        def conditions(self):
            return []

    x = ki.networks.mlp(3, 1, 5, 2, seed=1)
    model = ki.PINN(x, Bowl())
    assert {r[1] for r in model.requests()} == {("laplacian", 0, 1)}


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"outputs": ("u", "u", "p")}, "different names"),
        ({"outputs": "uvp"}, "tuple of names"),
        ({"outputs": 0}, "whole number >= 1"),
        ({"outputs": ("u", "v", 3)}, "must be names"),
        ({"parameters": {"nu": (2.0, 1.0)}}, "low < high"),
        ({"parameters": {"nu": 1.0}}, r"range \(low, high\)"),
        ({"parameters": {"x": (0.0, 1.0)}}, "both as a coordinate and as a parameter"),
        ({"defined_up_to_constant": ("q",)}, "names q"),
    ],
)
def test_names_that_do_not_fit(attributes, words):
    problem = Flow()
    vars(problem).update(attributes)
    with pytest.raises(ValueError, match=words):
        problem.check()


@pytest.mark.parametrize(
    ("residual", "words"),
    [
        (lambda u, x: {}, "without equations"),
        (lambda u, x: {"a": u["u"].value, "b": u["v"].value[:, 0]}, "equation 'b'"),
        (lambda u, x: {"a": u["u"].value, "b": u["v"].value[:2]}, "one row for each"),
        (lambda u, x: {1: u["u"].value}, "by names"),
        (lambda u, x: {"data": u["u"].value}, "two terms named 'data'"),
        (lambda u, x: u["w"].value, "names u, v, p; got 'w'"),
        (lambda u, x: u.parameter("k") * u["u"].value, "Unknown parameter 'k'"),
    ],
)
def test_residuals_that_do_not_fit(residual, words):
    problem = Flow()
    problem.residual = residual
    with pytest.raises((ValueError, IndexError), match=words):
        ki.PINN(ki.networks.mlp(3, 3, 4, 1), problem)


# -- coefficients -------------------------------------------------------------------


@pytest.mark.parametrize(
    "coefficient",
    [
        ki.Coefficient(2.0),
        ki.Coefficient(2.0, lower=1.5),
        ki.Coefficient(2.0, upper=3.0),
        ki.Coefficient(2.0, lower=-1.0, upper=3.0),
        ki.Coefficient(2.0, log=True),
        ki.Coefficient(2.0, lower=1e-3, upper=1e3, log=True),
        ki.Coefficient(2.0, upper=1e3, log=True),
        ki.Coefficient(-2.0, upper=0.0),
    ],
)
def test_a_coefficient_starts_at_its_value_and_stays_between_its_bounds(coefficient):
    start = coefficient.value(tf.constant(coefficient.start, tf.float64))
    assert float(start) == pytest.approx(coefficient.initial, rel=1e-14)
    z = tf.constant(np.linspace(-20.0, 20.0, 81))
    values = coefficient.value(z).numpy()
    if coefficient.lower is not None:
        assert values.min() >= coefficient.lower - 1e-12
    if coefficient.upper is not None:
        assert values.max() <= coefficient.upper + 1e-12 * coefficient.upper
    if coefficient.log:
        assert values.min() > 0
    for value in values[42:50]:
        back = coefficient.value(tf.constant(coefficient.raw(value), tf.float64))
        assert float(back) == pytest.approx(value, rel=1e-12)
    h = 1e-6
    ends = coefficient.value(tf.constant([0.3 - h, 0.3 + h], tf.float64)).numpy()
    assert coefficient.slope(0.3) == pytest.approx(np.diff(ends)[0] / (2 * h), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"initial": 1.0, "lower": 1.0}, "strictly between"),
        ({"initial": 1.0, "lower": 3.0, "upper": 2.0}, "lower < initial < upper"),
        ({"initial": -1.0, "log": True}, "positive"),
        ({"initial": 1.0, "lower": 0.0, "log": True}, "above zero"),
        ({"initial": np.nan}, "NaN"),
        ({"initial": [1.0, 2.0]}, "one number"),
    ],
)
def test_coefficients_that_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        ki.Coefficient(**arguments)


def test_a_coefficient_is_found_within_its_bounds():
    class Decay(ki.Problem):
        coordinates = ("t",)
        coefficients = {"k": ki.Coefficient(0.5, lower=0.0, upper=10.0)}

        def residual(self, u, x):
            return u.d("t") + u.coefficient("k") * u.value

        def conditions(self):
            t = np.linspace(0.0, 1.0, 6)[:, None]
            return [ki.Data(t, np.exp(-2.0 * t))]

    network = ki.networks.mlp(1, 1, 8, 1, input_scale=4.0, seed=0)
    model = ki.PINN(network, Decay(), loss_weights={"data": 100.0})
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    model.fit(model.problem.points(60), epochs=30, verbose=0)
    unknown = model.problem.unknowns["k"]
    (raw,) = (v for v in model.trainable_variables if v.shape == ())
    assert float(unknown.value(raw)) == pytest.approx(2.0, rel=1e-5)


# -- data ---------------------------------------------------------------------------


def test_data_rows_are_divided_by_their_deviations():
    x = [[0.1], [0.2]]
    sheet = ki.Problem()
    sheet.residual = lambda u, x: u.d("x")
    sheet.conditions = lambda: [
        ki.Data(x, [1.0, 2.0], name="exact"),
        ki.Data(x, [1.0, 2.0], sigma=[0.5, 0.25], name="measured"),
        ki.Data(x, [1.0, 2.0], operator=lambda u, x: u.d("x") * x, name="slopes"),
    ]
    model = ki.PINN(ki.networks.mlp(1, 1, 5, 2, seed=0), sheet)
    rows = {
        term.name: term.rows_at(term.inputs({}), model.network, {}).numpy()
        for term in model._terms[1:]
    }
    u = model.network(np.array(x)).numpy()
    np.testing.assert_allclose(rows["exact"], u - [[1.0], [2.0]], rtol=1e-12)
    np.testing.assert_allclose(
        rows["measured"], (u - [[1.0], [2.0]]) / [[0.5], [0.25]], rtol=1e-12
    )
    h = 1e-6
    ends = [model.network(np.array(x) + s * h).numpy() for s in (-1, 1)]
    slopes = (ends[1] - ends[0]) / (2 * h) * np.array(x)
    np.testing.assert_allclose(rows["slopes"], slopes - [[1.0], [2.0]], rtol=1e-7)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sigma": 0.0}, "positive standard deviations"),
        ({"sigma": [1.0, -1.0]}, "positive standard deviations"),
        ({"sigma": [1.0, 1.0, 1.0]}, "shape of the values"),
        ({"operator": lambda u: u}, r"function of \(u, x\)"),
        ({"operator": lambda u, x: u.value, "component": 0}, "leave `component` out"),
    ],
)
def test_data_that_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        ki.Data([[0.1], [0.2]], [1.0, 2.0], **arguments)


def test_an_operator_of_the_wrong_width():
    sheet = ki.Problem()
    sheet.residual = lambda u, x: u.d("x")
    sheet.conditions = lambda: [
        ki.Data([[0.1]], [[1.0, 2.0]], operator=lambda u, x: u.value)
    ]
    with pytest.raises(ValueError, match="returned 1 columns, and its values have 2"):
        ki.PINN(ki.networks.mlp(1, 1, 5, 1), sheet)
