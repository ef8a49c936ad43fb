"""Faces of boxes: shares of points, places and normals."""

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.geometry import Faces


def test_faces_share_the_boundary_by_area():
    box = ki.Box((0.0, 0.0, 0.0), (1.0, 2.0, 4.0))
    faces = tuple((axis, side) for axis in range(3) for side in (0, 1))
    # Areas 8, 4 and 2, twice each.
    assert Faces(box, faces).allotment(280) == [80, 80, 40, 40, 20, 20]
    for count in (1, 7, 100):
        shares = Faces(box, faces).allotment(count)
        assert sum(shares) == count
        np.testing.assert_allclose(
            shares, np.array([8, 8, 4, 4, 2, 2]) * count / 28, atol=1
        )


def test_points_move_onto_their_face_alone():
    box = ki.Box((-1.0, 0.0), (2.0, 5.0))
    faces = Faces(box, ((0, 1), (1, 0)))
    x = np.random.default_rng(0).uniform(0.0, 1.0, (5, 2))
    moved = faces.project(tf.constant(x), [2, 3]).numpy()
    np.testing.assert_array_equal(moved[:2], np.c_[np.full(2, 2.0), x[:2, 1]])
    np.testing.assert_array_equal(moved[2:], np.c_[x[2:, 0], np.zeros(3)])


def test_normals_are_those_of_the_nearest_face():
    # A long thin box: what is near is measured by its edges.
    box = ki.Box((0.0, 0.0), (100.0, 1.0))
    faces = Faces(box, ((0, 0), (0, 1), (1, 0), (1, 1)))
    x = tf.constant([[0.0, 0.4], [100.0, 0.4], [40.0, 0.0], [40.0, 1.0]], tf.float32)
    normals = faces.normals(x)
    assert normals.dtype == tf.float32
    np.testing.assert_array_equal(normals, [[-1, 0], [1, 0], [0, -1], [0, 1]])
