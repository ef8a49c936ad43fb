"""Conditions, against a function whose derivatives are known."""

import numpy as np
import pytest
import tensorflow as tf
from condition_cases import Sheet, rows_of

import keras_isgd as ki


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
            ki.Periodic("x"),
            "periodic_x",
            lambda x, t: np.hstack([u(-1, t) - u(2, t), u(-1, t, "x") - u(2, t, "x")]),
        ),
        (ki.Periodic("t", [1]), "periodic_t", lambda x, t: u(x, 1, "t") - u(x, 3, "t")),
    ],
)
def test_condition_rows(condition, name, expected):
    rows, sets = rows_of(Sheet(condition), sheet)
    assert set(rows) == {"residual", name}
    x, t = np.split(sets[condition.on], 2, axis=1)
    np.testing.assert_allclose(rows[name], expected(x, t), rtol=1e-12, atol=1e-12)
    assert len(x) == 200


def test_normals_point_outwards_on_every_face():
    plate = Sheet(ki.Neumann(), coordinates=("x", "y"), residual=lambda u, x: u.value)
    rows, sets = rows_of(plate, sheet)
    x, y = np.split(sets["boundary"], 2, axis=1)
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
