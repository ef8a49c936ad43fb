"""What a differential equation is, to a PINN."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.derivatives.field import TIME, Names
from keras_isgd.geometry import Box
from keras_isgd.geometry.base import Geometry
from keras_isgd.problems.coefficient import Coefficient, as_coefficient
from keras_isgd.problems.conditions import Condition
from keras_isgd.problems.names import check_names
from keras_isgd.problems.placed import Placed
from keras_isgd.problems.point_sets import PointSets
from keras_isgd.problems.subdomains import (
    check_subdomains,
    per_subdomain,
)

__all__ = ["Problem"]


class Problem(Placed):
    """A differential equation on a domain, with conditions.

    A subclass sets `coordinates` and `domain` and defines `residual`; most
    define `conditions`, and `exact` where a solution is known. Register it with
    `keras.saving.register_keras_serializable`, and give it a `get_config` if its
    constructor takes arguments, so that models of it can be saved.

    Attributes:
        coordinates: names of the d coordinates.
        time: which coordinate is time, by name: it has a first value instead of a
            boundary, and the Laplacian leaves it out. "t" unless set otherwise; a
            problem without a coordinate of that name has no time, nor has one with
            None.
        outputs: number of the network's outputs, or their names, such as
            `("u", "v", "p")`.
        domain: a geometry in d dimensions: a `Box`, or with time
            `geometry * ki.geometry.Interval(0.0, 1.0)`.
        parameters: ranges of further inputs of the network by name, such as
            `{"k": (0.2, 1.0)}`: numbers of the equation for whose every value it is
            solved at once. `residual` reads `u.parameter("k")`. They have no boundary
            and no place in the Laplacian.
        coefficients: trainable coefficients of the equation and their first values,
            such as `{"nu": 0.1}`, or a `Coefficient` each, with bounds; `residual`
            reads `u.coefficient("nu")`.
        subdomains: parts of space by name, `{"lower": geometry, ...}`, each with a
            solution of its own, for several materials. `residual` finds the part's
            name in `u.subdomain`, and `Interface` joins them.
        defined_up_to_constant: names of outputs that the equation defines up to a
            constant, such as a pressure; errors leave the constant out.
        pointwise: whether the residual at a point depends on that point alone; None
            finds it out, and False allows rows that mix points.

    Example:

        @keras.saving.register_keras_serializable("my_package")
        class Helmholtz(ki.Problem):
            coordinates = ("x", "y")
            domain = ki.geometry.Disk((0.0, 0.0), 1.0)

            def residual(self, u, x):
                return u.laplacian() + 16.0 * u.value - self.source(x)

            def conditions(self):
                return [ki.Dirichlet(on="boundary", value=self.exact)]
    """

    coordinates: tuple[str, ...] = ("x",)
    time: str | None = TIME
    outputs: int | tuple[str, ...] = 1
    domain: Geometry = Box(0.0, 1.0)
    parameters: Mapping[str, tuple[float, float]] = {}
    coefficients: Mapping[str, float | Coefficient] = {}
    subdomains: Mapping[str, Geometry] = {}
    defined_up_to_constant: tuple[str, ...] = ()
    pointwise: bool | None = None
    reference: str = ""
    # Whether its network is one for a part of its time; see `solving.windows`.
    in_window = False
    # A box inside the domain where the solution is steep, for `points(refine=...)`.
    steep: Box | None = None

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        """Returns what the equation says is zero, `(n, k)` for k equations.

        A dictionary of `(n, 1)` by name gives each equation a name, under which its
        part of the loss and its weight are found.

        Args:
            u: `Field` at the points.
            x: the points, `(n, d + q)`: coordinates, then parameters.
        """
        raise TypeError(
            f"{type(self).__name__} must define residual(self, u, x), the equation "
            "with everything on one side."
        )

    def conditions(self) -> list[Condition]:
        """Returns the list of conditions; none by default."""
        return []

    # A subclass with a known solution defines exact(self, x): (n, d + q) to
    # (n, outputs), NaN where it is unknown, or a dictionary of (n, 1) by the names of
    # the outputs of which it is known.
    exact: Any = None

    # -- names ----------------------------------------------------------------------

    @property
    def names(self) -> Names:
        """What the problem calls its coordinates, outputs and parameters."""
        outputs = self.outputs
        if isinstance(outputs, int):
            outputs = ("u",) if outputs == 1 else tuple(f"u{i}" for i in range(outputs))
        return Names(
            tuple(self.coordinates), tuple(outputs), self.time, tuple(self.parameters)
        )

    @property
    def network_outputs(self) -> int:
        """The number of the network's outputs: all of them, in each subdomain."""
        return len(self.names.outputs) * max(len(self.subdomains), 1)

    def first_outputs(self, subdomains: Sequence[str]) -> list[int]:
        """Returns the number of the network's first output for some subdomains."""
        names, count = list(self.subdomains), len(self.names.outputs)
        return [names.index(name) * count for name in subdomains]

    @property
    def time_axis(self) -> int | None:
        """The index of the time coordinate, or None."""
        coordinates = tuple(self.coordinates)
        return coordinates.index(self.time) if self.time in coordinates else None

    @property
    def unknowns(self) -> dict[str, Coefficient]:
        """The coefficients, each with its bounds."""
        owner = type(self).__name__
        return {
            name: as_coefficient(f"The coefficient {name!r} of {owner}", value)
            for name, value in self.coefficients.items()
        }

    # -- conditions and points --------------------------------------------------------

    def bound_conditions(self) -> list[Condition]:
        """Returns the conditions with what they leave to the problem filled in.

        Those without a name of their own are numbered where they would share one.
        """
        found: list[Condition] = []
        taken: set[str] = set()
        for condition in self.conditions():
            for part in self._parts_of(condition):
                name, number = part.name, 2
                while name in taken and part.given_name is None:
                    name, number = f"{part.name}_{number}", number + 1
                taken.add(name)
                found.append(part if name == part.name else part.renamed(name))
        return found

    def _parts_of(self, condition: Condition) -> list[Condition]:
        parts = condition.parts(self)
        if not self.subdomains:
            return parts
        return [one for part in parts for one in per_subdomain(self, part)]

    @property
    def sets(self) -> PointSets:
        """The point sets that training needs."""
        return PointSets(self)

    def point_sets(self) -> list[str]:
        """Returns the names of the point sets that training needs."""
        return self.sets.names

    def with_normals(self, sets: Mapping[str, Any]) -> dict[str, Any]:
        """Returns point sets with the outward normals that conditions need.

        They are d further columns. A set that has them keeps its own.

        Args:
            sets: dictionary of arrays `(n, d + q)`.

        Raises:
            ValueError: a point that has no normal.
        """
        return self.sets.completed(sets)

    def points(
        self,
        interior: int = 1000,
        boundary: int | Mapping[str, int] | None = None,
        resample: bool = True,
        seed: int | None = 0,
        method: str = "uniform",
        refine: float = 0.0,
    ) -> tf.data.Dataset:
        """Returns training points: an endless dataset of named point sets.

        Args:
            interior: number of points in the interior.
            boundary: number of points of each other set (faces share those of
                "boundary" by area), or a dictionary of numbers by set; 200 if
                None. In one dimension these sets are end points, and None is the
                only choice.
            resample: new points at each step, or the same ones always.
            seed: whole number; the same seed gives the same points. None draws
                one.
            method: "uniform" (random), or low-discrepancy by SciPy: "sobol",
                "halton", "latin_hypercube".
            refine: share of the interior points that is drawn from `steep`, a box
                where the problem knows its solution to be steep; in [0, 1).

        Returns:
            A `tf.data.Dataset` of dictionaries of float64 tensors `(n_i, d + q)`,
            with the outward normals `(n_i, d)` beside them where a condition needs
            them. It goes on at the step where a restored run stopped.

        Raises:
            ValueError: a number below 1, an unknown method or set, a share without
                a box `steep`, or a set above 2 GiB.
        """
        return self.sets.dataset(interior, boundary, resample, seed, method, refine)

    def test_points(self) -> np.ndarray:
        """Returns the fixed fine points on which errors are measured, `(n, d + q)`.

        A grid of a box in up to three dimensions; elsewhere points that are evenly
        spread over the geometry.
        """
        return self.region.test_points()

    def check(self) -> None:
        """Checks that the parts fit together.

        Raises:
            ValueError: with a sentence, if they do not.
        """
        check_names(self)
        _ = self.region, self.unknowns
        check_subdomains(self)
        names = ["residual"]
        for condition in self.bound_conditions():
            if condition.name in names:
                raise ValueError(
                    f"{type(self).__name__} has two terms named {condition.name!r}; "
                    "give one of the conditions another `name`."
                )
            names.append(condition.name)
            condition.check(self)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments; none by default."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Problem":
        """Builds the problem from what `get_config` returned."""
        return cls(**config)
