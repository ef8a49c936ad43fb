"""The problems of PINNacle, one file for each family.

Source: Hao et al., PINNacle (NeurIPS 2024, arXiv 2306.08827), and its public code,
github.com/i207M/PINNacle, from which the statements were read.
"""

from pinnacle_cases import (
    burgers,
    dimensions,
    flow,
    heat,
    inverse,
    patterns,
    poisson,
    waves,
)
from pinnacle_cases.published import PUBLISHED

__all__ = ["CASES"]

_FAMILIES = (burgers, poisson, heat, flow, waves, patterns, dimensions, inverse)
_FOUND = {name: case for family in _FAMILIES for name, case in family.CASES.items()}
# In the order of the published table.
CASES = {
    name: case
    for paper in PUBLISHED
    for name, case in _FOUND.items()
    if case.paper == paper
}
