"""Shapes in files."""

import json

import keras
import numpy as np
import pytest

from keras_isgd import geometry as g

SHAPES = {
    "interval": g.Interval(0.0, 2.0),
    "box": g.Box([0, 0, 0], np.array([1.0, 2.0, 3.0]), name="room"),
    "annulus": g.Annulus((0.0, 0.0), 0.5, 1.0),
    "triangle": g.Triangle((0, 0), (1, 0), (0, 1)),
    "cylinder": g.Cylinder((0, 0, 0), (0, 0, 2), 0.5),
    "cloud": g.PointCloud(np.arange(12.0).reshape(6, 2)),
    "booleans": (g.Disk((0, 0), 1.0) | g.Rectangle((0, 0), (2, 1)))
    - g.Ellipse((0.5, 0.5), (0.2, 0.1), angle=0.3),
    "moved": (g.Ball((0, 0, 0), 1.0) & g.Box((0, 0, 0), (2, 2, 2)))
    .rotated(0.4, axis=(0, 0, 1))
    .scaled(2.0),
    "product": g.Disk((0, 0), 1.0) * g.Interval(0.0, 3.0),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_shapes_come_back_from_json(kind):
    shape = SHAPES[kind]
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(shape)))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(shape)
    assert repr(again) == repr(shape)
    assert (again.lower, again.upper) == (shape.lower, shape.upper)
    assert again.parts == shape.parts
    x = np.random.default_rng(0).uniform(-2.0, 3.0, (200, shape.dimension))
    np.testing.assert_array_equal(again.contains(x), shape.contains(x))


def test_what_no_file_can_hold_is_refused():
    class Odd(g.Interval):
        def __init__(self, function):
            super().__init__(0.0, 1.0)

    with pytest.raises(ValueError, match="cannot be written into a file"):
        Odd(np.sin).get_config()
