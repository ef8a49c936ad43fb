"""Differential equations as somebody would write them down, in families.

Each has a reference that is independent of the library: a closed form, or a solution
by SciPy or by a spectral method.
"""

from as_given_problems import (
    cornered,
    doses,
    flow,
    heat,
    holes,
    jumping,
    layers,
    machines,
    odes,
    patterns,
    reactions,
    solids,
    transport,
    unknowns,
    waves,
)
from as_given_problems.common import Case

__all__ = ["CASES"]

_FAMILIES = (
    odes,
    patterns,
    reactions,
    solids,
    heat,
    holes,
    jumping,
    cornered,
    doses,
    waves,
    transport,
    layers,
    machines,
    flow,
    unknowns,
)
CASES: dict[str, Case] = {
    name: case for family in _FAMILIES for name, case in family.CASES.items()
}
