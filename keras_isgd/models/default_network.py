"""A network for a problem, where none is given."""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.derivatives.channels import Name
from keras_isgd.networks import mlp
from keras_isgd.problems import Condition, Data, Dirichlet, Problem
from keras_isgd.problems.conditions.values import at

__all__ = ["CONDITION_WEIGHT", "default_network", "default_weights"]

# Omega of conditions beside an equation of weight one.
CONDITION_WEIGHT = 100.0
# First-layer scale on inputs between 0 and 1; see `networks.input_scale_for`.
_INPUT_SCALE = 4.0
# Points of each set on which prescribed values are looked at.
_LOOKED_AT = 64
# A half range below this part of the largest value is not taken for the variation.
_FLAT = 1e-3
# Factor on the last kernel of an output with a single prescribed value.
_FLATTER = 0.01


def default_weights(problem: Problem) -> dict[str, float]:
    """Returns omegas of the conditions that have none of their own, by name.

    Args:
        problem: the `Problem`. Measurements with a `sigma` keep their weight.
    """
    return {
        condition.name: CONDITION_WEIGHT
        for condition in problem.bound_conditions()
        if condition.weight == 1.0 and not getattr(condition, "sigma_known", False)
    }


def default_network(
    problem: Problem,
    width: int = 24,
    depth: int = 2,
    seed: int | None = 0,
    dtype: str = "float64",
) -> keras.Model:
    """Builds a network whose inputs and outputs have the problem's own scales.

    Inputs are mapped to the unit box, each by its own range, so that the units of
    coordinates do not matter. Outputs have the middle and the half range of the values
    that the problem's conditions prescribe for them, so that counts of millions and
    temperatures in kelvin are within reach of weights of the order of one.

    Args:
        problem: the `Problem`.
        width: units in each hidden layer.
        depth: number of hidden layers.
        seed: whole number for the weights, or None.
        dtype: "float64" or "float32".

    Returns:
        A functional `keras.Model` from `(n, d + q)` to the problem's outputs.
    """
    region = problem.region
    inner = mlp(
        problem.input_count,
        problem.network_outputs,
        width=width,
        depth=depth,
        input_scale=_INPUT_SCALE,
        dtype=dtype,
        seed=seed,
    )
    lengths = np.asarray(region.lengths)
    x = keras.Input((problem.input_count,), dtype=dtype, name="x")
    unit = keras.layers.Rescaling(
        (1.0 / lengths).tolist(),
        (-np.asarray(region.lower) / lengths).tolist(),
        dtype=dtype,
        name="unit_box",
    )(x)
    middles, halves = output_ranges(problem)
    # How an output with a single prescribed value varies is not known; a start that
    # varies by its full size is far from most equations.
    flat = np.where((middles != 0.0) & (np.abs(middles) == halves), _FLATTER, 1.0)
    copies = max(len(problem.subdomains), 1)
    kernel = inner.layers[-1].kernel
    kernel.assign(kernel * np.tile(flat, copies))
    u = keras.layers.Rescaling(
        np.tile(halves, copies).tolist(),
        np.tile(middles, copies).tolist(),
        dtype=dtype,
        name="scaled",
    )(inner(unit))
    return keras.Model(x, u, name="scaled_mlp")


def output_ranges(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Returns the middle and the half range of each output's prescribed values.

    Only values of outputs themselves count, not of their derivatives. An output
    without them, or with zeros only, has the middle 0 and the half range 1.

    Args:
        problem: the `Problem`.

    Returns:
        Two arrays `(outputs,)`.
    """
    count = len(problem.names.outputs)
    values: list[list[np.ndarray]] = [[] for _ in range(count)]
    boundary = None if problem.input_count == 1 else _LOOKED_AT
    sets = next(iter(problem.points(_LOOKED_AT, boundary, method="sobol")))
    for condition in problem.bound_conditions():
        for output, found in _prescribed(problem, condition, sets):
            values[output].append(np.ravel(found))
    middles, halves = np.zeros(count), np.ones(count)
    for output, given in enumerate(values):
        every = np.concatenate(given) if given else np.zeros(1)
        every = every[np.isfinite(every)]
        largest = np.abs(every).max(initial=0.0)
        if largest == 0.0:
            continue
        half = 0.5 * np.ptp(every)
        middles[output] = every.min() + half
        halves[output] = half if half > _FLAT * largest else largest
    return middles, halves


def _prescribed(
    problem: Problem, condition: Condition, sets: dict[str, tf.Tensor]
) -> Iterator[tuple[int, np.ndarray]]:
    """The values that a condition gives to outputs, each with the output's number."""
    if isinstance(condition, Data):
        if condition.operator is None:
            yield from _columns(problem, condition.component, condition.values)
        return
    gives_values = type(condition).kind in ("dirichlet", "initial")
    if not isinstance(condition, Dirichlet) or not gives_values:
        return
    if getattr(condition, "order", 0):
        return
    points = condition.fixed_points(problem)
    x = sets[str(condition.set_name)] if points is None else tf.constant(points)
    x = x[:, : problem.input_count]
    found = at(condition.value, x, condition.name, _start_of(problem, x)).numpy()
    outputs = len(problem.names.outputs) if condition.component is None else 1
    rows = np.broadcast_to(np.atleast_2d(found), (len(x), max(outputs, 1)))
    yield from _columns(problem, condition.component, rows)


def _columns(
    problem: Problem, component: int | str | None, values: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    names = problem.names
    if component is not None:
        yield names.component(component), values
        return
    for output in range(len(names.outputs)):
        yield output, values[:, output]


def _start_of(problem: Problem, x: tf.Tensor) -> Field:
    """A field of zeros with the coefficients' first values."""

    def lookup(component: int, indices: Name) -> tf.Tensor:
        return tf.zeros((len(x), 1), x.dtype)

    numbers = {
        name: tf.constant(unknown.initial, x.dtype)
        for name, unknown in problem.unknowns.items()
    }
    return Field(lookup, problem.names, coefficients=numbers, points=x)
