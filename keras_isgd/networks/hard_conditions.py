"""Networks that meet boundary or initial conditions by construction."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_isgd.networks.checks import Size, size_of
from keras_isgd.networks.hard_functions import (
    Distanced,
    HardDirichlet,
    HardInitial,
    Value,
)
from keras_isgd.networks.transform import transformed
from keras_isgd.utils.checks import is_whole

__all__ = ["dirichlet", "initial"]


def dirichlet(
    network: keras.Model,
    geometry: Distanced,
    value: Value = 0.0,
    coordinates: Sequence[int] | None = None,
    component: int | Sequence[int] | None = None,
) -> keras.Model:
    """Returns the network g(x) + d(x) N(x), which is g on the boundary of a geometry.

    d is the geometry's `smooth_distance`. A problem whose boundary values are met in
    this way needs no `Dirichlet` condition, and no weight for one.

    Args:
        network: N, a built `keras.Model` from `(n, inputs)` to `(n, outputs)`.
        geometry: has `dimension` and `smooth_distance`.
        value: g: a number, one for each output that is held, or a function of all
            inputs, from `(n, inputs)` to `(n, 1)` or `(n, outputs held)`.
        coordinates: the numbers of the inputs that are the geometry's coordinates; its
            first ones if None, so that time and parameters after them are left out.
        component: the number of the output that is held, or several of them; None for
            all.

    Returns:
        A functional `keras.Model`; see `transform` for its files.

    Raises:
        ValueError: a geometry without `smooth_distance`, or an argument out of range.

    Warns:
        UserWarning: a value or a geometry that cannot be saved.
    """
    size = size_of(network)
    if not hasattr(geometry, "smooth_distance"):
        raise ValueError(
            "A hard Dirichlet condition needs a geometry with `smooth_distance`, which "
            f"{type(geometry).__name__} has not. Give d(x) yourself, as in "
            "ki.networks.transform(network, lambda x, N: g(x) + d(x) * N)."
        )
    d = geometry.dimension
    columns = list(range(d)) if coordinates is None else list(coordinates)
    if len(columns) != d or not all(_below(i, size.inputs) for i in columns):
        raise ValueError(
            f"Expected `coordinates` to be the numbers of {d} of the network's "
            f"{size.inputs} inputs, from 0, got {columns}."
        )
    function = HardDirichlet(geometry, value, columns, _held(component, size))
    return transformed(network, function, "dirichlet", stacklevel=3)


def initial(
    network: keras.Model,
    value: Value,
    axis: int | str = -1,
    start: float = 0.0,
    velocity: Value | None = None,
    names: Sequence[str] | None = None,
    component: int | Sequence[int] | None = None,
) -> keras.Model:
    """Returns a network that has given values, and velocities, at the first time.

    It is g(x) + (t - t0) N(x), or with a velocity v
    g(x) + (t - t0) v(x) + (t - t0)^2 N(x). Both g and v are taken at t = t0, whatever
    they depend on.

    Args:
        network: N, a built `keras.Model` from `(n, inputs)` to `(n, outputs)`.
        value: g: a number, one for each output that is held, or a function of all
            inputs, from `(n, inputs)` to `(n, 1)` or `(n, outputs held)`.
        axis: which input is time: its number, or its name if `names` are given; the
            last one unless given.
        start: t0.
        velocity: v, as `value`; None where the equation is of first order in time.
        names: names of all inputs, such as a problem's `coordinates`.
        component: the number of the output that is held, or several of them; None for
            all.

    Returns:
        A functional `keras.Model`; see `transform` for its files.

    Raises:
        ValueError: an argument out of range.

    Warns:
        UserWarning: a value or a velocity that cannot be saved.
    """
    size = size_of(network)
    function = HardInitial(
        value, _axis(axis, names, size.inputs), start, velocity, _held(component, size)
    )
    return transformed(network, function, "initial", stacklevel=3)


def _below(number: Any, count: int) -> bool:
    return is_whole(number, 0) and number < count


def _held(component: Any, size: Size) -> list[int] | None:
    if component is None:
        return None
    held = [component] if is_whole(component, 0) else component
    if (
        not isinstance(held, (list, tuple))
        or not held
        or not all(_below(i, size.outputs) for i in held)
        or len(set(held)) < len(held)
    ):
        raise ValueError(
            f"Expected `component` to be the number of one of {size.outputs} outputs, "
            f"from 0, or a list of different ones, got {component!r}."
        )
    return list(held)


def _axis(axis: Any, names: Sequence[str] | None, inputs: int) -> int:
    if names is not None and len(names) != inputs:
        raise ValueError(
            f"Expected a name for each of the network's {inputs} inputs in `names`, "
            f"got {tuple(names)}."
        )
    if isinstance(axis, str):
        if names is None or axis not in names:
            known = "none are given" if names is None else f"got {tuple(names)}"
            raise ValueError(
                f"Expected `axis` {axis!r} among the `names` of the network's inputs; "
                f"{known}."
            )
        return list(names).index(axis)
    if not is_whole(axis, -inputs) or axis >= inputs:
        raise ValueError(
            f"Expected `axis` to be the number of one of {inputs} inputs, got {axis!r}."
        )
    return int(axis) % inputs
