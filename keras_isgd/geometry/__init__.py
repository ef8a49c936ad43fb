"""Domains: one file each."""

from keras_isgd.geometry.box import Box
from keras_isgd.geometry.faces import Faces

__all__ = ["Box", "Faces"]
