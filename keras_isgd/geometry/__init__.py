"""Domains: one file each."""

from keras_isgd.geometry.ball import Ball, Disk
from keras_isgd.geometry.base import Geometry
from keras_isgd.geometry.box import Box, Interval, Rectangle
from keras_isgd.geometry.cylinder import Cylinder
from keras_isgd.geometry.ellipse import Ellipse
from keras_isgd.geometry.faces import Faces
from keras_isgd.geometry.mesh import Mesh
from keras_isgd.geometry.part import BoundaryPart
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.point_cloud import PointCloud
from keras_isgd.geometry.polygon import Polygon, Triangle
from keras_isgd.geometry.segment import Segment
from keras_isgd.geometry.shell import Annulus, Shell

__all__ = [
    "Annulus",
    "Ball",
    "BoundaryPart",
    "Box",
    "Cylinder",
    "Disk",
    "Ellipse",
    "Faces",
    "Geometry",
    "Interval",
    "Mesh",
    "Piece",
    "PointCloud",
    "Polygon",
    "Rectangle",
    "Segment",
    "Shell",
    "Triangle",
]
