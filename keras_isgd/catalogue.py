"""Problems and optimizers by name, with settings that suit each."""

import dataclasses
from collections.abc import Callable

import keras

from keras_isgd import networks, problems, solvers
from keras_isgd.models import PINN
from keras_isgd.optimizers import ISGD, LBFGS
from keras_isgd.solvers.solver import check_positive

__all__ = ["OPTIMIZERS", "RECIPES", "Recipe", "make_optimizer"]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A problem with a network and a number of points that two cores can train.

    Attributes:
        make_problem: returns the `Problem`.
        network: arguments of `ki.networks.mlp`.
        points: arguments of `problem.points`.
        adam_rate: learning rate of Adam, plain and as inner solver; found by a
            short sweep.
        sgd_rate: learning rate of SGD, from a short sweep.
    """

    make_problem: Callable
    network: dict
    points: dict
    adam_rate: float = 1e-3
    sgd_rate: float = 1e-5

    def make_model(self, seed=0, dtype="float64"):
        """Returns an uncompiled `PINN`."""
        problem = self.make_problem()
        network = networks.mlp(
            inputs=len(problem.coordinates),
            domain=problem.domain,
            dtype=dtype,
            seed=seed,
            **self.network,
        )
        return PINN(network, problem)

    def make_points(self, model, seed=0, resample=False):
        """Returns training points for a model."""
        return model.problem.points(resample=resample, seed=seed, **self.points)


RECIPES = {
    "poisson1d-low": Recipe(
        lambda: problems.Poisson1D("u_L"),
        {"width": 40, "depth": 3, "input_scale": 6.0},
        {"interior": 1000},
    ),
    "poisson1d-high": Recipe(
        lambda: problems.Poisson1D("u_H"),
        {"width": 40, "depth": 3, "input_scale": 100.0},
        {"interior": 1000},
    ),
    "singular-eps2": Recipe(
        lambda: problems.SingularPerturbation(2.0),
        {"width": 50, "depth": 4},
        {"interior": 400},
        sgd_rate=1e-3,
    ),
    "singular-eps0.01": Recipe(
        lambda: problems.SingularPerturbation(0.01),
        {"width": 50, "depth": 4, "input_scale": 20.0},
        {"interior": 400},
        sgd_rate=1e-3,
    ),
    "poisson2d": Recipe(
        problems.Poisson2D,
        {"width": 40, "depth": 3, "activation": "sine", "input_scale": 12.0},
        {"interior": 1200, "boundary": 200},
    ),
    "helmholtz2d": Recipe(
        problems.Helmholtz2D,
        {"width": 40, "depth": 3, "input_scale": 4.0},
        {"interior": 1000, "boundary": 200},
        adam_rate=5e-3,
        sgd_rate=1e-4,
    ),
}

OPTIMIZERS = ("isgd-adam", "isgd-lbfgs", "lbfgs", "adam", "sgd")


def make_optimizer(name, recipe, learning_rate=None, inner_steps=None):
    """Returns an optimizer by its name on the command line.

    Args:
        name: one of `OPTIMIZERS`.
        recipe: the `Recipe` that it is for.
        learning_rate: replaces the default: alpha for "isgd-...".
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
    if learning_rate is not None:
        check_positive("learning rate", learning_rate)
    rate = _given(
        learning_rate, {"adam": recipe.adam_rate, "sgd": recipe.sgd_rate}.get(name, 0.5)
    )
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


def _given(value, default):
    return default if value is None else value
