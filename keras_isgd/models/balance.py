"""Weights that put the terms of a loss on an equal footing."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_isgd.models.scales import few_points, row_sizes
from keras_isgd.networks import PeriodicFeatures
from keras_isgd.problems import Periodic, Problem
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms

__all__ = ["balanced_weights"]

# omega times the mean square of a term's rows of J. An output in units of its own size
# has rows of about width / 2, so that a condition on it weighs about 100.
_TRACE = 1000.0


def balanced_weights(
    problem: Problem,
    terms: Sequence[Term],
    network: keras.Model,
    coefficients: Mapping[str, Any],
    sets: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Returns omegas that are inversely proportional to each term's part of J J^T.

        omega = 1000 / mean |row of J|^2

    with J the derivatives of the term's unscaled rows in the network's weights, at the
    present ones, so that each equation and each condition has the same trace in the
    neural tangent kernel (Wang, Yu and Perdikaris, J. Comput. Phys. 449, 2022, Eq. 6.5
    and 6.6). So neither the units of coordinates and outputs nor factors on an equation
    matter. They do not change in the course of a training, so that losses of different
    steps can be compared.

    Conditions that have a weight of their own other than 1, measurements with a
    `sigma`, and periods that the network has by construction are left out. An equation
    has one omega in all subdomains.

    Args:
        problem: the `Problem`.
        terms: of its loss.
        network: its network.
        coefficients: the trained numbers by name.
        sets: points at which rows are looked at; some of the whole domain if None.

    Returns:
        Numbers by the terms' names, tuples for several columns.
    """
    features = [x for x in network.layers if isinstance(x, PeriodicFeatures)]
    circles = {
        coordinate
        for layer in features
        for coordinate, period in zip(problem.coordinates, layer.periods)
        if period is not None
    }
    own = {
        condition.name
        for condition in problem.bound_conditions()
        if condition.weight != 1.0
        or getattr(condition, "sigma_known", False)
        or (isinstance(condition, Periodic) and condition.coordinate in circles)
    }
    if sets is None:
        sets = few_points(problem)
    found: dict[str, Any] = {}
    chosen = [term for term in terms if term.name not in own]
    found_sizes = row_sizes(chosen, network, coefficients, sets)
    for term, sizes in zip(chosen, found_sizes, strict=True):
        ends = np.cumsum(list(term.equations.values()))[:-1]
        for name, part in zip(term.names, np.split(sizes, ends), strict=True):
            use = np.isfinite(part) & (part > 0.0)
            if use.any():
                # A column without weights in it counts as the others.
                part = np.where(use, part, np.mean(part[use]))
                omegas = (_TRACE / part).tolist()
                found[name] = omegas[0] if len(omegas) == 1 else tuple(omegas)
    _one_for_each_equation(equation_terms(terms), found)
    return found


def _one_for_each_equation(parts: Sequence[Term], found: dict[str, Any]) -> None:
    """Gives an equation the same omegas in all subdomains, the largest ones.

    Where materials differ by orders of magnitude, so do its rows, and must: a solution
    that bends in the better conductor would cost nothing otherwise.

    Args:
        parts: the terms of the equation in each subdomain.
        found: omegas by the terms' names, which are changed.
    """
    for several in zip(*(part.names for part in parts), strict=True):
        if all(name in found for name in several):
            largest = np.max([found[name] for name in several], axis=0)
            omega = tuple(largest.tolist()) if largest.ndim else float(largest)
            found.update(dict.fromkeys(several, omega))
