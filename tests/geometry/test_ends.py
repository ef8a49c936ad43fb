"""Where the pieces of a boundary end."""

import numpy as np
import pytest

from keras_isgd.geometry import BoundaryPart, Disk, Rectangle, Triangle
from keras_isgd.geometry.ends import ends_of


def rounded(part):
    return sorted(tuple(np.round(end.at, 9) + 0.0) for end in ends_of(part))


def test_the_edges_of_a_triangle_end_at_its_corners():
    triangle = Triangle((0.0, 0.0), (1.0, 0.0), (0.3, 0.8))
    corners = [(0.0, 0.0), (0.3, 0.8), (1.0, 0.0)]
    assert rounded(BoundaryPart(triangle)) == sorted(2 * corners)


def test_what_a_function_chooses_of_a_circle():
    part = BoundaryPart(Disk((1.0, 2.0), 5.0), where=lambda x: x[:, 1] > 5.0)
    # 5 is 3 above the centre, and 4 to each side: a triangle of 3, 4 and 5.
    assert rounded(part) == [(-3.0, 5.0), (5.0, 5.0)]
    for end in ends_of(part):
        assert end.inside[1] > 5.0
        assert np.max(np.abs(end.inside - end.at)) < 1e-4


def test_an_edge_in_two_pieces_has_four_ends():
    plate = Rectangle((0.0, 0.0), (4.0, 1.0)) - Disk((2.0, 0.0), 0.5)
    part = BoundaryPart(plate, "bottom")
    assert rounded(part) == [(0.0, 0.0), (1.5, 0.0), (2.5, 0.0), (4.0, 0.0)]


@pytest.mark.parametrize("names", [None, "disk"])
def test_a_closed_curve_ends_where_it_begins(names):
    first, second = ends_of(BoundaryPart(Disk((0.0, 0.0), 1.0), names))
    np.testing.assert_allclose(first.at, second.at, atol=1e-12)
