"""Single shapes: names of parts, places, corners, and what they refuse."""

import math
import re

import numpy as np
import pytest
import tensorflow as tf
from geometries import l_shape

import keras_isgd as ki
from keras_isgd import geometry as g

NAN = math.nan


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: g.Interval((0, 0), (1, 1)),
            "one number for each corner of an interval",
        ),
        (lambda: g.Interval(1, 0), "lower < upper"),
        (lambda: g.Rectangle(0, 1), "two numbers for each corner of a rectangle"),
        (lambda: g.Rectangle((0, 0), (1, NAN)), "finite corners"),
        (lambda: g.Box([[0, 0]], [[1, 1]]), "list of numbers"),
        (lambda: g.Box((), ()), "at least one number"),
        (lambda: g.Disk((0, 0), 0.0), "`radius` to be a positive"),
        (lambda: g.Disk((0, 0), -1.0), "`radius` to be a positive"),
        (lambda: g.Disk((0, 0), NAN), "`radius` to be a positive"),
        (lambda: g.Disk((0, 0), "1"), "`radius` to be a positive"),
        (lambda: g.Disk((0, 0, 0), 1.0), "has to be 2 numbers"),
        (lambda: g.Disk((0, NAN), 1.0), "NaN or infinite"),
        (lambda: g.Ball((), 1.0), "list of numbers"),
        (lambda: g.Ball((0, 0), 1e60), "A ball has the size 2e.60, which is out of"),
        (lambda: g.Ball((0, 0), 1e-60), "Choose a unit in which it is near 1"),
        (lambda: g.Ball((1e12, 0), 1.0), "too far for the digits of float64"),
        (lambda: g.Polygon([(1e12, 0), (1e12, 1), (1e12 + 1, 0)]), "too far for the"),
        (lambda: g.Ellipse((0, 0), (1.0, 1e-10)), "An ellipse is too thin"),
        (lambda: g.Annulus((0, 0), 1e-10, 1.0), "A shell is too thin"),
        (lambda: g.Annulus((0, 0), 1.0, 1.0 + 1e-10), "A shell is too thin"),
        (lambda: g.Cylinder((0, 0, 0), 1e10, 1.0), "A cylinder is too thin"),
        (lambda: g.Ball(((0, 0),), 1.0), "list of numbers"),
        (lambda: g.Ellipse((0, 0), (1.0, 0.0)), "positive semi-axes"),
        (lambda: g.Ellipse((0, 0), 1.0), "semi-axes has to be 2 numbers"),
        (lambda: g.Ellipse((0, 0), (1, 1), NAN), "angle has NaN"),
        (lambda: g.Annulus((0, 0), 1.0, 0.5), "inner < outer"),
        (lambda: g.Annulus((0, 0), 1.0, 1.0), "inner < outer"),
        (lambda: g.Annulus((0, 0), 0.0, 1.0), "`inner` to be a positive"),
        (lambda: g.Annulus((0, 0), 0.5, math.inf), "`outer` to be a positive"),
        (lambda: g.Annulus((0, 0, 0), 0.5, 1.0), "has to be 2 numbers"),
        (lambda: g.Shell(0.0, 0.5, 1.0), "at least two coordinates"),
        (lambda: g.Triangle((0, 0), (1, 1), (2, 2)), "triangle lie on a line"),
        (lambda: g.Triangle((0, 0), (0, 0), (2, 2)), "triangle in a row are the same"),
        (lambda: g.Triangle((0, 0), (1, 0), (0, 1, 2)), "has to be 2 numbers"),
        (lambda: g.Polygon([(0, 0), (1, 1)]), "at least three vertices, got 2"),
        (lambda: g.Polygon([0, 1, 2]), r"vertices \(m, 2\)"),
        (lambda: g.Polygon([(0, 0), (1, 0), (1, NAN)]), "NaN or infinite"),
        (
            lambda: g.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]),
            "cross or touch: Self-int",
        ),
        (lambda: g.Polygon([(0, 0), (2, 0), (1, 0), (1, 1)]), "cross or touch"),
        (lambda: g.Polygon([(0, 0), (1, 0), (1, 0), (0, 1)]), "are the same one"),
        (lambda: g.Polygon([(0, 0), (1, 0), (2, 0), (3, 1e-15)]), "flat|cross"),
        (lambda: g.Cylinder((0, 0, 0), 0.0, 1.0), "`height` to be a positive"),
        (lambda: g.Cylinder((0, 0, 0), (0, 0, 0), 1.0), "height that is not zero"),
        (lambda: g.Cylinder((0, 0, 0), 1.0, -1.0), "`radius` to be a positive"),
        (lambda: g.Cylinder((0, 0), 1.0, 1.0), "base has to be 3 numbers"),
        (lambda: g.Cylinder((0, 0, 0), (0, 1), 1.0), "height has to be 3 numbers"),
        (lambda: g.Segment((0, 0), (0, 0)), "are the same point"),
        (lambda: g.Segment((0, 0), (0, 0, 1)), "last point has to be 2 numbers"),
        (lambda: g.Segment(0, 1), "use Interval"),
        (lambda: g.PointCloud([1.0, 2.0]), r"points \(n, d\)"),
        (lambda: g.PointCloud(np.zeros((0, 2))), r"points \(n, d\)"),
        (lambda: g.PointCloud([(0, NAN)]), "NaN or infinite"),
        (lambda: g.PointCloud([(0, 1)], [(0, 1, 0)]), r"normals of shape \(1, 2\)"),
        (lambda: g.PointCloud([(0, 1)], [(0, 2)]), "unit vectors; their lengths"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(make, words):
    with pytest.raises(ValueError, match=words) as error:
        make()
    assert str(error.value).endswith((".", "]."))


@pytest.mark.parametrize("name", ["", "interior", "boundary", 3, ("a",)])
def test_bad_names(name):
    for make in (
        lambda: g.Disk((0, 0), 1.0, name=name),
        lambda: g.Box(0, 1, name=name),
        lambda: g.Triangle((0, 0), (1, 0), (0, 1), name=name),
        lambda: g.Annulus((0, 0), 1.0, 2.0, name=name),
        lambda: g.Ellipse((0, 0), (1.0, 2.0), name=name),
        lambda: g.Cylinder((0, 0, 0), 1.0, 2.0, name=name),
        lambda: g.Segment((0, 0), (1.0, 2.0), name=name),
        lambda: g.PointCloud([(0, 0)], name=name),
    ):
        with pytest.raises(ValueError, match="`name` to be a string"):
            make()


@pytest.mark.parametrize(
    ("shape", "parts"),
    [
        (g.Interval(0, 1), "left right"),
        (g.Interval(0, 1, name="rod"), "left rod rod_left right rod_right"),
        (g.Rectangle((0, 0), (1, 1)), "left right bottom top"),
        (g.Box((0,) * 3, (1,) * 3), "left right front back bottom top"),
        (g.Box((0,) * 4, (1,) * 4), ""),
        (g.Box((0,) * 4, (1,) * 4, name="cell"), "cell"),
        (g.Disk((0, 0), 1), "disk"),
        (g.Disk((0, 0), 1, name="hole"), "hole"),
        (g.Ball((0, 0, 0), 1), "ball"),
        (g.Ball(0, 1), "ball"),
        (g.Ellipse((0, 0), (1, 2)), "ellipse"),
        (g.Ellipse((0, 0), (1, 2), name="wing"), "wing"),
        (g.Annulus((0, 0), 1, 2), "annulus_inner annulus annulus_outer"),
        (g.Shell((0, 0, 0), 1, 2, name="egg"), "egg_inner egg egg_outer"),
        (g.Triangle((0, 0), (1, 0), (0, 1)), "triangle edge_0 edge_1 edge_2"),
        (
            g.Triangle((0, 0), (1, 0), (0, 1), name="fin"),
            "fin edge_0 fin_edge_0 edge_1 fin_edge_1 edge_2 fin_edge_2",
        ),
        (l_shape(), "polygon edge_0 edge_1 edge_2 edge_3 edge_4 edge_5"),
        (
            g.Polygon([(0, 0), (1, 0), (0, 1)], name="sail"),
            "sail edge_0 sail_edge_0 edge_1 sail_edge_1 edge_2 sail_edge_2",
        ),
        (
            g.Cylinder((0, 0, 0), 1, 1),
            "cylinder_side cylinder cylinder_bottom cylinder_top",
        ),
        (g.Cylinder((0, 0, 0), 1, 1, name="can"), "can_side can can_bottom can_top"),
        (g.Segment((0, 0), (1, 1)), "segment"),
        (g.Segment((0, 0), (1, 1), name="wire"), "wire"),
        (g.Segment((0, 0, 0), (1, 1, 1)), ""),
        (g.PointCloud([(0, 0)]), ""),
        (g.PointCloud([(0, 0)], [(1, 0)]), "point_cloud"),
        (g.PointCloud([(0, 0)], [(1, 0)], name="scan"), "scan"),
        (g.Disk((0, 0), 1) * g.Interval(0, 1), "disk left right"),
        (
            g.Rectangle((0, 0), (4, 4)) - g.Disk((1, 1), 0.5, name="hole"),
            "left right bottom top hole",
        ),
        (g.Disk((0, 0), 1, name="hub").rotated(1.0).scaled(2.0), "hub"),
    ],
)
def test_names_of_parts(shape, parts):
    assert shape.parts == tuple(parts.split())


def test_faces_lie_where_their_names_say():
    box = g.Box((0, 0, 0), (1, 2, 3))
    for name, axis, value in (
        ("left", 0, 0),
        ("right", 0, 1),
        ("front", 1, 0),
        ("back", 1, 2),
        ("bottom", 2, 0),
        ("top", 2, 3),
    ):
        ((piece, _),) = g.BoundaryPart(box, name).pieces
        x, normals = piece.place(np.array([[0.2, 0.7]]))
        assert x[0, axis] == value
        assert normals[0, axis] == (1 if value else -1)


def test_edges_keep_the_numbers_of_the_vertices_either_way_round():
    corners = [(0, 0), (0, 1), (3, 0)]  # clockwise
    for vertices in (corners, [*corners, corners[0]]):
        shape = g.Polygon(vertices)
        lengths = [piece.measure for piece in shape.pieces()]
        np.testing.assert_allclose(lengths, [1, math.sqrt(10), 3])
        normals = shape.normals([(0, 0.5), (1.5, 0.5), (1, 0)])
        diagonal = np.array([1, 3]) / math.sqrt(10)
        np.testing.assert_allclose(normals, [(-1, 0), diagonal, (0, -1)], atol=1e-12)


def test_a_polygon_that_is_not_convex_is_filled():
    comb = [(0, 0), (7, 0), (7, 3)]
    for i in range(6, 0, -1):
        comb += [(i + 0.25, 0.5), (i, 3 if i % 2 else 1)]
    shape = g.Polygon([*comb, (0, 3)])
    rng = np.random.default_rng(0)
    x, kept = shape.interior(rng.random((5000, 2)))
    assert kept.all()
    assert shape.within(x, 1e-9).all()
    box = rng.uniform(shape.lower, shape.upper, (100_000, 2))
    assert shape.within(box, 0.0).mean() * 21 == pytest.approx(shape.measure, rel=0.02)
    for axis in (0, 1):
        middle = box[shape.within(box, 0.0)].mean(axis=0)[axis]
        assert x.mean(axis=0)[axis] == pytest.approx(middle, abs=0.1)


def test_a_flat_vertex_changes_nothing():
    plain = g.Polygon([(0, 0), (2, 0), (2, 1), (0, 1)])
    flat = g.Polygon([(0, 0), (1, 0), (2, 0), (2, 1), (0, 1)])
    x = np.random.default_rng(0).uniform(0, 1, (50, 2))
    np.testing.assert_allclose(
        flat.smooth_distance(tf.constant(x)), plain.smooth_distance(tf.constant(x))
    )
    np.testing.assert_array_equal(flat.normals([(1.0, 0.0)]), [(0.0, -1.0)])
    assert flat.interior(x)[1].all()


@pytest.mark.parametrize(
    ("shape", "corner"),
    [
        (g.Rectangle((0, 0), (1, 2)), (1, 2)),
        (g.Box((0, 0, 0), (1, 1, 1)), (0.5, 0, 1)),
        (g.Triangle((0, 0), (1, 0), (0, 1)), (0, 1)),
        (l_shape(), (0, 0)),
        (g.Cylinder((0, 0, 0), 1.0, 1.0), (1, 0, 1)),
        (g.Disk((0, 0), 1.0) & g.Disk((1, 0), 1.0), (0.5, math.sqrt(3) / 2)),
        (g.Rectangle((0, 0), (2, 2)) - g.Disk((0, 0), 1.0), (1, 0)),
        (g.Rectangle((0, 0), (2, 2)) - g.Disk((0, 0), 1.0), (2, 2)),
        (g.Disk((0, 0), 1.0) * g.Interval(0, 1), (1, 0, 1)),
        (g.Rectangle((-1, -1), (1, 1)).rotated(math.pi / 4), (0, math.sqrt(2))),
    ],
)
def test_corners_have_no_normals(shape, corner):
    for dtype in (np.float64, np.float32):
        with pytest.raises(ValueError, match="at a corner or an edge of"):
            shape.normals(np.array([corner], dtype))


@pytest.mark.parametrize(
    ("shape", "hidden"),
    [
        (g.Rectangle((0, 0), (2, 2)) - g.Disk((0, 0), 1.0), (0, 0)),
        (g.Rectangle((0, 0), (2, 2)) | g.Disk((2, 2), 1.0), (2, 2)),
        (g.Rectangle((0, 0), (2, 2)) & g.Disk((0, 0), 1.0), (2, 2)),
        (g.Disk((0, 0), 1.0) - g.Rectangle((0, 0), (2, 2)), (2, 2)),
    ],
)
def test_corners_that_are_cut_off_are_not_on_the_boundary(shape, hidden):
    with pytest.raises(ValueError, match="not on the boundary of"):
        shape.normals([hidden])


def test_points_are_told_in_the_sentence_about_normals():
    words = re.escape("1 of 2 points have no normal, such as (0.5, 0.0), which is not")
    with pytest.raises(ValueError, match=words):
        g.Disk((0, 0), 1.0).normals([(1.0, 0.0), (0.5, 0.0)])


def test_boxes_stay_boxes_where_they_can():
    box = ki.Box((0, 1), (2, 3), name="room")
    assert isinstance(box.translated((1, 1)), ki.Box)
    assert box.translated((1, 1)).lower == (1.0, 2.0)
    assert box.scaled(2.0, about=(2, 1)).upper == (2.0, 5.0)
    assert box.scaled(2.0).lower == (0.0, 2.0)
    assert box.translated((1, 1)).name == box.scaled(2.0).name == "room"
    assert not isinstance(box.rotated(1.0), ki.Box)
    assert isinstance(g.Interval(0, 1) * g.Rectangle((0, 0), (2, 3)), ki.Box)
    assert (g.Interval(0, 1) * g.Rectangle((0, 0), (2, 3))).upper == (1, 2, 3)
    for call in (
        lambda: box.translated((1,)),
        lambda: box.translated((1, NAN)),
        lambda: box.scaled(2.0, about=(1,)),
        lambda: box.scaled(0.0),
    ):
        with pytest.raises(ValueError, match="Expected"):
            call()


def test_reprs_can_be_read():
    assert repr(g.Interval(0, 1)) == "Interval(0.0, 1.0)"
    assert repr(g.Rectangle((0, 0), (1, 1))) == "Rectangle((0.0, 0.0), (1.0, 1.0))"
    assert repr(g.Disk((0, 1), 2)) == "Disk((0.0, 1.0), 2.0)"
    assert repr(g.Ball((0,), 2)) == "Ball((0.0,), 2.0)"
    assert repr(g.Annulus((0, 0), 1, 2)) == "Annulus((0.0, 0.0), 1.0, 2.0)"
    assert repr(g.Ellipse((0, 0), (1, 2))) == "Ellipse((0.0, 0.0), (1.0, 2.0), 0.0)"
    assert repr(g.Segment((0, 0), (1, 2))) == "Segment((0.0, 0.0), (1.0, 2.0))"
    assert repr(g.PointCloud([(0, 0)])) == "PointCloud(of 1 points)"
    triangle = g.Triangle((0, 0), (1, 0), (0, 1))
    assert repr(triangle) == "Triangle((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))"
    assert repr(l_shape()).startswith("Polygon(((-1.0, -1.0), ")
    circle = np.linspace(0, 6, 20)
    assert repr(g.Polygon(np.c_[np.cos(circle), np.sin(circle)])) == (
        "Polygon(of 20 vertices)"
    )
    cylinder = g.Cylinder((0, 0, 0), 2.0, 1.0)
    assert repr(cylinder) == "Cylinder((0.0, 0.0, 0.0), (0.0, 0.0, 2.0), 1.0)"
    moved = g.Disk((0, 0), 1).rotated(1.0).scaled(2.0).translated((1, 0))
    assert repr(moved) == (
        "(((Disk((0.0, 0.0), 1.0), turned), scaled by 2), moved by (1.0, 0.0))"
    )


def test_the_thinnest_ellipse_has_distances():
    thin = g.Ellipse((0, 0), (1.0, 1e-4))
    x = np.array([(2, 0), (0, 1), (0, 0), (0.5, 0), (-1, 0), (0, -1e-4)])
    expected = [1, 1 - 1e-4, -1e-4, -1e-4 * math.sqrt(0.75), 0, 0]
    np.testing.assert_allclose(thin.signed_distance(x), expected, atol=2e-8)
    # Along an outward normal the distance is how far one went.
    for shape in (thin, g.Ellipse((1, 2), (0.3, 5.0), 1.0)):
        y, normals = shape.pieces()[0].place(np.linspace(0, 1, 50)[:, None])
        np.testing.assert_allclose(shape.signed_distance(y + 0.7 * normals), 0.7)
    np.testing.assert_allclose(
        g.Ellipse((0, 0), (2.0, 2.0)).signed_distance(3 * x),
        np.linalg.norm(3 * x, axis=1) - 2,
        atol=1e-12,
    )


def test_ellipses_turn_counterclockwise():
    shape = g.Ellipse((0, 0), (2.0, 0.5), math.pi / 4)
    assert shape.contains([(1.2, 1.2), (1.2, -1.2)]).tolist() == [True, False]
    x, _ = shape.pieces()[0].place(np.array([[0.0]]))
    np.testing.assert_allclose(x, [(math.sqrt(2), math.sqrt(2))])
