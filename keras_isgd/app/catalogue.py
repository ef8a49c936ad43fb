"""Problems and optimizers by name, with settings that suit each."""

from typing import Any

import keras

from keras_isgd import problems, solvers
from keras_isgd.app.library_recipes import LIBRARY_RECIPES
from keras_isgd.app.recipe import Recipe
from keras_isgd.optimizers import ISGD, LBFGS, SSBroyden
from keras_isgd.utils.checks import check_count, check_positive

__all__ = ["OPTIMIZERS", "RECIPES", "Recipe", "make_optimizer"]


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
    **LIBRARY_RECIPES,
}

# By name on the command line, with a line each.
OPTIMIZERS = {
    "isgd": "the default: Gauss-Newton steps (Levenberg-Marquardt), step size chosen",
    "isgd-adam": "the paper's implicit step, solved by Adam",
    "isgd-lbfgs": "the paper's implicit step, solved by L-BFGS",
    "lbfgs": "L-BFGS on fixed points",
    "ssbroyden": "self-scaled Broyden on fixed points, for up to 11,000 weights",
    "adam": "Keras's Adam",
    "sgd": "Keras's gradient descent",
}
# Their memory of curvature describes the loss on the points that they saw.
NEED_FIXED_POINTS = ("isgd-lbfgs", "lbfgs", "ssbroyden")


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
    if name in ("lbfgs", "ssbroyden") and learning_rate is not None:
        raise ValueError(f"{name} has no learning rate: a line search sets each step.")
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
    if name == "ssbroyden":
        return SSBroyden(steps=steps)
    if name == "isgd-adam":
        return ISGD(rate, inner=solvers.Adam(recipe.adam_rate, steps=steps))
    return ISGD(rate, inner=solvers.LBFGS(steps=steps, memory=50))


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value
