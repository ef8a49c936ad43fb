"""What of a place lies in one part of the domain."""

from typing import Any

from keras_isgd.geometry.base import Geometry

__all__ = ["InSubdomain"]


class InSubdomain:
    """What of a place lies in a subdomain.

    Args:
        on: the place, see `Condition`.
        name: the subdomain's.
        geometry: the subdomain.
    """

    def __init__(self, on: Any, name: str, geometry: Geometry) -> None:
        self.on = on
        self.name = name
        self.geometry = geometry

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, InSubdomain)
            and self.on == other.on
            and self.geometry is other.geometry
        )

    def __hash__(self) -> int:
        return hash((self.on, id(self.geometry)))
