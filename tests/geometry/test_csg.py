"""Unions, intersections, differences: boundaries, seams, and what is empty."""

import math

import numpy as np
import pytest
import tensorflow as tf
from geometries import perforated, unit_points
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_isgd import geometry as g

SQUARE = g.Rectangle((0, 0), (1, 1))


def length(shape, part=None):
    return g.BoundaryPart(shape, part).measure


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SQUARE & g.Disk((3, 3), 1), "empty"),
        (lambda: SQUARE & g.Disk((1.9, 1.9), 1), "empty"),
        (lambda: SQUARE & g.Rectangle((1, 0), (2, 1)), "empty"),  # they only touch
        (lambda: SQUARE - g.Disk((0.5, 0.5), 1), "empty"),
        (lambda: SQUARE - g.Rectangle((0, 0), (1, 1)), "empty"),
        (lambda: SQUARE - SQUARE.rotated(2 * math.pi), "empty"),
        (lambda: g.Interval(0, 1) & g.Interval(2, 3), "empty"),
        (lambda: SQUARE | g.Interval(0, 1), "2 dimensions and .* has 1: .* `*`"),
        (lambda: SQUARE & g.Ball((0, 0, 0), 1), "needs equal ones"),
        (lambda: g.Ball((0, 0, 0), 1) - SQUARE, "needs equal ones"),
    ],
)
def test_empty_results_and_unequal_dimensions_are_refused(make, words):
    with pytest.raises(ValueError, match=words) as error:
        make()
    assert "(" in str(error.value)


def test_shapes_side_by_side_have_no_boundary_between_them():
    both = SQUARE | g.Rectangle((1, 0), (3, 1))
    assert length(both) == pytest.approx(8.0)
    assert length(both, "right") == pytest.approx(1.0)  # that of the second alone
    with pytest.raises(ValueError, match="not on the boundary"):
        both.normals([(1.0, 0.5)])
    np.testing.assert_array_equal(both.normals([(1.5, 1.0)]), [(0.0, 1.0)])
    for make in (lambda: both, lambda: g.Interval(0, 1) | g.Interval(1, 2)):
        with pytest.raises(TypeError, match="Let them overlap"):
            make().smooth_distance(tf.zeros((1, make().dimension)))


def test_common_boundaries_count_once():
    for other in (SQUARE, g.Rectangle((0, 0), (1, 2)), g.Rectangle((-1, 0), (1, 1))):
        assert length(SQUARE & other) == pytest.approx(4.0)
        assert length(SQUARE | other) == pytest.approx(2.0 * sum(other.lengths))
        assert length(other & SQUARE) == pytest.approx(4.0)
        assert length(other | SQUARE) == pytest.approx(2.0 * sum(other.lengths))
    ends = g.BoundaryPart(g.Interval(0, 1) | g.Interval(0, 2)).pieces
    assert sorted(k.piece.place(np.zeros((1, 0)))[0].item() for k in ends) == [0, 2]


def test_what_touches_from_outside_cuts_nothing_out():
    kept = SQUARE - g.Rectangle((1, 0), (2, 1))
    assert length(kept) == pytest.approx(4.0)
    assert length(kept, "left") == pytest.approx(1.0)
    assert kept.measure == pytest.approx(1.0)
    part = SQUARE - g.Rectangle((0.5, 0), (1, 1))
    assert length(part) == pytest.approx(3.0)
    assert part.measure == pytest.approx(0.5)


BIG = g.Rectangle((-1, -1), (1, 1))
CORNERS = [(0, 0), (1, 0), (1, 1), (0, 1)]
# Shapes, points of common boundaries of which no side remains, and points that stay.
REGULAR = {
    "corner": (BIG - SQUARE, [(1, 0.5), (0.5, 1), (1, 1)], [*CORNERS[::3], (1, 0)]),
    "polygons": (
        g.Polygon(np.array(CORNERS) * 2 - 1) - g.Polygon(CORNERS),
        [(1, 0.5), (0.5, 1), (1, 1)],
        [(0, 0.5), (0.5, 0), (0, 0), (1, 0), (0, 1), (1, -1), (1, -0.5)],
    ),
    "turned": (
        BIG.rotated(math.pi / 4) - SQUARE.rotated(math.pi / 4),
        [(0, math.sqrt(2)), (math.sqrt(0.125), math.sqrt(1.125))],
        [(0, 0), (math.sqrt(0.5), math.sqrt(0.5)), (0, -math.sqrt(2))],
    ),
    "circles": (
        g.Disk((0, 0), 1) - g.Annulus((0, 0), 0.5, 1),
        [(1, 0), (0, -1), (0.6, 0.8)],
        [(0.5, 0), (0.3, -0.4), (0, 0)],
    ),
    "sliver": (  # of two degrees at the origin
        SQUARE - g.Triangle((0, 0), (1, 0), (1, math.tan(math.radians(88)))),
        [(0.5, 0)],
        [(0, 0), (0, 1)],
    ),
    "touched from outside": (
        (SQUARE | g.Rectangle((2, 0), (3, 1))) & g.Rectangle((1, 0), (2.5, 1)),
        [(1, 0.5), (1, 0), (1, 1)],
        [(2, 0.5), (2.5, 0.5), (2, 0), (2.5, 1)],
    ),
    "seam of a hole": (
        g.Rectangle((0, 0), (3, 1))
        - (g.Rectangle((1, 0.2), (1.5, 0.8)) | g.Rectangle((1.5, 0.2), (2, 0.8))),
        [(1.5, 0.5), (1.5, 0.3)],
        [(1, 0.5), (2, 0.5), (1, 0.2), (1.5, 0.2), (1.5, 0.8)],
    ),
    "box": (
        g.Box((-1,) * 3, (1,) * 3) - g.Box((0,) * 3, (1,) * 3),
        [(1, 0.5, 0.5), (1, 1, 0.5), (1, 1, 1)],
        [(0, 0.5, 0.5), (0, 0, 0.5), (0, 0, 0), (1, 0.5, 0), (-1, 1, 1)],
    ),
    "interval": (g.Interval(0, 2) - g.Interval(1, 2), [(2,)], [(0,), (1,)]),
    "far and small": (
        BIG.scaled(1e-3).translated((50, 70))
        - SQUARE.scaled(1e-3).translated((50, 70)),
        [(50.001, 70.0005), (50.001, 70.001)],
        [(50, 70), (50.001, 70), (50.001, 69.9995)],
    ),
}


@pytest.mark.parametrize("name", REGULAR)
def test_common_boundaries_of_which_no_side_remains_are_not_in_it(name):
    shape, gone, stays = REGULAR[name]
    assert not shape.contains(gone).any()
    assert np.isnan(shape.boundary_normals(np.array(gone, float))).all()
    assert shape.contains(stays).all()
    assert (shape * g.Interval(0, 1)).contains([(*x, 1) for x in stays]).all()
    # Numbers that came through float32.
    assert shape.contains(
        np.array(stays, np.float32) if name[0] != "f" else stays
    ).all()
    x = shape.test_points(900)
    apart = np.abs(x[:, None] - np.array(gone, float)).max(axis=2)
    assert len(x) > 400
    assert apart.min() > 1e-9
    inside = x[:200] if shape.dimension > 1 else x
    assert shape.contains(inside).all()


def test_a_seam_has_no_normal_and_corners_stay_corners():
    quarters = [SQUARE.translated(by) for by in ((0, 0), (1, 0), (1, 1), (0, 1))]
    whole = quarters[0] | quarters[1] | quarters[2] | quarters[3]
    with pytest.raises(ValueError, match="not on the boundary"):
        whole.normals([(1.0, 1.0)])  # a corner of each of them
    for corner in ((2, 2), (0, 2)):
        with pytest.raises(ValueError, match="at a corner"):
            whole.normals([corner])
    for corner in ((1, 0), (0, 0), (0, 1)):
        with pytest.raises(ValueError, match="at a corner"):
            (BIG - SQUARE).normals([corner])


def test_normals_of_what_was_cut_out_point_into_the_hole():
    shape = perforated()
    x, normals = shape.pieces()[-1].place(unit_points(1, 50))
    centre = x.mean(axis=0)
    np.testing.assert_allclose(
        normals, -(x - (1.8, 0.875)) / 0.08, atol=1e-12, err_msg=str(centre)
    )
    np.testing.assert_allclose(shape.normals(x), normals, atol=1e-9)


def test_the_boundary_of_a_hole_is_inside_and_the_hole_is_not():
    shape = SQUARE - g.Disk((0.5, 0.5), 0.25)
    x = np.array([(0.75, 0.5), (0.7499999, 0.5), (0.74999, 0.5), (0.5, 0.5), (1, 1)])
    assert shape.contains(x).tolist() == [True, True, False, False, True]


def test_distances_of_booleans_are_bounds():
    a, b = g.Disk((0, 0), 1.0), g.Disk((1, 0), 1.0)
    # Exact here.
    assert (a | b).signed_distance([(3, 0)]) == pytest.approx([1.0])
    assert (a & b).signed_distance([(0.5, 0)]) == pytest.approx([-0.5])
    assert (a - b).signed_distance([(-0.5, 0)]) == pytest.approx([-0.5])
    # Beside the corner of the lens, where the true one is larger.
    corner, x = np.array([0.5, math.sqrt(3) / 2]), np.array([0.5, 2.0])
    found = (a & b).signed_distance([x])[0]
    assert 0.9 < found < np.linalg.norm(x - corner)


def test_three_children_of_one_point_of_view():
    # An intersection of a union: what is hidden once stays hidden.
    shape = (g.Disk((0, 0), 1) | g.Disk((1, 0), 1)) & g.Rectangle((-2, 0), (3, 2))
    angle = 2 * math.pi / 3
    assert length(shape, "disk") == pytest.approx(2 * angle, rel=1e-3)
    assert length(shape, "bottom") == pytest.approx(3.0, rel=1e-3)


def test_long_chains_have_short_reprs():
    assert len(repr(perforated())) < 600


numbers = st.floats(-2.0, 2.0)
sizes = st.floats(0.05, 2.0)


@st.composite
def shapes(draw):
    x, y, size = draw(numbers), draw(numbers), draw(sizes)
    kind = draw(st.sampled_from(["box", "disk", "ellipse", "triangle", "annulus"]))
    if kind == "box":
        return g.Rectangle((x, y), (x + size, y + draw(sizes)))
    if kind == "disk":
        return g.Disk((x, y), size)
    if kind == "ellipse":
        return g.Ellipse((x, y), (size, draw(sizes)), draw(numbers))
    if kind == "annulus":
        return g.Annulus((x, y), size, size + draw(sizes))
    turned = g.Triangle((0, 0), (size, 0), (0, draw(sizes)))
    return turned.rotated(draw(numbers)).translated((x, y))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(shapes(), shapes(), shapes(), st.sampled_from("|&-"), st.sampled_from("|&-"))
def test_booleans_of_anything_obey_the_divergence_theorem(a, b, c, first, second):
    operate = {
        "|": lambda p, q: p | q,
        "&": lambda p, q: p & q,
        "-": lambda p, q: p - q,
    }
    try:
        shape = operate[second](operate[first](a, b), c)
    except ValueError as error:
        if "is empty" in str(error):
            return
        raise
    rng = np.random.default_rng(0)
    unit = rng.random((20_000, shape.unit_dimension))
    x, kept = shape.interior(unit)
    x = x[kept]
    assert shape.contains(x).all()
    box = rng.uniform(shape.lower, shape.upper, (20_000, 2))
    area = shape.within(box, 0.0).mean() * math.prod(shape.lengths)
    noise = math.prod(shape.lengths) / math.sqrt(20_000)
    assert shape.measure == pytest.approx(area, abs=5 * noise)
    flux, total = 0.0, 0.0
    for piece in shape.pieces():
        y, normals = piece.place(np.linspace(0, 1, 4000, endpoint=False)[:, None])
        on = np.ones(len(y), bool) if piece.keeps is None else piece.keeps(y, normals)
        y, normals = y[on] - shape.lower, normals[on]
        flux += piece.measure / 4000 * np.sum(y * normals)
        total += piece.measure
    scale = 5 * noise + 1e-3 * total * shape.size
    assert flux / 2 == pytest.approx(shape.measure, abs=scale)
