"""What every condition is: one named term of a PINN's loss."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry.base import Geometry
from keras_isgd.geometry.part import BoundaryPart
from keras_isgd.problems.in_subdomain import InSubdomain
from keras_isgd.utils.checks import check_array

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = [
    "Condition",
    "On",
    "component_of",
    "derivative",
    "normal_derivative",
    "normals_vary",
]

# Where a condition holds: see `Condition`.
On = (
    str
    | Sequence[Any]
    | np.ndarray
    | Callable[[Any], Any]
    | Geometry
    | BoundaryPart
    | InSubdomain
)


class Condition:
    """One named term of a PINN's loss.

    Subclass it for a condition of your own: define `residual`, and where it needs more
    than the network at its points, `places`, `needs_normals` or `fixed_points`.

    Args:
        on: where it holds:

            - "interior", or "boundary": all of it but the ends of time;
            - a face such as "x_min" or "t_max": the part of the boundary where a
              coordinate is at an end;
            - the name of a part of the geometry, such as "left" or "disk";
            - a function from the space coordinates of boundary points, an array
              `(n, s)`, to truth values: the part where it is true;
            - several names, as a tuple: their union;
            - a `ki.geometry` object: a part of the interior, such as a `Segment`;
            - an array of points `(n, d + q)`.
        weight: omega, its weight in the loss (Eq. 6), a number > 0.
        name: the term's name in `History`; made up from `on` if None.

    Attributes:
        pointwise: whether the row at a point depends on that point alone; None finds
            it out, and False allows any number of rows.
        subdomains: names of the subdomains whose copy of the outputs each of `places`
            takes, in a problem with `subdomains`.
        needs_normals: whether `residual` gets outward normals: its x then has d further
            columns, one for each coordinate, see `normals`.

    Raises:
        ValueError: points that are no array of numbers.
    """

    kind = "condition"
    pointwise: bool | None = None
    needs_normals = False
    subdomains: tuple[str, ...] = ()

    def __init__(
        self, on: On | None, weight: float = 1.0, name: str | None = None
    ) -> None:
        self.weight = weight
        self._points: np.ndarray | None = None
        single = isinstance(on, str | Geometry | BoundaryPart) or callable(on)
        self.on: Any = on if on is None or single else self._several(on)
        self.given_name = name
        self.name = name or _name_for(self.kind, on, getattr(self, "component", None))

    def _several(self, on: Any) -> tuple[str, ...] | None:
        if isinstance(on, Sequence) and on and all(isinstance(o, str) for o in on):
            return tuple(on)
        points = check_array(f"`on` of a {self.kind} condition", on)
        if points.ndim != 2 or len(points) == 0:
            raise ValueError(
                f"Expected `on` of a {self.kind} condition as a place's name, names, a "
                "function, a geometry, or an array of points (n, d); got shape "
                f"{points.shape}."
            )
        self._points = points
        return None

    @property
    def set_name(self) -> str | None:
        """The name of the point set that it holds on, None for points of its own."""
        if self.on is None:
            return None
        if isinstance(self.on, str):
            return self.on
        if isinstance(self.on, tuple):
            return "+".join(self.on)
        part = getattr(self.on, "on", None)
        if isinstance(part, str):  # of a subdomain
            return f"{part}_{self.on.name}"
        return f"on_{self.name}"

    def bound_to(self, problem: "Problem") -> "Condition":
        """Returns the condition with what it leaves to the problem filled in."""
        return self

    def parts(self, problem: "Problem") -> "list[Condition]":
        """Returns the conditions that this one stands for, bound to a problem."""
        return [self.bound_to(problem)]

    def suited_to(self, orders: Mapping[str, int]) -> "Condition":
        """Returns the condition with what it leaves to the equation filled in.

        Args:
            orders: of the highest derivative in the equation, by coordinate.
        """
        return self

    def renamed(self, name: str) -> "Condition":
        """Returns the same condition by another name."""
        other = copy.copy(self)
        other.name = name
        return other

    def check(self, problem: "Problem") -> None:
        """Checks that the condition, bound to a problem, fits it.

        Raises:
            ValueError: with a sentence, if it does not.
        """
        points = self.fixed_points(problem)
        if points is not None and self._points is not None:
            problem.check_points(points, f"the condition {self.name!r}")
        elif self.on is not None:
            problem.check_place(self.on)
            if self.takes_normals(problem):
                problem.normal_axes(self.on)  # refuses where there are none

    def fixed_points(self, problem: "Problem") -> np.ndarray | None:
        """Returns points of its own, with what else `residual` needs of each.

        Returns:
            `(n, d + q + k)`, or None for a condition that holds on a point set.
        """
        if self._points is not None and self.needs_normals:
            raise ValueError(
                f"The condition {self.name!r} needs outward normals, which points of "
                "your own do not have: say where it holds by a part of the boundary."
            )
        return self._points

    def keep_points(self, chosen: Callable[[np.ndarray], np.ndarray]) -> bool:
        """Leaves out those of its own points that a function does not choose.

        Args:
            chosen: from points `(n, d + q)` to booleans `(n,)`.

        Returns:
            Whether any are left.
        """
        if self._points is None:
            raise ValueError(
                f"The condition {self.name!r} cannot be divided among subdomains."
            )
        self._points = self._points[chosen(self._points)]
        return len(self._points) > 0

    def places(self, problem: "Problem", x: tf.Tensor) -> list[tf.Tensor]:
        """Where the network is needed for inputs `x`: a list of `(n, d + q)`."""
        return [x[:, : problem.input_count]]

    def takes_normals(self, problem: "Problem") -> bool:
        """Tells whether `residual` gets normals as columns; see `needs_normals`."""
        return self.needs_normals

    def normals(self, problem: "Problem", x: tf.Tensor) -> tf.Tensor:
        """Returns the outward normals, unit vectors `(n, d)`, from inputs `x`.

        There is one column for each coordinate.
        """
        d = len(problem.coordinates)
        return x[:, problem.input_count : problem.input_count + d]

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        """Returns the rows that should vanish, `(n, k)`.

        Args:
            problem: the `Problem`.
            fields: one `Field` for each of `places`.
            x: the points: coordinates, parameters, and what `needs_normals` and
                `fixed_points` add.
        """
        raise TypeError(f"{type(self).__name__} must define residual().")


def _name_for(kind: str, on: Any, component: int | str | None) -> str:
    words = [kind]
    if isinstance(on, tuple):
        words += on
    elif isinstance(on, str):
        words.append(on)
    elif getattr(on, "__name__", "").isidentifier():
        words.append(on.__name__)
    if isinstance(component, str):
        words.append(component)
    return "_".join(words)


def component_of(u: Field, component: int | str | None) -> Field:
    """A field, or one of its outputs."""
    return u if component is None else u[component]


def derivative(u: Field, coordinate: str, order: int) -> tf.Tensor:
    """Returns the derivative of some order in one coordinate; order 0 is u itself."""
    return u.value if order == 0 else u.d(*[coordinate] * order)


def normal_derivative(
    condition: Condition, problem: "Problem", u: Field, x: tf.Tensor
) -> tf.Tensor:
    """Returns the derivative of u along the outward normals, `(n, outputs)`."""
    axes = problem.normal_axes(condition.on)
    if len(axes) == 1 and axes[0][1] is not None:
        ((axis, sign),) = axes
        return sign * u.d(problem.coordinates[axis])
    n = condition.normals(problem, x)
    return tf.add_n([n[:, i : i + 1] * u.d(problem.coordinates[i]) for i, _ in axes])


def normals_vary(condition: Condition, problem: "Problem") -> bool:
    """Whether the outward normals are not one coordinate's direction everywhere."""
    axes = problem.normal_axes(condition.on)
    return len(axes) > 1 or axes[0][1] is None
