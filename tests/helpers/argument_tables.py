"""What the tests of arguments share: tables of values, and steps without a trace.

A table maps the name of an argument to an outcome, a function of the argument's
value, and two values whose outcomes differ unless the argument is ignored.
"""

import inspect

import keras
import numpy as np
import tensorflow as tf

import keras_isgd as ki

# A residual that is not linear, and one that is, ill-conditioned.
START = np.array([-0.5, 0.8, 0.3])


def rosenbrock(start=START):
    w = keras.Variable(start, dtype="float64")

    def rows():
        x = tf.convert_to_tensor(w)
        return tf.concat([10.0 * (x[1:] - x[:-1] ** 2), 1.0 - x[:-1]], axis=0)

    return ki.LeastSquares(rows, [w])


def step(optimizer, objective=None, steps=1):
    """Steps eagerly, which costs no trace; returns the weights and the last report."""
    objective = objective or rosenbrock()
    optimizer.build(objective.parameters.variables)
    for _ in range(steps):
        start = objective.evaluate(objective.parameters.read())
        report = optimizer.step(objective, start)
    return objective.parameters.read().numpy(), report


def names_of(function):
    """The arguments of a function or class; `**` before a dictionary of the rest."""
    parameters = inspect.signature(function).parameters.values()
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [stars.get(p.kind, "") + p.name for p in parameters if p.name != "self"]


def flat(tables):
    """The rows of `{class: table}` for `parametrize`, with an id for each."""
    rows = [
        (c, name, *row) for c, table in tables.items() for name, row in table.items()
    ]
    return {
        "argvalues": rows,
        "ids": [f"{c.__name__}-{name.strip('*')}" for c, name, *_ in rows],
    }


def check_differs(outcome, values):
    one, other = (np.asarray(outcome(value)) for value in values)
    assert one.shape != other.shape or np.any(one != other), values
