"""Domains: one file each."""

from keras_isgd.geometry.base import Geometry
from keras_isgd.geometry.box import Box, Interval, Rectangle
from keras_isgd.geometry.faces import Faces
from keras_isgd.geometry.part import BoundaryPart
from keras_isgd.geometry.piece import Piece

__all__ = [
    "BoundaryPart",
    "Box",
    "Faces",
    "Geometry",
    "Interval",
    "Piece",
    "Rectangle",
]
