"""Places in a problem's domain: what conditions ask of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import Geometry
from keras_isgd.problems.places import OnFaces
from keras_isgd.problems.quadrature import Rule, quadrature
from keras_isgd.problems.region import Region
from keras_isgd.problems.subdomains import chosen_outputs

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Placed"]


class Placed:
    """Mix-in of `Problem`: its domain, with time and parameters, and places in it."""

    coordinates: tuple[str, ...]
    time: str | None
    domain: Geometry
    parameters: Mapping[str, tuple[float, float]]

    @property
    def input_count(self) -> int:
        """d + q, the number of the network's inputs."""
        return len(self.coordinates) + len(self.parameters)

    @property
    def region(self) -> Region:
        """The domain with time and parameters."""
        key = (
            id(self.domain),
            tuple(self.coordinates),
            self.time,
            tuple(self.parameters.items()),
        )
        known = vars(self).get("_region")
        if known is None or known[0] != key:
            region = Region(
                type(self).__name__,
                self.domain,
                self.coordinates,
                self.time,
                self.parameters,
            )
            # The domain is kept with its number, which another could get.
            known = (key, region, self.domain)
            vars(self)["_region"] = known
        return known[1]

    def chosen_outputs(self, x: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
        """Returns, of the outputs for all subdomains, those for each point's own.

        Args:
            x: points `(n, d + q)`.
            u: the network's outputs there, `(n, subdomains * outputs)`.
        """
        return chosen_outputs(cast("Problem", self), x, u)

    def quadrature(self, over: Any, nodes: int | None, normals: bool) -> Rule:
        """Returns a rule for integrals over a part of space; see `quadrature`."""
        return quadrature(self.region, over, nodes, normals)

    def normal_axes(self, on: Any) -> list[tuple[int, float | None]]:
        """Returns the coordinates in which normals point; see `Region`."""
        return self.region.normal_axes(on)

    def edge_lengths(self, coordinate: str) -> float:
        """Returns the extent of the domain in a coordinate.

        Raises:
            ValueError: there is no such coordinate.
        """
        if coordinate not in self.coordinates:
            raise ValueError(
                f"Unknown coordinate {coordinate!r}: {type(self).__name__} has "
                f"{', '.join(self.coordinates)}."
            )
        return self.region.lengths[tuple(self.coordinates).index(coordinate)]

    def faces(self, on: str) -> list[tuple[int, int]]:
        """Returns the faces of a box that a point set's name means.

        Returns:
            `(axis, side)` pairs.

        Raises:
            ValueError: neither "boundary" nor a face, or a domain that is no box.
        """
        place = self.region.place(on)
        if not isinstance(place, OnFaces):
            raise ValueError(f"{on!r} are no faces of {type(self).__name__}.")
        return list(place.faces)

    def check_place(self, on: Any) -> None:
        """Checks that a condition's `on` is a place of the domain.

        Raises:
            ValueError: it is not.
        """
        self.region.place(on)

    def check_points(self, x: np.ndarray, what: str) -> None:
        """Checks that points `(n, d + q)` are inside the domain.

        Args:
            x: the points.
            what: whose they are, for the sentence.

        Raises:
            ValueError: wrong numbers of columns, or points outside.
        """
        if x.shape[1] != self.input_count:
            q = len(self.parameters)
            raise ValueError(
                f"{what[0].upper()}{what[1:]} has points of {x.shape[1]} columns, "
                f"{type(self).__name__} has {self.input_count - q} coordinates"
                f"{f' and {q} parameters' if q else ''}."
            )
        outside = int(np.sum(~self.region.contains(x)))
        if outside:
            raise ValueError(f"{outside} points of {what} lie outside {self.region}.")
