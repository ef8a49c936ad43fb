"""Problems and optimizers by name, with settings that suit each."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd import networks, problems, solvers
from keras_isgd.models import PINN
from keras_isgd.optimizers import ISGD, LBFGS
from keras_isgd.utils.checks import check_count, check_positive

__all__ = ["OPTIMIZERS", "RECIPES", "Recipe", "make_optimizer"]


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
            the default, from a short sweep on the networks of docs/results.md.
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

    def make_model(self, seed: int = 0, dtype: str = "float64") -> PINN:
        """Returns an uncompiled `PINN`."""
        problem = self.make_problem()
        network = networks.mlp(
            inputs=len(problem.coordinates),
            domain=problem.domain,
            steep=problem.steep,
            dtype=dtype,
            seed=seed,
            features=self._features(problem, dtype),
            **self.network,
        )
        weights = {c.name: self.boundary_weight for c in problem.conditions()}
        return PINN(network, problem, loss_weights=weights)

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


RECIPES: dict[str, Recipe] = {
    "poisson1d-low": Recipe(
        lambda: problems.Poisson1D("u_L"),
        {"width": 16, "depth": 2, "input_scale": 6.0},
        {"interior": 800},
    ),
    "poisson1d-high": Recipe(
        lambda: problems.Poisson1D("u_H"),
        {"width": 24, "depth": 2, "activation": "sine", "input_scale": 50.0},
        {"interior": 2048},
    ),
    "singular-eps2": Recipe(
        lambda: problems.SingularPerturbation(2.0),
        {"width": 16, "depth": 2, "input_scale": 4.0},
        {"interior": 800},
        sgd_rate=1e-3,
    ),
    "singular-eps0.01": Recipe(
        lambda: problems.SingularPerturbation(0.01),
        {"width": 24, "depth": 3, "input_scale": 20.0},
        {"interior": 2600, "refine": 0.5},
        sgd_rate=1e-3,
    ),
    "singular-eps0.001": Recipe(
        lambda: problems.SingularPerturbation(0.001),
        {"width": 24, "depth": 3, "input_scale": 20.0},
        {"interior": 2600, "refine": 0.5},
        sgd_rate=1e-3,
    ),
    "poisson2d": Recipe(
        problems.Poisson2D,
        {"width": 300, "depth": 1, "activation": "sine", "input_scale": 20.0},
        {"interior": 700, "boundary": 100},
        fixed_points={"interior": 2500, "boundary": 300},
    ),
    "poisson2d-smooth": Recipe(
        lambda: problems.Poisson2D((1,), (1.0,)),
        {"width": 32, "depth": 2, "input_scale": 3.0},
        {"interior": 2600, "boundary": 300},
    ),
    "poisson2d-multiscale": Recipe(
        lambda: problems.Poisson2D((4, 8, 12, 16), (0.25,) * 4),
        {"width": 400, "depth": 1, "activation": "sine", "input_scale": 40.0},
        {"interior": 1000, "boundary": 150},
        fixed_points={"interior": 3500, "boundary": 400},
    ),
    "helmholtz2d": Recipe(
        problems.Helmholtz2D,
        {"width": 200, "depth": 1, "activation": "sine", "input_scale": 7.0},
        {"interior": 500, "boundary": 80},
        fixed_points={"interior": 1700, "boundary": 300},
        adam_rate=5e-3,
        sgd_rate=1e-4,
    ),
    "helmholtz2d-periodic": Recipe(
        lambda: problems.Helmholtz2D(1.0, modes=(1, 4), lower=-1.0),
        {"width": 165, "depth": 1, "activation": "sine", "output_scale": 0.01},
        {"interior": 3500, "boundary": 100},
        harmonics=4,
        adam_rate=5e-3,
        sgd_rate=1e-4,
    ),
}

OPTIMIZERS = ("isgd", "isgd-adam", "isgd-lbfgs", "lbfgs", "adam", "sgd")
# Their memory of curvature describes the loss on the points that they saw.
NEED_FIXED_POINTS = ("isgd-lbfgs", "lbfgs")


def make_optimizer(
    name: str,
    recipe: Recipe,
    learning_rate: float | None = None,
    inner_steps: int | None = None,
) -> keras.optimizers.Optimizer:
    """Returns an optimizer by its name on the command line.

    Args:
        name: one of `OPTIMIZERS`.
        recipe: the `Recipe` that it is for.
        learning_rate: replaces the default: alpha for "isgd-...".
            For "isgd" a number fixes alpha, which it otherwise chooses itself.
        inner_steps: replaces the default number of inner steps.

    Raises:
        ValueError: an unknown name, or an argument that the optimizer lacks.
    """
    if name not in OPTIMIZERS:
        raise ValueError(
            f"Expected an optimizer, one of {', '.join(OPTIMIZERS)}; got {name!r}."
        )
    if name == "lbfgs" and learning_rate is not None:
        raise ValueError("lbfgs has no learning rate: a line search sets each step.")
    if name in ("adam", "sgd") and inner_steps is not None:
        raise ValueError(f"{name} has no inner steps.")
    if inner_steps is not None:
        check_count("inner steps", inner_steps)
    if learning_rate is not None:
        check_positive("learning rate", learning_rate)
    rate = _given(
        learning_rate, {"adam": recipe.adam_rate, "sgd": recipe.sgd_rate}.get(name, 0.5)
    )
    if name == "isgd":
        inner = solvers.GaussNewton(iterations=_given(inner_steps, 1))
        return ISGD(learning_rate, inner=inner)
    steps = _given(inner_steps, 100 if name == "isgd-adam" else 50)
    if name == "adam":
        return keras.optimizers.Adam(rate)
    if name == "sgd":
        return keras.optimizers.SGD(rate)
    if name == "lbfgs":
        return LBFGS(steps=steps)
    if name == "isgd-adam":
        return ISGD(rate, inner=solvers.Adam(recipe.adam_rate, steps=steps))
    return ISGD(rate, inner=solvers.LBFGS(steps=steps, memory=50))


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value
