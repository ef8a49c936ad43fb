"""Networks that meet boundary and initial conditions by construction."""

import math
import warnings

import keras
import mpmath
import numpy as np
import pytest
import tensorflow as tf
from structured_networks import (
    LAPLACIAN,
    POINTS,
    Strip,
    all_requests,
    check_against_tapes,
    exact,
    few_requests,
    saved_and_loaded,
    small,
    tanh_unit,
)

import keras_isgd as ki
from keras_isgd.derivatives import taylor
from keras_isgd.networks import dirichlet, initial

UNSAVED = pytest.mark.filterwarnings("ignore:.*not registered")
EDGE = np.array([[0.0, 0.3], [1.0, 0.8]])
START = np.column_stack([np.linspace(0, 1, 5), np.full(5, 2.5)])


@keras.saving.register_keras_serializable("tests")
def bent(x):
    return tf.sin(3.0 * x[:, 0:1]) + x[:, 1:2] ** 2


def value_of(network, x):
    return network(x).numpy()


# -- Dirichlet ------------------------------------------------------------------------


@UNSAVED
@pytest.mark.parametrize(
    ("value", "on_edge"),
    [
        (0.0, [[0.0, 0.0]] * 2),
        (2.5, [[2.5, 2.5]] * 2),
        ([1.0, -3.0], [[1.0, -3.0]] * 2),
        (bent, np.tile(np.sin(3 * EDGE[:, :1]) + EDGE[:, 1:] ** 2, (1, 2))),
        (lambda x: tf.concat([x[:, 1:2], 2.0 * x[:, 1:2]], 1), EDGE[:, 1:] * [1, 2]),
        (lambda x: np.array([[1.0, 7.0]]), [[1.0, 7.0]] * 2),
    ],
)
def test_dirichlet_values_hold_on_the_boundary(value, on_edge):
    inner = small(2, 2)
    network = dirichlet(inner, Strip(), value)
    np.testing.assert_allclose(value_of(network, EDGE), on_edge, rtol=0, atol=1e-15)
    inside = value_of(network, POINTS)
    given = value(tf.constant(POINTS)) if callable(value) else value
    x = POINTS[:, :1]
    expected = np.asarray(given) + x * (1 - x) * inner(POINTS).numpy()
    np.testing.assert_allclose(inside, expected, rtol=1e-14)
    check_against_tapes(network, [*few_requests(2), (1, (0, 0, 1, 1))])


def test_dirichlet_has_its_closed_form():
    inner, unit = tanh_unit(1.3, -0.7, 0.2)
    network = dirichlet(inner, Strip(), bent)

    def u(x, y):
        return mpmath.sin(3 * x) + y**2 + x * (1 - x) * unit(x, y)

    found = taylor.derivatives(
        network, tf.constant(POINTS), [(0, LAPLACIAN), (0, (0, 1))]
    )
    np.testing.assert_allclose(found[0, (0, 1)], exact(u, (0, 1)), rtol=1e-12)
    expected = exact(u, (0, 0)) + exact(u, (1, 1))
    np.testing.assert_allclose(found[0, LAPLACIAN], expected, rtol=1e-12)


def test_coordinates_say_which_inputs_are_the_geometrys():
    second = dirichlet(small(), Strip(), 1.0, coordinates=[1])
    edge = EDGE[:, ::-1].copy()
    np.testing.assert_array_equal(value_of(second, edge), np.ones((2, 1)))
    assert np.all(value_of(second, EDGE) != 1.0)
    both = dirichlet(small(), Strip(2), 1.0, coordinates=(1, 0))
    np.testing.assert_array_equal(value_of(both, edge), np.ones((2, 1)))
    check_against_tapes(both, few_requests(1))


@pytest.mark.parametrize("component", [1, [1], (2, 0)])
def test_components_are_held_and_others_left(component):
    inner = small(2, 3)
    held = [1] if component in (1, [1]) else [2, 0]
    values = [4.0] if len(held) == 1 else [4.0, 5.0]
    for network, x in (
        (dirichlet(inner, Strip(), values, component=component), EDGE),
        (initial(inner, values, 1, 2.5, component=component), START),
    ):
        found = value_of(network, x)
        for output in range(3):
            expected = (
                np.full(len(x), values[held.index(output)])
                if output in held
                else value_of(inner, x)[:, output]
            )
            np.testing.assert_allclose(found[:, output], expected, rtol=1e-14)
        check_against_tapes(network, few_requests(3))


# -- initial values -------------------------------------------------------------------


@UNSAVED
@pytest.mark.parametrize("value", [0.7, bent, lambda x: x[:, 0:1] * x[:, 1:2]])
def test_initial_values_and_velocities_hold_at_the_start(value):
    inner = small()

    def given(x):
        held = np.where([False, True], 2.5, x)
        return np.asarray(value(tf.constant(held)) if callable(value) else value)

    first = initial(inner, value, 1, 2.5)
    at_start = np.broadcast_to(given(START), (5, 1))
    np.testing.assert_allclose(value_of(first, START), at_start)
    elapsed = POINTS[:, 1:] - 2.5
    expected = given(POINTS) + elapsed * value_of(inner, POINTS)
    np.testing.assert_allclose(value_of(first, POINTS), expected, rtol=1e-13)

    second = initial(inner, value, 1, 2.5, velocity=-1.5)
    expected = given(POINTS) - 1.5 * elapsed + elapsed**2 * value_of(inner, POINTS)
    np.testing.assert_allclose(value_of(second, POINTS), expected, rtol=1e-13)
    found = taylor.derivatives(second, tf.constant(START), [(0, ()), (0, (1,))])
    np.testing.assert_allclose(found[0, ()], at_start)
    np.testing.assert_allclose(found[0, (1,)], np.full((5, 1), -1.5), rtol=1e-14)
    check_against_tapes(first, few_requests(1))
    if value is bent:
        check_against_tapes(second, all_requests(1))


def test_the_time_is_found_by_number_or_name():
    inner = small()
    last = initial(inner, 3.0)
    for network in (
        initial(inner, 3.0, 1),
        initial(inner, 3.0, "tau", names=("x", "tau")),
        initial(inner, 3.0, axis=-1, start=0.0),
    ):
        np.testing.assert_array_equal(network(POINTS), last(POINTS))
    first = initial(inner, 3.0, "tau", names=("tau", "x"))
    np.testing.assert_array_equal(first(POINTS), initial(inner, 3.0, 0)(POINTS))
    assert np.all(value_of(first, POINTS) != value_of(last, POINTS))


def test_an_oscillation_from_its_start_and_velocity():
    class Oscillation(ki.Problem):
        coordinates = ("t",)
        domain = ki.Box(0.0, 1.0)

        def residual(self, u, x):
            return u.d("tt") + 4.0 * u.value

        def exact(self, x):
            return np.cos(2.0 * x) + 0.5 * np.sin(2.0 * x)

    network = ki.networks.mlp(1, width=12, depth=1, input_scale=4.0, seed=0)
    model = ki.PINN(initial(network, 1.0, velocity=1.0), Oscillation())
    model.compile(optimizer=ki.ISGD())
    model.fit(Oscillation().points(40, resample=False), epochs=10, verbose=0)
    assert model.max_error() < 1e-3


# -- files ----------------------------------------------------------------------------


def test_hard_conditions_are_saved(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        networks = [
            dirichlet(small(), Strip(), bent, coordinates=[1], component=0),
            dirichlet(small(2, 2), Strip(2), [1.0, 2.0]),
            initial(small(), bent, 1, 2.5, velocity=bent),
            initial(small(2, 2), [1.0, 2.0], 0, -1.0, component=[1, 0]),
            initial(dirichlet(small(), Strip()), 3.0),
        ]
    for network in networks:
        loaded = saved_and_loaded(network, tmp_path)
        np.testing.assert_array_equal(loaded(POINTS), network(POINTS))
        assert taylor.passage(loaded, [(0, 1)]) == (None, True)


G = ki.geometry
SHAPES = {
    "box": ki.Box((0.0, 0.0), (1.0, 2.0)),
    "disk": G.Disk(centre=(0.5, 0.5), radius=0.6),
    "difference": G.Rectangle((0, 0), (2, 1)) - G.Disk((1, 0.5), 0.2),
    "turned": G.Ellipse((0, 0), (2.0, 1.0)).rotated(0.3).translated((0.1, 0.0)),
    "polygon": G.Polygon([(0, 0), (2, 0), (2, 2), (0, 2)]),
    "product": G.Interval(0.0, 1.0) * G.Interval(-1.0, 3.0),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_shapes_of_the_library_are_held_and_saved(tmp_path, kind):
    shape = SHAPES[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = dirichlet(small(2, 2), shape, [1.0, -2.0], component=[0, 1])
    edge, _ = shape.pieces()[0].place(np.linspace(0.1, 0.9, 5)[:, None])
    np.testing.assert_allclose(network(edge), np.tile([1.0, -2.0], (5, 1)), atol=1e-9)
    loaded = saved_and_loaded(network, tmp_path)
    np.testing.assert_array_equal(loaded(POINTS), network(POINTS))
    check_against_tapes(network, few_requests(2), tolerance=1e-10)


def test_what_cannot_be_saved_says_so(tmp_path):
    class Local(Strip):
        pass

    for make, name in (
        (lambda: dirichlet(small(), Local()), "Local"),
        (lambda: dirichlet(small(), Strip(), lambda x: x[:, :1]), "<lambda>"),
        (lambda: initial(small(), lambda x: x[:, :1]), "<lambda>"),
        (lambda: initial(small(), 0.0, velocity=lambda x: x[:, :1]), "<lambda>"),
    ):
        with pytest.warns(
            UserWarning, match=f"{name}.*not saved as a .keras"
        ) as raised:
            network = make()
        assert raised[0].filename == __file__
        with pytest.raises(ValueError, match=f"{name}.*not saved as a .keras"):
            network.save(tmp_path / "network.keras")


# -- refusals -------------------------------------------------------------------------


class Flat(Strip):
    def smooth_distance(self, x):
        return x[:, 0] * (1.0 - x[:, 0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((ki.Box,), "needs a geometry with `smooth_distance`, which"),
        ((G.Polygon([(0, 0), (2, 0), (0.5, 0.5), (0, 2)]),), "has no smooth distance"),
        ((Flat(),), r"Flat.smooth_distance to return \(n, 1\), got \(6,\)"),
        ((Strip(3),), "the numbers of 3 of the network's 2 inputs"),
        ((Strip(), 0.0, [2]), r"2 inputs, from 0, got \[2\]"),
        ((Strip(), 0.0, [-1]), r"2 inputs, from 0, got \[-1\]"),
        ((Strip(), 0.0, [0, 1]), "the numbers of 1 of"),
        ((Strip(), 1j), "is complex"),
        ((Strip(), math.nan), "NaN or infinite"),
        ((Strip(), [[1.0]]), r"got shape \(1, 1\)"),
        ((Strip(), [1.0, 2.0]), r"the shape \(n, 1\) or \(n, 1\) at n points, got"),
        ((Strip(), lambda x: x[:, 0]), r"got \(6,\) for n = 6. Slices keep"),
        ((Strip(), lambda x: tf.complex(x, x)), "is complex"),
        ((Strip(), 0.0, None, 1), "the number of one of 1 outputs"),
        ((Strip(), 0.0, None, [0, 0]), "a list of different ones"),
        ((Strip(), 0.0, None, "u"), "got 'u'"),
    ],
)
def test_wrong_arguments_of_dirichlet(arguments, words):
    class Bare:
        dimension = 1

    geometry, *rest = arguments
    with pytest.raises(ValueError, match=words):
        dirichlet(small(), Bare() if geometry is ki.Box else geometry, *rest)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"axis": 2}, "the number of one of 2 inputs, got 2"),
        ({"axis": -3}, "the number of one of 2 inputs, got -3"),
        ({"axis": True}, "got True"),
        ({"axis": "t"}, "`axis` 't' among the `names` .*none are given"),
        ({"axis": "t", "names": ("x", "y")}, r"got \('x', 'y'\)"),
        ({"names": ("x",)}, "a name for each of the network's 2 inputs"),
        ({"start": math.inf}, "`start` to be a finite number"),
        ({"start": "0"}, "`start` to be a finite number"),
        ({"velocity": math.nan}, "`velocity` .*NaN or infinite"),
        ({"velocity": lambda x: x}, "`velocity` of a hard condition to have the shape"),
    ],
)
def test_wrong_arguments_of_initial(arguments, words):
    with pytest.raises(ValueError, match=words):
        initial(small(), 0.0, **arguments)
