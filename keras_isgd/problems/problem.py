"""What a differential equation is, to a PINN."""

import numpy as np
from scipy.stats import qmc

from keras_isgd import sampling
from keras_isgd.geometry import Box, Faces
from keras_isgd.problems.conditions import Data
from keras_isgd.utils.checks import check_choice, check_seed

__all__ = ["Problem"]

# Grid points along each axis of the test grid, by dimension.
_TEST_COUNTS = {1: 20_001, 2: 201, 3: 41}


class Problem:
    """A differential equation on a box, with conditions.

    A subclass sets `coordinates` and `domain` and defines `residual`; most
    define `conditions`, and `exact` where a solution is known. Register it with
    `keras.saving.register_keras_serializable`, and give it a `get_config` if its
    constructor takes arguments, so that models of it can be saved.

    Attributes:
        coordinates: names of the d coordinates; "t" is time.
        outputs: number of the network's outputs.
        domain: a `Box` in d dimensions.
        coefficients: trainable coefficients of the equation and their first
            values, such as `{"nu": 0.1}`; `residual` reads `u.coefficient("nu")`.

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

    coordinates = ("x",)
    outputs = 1
    domain = Box(0.0, 1.0)
    coefficients = {}
    reference = ""
    # A box inside the domain where the solution is steep, for `points(refine=...)`.
    steep = None

    def residual(self, u, x):
        """Returns what the equation says is zero, `(n, k)` for k equations.

        Args:
            u: `Field` at the points.
            x: the points, `(n, d)`.
        """
        raise TypeError(
            f"{type(self).__name__} must define residual(self, u, x), the equation "
            "with everything on one side."
        )

    def conditions(self):
        """Returns the list of conditions; none by default."""
        return []

    # A subclass with a known solution defines exact(self, x): (n, d) -> (n, outputs).
    exact = None

    def faces(self, on):
        """Returns the faces that a point set's name means, as `(axis, side)` pairs.

        Raises:
            ValueError: neither "boundary" nor a face.
        """
        if on == "boundary":
            faces = [
                (axis, side)
                for axis, name in enumerate(self.coordinates)
                if name != "t"
                for side in (0, 1)
            ]
            if not faces:
                raise ValueError(
                    f'{type(self).__name__} has no boundary but in time "t": use '
                    'ki.Initial, or on="t_min" or on="t_max".'
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

    def point_sets(self):
        """Returns the names of the point sets that training needs."""
        names = ["interior"]
        for condition in self.conditions():
            if condition.on is not None and condition.on not in names:
                names.append(condition.on)
        return names

    def points(
        self,
        interior=1000,
        boundary=None,
        resample=True,
        seed=0,
        method="uniform",
        refine=0.0,
    ):
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
        samplers = {}
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

    def _refined(self, interior, method, seed, refine):
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

    def _counts(self, interior, boundary):
        names = self.point_sets()[1:]
        one_dimensional = len(self.coordinates) == 1
        if one_dimensional and boundary is not None:
            raise ValueError(
                "In one dimension the boundary is two end points and both are always "
                f"used: leave `boundary` out, got {boundary!r}."
            )
        if isinstance(boundary, dict):
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
            if (
                isinstance(count, bool)
                or not isinstance(count, (int, np.integer))
                or count < 1
            ):
                raise ValueError(
                    f"Expected a whole number >= 1 of {name} points, got {count!r}."
                )
        return counts

    def test_points(self):
        """Returns the fixed fine grid on which errors are measured, `(n, d)`."""
        d = len(self.coordinates)
        if d in _TEST_COUNTS:
            return self.domain.grid([_TEST_COUNTS[d]] * d)
        unit = qmc.Sobol(d, scramble=False).random_base2(16)
        return self.domain.lower + np.asarray(self.domain.lengths) * unit

    def check(self):
        """Checks that the parts fit together.

        Raises:
            ValueError: with a sentence, if they do not.
        """
        name = type(self).__name__
        if len(set(self.coordinates)) != len(self.coordinates) or not self.coordinates:
            raise ValueError(
                f"{name}.coordinates must be different names, got {self.coordinates}."
            )
        if self.domain.dimension != len(self.coordinates):
            raise ValueError(
                f"{name} has coordinates {self.coordinates}, but its domain has "
                f"{self.domain.dimension} dimensions."
            )
        names = ["residual"]
        for condition in self.conditions():
            if condition.name in names:
                raise ValueError(
                    f"{name} has two terms named {condition.name!r}; give one of the "
                    "conditions another `name`."
                )
            names.append(condition.name)
            if condition.on is not None:
                self.faces(condition.on)
            if isinstance(condition, Data):
                self._check_data(condition)

    def _check_data(self, data):
        if data.points.shape[1] != len(self.coordinates):
            raise ValueError(
                f"The data {data.name!r} has points of {data.points.shape[1]} "
                f"coordinates, {type(self).__name__} has {len(self.coordinates)}."
            )
        columns = self.outputs if data.component is None else 1
        if data.values.shape[1] != columns:
            raise ValueError(
                f"The data {data.name!r} has values of {data.values.shape[1]} columns, "
                f"expected {columns}, one for each output that is measured."
            )
        outside = int(np.sum(~self.domain.contains(data.points)))
        if outside:
            raise ValueError(
                f"{outside} points of the data {data.name!r} lie outside {self.domain}."
            )

    def get_config(self):
        """Returns the constructor's arguments; none by default."""
        return {}

    @classmethod
    def from_config(cls, config):
        """Builds the problem from what `get_config` returned."""
        return cls(**config)
