"""Names of parts of boundaries."""

from typing import Any

__all__ = ["check_name", "part_names"]

# What problems call sets of points.
_RESERVED = ("interior", "boundary")


def check_name(name: Any) -> str | None:
    """Returns a geometry's name, a string or None.

    Raises:
        ValueError: something else, or a name that problems use for point sets.
    """
    if name is None or (isinstance(name, str) and name and name not in _RESERVED):
        return name
    raise ValueError(
        f"Expected `name` to be a string, not empty and neither "
        f"{' nor '.join(_RESERVED)}; got {name!r}."
    )


def part_names(name: str | None, default: str, part: str) -> tuple[str, ...]:
    """Returns the names of one of several pieces: the whole's, its own, and both.

    Args:
        name: that the user gave, or None.
        default: the whole's name without it.
        part: the piece's, such as "edge_0".
    """
    return (name or default, part) + ((f"{name}_{part}",) if name else ())
