"""Boxes: corners, sizes, grids."""

import math

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki


@pytest.mark.parametrize(
    ("lower", "upper", "words"),
    [
        ((0.0, 0.0), (1.0,), "one length"),
        ((0.0, 0.0), (1.0, 0.0), "lower < upper"),
        ((0.0, 2.0), (1.0, 1.0), "lower < upper"),
        (0.0, math.inf, "finite corners"),
        (math.nan, 1.0, "finite corners"),
    ],
)
def test_box_refuses(lower, upper, words):
    with pytest.raises(ValueError, match=words):
        ki.Box(lower, upper)


def test_box_knows_its_size():
    box = ki.Box((-1, 0.5), (2, 1))
    assert (box.dimension, box.lengths) == (2, (3.0, 0.5))
    assert repr(box) == "Box((-1.0, 0.5), (2.0, 1.0))"
    assert ki.Box(0, 2).lengths == (2.0,)


def test_box_contains_its_boundary_up_to_rounding():
    box = ki.Box((-1.0, 0.0), (2.0, 100.0))
    points = [[-1, 0], [2, 100], [2 + 1e-9, 50], [0.5, -1e-3], [2.1, 50], [0, 101]]
    assert box.contains(points).tolist() == [True, True, True, False, False, False]
    assert not box.contains([[math.nan, 1.0]]).any()


def test_box_grid_is_a_tensor_product():
    grid = ki.Box((-1.0, 0.0), (1.0, 3.0)).grid([3, 4])
    expected = [[x, y] for x in (-1.0, 0.0, 1.0) for y in (0.0, 1.0, 2.0, 3.0)]
    np.testing.assert_allclose(grid, expected)


@pytest.mark.parametrize(
    ("corner", "words"),
    [(1.0 + 2.0j, "corner of a box is complex"), ("0", "real numbers"), (None, "real")],
)
def test_corners_are_real_numbers(corner, words):
    with pytest.raises(ValueError, match=words):
        ki.Box(corner, 2.0)
    with pytest.raises(ValueError, match=words):
        ki.Box(-2.0, corner)


def test_points_of_the_unit_box_move_into_a_box():
    box = ki.Box((-1.0, 2.0), (3.0, 2.5))
    unit = np.array([[0.0, 0.0], [0.25, 0.5], [1.0, 1.0]])
    expected = [[-1.0, 2.0], [0.0, 2.25], [3.0, 2.5]]
    np.testing.assert_allclose(box.from_unit(unit), expected)
    np.testing.assert_allclose(box.from_unit(tf.constant(unit)), expected)
    assert [box.edge(axis, side) for axis in (0, 1) for side in (0, 1)] == [
        *(-1.0, 3.0),
        *(2.0, 2.5),
    ]
