"""A network for a problem, but for its size."""

import dataclasses
import math
from typing import Any

import keras
import numpy as np

from keras_isgd.models.jumps import Jumps
from keras_isgd.networks import PeriodicFeatures, mlp
from keras_isgd.networks.boundary_layer_features import (
    BoundaryLayer,
    BoundaryLayerFeatures,
)
from keras_isgd.networks.corner_features import Corner, CornerFeatures
from keras_isgd.networks.hole_features import Hole, HoleFeatures
from keras_isgd.networks.jump_features import JumpFeatures
from keras_isgd.networks.jump_poles import JumpPoles
from keras_isgd.networks.separable import separable
from keras_isgd.networks.unit_box import UnitBox
from keras_isgd.problems import Problem

__all__ = ["Design"]

# First-layer scales on inputs between 0 and 1: the smallest, the frequency of the data
# for each one of it (see `networks.input_scale_for`), and the largest.
_INPUT_SCALE, _FREQUENCY, _LARGEST_SCALE = 4.0, 3.0, 100.0
# Of the circle of a periodic coordinate; its middle is that of the unit box.
_RADIUS = 0.25
# The first layer's scale of each feature of a hole, a corner or a boundary layer.
_HOLE_SCALE = _CORNER_SCALE = _LAYER_SCALE = 2.0
# Factor on the last kernel of an output with a single prescribed value.
_FLATTER = 0.01
# From so many coordinates on sums of products pay, and up to so many they begin well:
# a product of six factors is flat. See docs/results/untuned.md.
_MANY, _MOST = 3, 5


@dataclasses.dataclass(frozen=True)
class Design:
    """What a network for a problem is to be, but for its size.

    Attributes:
        problem: the `Problem`.
        middles: of each output, `(outputs,)`.
        sizes: half the range of each, `(outputs,)`.
        flat: outputs that start with a hundredth of their range.
        periodic: the numbers of the coordinates that are circles.
        frequencies: those of the data along each input, `(d + q,)`, in radians over
            its edge; see `data_frequencies`.
        elsewhere: the name of a term that needs the solution at other points than its
            own, or None; those across a period do not count.
        jumps: where prescribed values jump; see `jumps_of`.
        holes: those of the domain; see `holes_of`.
        corners: where the solution is singular; see `singular_corners`.
        layers: the boundary layers; see `boundary_layers_of`.
        least_scale: the first layer's scale where no data vary fast.
        separable: whether it is a sum of products of functions of one coordinate each
            instead of a fully connected network; see `networks.separable`.
    """

    problem: Problem
    middles: np.ndarray
    sizes: np.ndarray
    flat: np.ndarray
    periodic: tuple[int, ...]
    frequencies: np.ndarray
    elsewhere: str | None = None
    jumps: Jumps = dataclasses.field(default_factory=Jumps)
    holes: tuple[Hole, ...] = ()
    corners: tuple[Corner, ...] = ()
    layers: tuple[BoundaryLayer, ...] = ()
    least_scale: float = _INPUT_SCALE
    separable: bool = False

    def network(
        self,
        width: int = 24,
        depth: int = 2,
        seed: int | None = 0,
        dtype: str = "float64",
    ) -> keras.Model:
        """Builds a network.

        Args:
            width: units in each hidden layer.
            depth: number of hidden layers; a separable network has two.
            seed: whole number for the weights, or None.
            dtype: "float64" or "float32".

        Returns:
            A functional `keras.Model` from `(n, d + q)` to the problem's outputs.

        Raises:
            ValueError: another depth than two of a separable network.
        """
        problem, region = self.problem, self.problem.region
        further = self._further_inputs(dtype)
        inner = self._inner(width, depth, seed, dtype, further)
        copies = max(len(problem.subdomains), 1)
        # A start that varies by the full size is far from most equations, where how an
        # output with a single prescribed value varies is not known.
        kernel = inner.layers[-1].kernel
        kernel.assign(kernel * np.tile(np.where(self.flat, _FLATTER, 1.0), copies))
        x = keras.Input((problem.input_count,), dtype=dtype, name="x")
        unit = UnitBox(region.lower, region.upper, dtype=dtype, name="unit_box")(x)
        features = self._circles(unit, dtype)
        if further:
            every = [features, *(layer(x) for layer, _ in further)]
            features = keras.layers.Concatenate(dtype=dtype)(every)
        u = keras.layers.Rescaling(
            np.tile(self.sizes, copies).tolist(),
            np.tile(self.middles, copies).tolist(),
            dtype=dtype,
            name="scaled",
        )(inner(features))
        if self.jumps.poles:
            u = keras.layers.Add(dtype=dtype)([u, self._poles(dtype)(x)])
        return keras.Model(x, u, name="scaled_mlp")

    def _inner(
        self,
        width: int,
        depth: int,
        seed: int | None,
        dtype: str,
        further: list[tuple[Any, float]],
    ) -> keras.Model:
        """The network behind what maps its inputs."""
        scales = self.input_scales
        scales += [s for layer, s in further for _ in range(layer.count)]
        outputs = self.problem.network_outputs
        if self.separable:
            if depth != 2:
                raise ValueError(
                    f"A separable network has two hidden layers, got depth={depth}."
                )
            groups = self._groups()
            return separable(
                len(scales), outputs, width, scales, groups, dtype=dtype, seed=seed
            )
        return mlp(
            len(scales),
            outputs,
            width=width,
            depth=depth,
            input_scale=scales,
            dtype=dtype,
            seed=seed,
        )

    def as_separable(self) -> "Design | None":
        """Returns the same for sums of products, or None where these do not suit.

        They suit three to five coordinates, but not beside features of jumps, holes,
        corners and boundary layers.
        """
        if self.jumps.jumps or self.holes or self.corners or self.layers:
            return None
        if not _MANY <= self.problem.input_count <= _MOST:
            return None
        return dataclasses.replace(self, separable=True)

    def separable_width(self, width: int) -> int:
        """The width with which a separable network has about as many weights."""
        return math.ceil(width / math.sqrt(self.problem.input_count))

    def _groups(self) -> list[list[int]]:
        """The inputs of each factor: a coordinate, or the two of its circle."""
        plain = self.problem.input_count - len(self.periodic)
        circles = range(plain, plain + 2 * len(self.periodic), 2)
        return [[k] for k in range(plain)] + [[k, k + 1] for k in circles]

    def is_fast(self, axis: int) -> bool:
        """Whether the data vary so fast along an input that its scale is larger."""
        return bool(self.frequencies[axis] > _FREQUENCY * _INPUT_SCALE)

    @property
    def input_scales(self) -> list[float]:
        """The first layer's scale for each coordinate, on lengths of the unit box.

        The smallest one resolves what an equation makes by itself of smooth data, and
        larger ones what the data bring along.
        """
        least = self.least_scale
        scales = np.clip(self.frequencies / _FREQUENCY, least, _LARGEST_SCALE)
        plain = [s for axis, s in enumerate(scales) if axis not in self.periodic]
        # Along a circle within the unit box a period is 2 pi times its radius.
        around = self.frequencies / (_FREQUENCY * 2.0 * np.pi * _RADIUS)
        around = np.clip(around, least, _LARGEST_SCALE)
        waves = [s for axis in self.periodic for s in (around[axis], around[axis])]
        return [float(s) for s in plain + waves]

    def _further_inputs(self, dtype: str) -> list[tuple[Any, float]]:
        """Layers of what is singular or steep, each with the first layer's scale."""
        space = np.flatnonzero(self.problem.region.space_columns()).tolist()
        jumps, shapes = self.jumps.jumps, self.jumps.shapes
        found: list[tuple[Any, float]] = []
        if jumps:
            columns = space if shapes else None
            layer = JumpFeatures(jumps, shapes, columns, dtype=dtype, name="jumps")
            found.append((layer, _INPUT_SCALE))
        if self.holes:
            around = HoleFeatures(self.holes, space, dtype=dtype, name="holes")
            found.append((around, _HOLE_SCALE))
        if self.corners:
            close = CornerFeatures(self.corners, dtype=dtype, name="corners")
            found.append((close, _CORNER_SCALE))
        if self.layers:
            thin = BoundaryLayerFeatures(
                self.layers, dtype=dtype, name="boundary_layers"
            )
            found.append((thin, _LAYER_SCALE))
        return found

    def _poles(self, dtype: str) -> JumpPoles:
        outputs, copies = len(self.sizes), max(len(self.problem.subdomains), 1)
        columns = [c * outputs + o for c in range(copies) for o in self.jumps.poles]
        sizes = [float(self.sizes[column % outputs]) for column in columns]
        total, corners = copies * outputs, self.jumps.corners
        return JumpPoles(corners, total, columns, sizes, dtype=dtype, name="poles")

    def in_windows(self, count: int) -> "Design":
        """Returns the same for a network of one of so many windows of the time."""
        axis = self.problem.time_axis
        assert axis is not None
        shares = np.ones_like(self.frequencies)
        shares[axis] = 1.0 / count
        return dataclasses.replace(self, frequencies=self.frequencies * shares)

    def _circles(self, unit: Any, dtype: str) -> Any:
        """Circles within the unit box, for coordinates with a period of one."""
        if not self.periodic:
            return unit
        count = self.problem.input_count
        periods = [1.0 if axis in self.periodic else None for axis in range(count)]
        features = PeriodicFeatures(periods, dtype=dtype, name="circles")
        plain, waves = len(features.plain), 2 * len(self.periodic)
        return keras.layers.Rescaling(
            [1.0] * plain + [_RADIUS] * waves,
            [0.0] * plain + [0.5] * waves,
            dtype=dtype,
            name="circles_in_box",
        )(features(unit))
