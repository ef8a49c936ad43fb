"""Domains: one file each."""

from keras_isgd.geometry.box import Box, Faces

__all__ = ["Box", "Faces"]
