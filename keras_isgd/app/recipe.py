"""A problem with a network and points that suit it."""

import dataclasses
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd import networks, problems
from keras_isgd.models import PINN
from keras_isgd.models.default_network import default_network
from keras_isgd.models.points import default_points

__all__ = ["DefaultRecipe", "Recipe"]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A problem with a network and points that two cores can train.

    Attributes:
        make_problem: returns the `Problem`.
        network: arguments of `ki.networks.mlp`.
        points: arguments of `problem.points` for new points in each step.
            Gauss-Newton ends most accurately with two to three times as many rows as
            the network has parameters; with a single layer of sines fewer rows than
            parameters are faster and nearly as accurate.
        fixed_points: likewise for fixed points; `points` if None.
        boundary_weight: omega of the boundary terms.
        harmonics: if not None, the network sees sines and cosines of the
            coordinates with the domain as period, up to this multiple.
        adam_rate: learning rate of Adam, plain and as inner solver; where it is not
            the default, from a short sweep (docs/results/equal_time.md).
        sgd_rate: learning rate of SGD, likewise.
    """

    make_problem: Callable[[], problems.Problem]
    network: dict[str, Any]
    points: dict[str, Any]
    fixed_points: dict[str, Any] | None = None
    boundary_weight: float = 100.0
    harmonics: int | None = None
    adam_rate: float = 1e-3
    sgd_rate: float = 1e-5

    def make_model(
        self,
        seed: int = 0,
        dtype: str = "float64",
        devices: Any = None,
        hosts: bool = False,
    ) -> PINN:
        """Returns an uncompiled `PINN`; `devices` and `hosts` as there."""
        problem = self.make_problem()
        network = networks.mlp(
            inputs=problem.input_count,
            outputs=problem.network_outputs,
            domain=problem.domain,
            steep=problem.steep,
            dtype=dtype,
            seed=seed,
            features=self._features(problem, dtype),
            **self.network,
        )
        weights = {c.name: self.boundary_weight for c in problem.bound_conditions()}
        shared = {"devices": devices, "hosts": hosts}
        model = _made(network, problem, loss_weights=weights, **shared)
        model.choices = ["The network, its points and its weights are of a recipe."]
        return model

    def make_points(
        self, model: PINN, seed: int = 0, resample: bool = True
    ) -> tf.data.Dataset:
        """Returns training points for a model."""
        arguments = {"method": "sobol", **self.points_for(resample)}
        return model.problem.points(resample=resample, seed=seed, **arguments)

    def points_for(self, resample: bool) -> dict[str, Any]:
        """Returns the points' arguments for new or for fixed ones."""
        if resample or self.fixed_points is None:
            return self.points
        return self.fixed_points

    def _features(
        self, problem: problems.Problem, dtype: str
    ) -> networks.FourierFeatures | None:
        if self.harmonics is None:
            return None
        waves = [2 * math.pi / length for length in problem.domain.lengths]
        multiples = range(1, self.harmonics + 1)
        matrix = np.concatenate([k * np.diag(waves) for k in multiples], axis=1)
        return networks.FourierFeatures(matrix.tolist(), dtype=dtype)


class DefaultRecipe(Recipe):
    """The network, points and weights that `PINN` and `fit` choose for a problem.

    Args:
        make_problem: returns the `Problem`.
    """

    def __init__(self, make_problem: Callable[[], problems.Problem]) -> None:
        super().__init__(make_problem, {"chosen by": "the problem's scales"}, {})

    def make_model(
        self,
        seed: int = 0,
        dtype: str = "float64",
        devices: Any = None,
        hosts: bool = False,
    ) -> PINN:
        problem, shared = self.make_problem(), {"devices": devices, "hosts": hosts}
        if dtype == "float64":
            return _made(problem=problem, seed=seed, **shared)
        network = default_network(problem, seed=seed, dtype=dtype)
        model = _made(network, problem, **shared)
        model.loss_weights = model.balanced_weights()
        return model

    def make_points(
        self, model: PINN, seed: int = 0, resample: bool = True
    ) -> tf.data.Dataset:
        sizes = [v.value.shape.num_elements() for v in model.trainable_variables]
        columns = sum(model.equations.values())
        return default_points(model.problem, sum(sizes), columns, resample, seed)


def _made(*arguments: Any, **named: Any) -> PINN:
    """A `PINN` whose problem need not be saved: runs write SavedModels."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A model of .* cannot be loaded")
        return PINN(*arguments, **named)
