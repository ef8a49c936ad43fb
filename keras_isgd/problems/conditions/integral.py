"""Given integrals."""

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.problems.conditions.base import Condition, On
from keras_isgd.problems.conditions.values import Value, arguments_of, at, check_value
from keras_isgd.problems.quadrature import Rule, instants
from keras_isgd.utils.checks import check_count

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem
    from keras_isgd.problems.region import Region

__all__ = ["Integral"]


class Integral(Condition):
    """The integral of an expression over space, or over a part of it, is given.

    On an interval or a box of up to three dimensions it is computed by Gauss and
    Legendre's rule, which is exact for polynomials of degree 2 m - 1 in each
    coordinate; elsewhere by a low-discrepancy sum, with an error near 1 / nodes. In a
    problem with time, or with parameters, the integral over space is given at each of
    several times and parameters.

    Args:
        over: "interior", "boundary" or a part of it; see `Condition`.
        of: a function `of(u, x)` to `(n, k)`, such as `lambda u, x: u["p"].value`; it
            may take the normals `(n, d)` as a third argument on a boundary.
        value: what the integral is: a number, or a function of points `(r, d + q)`
            whose times and parameters count, or of `(u, x)`.
        nodes: number of nodes, or about so many where it is a product; a suitable one
            if None.
        weight, name: see `Condition`.

    Raises:
        ValueError: `of` is no function of two or three arguments, or a number below 1.
    """

    kind = "integral"
    pointwise = False

    def __init__(
        self,
        over: On = "interior",
        of: Callable[..., Any] | None = None,
        value: Value = 0.0,
        nodes: int | None = None,
        weight: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(over, weight, name)
        if self.on is None:
            raise ValueError(
                "An integral is over a part of the domain, not over single points."
            )
        self.over, self.on = self.on, None
        what = f"`of` of the condition {self.name!r}"
        if arguments_of(of, what) not in (2, 3):
            raise ValueError(
                f"Expected {what} as a function of (u, x) or (u, x, normals)."
            )
        self.of: Any = of
        self._wants_normals = arguments_of(of, what) == 3
        self.value = check_value(self.name, value)
        self.nodes = None if nodes is None else check_count("nodes", nodes)
        # What it is over: several parts where the domain has subdomains.
        self._overs: tuple[Any, ...] = (self.over,)
        self._known: tuple[Region, list[Rule]] | None = None

    def bound_to(self, problem: "Problem") -> Condition:
        if not problem.subdomains:
            return self
        bound = copy.copy(self)
        chosen = {
            name: geometry
            for name, geometry in problem.subdomains.items()
            if self.over is geometry or self.over == "interior"
        }
        if not chosen:
            raise ValueError(
                f"The condition {self.name!r} is an integral in a domain of several "
                'subdomains: take it over "interior", or over one of the geometries in '
                "`subdomains`."
            )
        bound.subdomains, bound._overs = tuple(chosen), tuple(chosen.values())
        return bound

    def check(self, problem: "Problem") -> None:
        super().check(problem)
        problem.check_place(self.over)

    def _rules(self, problem: "Problem") -> "list[Rule]":
        """For each part: nodes in space, their weights, and the normals there."""
        region = problem.region
        if self._known is None or self._known[0] is not region:
            # Eagerly, whatever graph is being traced.
            with tf.init_scope():
                rules = [
                    problem.quadrature(over, self.nodes, self._wants_normals)
                    for over in self._overs
                ]
            self._known = region, rules
        return self._known[1]

    def fixed_points(self, problem: "Problem") -> np.ndarray:
        """Times and parameters at which the integral is given, `(r, d + q)`."""
        return instants(problem.region)

    def places(self, problem: "Problem", x: tf.Tensor) -> list[tf.Tensor]:
        return [self._place(problem, x, rule) for rule in self._rules(problem)]

    def _place(self, problem: "Problem", x: tf.Tensor, rule: "Rule") -> tf.Tensor:
        """The nodes at each time and parameter, `(r m, d + q)`."""
        nodes = tf.constant(rule[0], x.dtype)
        rows, m = tf.shape(x)[0], nodes.shape[0]
        free = tf.constant(problem.region.space_columns(), tf.bool)
        here = tf.where(free, nodes[None], x[:, None, : problem.input_count])
        here = tf.reshape(here, [rows * m, problem.input_count])
        if x.shape[0] is not None:
            here = tf.ensure_shape(here, [x.shape[0] * m, problem.input_count])
        return here

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        rules = self._rules(problem)
        sums = [
            self._sum(problem, u, x, rule)
            for u, rule in zip(fields, rules, strict=True)
        ]
        total = sums[0] if len(sums) == 1 else tf.add_n(sums)
        return total - at(self.value, x, self.name, fields[0])

    def _sum(
        self, problem: "Problem", u: Field, x: tf.Tensor, rule: "Rule"
    ) -> tf.Tensor:
        """The integral over one part, `(r, k)`."""
        _, weights, normals = rule
        extra = []
        if self._wants_normals:
            extra = [tf.tile(tf.constant(normals, x.dtype), [tf.shape(x)[0], 1])]
        found = tf.convert_to_tensor(self.of(u, self._place(problem, x, rule), *extra))
        columns = found.shape[-1]
        if found.shape.rank != 2 or columns is None:
            raise ValueError(
                f"Expected `of` of the condition {self.name!r} to return (n, k) for n "
                f"points, got shape {found.shape}."
            )
        found = tf.reshape(found, [-1, len(weights), columns])
        return tf.tensordot(found, tf.constant(weights, x.dtype), [[1], [0]])
