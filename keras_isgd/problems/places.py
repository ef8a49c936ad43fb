"""What the word for a place in a problem's domain means."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_isgd.geometry import Box
from keras_isgd.geometry.base import Geometry
from keras_isgd.geometry.part import BoundaryPart
from keras_isgd.problems.in_subdomain import InSubdomain

__all__ = ["Inner", "Interior", "OnFaces", "OnPart", "Place", "TimeEnd", "place_of"]

# A face of a bounding box is met up to so much of its edge: up to rounding, so that
# a disk, which touches it in a point, has no points there.
_SLACK = 1e-12


@dataclasses.dataclass(frozen=True)
class Interior:
    """All of the domain."""


@dataclasses.dataclass(frozen=True)
class OnFaces:
    """Faces of a domain that is a box, `(axis, side)` pairs; side 0 is the lower one.

    The axes are numbers of coordinates.
    """

    faces: tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True)
class TimeEnd:
    """The first (side 0) or the last time, all of space or a part of it."""

    side: int
    geometry: Geometry | None = None


@dataclasses.dataclass(frozen=True)
class OnPart:
    """A part of the boundary of space."""

    part: BoundaryPart


@dataclasses.dataclass(frozen=True)
class Inner:
    """A part of the interior of space, such as a line."""

    geometry: Geometry


Place = Interior | OnFaces | TimeEnd | OnPart | Inner


class _Words:
    """The words that a domain has for its places.

    Args:
        owner: the problem's name, for sentences.
        coordinates: names of the coordinates.
        time: the time's number among them, or None.
        space: the geometry without time, or None.
        is_box: whether space and time are one box.
    """

    def __init__(
        self,
        owner: str,
        coordinates: Sequence[str],
        time: int | None,
        space: Geometry | None,
        is_box: bool,
    ) -> None:
        self.owner = owner
        self.coordinates = tuple(coordinates)
        self.time = time
        self.space = space
        self.is_box = is_box
        self.axes = [i for i in range(len(self.coordinates)) if i != time]

    def faces(self) -> dict[str, tuple[int, int]]:
        """Coordinates at their ends: `(axis, side)` by name."""
        return {
            f"{name}_{end}": (axis, side)
            for axis, name in enumerate(self.coordinates)
            for side, end in enumerate(("min", "max"))
        }

    def parts(self) -> tuple[str, ...]:
        """Names of the geometry's own parts."""
        return () if self.space is None else self.space.parts

    def of(self, names: tuple[str, ...]) -> Place:
        """What some names mean together."""
        faces, parts = self.faces(), self.parts()
        if names == ("interior",):
            return Interior()
        if names == ("boundary",):
            return self.boundary()
        unknown = [name for name in names if name not in faces and name not in parts]
        if unknown:
            # A box's own words for its faces add nothing to those of coordinates.
            known = ["boundary", *faces, *(() if self.is_box else parts)]
            raise ValueError(
                f"Unknown place {', '.join(map(repr, unknown))}: {self.owner} has "
                f"{', '.join(known)}."
            )
        if all(name in parts for name in names):
            return self.on_parts(names)
        if not all(name in faces for name in names):
            raise ValueError(
                f"Expected either faces such as {next(iter(faces))!r} or parts of the "
                f"geometry in {names}, not both: make two conditions of them."
            )
        return self.on_faces([faces[name] for name in names])

    def boundary(self) -> Place:
        """All of the boundary of space."""
        if self.space is None:
            time = self.coordinates[0]
            raise ValueError(
                f'{self.owner} has no boundary but in its time "{time}": use '
                f'ki.Initial, or on="{time}_min" or on="{time}_max".'
            )
        if self.is_box:
            return OnFaces(tuple((axis, side) for axis in self.axes for side in (0, 1)))
        return OnPart(BoundaryPart(self.space))

    def on_parts(self, names: tuple[str, ...]) -> Place:
        """Named parts of the geometry."""
        assert self.space is not None
        if self.is_box:
            found = [
                (self.axes[index // 2], index % 2)
                for index, piece in enumerate(self.space.pieces())
                if set(names) & set(piece.names)
            ]
            return OnFaces(tuple(found))
        return OnPart(BoundaryPart(self.space, names))

    def on_faces(self, faces: list[tuple[int, int]]) -> Place:
        """Coordinates at their ends."""
        if self.is_box:
            return OnFaces(tuple(faces))
        ends = [face for face in faces if face[0] == self.time]
        if len(ends) == 1 and len(faces) == 1:
            return TimeEnd(ends[0][1])
        if ends:
            raise ValueError(
                "An end of time and a part of the boundary are different places: make "
                "two conditions of them."
            )
        assert self.space is not None
        numbers = [(self.axes.index(axis), side) for axis, side in faces]
        return OnPart(
            BoundaryPart(self.space, boundary_of=_at_ends(self.space, numbers))
        )

    def where(self, function: Callable[[Any], Any]) -> Place:
        """The part of the boundary where a function is true."""
        if self.space is None:
            raise ValueError(
                f"{self.owner} has no boundary in space that a function could choose "
                "from."
            )
        return OnPart(BoundaryPart(self.space, where=function))

    def inner(self, geometry: Geometry) -> Place:
        """A part of the interior."""
        if geometry.dimension != len(self.axes):
            raise ValueError(
                f"Expected a geometry of {len(self.axes)} coordinates, those of space, "
                f"for {self.owner}; {geometry} has {geometry.dimension}."
            )
        return Inner(geometry)

    def within(self, place: Place, geometry: Geometry) -> Place:
        """What of a place lies in a part of space."""
        if isinstance(place, Interior):
            return Inner(geometry)
        if isinstance(place, TimeEnd):
            return TimeEnd(place.side, geometry)
        if isinstance(place, OnPart):
            return OnPart(place.part.restricted(geometry.contains))
        if isinstance(place, Inner):
            return Inner(_common(place.geometry, geometry))
        if [axis for axis, _ in place.faces] == [self.time]:
            return TimeEnd(place.faces[0][1], geometry)
        assert self.space is not None
        numbers = [(self.axes.index(axis), side) for axis, side in place.faces]
        part = BoundaryPart(self.space, boundary_of=_at_ends(self.space, numbers))
        return OnPart(part.restricted(geometry.contains))


def _common(part: Geometry, geometry: Geometry) -> Geometry:
    """A part of the interior, as far as it lies in a geometry.

    Raises:
        ValueError: it does not.
    """
    inside = geometry.contains(part.test_points(1024))
    if inside.all():
        return part
    if not inside.any():
        raise ValueError(f"{part} has no points in {geometry}.")
    return part & geometry


def place_of(
    on: Any,
    owner: str,
    coordinates: Sequence[str],
    time: int | None,
    space: Geometry | None,
    is_box: bool,
) -> Place:
    """Returns what a condition's `on` means.

    Args:
        on: see `Condition`; not an array of points.
        owner, coordinates, time, space, is_box: see `_Words`.

    Raises:
        ValueError: an unknown word, or a place without points.
    """
    words = _Words(owner, coordinates, time, space, is_box)
    if isinstance(on, InSubdomain):
        place = place_of(on.on, owner, coordinates, time, space, is_box)
        return words.within(place, on.geometry)
    if isinstance(on, BoundaryPart):
        return OnPart(on)
    if isinstance(on, Geometry):
        return words.inner(on)
    if callable(on):
        return words.where(on)
    return words.of((on,) if isinstance(on, str) else tuple(on))


def _at_ends(
    space: Geometry, faces: Sequence[tuple[int, int]]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Whether points lie on faces of a geometry's bounding box, and look that way."""
    box = Box(space.lower, space.upper)

    def chosen(x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        found = np.zeros(len(x), bool)
        for axis, side in faces:
            near = np.abs(x[:, axis] - box.edge(axis, side))
            outward = normals[:, axis] * (1.0 if side else -1.0)
            found |= (near <= _SLACK * box.lengths[axis]) & (outward > 1 - _SLACK)
        return found

    return chosen
