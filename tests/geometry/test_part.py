"""Parts of boundaries: by name, by a function of points, or of normals."""

import math

import numpy as np
import pytest
import tensorflow as tf

from keras_isgd import geometry as g

SQUARE = g.Rectangle((0, 0), (1, 1))
DISK = g.Disk((0, 0), 1.0)


def test_parts_by_name():
    assert g.BoundaryPart(SQUARE).measure == 4.0
    assert g.BoundaryPart(SQUARE, "left").measure == 1.0
    part = g.BoundaryPart(SQUARE, ["top", "left"])
    assert part.measure == 2.0
    assert [kept.piece.names for kept in part.pieces] == [("left",), ("top",)]
    assert [kept.share for kept in part.pieces] == [1.0, 1.0]
    assert part.geometry is SQUARE


@pytest.mark.parametrize(
    "where",
    [
        lambda x: x[:, 1] > 0.5,
        lambda x: x[:, 1:] > 0.5,
        lambda x: tf.constant(x)[:, 1:] > 0.5,
        lambda x: tf.constant(x)[:, 1] > 0.5,
        lambda x: (x[:, 1] > 0.5).tolist(),
    ],
)
def test_parts_by_a_function_of_points(where):
    part = g.BoundaryPart(DISK, where=where)
    assert part.measure == pytest.approx(2 * math.pi / 3, rel=1e-3)
    ((piece, share),) = part.pieces
    assert share == pytest.approx(1 / 3, rel=1e-3)
    x, normals = piece.place(np.linspace(0, 1, 100)[:, None])
    np.testing.assert_array_equal(piece.keeps(x, normals), x[:, 1] > 0.5)


def test_parts_by_names_points_and_normals():
    part = g.BoundaryPart(
        SQUARE,
        ["left", "top"],
        where=lambda x: x[:, 1] > 0.75,
        boundary_of=lambda x, n: n[:, 0] < 0,
    )
    ((piece, share),) = part.pieces
    assert piece.names == ("left",)
    assert share == pytest.approx(0.25, abs=1e-3)


def test_a_function_sees_only_what_is_on_the_boundary():
    seen = []

    def where(x):
        seen.append(x)
        return np.ones(len(x), bool)

    half = (DISK - g.Rectangle((0, -2), (2, 2))) * g.Interval(0, 1)
    g.BoundaryPart(half, "disk", where=where)
    x = np.concatenate(seen)
    assert np.isfinite(x).all()
    assert (x[:, 0] <= 0).all()


def test_small_parts_are_found():
    part = g.BoundaryPart(SQUARE, "top", where=lambda x: x[:, 0] < 1e-4)
    assert part.measure == pytest.approx(1e-4, rel=0.1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: g.BoundaryPart(SQUARE, "lid"),
            r"has no part 'lid': it has left, right, bottom, top\.",
        ),
        (lambda: g.BoundaryPart(SQUARE, ["left", "a", "b"]), "no part 'a', 'b'"),
        (lambda: g.BoundaryPart(g.Box((0,) * 4, (1,) * 4), "left"), "none with a name"),
        (
            lambda: g.BoundaryPart(SQUARE, where=lambda x: x[:, 0] > 2),
            "The boundary of .* has no points where the function is true",
        ),
        (
            lambda: g.BoundaryPart(
                SQUARE, "left", boundary_of=lambda x, n: n[:, 0] > 0
            ),
            "The part 'left' of .* has no points where the function is true",
        ),
        (
            lambda: g.BoundaryPart(SQUARE - g.Disk((0, 0.5), 0.6), "left"),
            r"The part 'left' of .* has no points\.",
        ),
        (lambda: g.BoundaryPart(SQUARE, []), "has no points"),
        (
            lambda: g.BoundaryPart(SQUARE, where=lambda x: x[:, 0]),
            "True or False for each point, .*; got dtype float64",
        ),
        (
            lambda: g.BoundaryPart(SQUARE, where=lambda x: x > 0.5),
            r"\(4096,\); got dtype bool and shape \(4096, 2\)",
        ),
        (lambda: g.BoundaryPart(SQUARE, where=lambda x: True), r"and shape \(\)"),
    ],
)
def test_what_is_no_part_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
