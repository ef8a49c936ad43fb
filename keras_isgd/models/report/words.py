"""Numbers in sentences."""

from collections.abc import Mapping

__all__ = ["at", "number", "percent"]


def number(value: float) -> str:
    """Returns a number with two or three digits."""
    return f"{value:.3g}"


def percent(part: float) -> str:
    """Returns a part of a whole in per cent."""
    return f"{100.0 * part:.2g} %" if part < 0.995 else f"{100.0 * part:.0f} %"


def at(place: Mapping[str, float]) -> str:
    """Returns a place such as "x = 0.5, t = 1"."""
    return ", ".join(f"{name} = {value:.4g}" for name, value in place.items())
