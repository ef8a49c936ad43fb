"""The named terms of a PINN's loss, Eq. 6, as rows of residuals."""

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field, engines, requests_of
from keras_isgd.derivatives.channels import plan
from keras_isgd.problems.conditions import Data
from keras_isgd.residuals import taylor_jacobian as taylor_rows
from keras_isgd.utils.checks import check_positive

__all__ = ["Term", "terms_of"]

# Tensors of a layer's outputs that are alive at once: before and after the activation,
# its derivatives, and what flows back.
_COPIES = 8


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
        engine: function from requests to the module that serves derivatives.

    Attributes:
        columns: k, the number of rows of the residual for each point.

    Raises:
        ValueError: the rows have the wrong shape, or do not use the network.
    """

    def __init__(
        self, problem, name, on, weight, function, places, points, dtype, engine
    ):
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
                problem.time,
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
        self.engine = engine(set().union(*self._requests))

    def rows(self, network, point_sets, coefficients):
        """Returns the residuals, `(n, k)`.

        Args:
            network: maps `(n, d)` to `(n, outputs)`.
            point_sets: dictionary of tensors `(n_i, d)`.
            coefficients: dictionary of scalars.
        """
        return self.rows_at(self.inputs(point_sets), network, coefficients)

    def scale(self, point_sets):
        """Returns sqrt(omega / n), which makes the term the sum of squared rows."""
        x = self.inputs(point_sets)
        return tf.sqrt(self.weight / tf.cast(tf.shape(x)[0], x.dtype))

    def cost(self, network):
        """Roughly the bytes of a point in a loss with its gradient."""
        units = sum(v.shape[-1] for v in network.trainable_variables)
        channels = sum(len(plan(i for _, i in asked)) for asked in self._requests)
        return _COPIES * units * channels * tf.as_dtype(self._dtype).size

    def factored(self, layout, x, network, coefficients, scale=1.0):
        """Returns rows at `x` with their Jacobian in factors."""
        make = {
            "pointwise": taylor_rows.pointwise_rows,
            "coupled": taylor_rows.coupled_rows,
        }[layout]
        return make(
            network,
            self._places(x),
            self._requests,
            lambda values, numbers: scale * self._apply(values, x, numbers),
            coefficients,
        )

    def example(self):
        """Returns three points of it."""
        if self._points is not None:
            return self._points[:3]
        box = self._problem.domain
        unit = np.random.default_rng(0).uniform(size=(3, box.dimension))
        corner = np.asarray(box.lower)
        return tf.constant(corner + np.asarray(box.lengths) * unit, self._dtype)

    def inputs(self, point_sets):
        """Returns the term's points with what else it needs, `(n, d + k)`."""
        return self._points if self._points is not None else point_sets[self.on]

    def rows_at(self, x, network, coefficients):
        """Returns the residuals at some of the term's points, `(n, k)`."""
        values = [
            self.engine.derivatives(network, place, requests)
            for place, requests in zip(self._places(x), self._requests, strict=True)
        ]
        return self._apply(values, x, coefficients)

    def _apply(self, values, x, coefficients):
        fields = [
            Field(
                lambda component, indices, found=found: found[component, indices],
                self._problem.coordinates,
                self._problem.outputs,
                coefficients,
                time=self._problem.time,
            )
            for found in values
        ]
        return self._function(fields, x)


def terms_of(problem, weights, dtype, network=None, derivatives="tape"):
    """Returns the list of `Term`s of a problem.

    Args:
        problem: the `Problem`.
        weights: dictionary of weights by name that replace the conditions' own.
        dtype: of the network.
        network: what they will be evaluated on; any function with "tape".
        derivatives: one of `derivatives.engines.ENGINES`.

    Raises:
        ValueError: a weight for an unknown term or not positive and finite, or
            derivatives that the network does not allow.
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
    for condition in problem.bound_conditions():
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

    def engine(requests):
        return engines.choose(network, requests, derivatives)

    for name, on, weight, *rest in terms:
        weight = check_positive(f"weight of {name}", weights.get(name, weight))
        built.append(Term(problem, name, on, weight, *rest, dtype, engine))
    return built
