"""Moved, turned and scaled geometries."""

import math

import numpy as np
import pytest
import tensorflow as tf
from geometries import unit_points

from keras_isgd import geometry as g


def test_points_go_where_the_transformation_takes_them():
    triangle = g.Triangle((0, 0), (2, 0), (0, 1))
    moved = triangle.rotated(math.pi / 2, about=(1, 0)).scaled(2.0, about=(1, 1))
    moved = moved.translated((10, 0))
    unit = unit_points(2, 20)
    x, y = triangle.interior(unit)[0], moved.interior(unit)[0]
    turned = np.stack([1 - x[:, 1], x[:, 0] - 1], axis=1)
    expected = 1 + 2 * (turned - 1) + np.array([10, 0])
    np.testing.assert_allclose(y, expected, atol=1e-12)
    assert moved.contains(y).all()
    assert not moved.contains(x).any()
    assert moved.measure == pytest.approx(4.0)
    np.testing.assert_allclose(
        moved.signed_distance(expected), 2 * triangle.signed_distance(x), atol=1e-12
    )
    np.testing.assert_allclose(
        moved.smooth_distance(tf.constant(expected)),
        2 * triangle.smooth_distance(tf.constant(x)),
        atol=1e-12,
    )


def test_a_turned_disk_has_the_box_of_a_disk():
    disk = g.Disk((1, 0), 1.0).rotated(math.pi / 4)
    np.testing.assert_allclose(disk.lower, (math.sqrt(0.5) - 1,) * 2)
    np.testing.assert_allclose(disk.upper, (math.sqrt(0.5) + 1,) * 2)


def test_rotations_in_space_follow_the_right_hand():
    box = g.Box((0, 0, 0), (1, 2, 3))
    turned = box.rotated(math.pi / 2, axis=(0, 0, 5))
    np.testing.assert_allclose(turned.lower, (-2, 0, 0), atol=1e-12)
    np.testing.assert_allclose(turned.upper, (0, 1, 3), atol=1e-12)
    normals = turned.normals([(-1, 1, 1.5)])
    np.testing.assert_allclose(normals, [(0, 1, 0)], atol=1e-12)
    assert g.BoundaryPart(turned, "right").measure == pytest.approx(6.0)


def test_a_turned_boolean_keeps_its_parts():
    shape = g.Rectangle((0, 0), (2, 2)) - g.Disk((0, 0), 1.0)
    moved = shape.rotated(0.7).scaled(3.0).translated((1, 1))
    assert moved.parts == shape.parts
    for name in shape.parts:
        expected = 3 * g.BoundaryPart(shape, name).measure
        assert g.BoundaryPart(moved, name).measure == pytest.approx(expected, rel=1e-3)
    assert moved.measure == pytest.approx(9 * shape.measure)


def test_scaled_ends_of_intervals_are_still_points():
    rod = (g.Interval(0, 1) | g.Interval(2, 3)).scaled(5.0)
    assert [piece.measure for piece in rod.pieces()] == [1.0] * 4
    assert rod.measure == pytest.approx(10.0, rel=1e-3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda s: s.rotated(1.0, axis=(0, 0, 1)), "no `axis`: leave it out"),
        (lambda s: s.rotated("1"), "made of real numbers"),
        (lambda s: s.rotated(math.nan), "angle has NaN"),
        (lambda s: s.rotated(1.0, about=(1, 2, 3)), "stays has to be 2 numbers"),
        (lambda s: s.scaled(0.0), "`factor` to be a positive"),
        (lambda s: s.scaled(-1.0), "`factor` to be a positive"),
        (lambda s: s.scaled(2.0, about=1.0), "stays has to be 2 numbers"),
        (lambda s: s.translated((1, 2, 3)), "translation has to be 2 numbers"),
        (lambda s: s.translated((1, math.inf)), "NaN or infinite"),
        (lambda s: (s * s).rotated(1.0), "rotations need two or three"),
        (lambda s: g.Interval(0, 1).rotated(1.0), "rotations need two or three"),
        (lambda s: (s * g.Interval(0, 1)).rotated(1.0), "needs an `axis`"),
        (lambda s: g.Ball((0, 0, 0), 1).rotated(1.0, (0, 0, 0)), "cannot be zero"),
        (lambda s: g.Ball((0, 0, 0), 1).rotated(1.0, (0, 1)), "axis has to be 3"),
    ],
)
def test_bad_transformations_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make(g.Disk((0, 0), 1.0))
