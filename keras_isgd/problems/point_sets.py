"""A problem's named point sets, and the training points in them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_isgd import sampling
from keras_isgd.geometry import Box
from keras_isgd.hosts import common_seed
from keras_isgd.problems.conditions import Condition
from keras_isgd.utils.checks import check_choice, check_seed, is_whole

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["PointSets"]

# Points of each set but the interior, where nothing is said.
_DEFAULT = 200


class PointSets:
    """The named point sets that a problem's loss is evaluated on.

    Args:
        problem: the `Problem`.

    Attributes:
        interior: where the sets of the equation lie, a condition's `on`, by name: one
            set, or one for each subdomain.
        others: where the conditions' sets lie, likewise.
        with_normals: those of them whose points have outward normals beside them.
    """

    def __init__(self, problem: "Problem") -> None:
        self._problem = problem
        self.interior: dict[str, Any] = {"interior": "interior"}
        if problem.subdomains:
            self.interior = {
                f"interior_{name}": geometry
                for name, geometry in problem.subdomains.items()
            }
        conditions: dict[str, list[Condition]] = {}
        for condition in problem.bound_conditions():
            name = condition.set_name
            if name is not None and name not in self.interior:
                conditions.setdefault(name, []).append(condition)
        self.others = {name: found[0].on for name, found in conditions.items()}
        self.with_normals = {
            name: found[0].on
            for name, found in conditions.items()
            if any(condition.takes_normals(problem) for condition in found)
        }

    @property
    def names(self) -> list[str]:
        """All names, those of the interior first."""
        return [*self.interior, *self.others]

    def completed(self, sets: Mapping[str, Any]) -> dict[str, Any]:
        """Returns point sets with the outward normals that are missing in them.

        Args:
            sets: dictionary of arrays `(n, d + q)`, or with normals `(n, 2 d + q)`.

        Raises:
            ValueError: a point that has no normal.
        """
        complete = dict(sets)
        problem = self._problem
        for name, on in self.with_normals.items():
            x = complete.get(name)
            if x is None or np.ndim(x) != 2 or np.shape(x)[1] != problem.input_count:
                continue
            x = np.asarray(x)
            normals = problem.region.normals(on, x.astype(np.float64))
            complete[name] = np.concatenate([x, normals.astype(x.dtype)], axis=1)
        return complete

    def dataset(
        self,
        interior: int,
        boundary: int | Mapping[str, int] | None,
        resample: bool,
        seed: int | None,
        method: str,
        refine: float,
        steep: Sequence[Box] | None = None,
    ) -> tf.data.Dataset:
        """Returns training points; see `Problem.points`.

        Args:
            interior, boundary, resample, seed, method, refine: as there.
            steep: the boxes that the share `refine` is drawn from, the same number of
                points from each; that of the problem if None.
        """
        check_choice("method", method, sampling.METHODS)
        seed = common_seed() if seed is None else check_seed(seed)
        counts = self._counts(interior, boundary)
        places = {**self.interior, **self.others}
        samplers: dict[str, sampling.Sampler] = {}
        for offset, (name, count) in enumerate(counts.items()):
            samplers[name] = self._problem.region.sampler(
                places[name],
                count,
                method,
                seed + offset * 2**32,
                name in self.with_normals,
            )
        if refine != 0.0:
            own = () if self._problem.steep is None else (self._problem.steep,)
            boxes = own if steep is None else steep
            samplers["interior"] = self._refined(interior, method, seed, refine, boxes)
        return sampling.point_dataset(samplers, resample)

    def _refined(
        self,
        interior: int,
        method: str,
        seed: int,
        refine: float,
        steep: Sequence[Box],
    ) -> sampling.Sampler:
        problem = self._problem
        if not steep or not 0.0 < refine < 1.0 or problem.subdomains:
            raise ValueError(
                "Expected `refine` in [0, 1), and 0 for a problem without a box "
                f"`steep` or with subdomains; got {refine!r} for "
                f"{type(problem).__name__}."
            )
        inside = min(max(round(refine * interior), len(steep)), interior - 1)
        region = problem.region
        everywhere = region.sampler("interior", interior - inside, method, seed)
        shares = [(inside + i) // len(steep) for i in range(len(steep))]
        there = [
            sampling.SetSampler(box, share, method, seed + (i + 1) * 2**40)
            for i, (box, share) in enumerate(zip(steep, shares, strict=True))
        ]
        return sampling.Union([everywhere, *there])

    def _counts(
        self, interior: int, boundary: int | Mapping[str, int] | None
    ) -> dict[str, int]:
        region, names = self._problem.region, list(self.others)
        drawn = not all(region.is_point(on) for on in self.others.values())
        if self._problem.input_count == 1 and not drawn and boundary is not None:
            raise ValueError(
                "In one dimension the boundary is two end points and both are always "
                f"used: leave `boundary` out, got {boundary!r}."
            )
        counts = self._interior_counts(interior)
        if isinstance(boundary, Mapping):
            if set(boundary) != set(names):
                raise ValueError(
                    f"Expected `boundary` to give numbers for {', '.join(names)}; got "
                    f"{', '.join(map(str, boundary)) or 'none'}."
                )
            counts = {**counts, **boundary}
        else:
            number = _DEFAULT if boundary is None else boundary
            counts = {**counts, **dict.fromkeys(names, number)}
        for name, count in counts.items():
            if not is_whole(count, 1):
                raise ValueError(
                    f"Expected a whole number >= 1 of {name} points, got {count!r}."
                )
        return counts

    def _interior_counts(self, interior: int) -> dict[str, int]:
        """The points of the equation's sets, which share them by their measure."""
        if not self._problem.subdomains or not is_whole(interior, 1):
            return dict.fromkeys(self.interior, interior)
        measures = {name: g.measure for name, g in self.interior.items()}
        total = sum(measures.values())
        return {
            name: max(round(interior * measure / total), 1)
            for name, measure in measures.items()
        }
