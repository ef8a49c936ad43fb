"""Checks of the names that a problem gives to its coordinates and outputs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_isgd.derivatives.field import TIME
from keras_isgd.utils.checks import is_whole

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["check_names"]


def check_names(problem: "Problem") -> None:
    """Checks the names that a problem gives.

    Raises:
        ValueError: with a sentence, if something is wrong with them.
    """
    owner = type(problem).__name__
    coordinates = problem.coordinates
    if len(set(coordinates)) != len(coordinates) or not coordinates:
        raise ValueError(
            f"{owner}.coordinates must be different names, got {problem.coordinates}."
        )
    outputs = problem.outputs
    if isinstance(outputs, str):
        raise ValueError(
            f"Expected {owner}.outputs as a number or a tuple of names, got "
            f"{outputs!r}; one output of this name is ({outputs!r},)."
        )
    if not isinstance(outputs, Sequence):
        if not is_whole(outputs, 1):
            raise ValueError(
                f"Expected {owner}.outputs as a whole number >= 1 or a tuple of "
                f"names, got {outputs!r}."
            )
    elif not outputs or len(set(outputs)) != len(outputs):
        raise ValueError(f"{owner}.outputs must be different names, got {outputs}.")
    elif not all(isinstance(name, str) and name for name in outputs):
        raise ValueError(f"{owner}.outputs must be names, got {outputs}.")
    shared = set(problem.coordinates) & set(problem.parameters)
    if shared:
        raise ValueError(
            f"{owner} has {', '.join(sorted(shared))} both as a coordinate and as a "
            "parameter. A parameter is a further input; leave it out of "
            "`coordinates` and of `domain`."
        )
    unknown = set(problem.defined_up_to_constant) - set(problem.names.outputs)
    if unknown:
        raise ValueError(
            f"{owner}.defined_up_to_constant names {', '.join(sorted(unknown))}; "
            f"the outputs are {', '.join(problem.names.outputs)}."
        )
    _check_time(problem)


def _check_time(problem: "Problem") -> None:
    name, time = type(problem).__name__, problem.time
    if time is not None and not isinstance(time, str):
        raise ValueError(
            f"Expected {name}.time to be the name of the coordinate that is time, "
            f"or None, got {time!r}. Call what you keep there by another name."
        )
    if time not in (None, TIME) and problem.time_axis is None:
        raise ValueError(
            f'{name}.time is "{time}", but its coordinates are '
            f"{', '.join(problem.coordinates)}."
        )
