"""A problem's domain taken apart: the geometry of space and the span of time."""

from collections.abc import Sequence

from keras_isgd.geometry import Box
from keras_isgd.geometry.base import Geometry
from keras_isgd.geometry.product import Product

__all__ = ["space_and_time"]


def space_and_time(
    owner: str, domain: Geometry, coordinates: Sequence[str], time: int | None
) -> tuple[Geometry | None, tuple[float, float] | None]:
    """Returns the geometry without time, and the first and the last time.

    Args:
        owner: the problem's name, for sentences.
        domain: the geometry of all coordinates; see `Region`.
        coordinates: their names.
        time: the time's number among them, or None.

    Returns:
        None for the geometry where time is the only coordinate, and None for the times
        where there is none.

    Raises:
        ValueError: numbers of dimensions that do not match, or a product whose last
            factor is not time.
    """
    if domain.dimension != len(coordinates):
        raise ValueError(_mismatch(owner, domain, coordinates, time))
    if time is None:
        return domain, None
    if isinstance(domain, Box):
        return _without(domain, time), (domain.lower[time], domain.upper[time])
    last = time == len(coordinates) - 1
    if (
        not isinstance(domain, Product)
        or not isinstance(domain.second, Box)
        or domain.second.dimension != 1
        or not last
    ):
        raise ValueError(
            f"{owner} has the time {coordinates[time]!r}: give it a domain that is a "
            "geometry in space times an interval, geometry * "
            "ki.geometry.Interval(0.0, 1.0), with the time as the last coordinate."
        )
    return domain.first, (domain.second.lower[0], domain.second.upper[0])


def _mismatch(
    owner: str, domain: Geometry, coordinates: Sequence[str], time: int | None
) -> str:
    d, found = len(coordinates), domain.dimension
    sentence = (
        f"{owner} has coordinates {tuple(coordinates)}, but its domain has {found} "
        "dimensions."
    )
    if time is not None and found == d - 1:
        sentence += (
            " Space and time multiply: "
            "domain = geometry * ki.geometry.Interval(0.0, 1.0)."
        )
    return sentence


def _without(box: Box, axis: int) -> Box | None:
    """The other edges of a box, or None where it has no others."""
    axes = [i for i in range(box.dimension) if i != axis]
    if not axes:
        return None
    return Box([box.lower[i] for i in axes], [box.upper[i] for i in axes])
