"""What a differential equation is, to a PINN."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd import sampling
from keras_isgd.derivatives import Field
from keras_isgd.derivatives.field import TIME, Names
from keras_isgd.geometry import Box
from keras_isgd.geometry.base import Geometry
from keras_isgd.problems.coefficient import Coefficient, as_coefficient
from keras_isgd.problems.conditions import Condition
from keras_isgd.problems.places import OnFaces
from keras_isgd.problems.quadrature import Rule, quadrature
from keras_isgd.problems.region import Region
from keras_isgd.utils.checks import check_choice, check_seed, is_whole

__all__ = ["Problem"]


class Problem:
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
    defined_up_to_constant: tuple[str, ...] = ()
    pointwise: bool | None = None
    reference: str = ""
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

    # A subclass with a known solution defines exact(self, x): (n, d + q) -> (n, outputs).
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
    def width(self) -> int:
        """d + q, the number of the network's inputs."""
        return len(self.coordinates) + len(self.parameters)

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

    # -- places -----------------------------------------------------------------------

    @property
    def region(self) -> Region:
        """The domain with time and parameters."""
        key = (
            id(self.domain),
            tuple(self.coordinates),
            self.time,
            tuple(self.parameters.items()),
        )
        known = vars(self).get("_region")
        if known is None or known[0] != key:
            region = Region(
                type(self).__name__,
                self.domain,
                self.coordinates,
                self.time,
                self.parameters,
            )
            # The domain is kept with its number, which another could get.
            known = (key, region, self.domain)
            vars(self)["_region"] = known
        return known[1]

    def quadrature(self, over: Any, nodes: int | None, normals: bool) -> Rule:
        """Returns a rule for integrals over a part of space; see `quadrature`."""
        return quadrature(self.region, over, nodes, normals)

    def normal_axes(self, on: Any) -> list[tuple[int, float | None]]:
        """Returns the coordinates in which normals point; see `Region`."""
        return self.region.normal_axes(on)

    def edge_lengths(self, coordinate: str) -> float:
        """Returns the extent of the domain in a coordinate.

        Raises:
            ValueError: there is no such coordinate.
        """
        if coordinate not in self.coordinates:
            raise ValueError(
                f"Unknown coordinate {coordinate!r}: {type(self).__name__} has "
                f"{', '.join(self.coordinates)}."
            )
        return self.region.lengths[tuple(self.coordinates).index(coordinate)]

    def faces(self, on: str) -> list[tuple[int, int]]:
        """Returns the faces of a box that a point set's name means.

        Returns:
            `(axis, side)` pairs.

        Raises:
            ValueError: neither "boundary" nor a face, or a domain that is no box.
        """
        place = self.region.place(on)
        if not isinstance(place, OnFaces):
            raise ValueError(f"{on!r} are no faces of {type(self).__name__}.")
        return list(place.faces)

    def check_place(self, on: Any) -> None:
        """Checks that a condition's `on` is a place of the domain.

        Raises:
            ValueError: it is not.
        """
        self.region.place(on)

    def check_points(self, x: np.ndarray, what: str) -> None:
        """Checks that points `(n, d + q)` are inside the domain.

        Args:
            x: the points.
            what: whose they are, for the sentence.

        Raises:
            ValueError: wrong numbers of columns, or points outside.
        """
        if x.shape[1] != self.width:
            q = len(self.parameters)
            raise ValueError(
                f"{what[0].upper()}{what[1:]} has points of {x.shape[1]} columns, "
                f"{type(self).__name__} has {self.width - q} coordinates"
                f"{f' and {q} parameters' if q else ''}."
            )
        outside = int(np.sum(~self.region.contains(x)))
        if outside:
            raise ValueError(f"{outside} points of {what} lie outside {self.region}.")

    # -- conditions and points --------------------------------------------------------

    def bound_conditions(self) -> list[Condition]:
        """Returns the conditions with what they leave to the problem filled in.

        Those without a name of their own are numbered where they would share one.
        """
        found: list[Condition] = []
        taken: set[str] = set()
        for condition in self.conditions():
            for part in condition.parts(self):
                name, number = part.name, 2
                while name in taken and part.given_name is None:
                    name, number = f"{part.name}_{number}", number + 1
                taken.add(name)
                found.append(part if name == part.name else part.renamed(name))
        return found

    def _sets(self) -> dict[str, list[Condition]]:
        """The conditions on each point set but the interior, by its name."""
        sets: dict[str, list[Condition]] = {}
        for condition in self.bound_conditions():
            name = condition.set_name
            if name is not None and name != "interior":
                sets.setdefault(name, []).append(condition)
        return sets

    def point_sets(self) -> list[str]:
        """Returns the names of the point sets that training needs."""
        return ["interior", *self._sets()]

    def sets_with_normals(self) -> dict[str, Any]:
        """Returns where those point sets lie whose points have normals beside them.

        The place, a condition's `on`, by the name of the set.
        """
        return {
            name: conditions[0].on
            for name, conditions in self._sets().items()
            if any(condition.takes_normals(self) for condition in conditions)
        }

    def with_normals(self, sets: Mapping[str, Any]) -> dict[str, Any]:
        """Returns point sets with the outward normals that conditions need.

        They are d further columns. A set that has them keeps its own.

        Args:
            sets: dictionary of arrays `(n, d + q)`.

        Raises:
            ValueError: a point that has no normal.
        """
        complete = dict(sets)
        for name, on in self.sets_with_normals().items():
            x = complete.get(name)
            if x is None or np.ndim(x) != 2 or np.shape(x)[1] != self.width:
                continue
            x = np.asarray(x)
            normals = self.region.normals(on, x.astype(np.float64))
            complete[name] = np.concatenate([x, normals.astype(x.dtype)], axis=1)
        return complete

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
        check_choice("method", method, sampling.METHODS)
        seed = check_seed(seed)
        counts = self._counts(interior, boundary)
        samplers: dict[str, sampling.Sampler] = {}
        places = {name: found[0].on for name, found in self._sets().items()}
        normals = self.sets_with_normals()
        for offset, (name, count) in enumerate(counts.items()):
            samplers[name] = self.region.sampler(
                places.get(name, "interior"),
                count,
                method,
                seed + offset * 2**32,
                name in normals,
            )
        if refine != 0.0:
            samplers["interior"] = self._refined(interior, method, seed, refine)
        return sampling.point_dataset(samplers, resample)

    def _refined(
        self, interior: int, method: str, seed: int, refine: float
    ) -> sampling.Sampler:
        if self.steep is None or not 0.0 < refine < 1.0:
            raise ValueError(
                "Expected `refine` in [0, 1), and 0 for a problem without a box "
                f"`steep`; got {refine!r} for {type(self).__name__}."
            )
        inside = min(max(round(refine * interior), 1), interior - 1)
        everywhere = self.region.sampler("interior", interior - inside, method, seed)
        there = sampling.SetSampler(self.steep, inside, method, seed + 2**40)
        return sampling.Union([everywhere, there])

    def _counts(
        self, interior: int, boundary: int | Mapping[str, int] | None
    ) -> dict[str, int]:
        places = {name: found[0].on for name, found in self._sets().items()}
        names = list(places)
        drawn = not all(self.region.is_point(on) for on in places.values())
        if self.width == 1 and not drawn and boundary is not None:
            raise ValueError(
                "In one dimension the boundary is two end points and both are always "
                f"used: leave `boundary` out, got {boundary!r}."
            )
        if isinstance(boundary, Mapping):
            if set(boundary) != set(names):
                raise ValueError(
                    f"Expected `boundary` to give numbers for {', '.join(names)}; got "
                    f"{', '.join(map(str, boundary)) or 'none'}."
                )
            counts = {"interior": interior, **boundary}
        else:
            number = 200 if boundary is None else boundary
            counts = {"interior": interior, **dict.fromkeys(names, number)}
        for name, count in counts.items():
            if not is_whole(count, 1):
                raise ValueError(
                    f"Expected a whole number >= 1 of {name} points, got {count!r}."
                )
        return counts

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
        self._check_names()
        self._check_time()
        _ = self.region, self.unknowns
        names = ["residual"]
        for condition in self.bound_conditions():
            if condition.name in names:
                raise ValueError(
                    f"{type(self).__name__} has two terms named {condition.name!r}; "
                    "give one of the conditions another `name`."
                )
            names.append(condition.name)
            condition.check(self)

    def _check_names(self) -> None:
        owner = type(self).__name__
        if len(set(self.coordinates)) != len(self.coordinates) or not self.coordinates:
            raise ValueError(
                f"{owner}.coordinates must be different names, got {self.coordinates}."
            )
        outputs = self.outputs
        if isinstance(outputs, str):
            raise ValueError(
                f"Expected {owner}.outputs as a number or a tuple of names, got "
                f"{outputs!r}; one output of this name is ({outputs!r},)."
            )
        if not isinstance(outputs, Sequence):
            if not is_whole(outputs, 1):
                raise ValueError(
                    f"Expected {owner}.outputs as a whole number >= 1 or a tuple of "
                    f"names, got {outputs!r}."
                )
        elif not outputs or len(set(outputs)) != len(outputs):
            raise ValueError(f"{owner}.outputs must be different names, got {outputs}.")
        elif not all(isinstance(name, str) and name for name in outputs):
            raise ValueError(f"{owner}.outputs must be names, got {outputs}.")
        shared = set(self.coordinates) & set(self.parameters)
        if shared:
            raise ValueError(
                f"{owner} has {', '.join(sorted(shared))} both as a coordinate and as a "
                "parameter. A parameter is a further input; leave it out of "
                "`coordinates` and of `domain`."
            )
        unknown = set(self.defined_up_to_constant) - set(self.names.outputs)
        if unknown:
            raise ValueError(
                f"{owner}.defined_up_to_constant names {', '.join(sorted(unknown))}; "
                f"the outputs are {', '.join(self.names.outputs)}."
            )

    def _check_time(self) -> None:
        name, time = type(self).__name__, self.time
        if time is not None and not isinstance(time, str):
            raise ValueError(
                f"Expected {name}.time to be the name of the coordinate that is time, "
                f"or None, got {time!r}. Call what you keep there by another name."
            )
        if time not in (None, TIME) and self.time_axis is None:
            raise ValueError(
                f'{name}.time is "{time}", but its coordinates are '
                f"{', '.join(self.coordinates)}."
            )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments; none by default."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Problem":
        """Builds the problem from what `get_config` returned."""
        return cls(**config)
