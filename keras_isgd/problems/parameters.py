"""Values of a problem's parameters, where a solution is asked for at some of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_isgd.problems.problem import Problem
from keras_isgd.problems.region import Region
from keras_isgd.utils.checks import check_array

__all__ = ["check_parameters", "test_points", "with_parameters"]

# A value is inside of its range up to so much of it: float32 knows it to 1e-7.
_SLACK = 1e-6


def check_parameters(
    problem: Problem, values: Mapping[str, Any], rows: int | None = None
) -> dict[str, np.ndarray]:
    """Returns values of parameters as arrays `()` or `(n,)`, in the problem's order.

    Args:
        problem: the `Problem`.
        values: by name: a number, or one for each point, `(n,)` or `(n, 1)`.
        rows: n; None allows numbers only.

    Raises:
        ValueError: a name that is no parameter, a value that is no number or not one
            for each point, or one outside of its range.
    """
    owner, ranges = type(problem).__name__, problem.region.parameters
    unknown = [name for name in values if name not in ranges]
    if unknown:
        known = f"are {', '.join(ranges)}" if ranges else "are none"
        raise ValueError(
            f"Unknown {', '.join(map(repr, unknown))}: the parameters of {owner} "
            f"{known}. Parameters are given by their names, such as k=0.5."
        )
    found = {}
    for name, (low, high) in ranges.items():
        if name not in values:
            continue
        value = check_array(f"The parameter {name!r}", values[name])
        if value.ndim == 2 and value.shape[1] == 1:
            value = value[:, 0]
        if value.shape not in ((), (rows,)):
            each = "" if rows is None else f" or one number for each of {rows} points"
            raise ValueError(
                f"Expected the parameter {name!r} as one number{each}, got shape "
                f"{value.shape}."
            )
        slack = _SLACK * (high - low)
        outside = (value < low - slack) | (value > high + slack)
        if outside.any():
            raise ValueError(
                f"The parameter {name!r} of {owner} is between {low:g} and {high:g}, "
                f"where the network has been trained; got {value[outside].flat[0]:g}. "
                f"Widen its range in `parameters` and train again."
            )
        found[name] = value
    return found


def with_parameters(
    problem: Problem, x: np.ndarray, values: Mapping[str, Any]
) -> np.ndarray:
    """Returns points with the parameters beside the coordinates, `(n, d + q)`.

    Args:
        problem: the `Problem`.
        x: `(n, d)`.
        values: of all parameters, by name; see `check_parameters`.

    Raises:
        ValueError: another shape, or values that are missing, unknown or outside of
            their ranges.
    """
    found = check_parameters(problem, values, len(x))
    missing = [name for name in problem.region.parameters if name not in found]
    if missing:
        name = missing[0]
        low, high = problem.region.parameters[name]
        raise ValueError(
            f"Give a value to each parameter of {type(problem).__name__}: "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, "
            f"such as {name}={(low + high) / 2:g}."
        )
    d = len(problem.coordinates)
    if x.ndim != 2 or x.shape[1] != d:
        raise ValueError(
            f"Expected points (n, {d}) beside the values of "
            f"{', '.join(problem.region.parameters)}, got shape {x.shape}."
        )
    columns = [np.broadcast_to(v, len(x))[:, None] for v in found.values()]
    return np.concatenate([x, *columns], axis=1)


def test_points(problem: Problem, values: Mapping[str, Any]) -> np.ndarray:
    """Returns the problem's test points at some values of parameters, `(n, d + q)`.

    Args:
        problem: the `Problem`.
        values: numbers by name; parameters that are left out vary over their ranges.

    Raises:
        ValueError: values that are unknown or outside of their ranges.
    """
    found = check_parameters(problem, values)
    if not found:
        return problem.test_points()
    free = {n: r for n, r in problem.region.parameters.items() if n not in found}
    region = Region(
        type(problem).__name__,
        problem.domain,
        problem.coordinates,
        problem.time,
        free,
    )
    x = region.test_points()
    drawn = iter(x[:, len(problem.coordinates) :].T)
    columns = [x[:, : len(problem.coordinates)]]
    for name in problem.region.parameters:
        column = np.full(len(x), found[name]) if name in found else next(drawn)
        columns.append(column[:, None])
    return np.concatenate(columns, axis=1)
