"""What all geometries have in common, against closed forms and each other."""

import math

import numpy as np
import pytest
import tensorflow as tf
from geometries import KNOWN, l_shape, unit_points
from scipy.stats import chi2

from keras_isgd import geometry as g

each = pytest.mark.parametrize("name", KNOWN)


def placed(piece, count=500, seed=1):
    """Points of a piece that it keeps, with their normals."""
    x, normals = piece.place(unit_points(piece.unit_dimension, count, seed))
    kept = np.ones(count, bool) if piece.keeps is None else piece.keeps(x, normals)
    return x[kept], normals[kept]


def inside(geometry, count=1000, seed=0):
    x, kept = geometry.interior(unit_points(geometry.unit_dimension, count, seed))
    return x[kept]


@each
def test_measures_are_those_of_closed_forms(name):
    known = KNOWN[name]
    rtol = 1e-9 if known.exact else 1e-3
    assert known.geometry.measure == pytest.approx(known.measure, rel=rtol)
    for part, measure in known.parts.items():
        found = g.BoundaryPart(known.geometry, part).measure
        # Shares of pieces are known to a few of 4096 points.
        assert found == pytest.approx(measure, rel=1e-9 if known.exact else 5e-3), part


@each
def test_interior_points_are_inside_and_in_the_bounding_box(name):
    shape = KNOWN[name].geometry
    x = inside(shape)
    assert len(x) > 100
    assert x.shape[1] == shape.dimension
    assert shape.contains(x).all()
    assert shape.contains(x.astype(np.float32)).all()
    slack = 1e-9 * shape.size
    assert (x >= np.asarray(shape.lower) - slack).all()
    assert (x <= np.asarray(shape.upper) + slack).all()


def boundary(shape, count=4000):
    return np.concatenate([placed(piece, count)[0] for piece in shape.pieces()])


@each
def test_bounding_boxes_and_supports_are_tight(name):
    shape = KNOWN[name].geometry
    x, axes = boundary(shape), np.eye(shape.dimension)
    np.testing.assert_allclose(shape.support(axes), shape.upper, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(shape.support(-axes), -np.array(shape.lower), atol=1e-12)
    rng = np.random.default_rng(0)
    directions = np.concatenate([axes, -axes, rng.normal(size=(20, shape.dimension))])
    reach = np.max(x @ directions.T, axis=0)
    assert (shape.support(directions) >= reach - 1e-9).all()
    # What was cut out of another keeps its box.
    if KNOWN[name].exact and shape.dimension < 4:
        scale = 0.05 * shape.size * np.linalg.norm(directions, axis=1)
        assert (shape.support(directions) <= reach + scale).all()


@each
def test_boundary_points_separate_inside_from_outside(name):
    shape = KNOWN[name].geometry
    step = 1e-5 * shape.size
    for piece in shape.pieces():
        x, normals = placed(piece)
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, rtol=1e-12)
        assert shape.contains(x).all()
        assert shape.contains(x.astype(np.float32)).all()
        # Near a corner the step outward can come in again: not many of 500 do.
        out = ~shape.within(x + step * normals, 0.0)
        into = shape.within(x - step * normals, 0.0)
        assert np.mean(out & into) > 0.99 if len(x) else True, piece.names


@each
def test_normals_of_boundary_points_are_those_of_the_pieces(name):
    shape = KNOWN[name].geometry
    for piece in shape.pieces():
        x, normals = placed(piece, 300)
        found = shape.boundary_normals(x)
        corner = ~found.any(axis=1)
        assert corner.mean() < 0.02 if len(x) else True
        np.testing.assert_allclose(found[~corner], normals[~corner], atol=1e-5)
        if not corner.any():
            np.testing.assert_array_equal(shape.normals(x), found)


@each
def test_points_off_the_boundary_have_no_normals(name):
    shape = KNOWN[name].geometry
    x = inside(shape, 300)
    x = x[shape.signed_distance(x) < -1e-3]
    with pytest.raises(ValueError, match="not on the boundary of"):
        shape.normals(x)


@each
def test_signed_distances(name):
    known = KNOWN[name]
    shape = known.geometry
    rng = np.random.default_rng(3)
    middle, edge = np.add(shape.lower, shape.upper) / 2, np.asarray(shape.lengths)
    x = middle + edge * rng.uniform(-0.8, 0.8, (400, shape.dimension))
    distance = shape.signed_distance(x)
    np.testing.assert_array_equal(distance <= 0, shape.within(x, 0.0))
    points = boundary(shape)
    nearest = np.array([np.linalg.norm(points - y, axis=1).min() for y in x])
    # No boundary point is nearer, up to rounding.
    assert (np.abs(distance) <= nearest + 1e-9).all()
    if known.distance and shape.dimension <= 2:
        assert (np.abs(distance) >= nearest - 0.02 * shape.size).all()


@each
def test_normals_are_gradients_of_signed_distances(name):
    shape = KNOWN[name].geometry
    step = 1e-6 * shape.size
    for piece in shape.pieces():
        x, normals = placed(piece, 50)
        if not len(x):
            continue
        ahead, back = (
            np.stack([shape.signed_distance(x + s * e) for e in np.eye(len(x[0]))], 1)
            for s in (step, -step)
        )
        gradient = (ahead - back) / (2 * step)
        close = np.abs(gradient - normals).max(axis=1) < 1e-4
        assert close.mean() > 0.95, piece.names


def _cells(x, shape, cells):
    """How many points lie in each cell of a grid of the bounding box."""
    ranges = list(zip(shape.lower, shape.upper))
    return np.histogramdd(x, bins=cells, range=ranges)[0].ravel()


@each
def test_interior_points_are_uniform_in_measure(name):
    shape = KNOWN[name].geometry
    d = shape.dimension
    cells = {1: 16, 2: 6, 3: 4}.get(d, 2)
    x = inside(shape, 20_000, seed=5)
    # Against rejection from the bounding box, which is uniform by construction.
    rng = np.random.default_rng(6)
    box = rng.uniform(shape.lower, shape.upper, (60_000 if d < 5 else 200_000, d))
    box = box[shape.within(box, 0.0)]
    a, b = (_cells(points, shape, cells) for points in (x, box))
    enough = b > 20
    a, b = a[enough], b[enough]
    ratio = len(x) / len(box)
    statistic = np.sum((a - ratio * b) ** 2 / (a + ratio**2 * b))
    assert statistic < chi2.ppf(1 - 1e-4, len(a))


@each
def test_boundaries_obey_the_divergence_theorem(name):
    # The integrals of n_i x_j and n_i x_j^2 over the boundary are those of their
    # divergences over the inside, if points are uniform and normals are outward.
    shape, d = KNOWN[name].geometry, KNOWN[name].geometry.dimension
    x = inside(shape, 100_000, seed=8) - shape.lower
    expected = np.stack([np.eye(d), np.diag(2 * x.mean(axis=0))]) * KNOWN[name].measure
    found = np.zeros((2, d, d))
    for piece in shape.pieces():
        count = 20_000 if piece.unit_dimension else 1
        y, normals = placed(piece, count, seed=9)
        y -= shape.lower
        powers = np.stack([y, y**2])
        found += piece.measure / count * np.einsum("ni,pnj->pij", normals, powers)
    scale = KNOWN[name].measure * np.array([1.0, shape.size])[:, None, None]
    np.testing.assert_allclose(found / scale, expected / scale, atol=0.06)


@pytest.mark.parametrize("name", ["disk", "ellipse", "lens", "l_shape", "turned"])
def test_curves_are_dense_alike_everywhere(name):
    for piece in KNOWN[name].geometry.pieces():
        x, _ = placed(piece, 20_000, seed=7)
        # The share of a curve within a small radius of a point of it.
        radius = 0.02 * piece.measure
        shares = [np.mean(np.linalg.norm(x - y, axis=1) < radius) for y in x[:60]]
        expected = 2 * radius / (piece.measure * len(x) / 20_000)
        sigma = math.sqrt(expected / len(x))
        assert np.median(np.abs(np.array(shares) - expected)) < 2 * sigma


@each
def test_smooth_distances(name):
    shape = KNOWN[name].geometry
    if name in ("l_shape", "mesh"):
        with pytest.raises(TypeError, match="no smooth distance"):
            shape.smooth_distance(tf.zeros((1, shape.dimension)))
        return
    x = tf.constant(inside(shape, 300))
    with tf.GradientTape() as second:
        second.watch(x)
        with tf.GradientTape() as first:
            first.watch(x)
            values = shape.smooth_distance(x)
        slopes = first.gradient(values, x)
    assert values.shape == (len(x), 1)
    assert (values.numpy() > 0).all()
    assert np.isfinite(second.gradient(slopes, x)).all()
    assert shape.smooth_distance(tf.cast(x, tf.float32)).dtype == tf.float32
    for piece in shape.pieces():
        y, normals = placed(piece, 200)
        if not len(y):
            continue
        y = tf.constant(y)
        with tf.GradientTape() as tape:
            tape.watch(y)
            values = shape.smooth_distance(y)
        # Zero at the boundary, where the inward slope is one but near its corners
        # (and where boundaries of two children coincide).
        np.testing.assert_allclose(values, 0.0, atol=1e-9 * shape.size)
        slope = -np.sum(tape.gradient(values, y) * normals, axis=1)
        if "union" not in name and name != "squares":
            assert np.mean(np.abs(slope - 1.0) < 1e-6) > 0.9


@pytest.mark.parametrize(
    ("shape", "corner"),
    [
        (g.Rectangle((0, 0), (2, 1)), (2, 1)),
        (g.Triangle((0, 0), (1, 0), (0, 1)), (0, 1)),
        (g.Interval(0, 1) | g.Interval(0, 2), (0,)),
        (g.Disk((0, 0), 1.0) * g.Interval(0, 1), (1, 0, 1)),
    ],
)
def test_smooth_distances_have_derivatives_at_corners(shape, corner):
    x = tf.constant([corner], tf.float64)
    with tf.GradientTape() as second:
        second.watch(x)
        with tf.GradientTape() as first:
            first.watch(x)
            value = shape.smooth_distance(x)
        slope = first.gradient(value, x)
    np.testing.assert_allclose(value, 0.0, atol=1e-11)
    assert np.isfinite(slope).all()
    assert np.isfinite(second.gradient(slope, x)).all()


@pytest.mark.parametrize("name", [n for n in KNOWN if KNOWN[n].geometry.dimension < 4])
def test_test_points_are_an_even_grid(name):
    shape = KNOWN[name].geometry
    x = shape.test_points(1000)
    assert shape.contains(x).all()
    assert 500 < len(x) < 1500
    assert len(np.unique(x.round(9), axis=0)) == len(x)
    a, b = _cells(x, shape, 2), _cells(inside(shape, 20_000), shape, 2)
    np.testing.assert_allclose(a / a.sum(), b / b.sum(), atol=0.1)


@pytest.mark.parametrize("name", [n for n in KNOWN if KNOWN[n].geometry.dimension > 3])
def test_test_points_in_many_coordinates_are_low_discrepancy(name):
    shape = KNOWN[name].geometry
    x = shape.test_points(1000)
    assert len(x) == 1000
    assert shape.contains(x).all()
    np.testing.assert_array_equal(x, shape.test_points(1000))
    middle = np.add(shape.lower, shape.upper) / 2
    np.testing.assert_allclose(x.mean(axis=0), middle, atol=0.02 * shape.size)


@each
def test_wrong_shapes_of_points_are_refused(name):
    shape = KNOWN[name].geometry
    for call in (shape.contains, shape.signed_distance, shape.normals):
        with pytest.raises(
            ValueError, match=rf"Expected points \(n, {shape.dimension}"
        ):
            call(np.zeros((3, shape.dimension + 1)))
    assert not shape.contains(np.full((2, shape.dimension), np.nan)).any()


def test_a_geometry_of_ones_own():
    class Strip(g.Geometry):
        lower, upper = (0.0, 0.0), (1.0, 1.0)

        def contains(self, x):
            return x[:, 1] <= 0.25

        def pieces(self):
            def place(unit):
                n = len(unit)
                return np.c_[unit, np.full(n, 0.25)], np.tile([0.0, 1.0], (n, 1))

            return (
                g.Piece(names=("lid",), measure=1.0, unit_dimension=1, place=place),
            )

    strip = Strip()
    assert strip.parts == ("lid",)
    assert strip.measure == pytest.approx(0.25, abs=1e-4)
    assert (strip - g.Disk((0, 0), 0.1)).measure == pytest.approx(
        0.25 - math.pi * 0.0025, abs=1e-4
    )
    with pytest.raises(TypeError, match="no signed distance"):
        strip.signed_distance([[0.0, 0.0]])
    with pytest.raises(ValueError, match="knows no normals"):
        strip.normals([[0.0, 0.25]])
    with pytest.raises(TypeError, match="no smooth distance"):
        strip.smooth_distance(tf.zeros((1, 2)))


def test_what_is_no_geometry_is_no_operand():
    for operate in (
        lambda a: a | 1,
        lambda a: a & "disk",
        lambda a: a - None,
        lambda a: a * 2.0,
    ):
        with pytest.raises(TypeError, match="unsupported operand"):
            operate(l_shape())
