"""What a differential equation is, to a PINN."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd import sampling
from keras_isgd.derivatives import Field
from keras_isgd.derivatives.field import TIME
from keras_isgd.geometry import Box, Faces
from keras_isgd.problems.conditions import Condition
from keras_isgd.utils.checks import check_array, check_choice, check_seed, is_whole

__all__ = ["Problem"]

# Grid points along each axis of the test grid, by dimension.
_TEST_COUNTS = {1: 20_001, 2: 201, 3: 41}
# In more dimensions, so many points of a Sobol sequence.
_TEST_POINTS = 2**16


class Problem:
    """A differential equation on a box, with conditions.

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
        outputs: number of the network's outputs.
        domain: a `Box` in d dimensions.
        coefficients: trainable coefficients of the equation and their first
            values, such as `{"nu": 0.1}`; `residual` reads `u.coefficient("nu")`.
        pointwise: whether the residual at a point depends on that point alone; None
            finds it out.

    Example:

        @keras.saving.register_keras_serializable("my_package")
        class Helmholtz(ki.Problem):
            coordinates = ("x", "y")
            domain = ki.Box((0.0, 0.0), (1.0, 1.0))

            def residual(self, u, x):
                return u.laplacian() + 16.0 * u.value - self.source(x)

            def conditions(self):
                return [ki.Dirichlet(on="boundary", value=self.exact)]
    """

    coordinates: tuple[str, ...] = ("x",)
    time: str | None = TIME
    outputs: int = 1
    domain: Box = Box(0.0, 1.0)
    coefficients: Mapping[str, float] = {}
    pointwise: bool | None = None
    reference: str = ""
    # A box inside the domain where the solution is steep, for `points(refine=...)`.
    steep: Box | None = None

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        """Returns what the equation says is zero, `(n, k)` for k equations.

        Args:
            u: `Field` at the points.
            x: the points, `(n, d)`.
        """
        raise TypeError(
            f"{type(self).__name__} must define residual(self, u, x), the equation "
            "with everything on one side."
        )

    def conditions(self) -> list[Condition]:
        """Returns the list of conditions; none by default."""
        return []

    # A subclass with a known solution defines exact(self, x): (n, d) -> (n, outputs).
    exact: Any = None

    @property
    def time_axis(self) -> int | None:
        """The index of the time coordinate, or None."""
        coordinates = tuple(self.coordinates)
        return coordinates.index(self.time) if self.time in coordinates else None

    def bound_conditions(self) -> list[Condition]:
        """Returns the conditions with what they leave to the problem filled in."""
        return [condition.bound_to(self) for condition in self.conditions()]

    def faces(self, on: str) -> list[tuple[int, int]]:
        """Returns the faces that a point set's name means, as `(axis, side)` pairs.

        Raises:
            ValueError: neither "boundary" nor a face.
        """
        if on == "boundary":
            faces = [
                (axis, side)
                for axis in range(len(self.coordinates))
                if axis != self.time_axis
                for side in (0, 1)
            ]
            if not faces:
                raise ValueError(
                    f"{type(self).__name__} has no boundary but in its time "
                    f'"{self.time}": use ki.Initial, or on="{self.time}_min" or '
                    f'on="{self.time}_max".'
                )
            return faces
        named = {
            f"{name}_{end}": (axis, side)
            for axis, name in enumerate(self.coordinates)
            for side, end in enumerate(("min", "max"))
        }
        if on not in named:
            raise ValueError(
                f"Unknown place {on!r}: {type(self).__name__} has boundary, "
                f"{', '.join(named)}."
            )
        return [named[on]]

    def point_sets(self) -> list[str]:
        """Returns the names of the point sets that training needs."""
        names = ["interior"]
        for condition in self.bound_conditions():
            if condition.on is not None and condition.on not in names:
                names.append(condition.on)
        return names

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
            A `tf.data.Dataset` of dictionaries of float64 tensors `(n_i, d)`. It
            goes on at the step where a restored run stopped.

        Raises:
            ValueError: a number below 1, an unknown method or set, a share without
                a box `steep`, or a set above 2 GiB.
        """
        check_choice("method", method, sampling.METHODS)
        seed = check_seed(seed)
        counts = self._counts(interior, boundary)
        samplers: dict[str, sampling.Sampler] = {}
        for offset, (name, count) in enumerate(counts.items()):
            faces = None
            if name != "interior":
                faces = Faces(self.domain, tuple(self.faces(name)))
            samplers[name] = sampling.SetSampler(
                self.domain, count, method, seed + offset * 2**32, faces
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
        return sampling.Union(
            [
                sampling.SetSampler(self.domain, interior - inside, method, seed),
                sampling.SetSampler(self.steep, inside, method, seed + 2**40),
            ]
        )

    def _counts(
        self, interior: int, boundary: int | Mapping[str, int] | None
    ) -> dict[str, int]:
        names = self.point_sets()[1:]
        one_dimensional = len(self.coordinates) == 1
        if one_dimensional and boundary is not None:
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
        """Returns the fixed fine grid on which errors are measured, `(n, d)`."""
        d = len(self.coordinates)
        if d in _TEST_COUNTS:
            return self.domain.grid([_TEST_COUNTS[d]] * d)
        return self.domain.from_unit(sampling.sobol_points(d, _TEST_POINTS))

    def check(self) -> None:
        """Checks that the parts fit together.

        Raises:
            ValueError: with a sentence, if they do not.
        """
        name = type(self).__name__
        if len(set(self.coordinates)) != len(self.coordinates) or not self.coordinates:
            raise ValueError(
                f"{name}.coordinates must be different names, got {self.coordinates}."
            )
        self._check_time()
        if self.domain.dimension != len(self.coordinates):
            raise ValueError(
                f"{name} has coordinates {self.coordinates}, but its domain has "
                f"{self.domain.dimension} dimensions."
            )
        for coefficient, value in self.coefficients.items():
            if check_array(f"The coefficient {coefficient!r} of {name}", value).ndim:
                raise ValueError(
                    f"The coefficient {coefficient!r} of {name} has to start at one "
                    f"number, got {value!r}."
                )
        names = ["residual"]
        for condition in self.bound_conditions():
            if condition.name in names:
                raise ValueError(
                    f"{name} has two terms named {condition.name!r}; give one of the "
                    "conditions another `name`."
                )
            names.append(condition.name)
            condition.check(self)

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
