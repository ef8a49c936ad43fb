"""A network for a problem, where none is given."""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np

from keras_isgd.models.boundary_layers import boundary_layers_of, boxes_of
from keras_isgd.models.corners import singular_corners
from keras_isgd.models.design import Design
from keras_isgd.models.equation_sizes import equation_sizes
from keras_isgd.models.frequencies import data_frequencies
from keras_isgd.models.holes import holes_of
from keras_isgd.models.jumps import jumps_of
from keras_isgd.models.scales import output_ranges
from keras_isgd.problems import Periodic, Problem
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms, orders_of, terms_of

__all__ = ["default_network", "design_for"]

# The first layer's scale of a trial whose derivatives are those of a solution that
# varies once over the domain: a fourth one is 100 times larger with that of `Design`.
_SMOOTH_SCALE = 1.25


def design_for(problem: Problem) -> Design:
    """Returns the scales of a problem's inputs and outputs.

    Inputs are mapped to the unit box, each by its own range, so that the units of
    coordinates do not matter. Outputs have the middle and the half range of the values
    that the problem's conditions prescribe for them, so that counts of millions and
    temperatures in kelvin are within reach of weights of the order of one; where the
    conditions say nothing, the size follows from the equation, see `equation_sizes`. A
    coordinate in which the conditions make the solution periodic is a circle for the
    network, see `networks.PeriodicFeatures`.

    Args:
        problem: the `Problem`.
    """
    middles, halves, single = output_ranges(problem)
    nothing = np.zeros_like(single)
    ranges = np.where(np.isnan(halves), 1.0, halves)
    still = np.zeros(problem.input_count)
    smooth = Design(
        problem, middles, ranges, nothing, (), still, least_scale=_SMOOTH_SCALE
    )
    trial = smooth.network()
    terms = terms_of(problem, {}, "float64", trial, "auto")
    kernel = trial.get_layer("mlp").get_layer("u").kernel
    sizes = equation_sizes(problem, terms, trial, kernel, halves, single)
    layers = boundary_layers_of(problem, terms, trial)
    if layers:
        within = _sizes_within(
            dataclasses.replace(smooth, layers=layers), halves, single
        )
        sizes = np.maximum(sizes, within)
    axes = tuple(_periodic_axes(problem, terms))
    copies = kernel.shape[1] // len(sizes)
    kernel.assign(kernel * np.tile(sizes / ranges, copies))
    rates = data_frequencies(problem, terms, trial, kernel, layers)
    elsewhere = _elsewhere(problem, terms)
    jumps = jumps_of(problem, terms, trial, sizes)
    holes, corners = holes_of(problem), singular_corners(problem, terms, trial)
    return Design(
        problem,
        middles,
        sizes,
        single,
        axes,
        rates,
        elsewhere,
        jumps,
        holes,
        corners,
        layers,
    )


def _sizes_within(design: Design, halves: np.ndarray, single: np.ndarray) -> np.ndarray:
    """The sizes of outputs that are in balance within boundary layers."""
    problem, network = design.problem, design.network()
    terms = terms_of(problem, {}, "float64", network, "auto")
    kernel = network.get_layer("mlp").get_layer("u").kernel
    steep = boxes_of(problem, design.layers)
    return equation_sizes(problem, terms, network, kernel, halves, single, steep)


def default_network(
    problem: Problem,
    width: int = 24,
    depth: int = 2,
    seed: int | None = 0,
    dtype: str = "float64",
) -> keras.Model:
    """Builds a network whose inputs and outputs have the problem's own scales.

    See `design_for` and `Design.network`.
    """
    return design_for(problem).network(width, depth, seed, dtype)


def _elsewhere(problem: Problem, terms: Sequence[Term]) -> str | None:
    """The first term that needs the solution at other points than its own."""
    periods = {
        condition.name
        for condition in problem.bound_conditions()
        if isinstance(condition, Periodic)
    }
    for term in terms:
        several = len(term.requests) > 1 or term.row_count is not None
        if several and term.name not in periods:
            return term.name
    return None


def _periodic_axes(problem: Problem, terms: Sequence[Term]) -> list[int]:
    """The coordinates in which the solution is smooth across the period.

    A condition has to say that each output and its derivatives agree, up to one order
    below the highest that the equation has in that coordinate.
    """
    names = problem.names
    highest = orders_of([term.requests for term in equation_terms(terms)], names)
    meeting: dict[int, set[int]] = {}
    for condition in problem.bound_conditions():
        if not isinstance(condition, Periodic):
            continue
        axis = problem.coordinates.index(condition.coordinate)
        if condition.makes_periodic(max(highest[condition.coordinate], 1)):
            every = range(len(names.outputs))
            one = condition.component
            found = every if one is None else [names.component(one)]
            meeting.setdefault(axis, set()).update(found)
    return sorted(a for a, found in meeting.items() if len(found) == len(names.outputs))
