"""Segments and point clouds: sets without an inside."""

import numpy as np
import pytest
from geometries import unit_points

from keras_isgd import geometry as g


def test_points_of_a_segment_lie_on_it_evenly():
    wire = g.Segment((0, 1, 0), (2, 1, 1))
    x, kept = wire.interior(np.linspace(0, 1, 5)[:, None])
    assert kept.all()
    np.testing.assert_allclose(x, np.linspace((0, 1, 0), (2, 1, 1), 5))
    assert (wire.measure, wire.own_dimension) == (pytest.approx(np.sqrt(5)), 1)
    assert wire.contains(x).all()
    assert not wire.contains(x + np.array([0, 1e-4, 0])).any()
    assert not wire.contains([(4, 1, 2)]).any()
    np.testing.assert_array_equal(wire.test_points(5), x)
    with pytest.raises(ValueError, match="only in the plane"):
        wire.normals(x)


def test_a_segment_in_the_plane_has_normals_to_its_right():
    wire = g.Segment((0, 0), (0, 2))
    (piece,) = wire.pieces()
    x, normals = piece.place(unit_points(1, 10))
    np.testing.assert_allclose(normals, np.tile([1.0, 0.0], (10, 1)), atol=1e-15)
    np.testing.assert_array_equal(wire.normals(x), normals)
    assert piece.measure == 2.0
    with pytest.raises(ValueError, match="not on the boundary"):
        wire.normals([(0.1, 1.0)])
    longer = wire.scaled(3.0)
    assert longer.measure == longer.pieces()[0].measure == 6.0


def test_points_are_picked_from_a_cloud():
    points = np.random.default_rng(0).random((20, 3))
    cloud = g.PointCloud(points)
    x, kept = cloud.interior(np.linspace(0, 1, 20, endpoint=False)[:, None])
    assert kept.all()
    np.testing.assert_array_equal(x, points)
    np.testing.assert_array_equal(cloud.interior(np.ones((1, 1)))[0], points[-1:])
    assert cloud.contains(points.astype(np.float32)).all()
    assert not cloud.contains(points + 1e-3).any()
    assert cloud.measure == 20.0
    assert cloud.pieces() == ()
    assert len(cloud.test_points(7)) == 7
    np.testing.assert_array_equal(cloud.test_points(100), points)
    with pytest.raises(ValueError, match=r"give them, PointCloud\(points, normals\)"):
        cloud.normals(points)
    with pytest.raises(ValueError, match=r"boundary of PointCloud.* has no points"):
        g.BoundaryPart(cloud)


def test_a_cloud_has_the_normals_that_it_was_given():
    points = np.array([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)])
    normals = np.array([(0.0, 1.0), (1.0, 0.0), (0.0, -1.0)])
    cloud = g.PointCloud(points, normals)
    np.testing.assert_array_equal(cloud.normals(points[::-1]), normals[::-1])
    (piece,) = cloud.pieces()
    x, found = piece.place(np.array([[0.9], [0.1]]))
    np.testing.assert_array_equal(x, points[[2, 0]])
    np.testing.assert_array_equal(found, normals[[2, 0]])
    with pytest.raises(ValueError, match="not on the boundary"):
        cloud.normals([(0.5, 0.0)])


def test_sets_without_an_inside_take_no_part_in_booleans():
    wire, cloud = g.Segment((0, 0), (1, 1)), g.PointCloud([(0.0, 0.0)])
    for thin in (wire, cloud, wire.scaled(2.0)):
        for make in (lambda t: g.Disk((0, 0), 1) - t, lambda t: t & g.Disk((0, 0), 1)):
            with pytest.raises(ValueError, match="has no inside, which"):
                make(thin)


def test_they_multiply_by_time():
    track = g.Segment((0, 0), (1, 0)) * g.Interval(0, 2)
    assert (track.measure, track.own_dimension, track.dimension) == (2.0, 2, 3)
    assert track.contains(track.test_points(50)).all()
    sensors = g.PointCloud([(0.0, 0.0), (1.0, 1.0)]) * g.Interval(0, 2)
    x, kept = sensors.interior(unit_points(2, 100))
    assert kept.all()
    assert set(map(tuple, x[:, :2])) == {(0.0, 0.0), (1.0, 1.0)}
    assert sensors.contains(sensors.test_points(50)).all()
