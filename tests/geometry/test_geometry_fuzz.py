"""Constructors take anything: a shape that works, or a sentence."""

import math

import numpy as np
import pytest
from geometries import unit_points
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_isgd import geometry as g

usual = st.one_of(st.floats(-3, 3), st.integers(-3, 3))
odd = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, 1e-300, 1e-20, 1e20, 1e300, None, "1", 1j, True]),
)


# Mostly usual ones.
numbers = st.sampled_from(range(12)).flatmap(lambda i: odd if i == 0 else usual)
vectors = st.one_of(
    st.tuples(numbers, numbers),
    st.tuples(numbers, numbers, numbers),
    st.lists(numbers, max_size=5),
    numbers,
)
# Mostly those of the plane.
pairs = st.integers(0, 9).flatmap(
    lambda i: vectors if i == 0 else st.tuples(numbers, numbers)
)
triples = st.integers(0, 9).flatmap(
    lambda i: vectors if i == 0 else st.tuples(numbers, numbers, numbers)
)
points = st.lists(st.lists(st.floats(-2, 2), min_size=2, max_size=2), max_size=7)
names = st.sampled_from([None, "a", "b", None, None, "", "boundary", 1])

MAKERS = {
    "Interval": (st.one_of(numbers, vectors), numbers, names),
    "Rectangle": (pairs, pairs, names),
    "Box": (pairs, pairs, names),
    "Disk": (pairs, numbers, names),
    "Ball": (pairs, numbers, names),
    "Ellipse": (pairs, pairs, numbers, names),
    "Annulus": (pairs, numbers, numbers, names),
    "Shell": (pairs, numbers, numbers, names),
    "Triangle": (pairs, pairs, pairs, names),
    "Polygon": (points, names),
    "Cylinder": (triples, numbers, numbers, names),
    "Segment": (pairs, pairs, names),
    "PointCloud": (points, st.one_of(st.none(), points), names),
    "Mesh": (vectors, names),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_constructors(kind):
    made = []

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(st.tuples(*MAKERS[kind]))
    def attempt(arguments):
        try:
            shape = getattr(g, kind)(*arguments)
        except ValueError as error:
            assert " " in str(error)  # noqa: PT017
            return
        made.append(shape)
        assert all(map(math.isfinite, (*shape.lower, *shape.upper, shape.measure)))
        assert shape.measure > 0
        x, kept = shape.interior(unit_points(shape.unit_dimension, 50))
        assert kept.all()
        assert np.isfinite(x).all()
        assert shape.contains(x).all()
        for piece in shape.pieces():
            assert piece.measure > 0
            x, normals = piece.place(unit_points(piece.unit_dimension, 50))
            np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, rtol=1e-6)
            assert shape.contains(x).all()

    attempt()
    assert made or kind == "Mesh"


def test_polygons_of_random_points():
    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(st.lists(st.tuples(*[st.integers(-4, 4)] * 2), min_size=3, max_size=9))
    def attempt(vertices):
        try:
            shape = g.Polygon(vertices)
        except ValueError:
            return
        x, kept = shape.interior(unit_points(2, 200))
        assert kept.all()
        assert shape.contains(x).all()
        triangles, _ = shape._triangles
        assert len(triangles) == len(shape.pieces()) - 2
        a, b, c = np.moveaxis(triangles, 1, 0)
        areas = np.cross(np.c_[b - a, 0 * a[:, 0]], np.c_[c - a, 0 * a[:, 0]])[:, 2] / 2
        assert (areas >= 0).all()
        assert areas.sum() == pytest.approx(shape.measure)

    attempt()
