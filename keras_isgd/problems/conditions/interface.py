"""Jumps of values and fluxes between two subdomains."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry.part import BoundaryPart
from keras_isgd.problems.conditions.base import Condition, component_of
from keras_isgd.problems.conditions.values import Value, at, check_value

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Interface"]


class Interface(Condition):
    """Values and fluxes on the common boundary of two subdomains.

        u_a - u_b = value,    k_a du_a/dn - k_b du_b/dn = flux

    where n is the normal out of the first subdomain. Both are zero unless given:
    the solution and its flux are continuous.

    Args:
        between: the names of two of the problem's `subdomains`, a and b.
        k: k_a and k_b, such as conductivities: two numbers or functions as `value`;
            None leaves the row of fluxes out.
        value: the jump of u, see `Dirichlet`; None leaves its row out.
        flux: the jump of the flux, likewise.
        component: which output, its name or number; None for all.
        weight, name: see `Condition`.

    Raises:
        ValueError: other than two names, neither values nor fluxes, or a jump of the
            flux without `k`.
    """

    kind = "interface"
    needs_normals = True

    def __init__(
        self,
        between: Sequence[str],
        k: Sequence[Value] | None = (1.0, 1.0),
        value: Value | None = 0.0,
        flux: Value = 0.0,
        component: int | str | None = None,
        weight: float = 1.0,
        name: str | None = None,
    ) -> None:
        if isinstance(between, str) or len(tuple(between)) != 2:
            raise ValueError(
                "Expected the names of two subdomains in ki.Interface, such as "
                f'("lower", "upper"); got {between!r}.'
            )
        self.subdomains = tuple(between)
        super().__init__(None, weight, name or f"interface_{'_'.join(self.subdomains)}")
        self.given_name = name
        if k is None and value is None:
            raise ValueError(
                f"The condition {self.name!r} says nothing: give `value` or `k`."
            )
        if k is None and (callable(flux) or np.any(np.asarray(flux) != 0.0)):
            raise ValueError(
                f"The condition {self.name!r} has a jump of the flux, but no `k` that "
                "says what the flux is: give k=(k_a, k_b)."
            )
        if k is not None and (isinstance(k, str) or len(tuple(k)) != 2):
            raise ValueError(
                f"Expected `k` of the condition {self.name!r} as two numbers or "
                f"functions, one for each side; got {k!r}."
            )
        self.k = None if k is None else tuple(check_value(self.name, v) for v in k)
        self.value = None if value is None else check_value(self.name, value)
        self.flux = check_value(self.name, flux)
        self.component = component

    def bound_to(self, problem: "Problem") -> Condition:
        unknown = [name for name in self.subdomains if name not in problem.subdomains]
        if unknown:
            raise ValueError(
                f"The condition {self.name!r} is between {' and '.join(unknown)}, but "
                f"the subdomains of {type(problem).__name__} are "
                f"{', '.join(problem.subdomains) or 'none'}. Give it `subdomains`, a "
                "dictionary of geometries."
            )
        first, second = (problem.subdomains[name] for name in self.subdomains)
        bound = self.renamed(self.name)
        bound.on = BoundaryPart(first, where=second.contains)
        return bound

    @property
    def set_name(self) -> str:
        return self.name

    def places(self, problem: "Problem", x: tf.Tensor) -> list[tf.Tensor]:
        return [x[:, : problem.input_count]] * 2

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        one, other = (component_of(u, self.component) for u in fields)
        point = x[:, : problem.input_count]

        def given(value: Any, u: Field) -> tf.Tensor:
            return at(value, point, self.name, u)

        rows = []
        if self.value is not None:
            rows.append(one.value - other.value - given(self.value, one))
        if self.k is not None:
            n = self.normals(problem, x)
            fluxes = [
                given(k, u)
                * tf.add_n(
                    [
                        n[:, axis : axis + 1] * u.d(problem.coordinates[axis])
                        for axis, _ in problem.normal_axes(self.on)
                    ]
                )
                for k, u in zip(self.k, (one, other), strict=True)
            ]
            rows.append(fluxes[0] - fluxes[1] - given(self.flux, one))
        return rows[0] if len(rows) == 1 else tf.concat(rows, axis=1)
