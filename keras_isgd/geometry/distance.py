"""Geometries that their signed distance describes."""

from typing import Any

import numpy as np

from keras_isgd.geometry.base import SLACK, Geometry

__all__ = ["DistanceGeometry"]


class DistanceGeometry(Geometry):
    """A geometry whose inside is where its signed distance is not positive."""

    def contains(self, x: Any) -> np.ndarray:
        return self.within(self.checked(x), SLACK * self.size)

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        return self.signed_distance(x) <= slack
