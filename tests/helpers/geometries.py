"""Geometries with what is known of them in closed form."""

import dataclasses
import math

import numpy as np
from scipy.integrate import quad

from keras_isgd import geometry as g

__all__ = ["KNOWN", "Known", "l_shape", "lens", "perforated", "tetrahedron"]


@dataclasses.dataclass(frozen=True)
class Known:
    """A geometry, its measure and that of each of its parts.

    `exact` tells whether the package knows the measures exactly, and `distance`
    whether its signed distance is the true one.
    """

    geometry: g.Geometry
    measure: float
    parts: dict
    exact: bool = True
    distance: bool = True


def l_shape():
    return g.Polygon([(-1, -1), (1, -1), (1, 0), (0, 0), (0, 1), (-1, 1)])


def lens():
    """Two unit disks at the distance one; its area and the length of each arc."""
    shape = g.Disk((0, 0), 1.0, name="a") & g.Disk((1, 0), 1.0, name="b")
    return shape, 2 * math.pi / 3 - math.sqrt(3) / 2, 2 * math.pi / 3


def perforated(count=20, radius=0.08):
    """A rectangle with holes in rows, which do not touch."""
    shape = g.Rectangle((0, 0), (2, 1))
    for i in range(count):
        centre = (0.2 + 0.4 * (i % 5), 0.125 + 0.25 * (i // 5))
        shape = shape - g.Disk(centre, radius, name=f"hole_{i}")
    return shape


def tetrahedron(**kwargs):
    """A `trimesh.Trimesh` of volume 1/6, with normals outward."""
    import trimesh

    vertices = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    faces = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    return trimesh.Trimesh(vertices, faces, **kwargs)


def _arc(a, b, start=0.0, end=2 * math.pi):
    return quad(lambda t: math.hypot(a * math.sin(t), b * math.cos(t)), start, end)[0]


_LENS, _LENS_AREA, _ARC = lens()
_ROOT3 = math.sqrt(3)
_HALF_PI = math.pi / 2

KNOWN = {
    "interval": Known(g.Interval(-1, 3), 4, {"left": 1, "right": 1}),
    "rectangle": Known(
        g.Rectangle((0, 1), (2, 4)), 6, {"left": 3, "right": 3, "bottom": 2, "top": 2}
    ),
    "box3": Known(
        g.Box((0, 0, 0), (1, 2, 3), name="tank"),
        6,
        {"left": 6, "right": 6, "front": 3, "back": 3, "bottom": 2, "top": 2}
        | {"tank": 22, "tank_left": 6},
    ),
    "box4": Known(g.Box((0,) * 4, (1, 1, 1, 2)), 2, {}),
    "disk": Known(g.Disk((1, -2), 0.5), math.pi / 4, {"disk": math.pi}),
    "ball1": Known(g.Ball(1, 0.5), 1, {"ball": 2}),
    "ball3": Known(
        g.Ball((0, 1, 2), 2.0, name="sun"), 32 * math.pi / 3, {"sun": 16 * math.pi}
    ),
    "ball5": Known(
        g.Ball((0,) * 5, 1.0), 8 * math.pi**2 / 15, {"ball": 8 * math.pi**2 / 3}
    ),
    "ellipse": Known(
        g.Ellipse((1, 0), (2.0, 0.5), 0.7), math.pi, {"ellipse": _arc(2, 0.5)}
    ),
    "annulus": Known(
        g.Annulus((0, 0), 0.5, 1.0),
        0.75 * math.pi,
        {"annulus_inner": math.pi, "annulus_outer": 2 * math.pi}
        | {"annulus": 3 * math.pi},
    ),
    "shell4": Known(
        g.Shell((0,) * 4, 1.0, 2.0, name="crust"),
        7.5 * math.pi**2,
        {"crust_inner": 2 * math.pi**2, "crust_outer": 16 * math.pi**2},
    ),
    "triangle": Known(
        g.Triangle((0, 0), (0, 1), (2, 0), name="fin"),
        1,
        {"edge_0": 1, "edge_1": math.sqrt(5), "edge_2": 2, "fin_edge_2": 2}
        | {"fin": 3 + math.sqrt(5)},
    ),
    "l_shape": Known(
        l_shape(), 3, {"edge_0": 2, "edge_2": 1, "edge_5": 2, "polygon": 8}
    ),
    "cylinder": Known(
        g.Cylinder((0, 0, 1), (1, 1, 0), 0.5),
        math.pi * math.sqrt(2) / 4,
        {"cylinder_side": math.pi * math.sqrt(2), "cylinder_top": math.pi / 4}
        | {"cylinder_bottom": math.pi / 4},
    ),
    "union": Known(
        g.Disk((0, 0), 1.0, name="a") | g.Disk((1, 0), 1.0, name="b"),
        2 * math.pi - _LENS_AREA,
        {"a": 2 * math.pi - _ARC, "b": 2 * math.pi - _ARC},
        exact=False,
        distance=False,
    ),
    "lens": Known(
        _LENS, _LENS_AREA, {"a": _ARC, "b": _ARC}, exact=False, distance=False
    ),
    "moon": Known(
        g.Disk((0, 0), 1.0, name="a") - g.Disk((1, 0), 1.0, name="b"),
        math.pi - _LENS_AREA,
        {"a": 2 * math.pi - _ARC, "b": _ARC},
        exact=False,
        distance=False,
    ),
    "perforated": Known(
        perforated(),
        2 - 20 * math.pi * 0.0064,
        {"left": 1, "top": 2, "hole_7": 0.16 * math.pi},
        exact=False,
        distance=False,
    ),
    "squares": Known(  # they share an edge, and a half of each bottom
        g.Rectangle((0, 0), (1, 1)) | g.Rectangle((0.5, 0), (2, 2)),
        3.5,
        {"left": 2, "right": 2, "bottom": 2, "top": 2},
        exact=False,
        distance=False,
    ),
    "drilled": Known(
        g.Box((0, 0, 0), (2, 2, 2)) - g.Cylinder((1, 1, -1), 4.0, 0.5),
        8 - _HALF_PI,
        {"left": 4, "top": 4 - math.pi / 4, "cylinder_side": 2 * math.pi},
        exact=False,
        distance=False,
    ),
    "disk in time": Known(
        g.Disk((0, 0), 1.0) * g.Interval(0, 3),
        3 * math.pi,
        {"disk": 6 * math.pi, "left": math.pi, "right": math.pi},
    ),
    "moon in time": Known(
        g.Interval(0, 3)
        * (g.Disk((0, 0), 1.0, name="a") - g.Disk((1, 0), 1.0, name="b")),
        3 * (math.pi - _LENS_AREA),
        {"b": 3 * _ARC, "left": math.pi - _LENS_AREA},
        exact=False,
        distance=False,
    ),
    "turned": Known(
        g.Triangle((0, 0), (1, 0), (0, 1)).scaled(2.0).rotated(1.0).translated((3, 4)),
        2,
        {"edge_0": 2, "edge_1": 2 * math.sqrt(2)},
    ),
    "turned box": Known(
        g.Box((0, 0, 0), (1, 2, 3)).rotated(0.3, axis=(1, 2, 3), about=(1, 1, 1)),
        6,
        {"left": 6, "top": 2},
    ),
    "mesh": Known(g.Mesh(tetrahedron()), 1 / 6, {"mesh": 1.5 + _ROOT3 / 2}),
}


def unit_points(dimension, count, seed=0):
    """Uniform points of the unit box."""
    return np.random.default_rng(seed).random((count, dimension))
