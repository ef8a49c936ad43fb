"""The named terms of a PINN's loss, Eq. 6, as rows of residuals."""

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field, derivatives, requests_of
from keras_isgd.least_squares import PointwiseRows
from keras_isgd.problems.conditions import Data
from keras_isgd.solvers.solver import check_positive

__all__ = ["Term", "terms_of"]


class Term:
    """One term: omega / n times the sum of its squared rows.

    Args:
        problem: the `Problem`.
        name: the term's name.
        on: the point set that it is evaluated on, or None with `points`.
        weight: omega.
        function: `function(fields, x) -> (n, k)`.
        places: `places(x)` -> list of `(n, d)`, one for each field.
        points: fixed points with what else the function needs of each,
            `(n, d + k)`, or None.
        dtype: of the network.

    Attributes:
        columns: k, the number of rows of the residual for each point.

    Raises:
        ValueError: the rows have the wrong shape, or do not use the network.
    """

    def __init__(self, problem, name, on, weight, function, places, points, dtype):
        self.name = name
        self.on = on
        self.weight = weight
        self._problem = problem
        self._function = function
        self._places = places
        self._dtype = dtype
        self.columns = None
        self._points = None if points is None else tf.constant(points, dtype)
        columns = len(problem.coordinates) if points is None else points.shape[1]
        example = tf.zeros((1, columns), dtype)
        try:
            self._requests, self.columns = requests_of(
                function,
                len(places(example)),
                problem.coordinates,
                problem.outputs,
                problem.coefficients,
                dtype,
                columns,
            )
        except ValueError as error:
            raise ValueError(
                f"In the term {name!r} of {type(problem).__name__}: {error}"
            ) from error
        if not all(self._requests):
            raise ValueError(
                f"The term {name!r} of {type(problem).__name__} does not use the "
                "network: ask for u.value or a derivative such as "
                f'u.d("{problem.coordinates[0]}").'
            )

    def rows(self, network, point_sets, coefficients):
        """Returns the residuals, `(n, k)`.

        Args:
            network: maps `(n, d)` to `(n, outputs)`.
            point_sets: dictionary of tensors `(n_i, d)`.
            coefficients: dictionary of scalars.
        """
        return self._rows_at(self._inputs(point_sets), network, coefficients)

    def scale(self, point_sets):
        """Returns sqrt(omega / n), which makes the term the sum of squared rows."""
        x = self._inputs(point_sets)
        return tf.sqrt(self.weight / tf.cast(tf.shape(x)[0], x.dtype))

    def pointwise(self, network, point_sets, coefficients):
        """Returns the scaled rows as `PointwiseRows`."""
        scale = self.scale(point_sets)
        return PointwiseRows(
            lambda x: scale * self._rows_at(x, network, coefficients),
            self._inputs(point_sets),
        )

    def is_pointwise(self, network, coefficients):
        """Tells whether each row depends on its own point alone, by trying it.

        A residual may mix points, by an integral over them for one.
        """
        x = self._points
        if x is None:
            box = self._problem.domain
            unit = np.random.default_rng(0).uniform(size=(3, box.dimension))
            x = tf.constant(
                np.asarray(box.lower) + np.asarray(box.lengths) * unit, self._dtype
            )
        x = x[:3]
        together = self._rows_at(x, network, coefficients)
        alone = [
            self._rows_at(x[i : i + 1], network, coefficients)
            for i in range(x.shape[0])
        ]
        return np.allclose(
            together, tf.concat(alone, axis=0), rtol=1e-3, equal_nan=True
        )

    def _inputs(self, point_sets):
        return self._points if self._points is not None else point_sets[self.on]

    def _rows_at(self, x, network, coefficients):
        fields = []
        for place, requests in zip(self._places(x), self._requests, strict=True):
            values = derivatives(network, place, requests)
            fields.append(
                Field(
                    lambda component, indices, values=values: values[
                        component, indices
                    ],
                    self._problem.coordinates,
                    self._problem.outputs,
                    coefficients,
                )
            )
        return self._function(fields, x)


def terms_of(problem, weights, dtype):
    """Returns the list of `Term`s of a problem.

    Args:
        problem: the `Problem`.
        weights: dictionary of weights by name that replace the conditions' own.
        dtype: of the network.

    Raises:
        ValueError: a weight for an unknown term or not positive and finite.
    """
    problem.check()
    terms = [
        (
            "residual",
            "interior",
            1.0,
            lambda fields, x: problem.residual(fields[0], x),
            lambda x: [x],
            None,
        )
    ]
    for condition in problem.conditions():
        terms.append(
            (
                condition.name,
                condition.on,
                condition.weight,
                lambda fields, x, c=condition: c.residual(problem, fields, x),
                lambda x, c=condition: c.places(problem, x),
                condition.columns if isinstance(condition, Data) else None,
            )
        )
    names = [term[0] for term in terms]
    unknown = sorted(set(weights) - set(names))
    if unknown:
        raise ValueError(
            f"Unknown loss weights {', '.join(unknown)}: the terms of "
            f"{type(problem).__name__} are {', '.join(names)}."
        )
    built = []
    for name, on, weight, *rest in terms:
        weight = check_positive(f"weight of {name}", weights.get(name, weight))
        built.append(Term(problem, name, on, weight, *rest, dtype))
    return built
