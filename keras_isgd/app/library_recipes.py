"""Recipes for the problems that every library shows.

Problems with values far from one have the network that `PINN` chooses for them. The
other networks have two hidden layers of tanh. The scale of the first is 4 over the
shortest edge of the domain, or a third of the highest frequency of the solution (see
`networks.input_scale_for`); in d = 5 and 10 dimensions 4 over sqrt(d), since it is the
length of the wave vector that counts. There are two to three rows for each weight.
"""

from collections.abc import Callable
from typing import Any

from keras_isgd import problems
from keras_isgd.app.recipe import DefaultRecipe, Recipe

__all__ = ["LIBRARY_RECIPES"]


def _recipe(
    make_problem: Callable[[], problems.Problem],
    input_scale: float,
    interior: int,
    boundary: int | None = None,
    width: int = 24,
    refine: float = 0.0,
    **network: Any,
) -> Recipe:
    points: dict[str, Any] = {"interior": interior}
    if boundary is not None:
        points["boundary"] = boundary
    if refine:
        points["refine"] = refine
    layers = {"width": width, "depth": 2, "input_scale": input_scale, **network}
    return Recipe(make_problem, layers, points)


def _cavity() -> problems.Problem:
    return problems.LidDrivenCavity(100.0)


# Systems of three outputs give three rows for each point.
LIBRARY_RECIPES: dict[str, Recipe] = {
    "burgers": _recipe(problems.Burgers, 4.0, 2600, 200, width=32, refine=0.3),
    "allen-cahn": _recipe(problems.AllenCahn, 20.0, 3000, 300, width=32),
    "kdv": _recipe(problems.KortewegDeVries, 10.0, 3000, 200, width=32),
    "kdv-smooth": _recipe(
        lambda: problems.KortewegDeVries(0.05), 6.0, 2600, 200, width=32
    ),
    "solitons": _recipe(problems.Solitons, 1.0, 2600, 200, width=32),
    "kuramoto-sivashinsky": _recipe(
        problems.KuramotoSivashinsky, 8.0, 2600, 200, width=32
    ),
    "schroedinger": _recipe(problems.Schroedinger, 3.0, 1600, 200, width=32),
    "heat": _recipe(problems.Heat, 4.0, 1600, 200),
    "wave": _recipe(problems.Wave, 9.0, 2600, 200, width=32),
    "convection": _recipe(
        problems.Convection, 10.0, 2600, 200, width=32, activation="sine"
    ),
    "reaction": _recipe(problems.Reaction, 4.0, 1600, 200),
    "klein-gordon": _recipe(problems.KleinGordon, 6.0, 1600, 200),
    "kovasznay": _recipe(problems.Kovasznay, 3.0, 800, 200),
    "stokes": _recipe(problems.Stokes, 4.0, 800, 200),
    "cavity": _recipe(_cavity, 4.0, 1200, 200, width=32),
    "step": _recipe(problems.BackwardFacingStep, 2.0, 1200, 300, width=32),
    "elasticity": _recipe(problems.PlaneElasticity, 4.0, 1000, 200),
    "beam": _recipe(problems.EulerBeam, 4.0, 800, width=16),
    "lotka-volterra": DefaultRecipe(problems.LotkaVolterra),
    "lorenz": DefaultRecipe(problems.Lorenz),
    "sir": DefaultRecipe(problems.SIR),
    "poisson5d": _recipe(problems.PoissonND, 1.8, 2600, 400, width=32),
    "poisson10d": _recipe(lambda: problems.PoissonND(10), 1.3, 2600, 600, width=32),
    "disk": _recipe(problems.PoissonDisk, 2.0, 1600, 200),
    "l-shape": _recipe(problems.PoissonLShape, 2.0, 2000, 300),
    "l-shape-corner": _recipe(lambda: problems.PoissonLShape("corner"), 2.0, 2000, 300),
    "holes": _recipe(problems.PoissonHoles, 8.0, 2600, 300, width=32),
    "two-materials": DefaultRecipe(problems.TwoMaterials),
    "fokker-planck": _recipe(problems.FokkerPlanck, 2.0, 1000, width=20),
    "eigenvalue": _recipe(problems.Eigenvalue, 4.0, 800, width=16),
}
