"""A problem with any conditions, and the rows of a problem's terms."""

import tensorflow as tf

import keras_isgd as ki
from keras_isgd.residuals.terms import terms_of


def rows_of(problem, network, interior=None):
    """The rows of every term, and the points that they belong to."""
    sets = next(iter(problem.points(interior=1, seed=2)))
    if interior is not None:
        sets["interior"] = tf.constant(interior)
    rows = {
        term.name: term.rows_at(term.inputs(sets), network, {}).numpy()
        for term in terms_of(problem, {}, "float64")
    }
    return rows, {name: x.numpy() for name, x in sets.items()}


class Sheet(ki.Problem):
    """Any conditions, on x in (-1, 2) and t in (1, 3): t does not begin at 0."""

    coordinates = ("x", "t")
    domain = ki.Box((-1.0, 1.0), (2.0, 3.0))

    def __init__(self, *conditions, **attributes):
        self.conditions = lambda: list(conditions)
        vars(self).update(attributes)

    def residual(self, u, x):
        return u.d("t")
