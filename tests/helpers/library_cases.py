"""The library's problems, and the rows of their terms for the exact solution."""

import math

import numpy as np
import tensorflow as tf

from keras_isgd import problems
from keras_isgd.residuals.terms import terms_of

PI = math.pi
CLOSED = {
    "burgers": problems.Burgers(0.02),
    "burgers-shock": problems.Burgers(),
    "solitons": problems.Solitons(),
    "soliton": problems.Solitons([1.1], [-2.0]),
    "three-solitons": problems.Solitons([1.5, 1.0, 0.6], [-6.0, -3.0, 1.0]),
    "schroedinger": problems.Schroedinger(),
    "heat": problems.Heat(0.3, 2),
    "wave": problems.Wave(1.5, (1, 3), (1.0, -0.5)),
    "convection": problems.Convection(7.0),
    "reaction": problems.Reaction(3.0),
    "klein-gordon": problems.KleinGordon(4.0),
    "kovasznay": problems.Kovasznay(30.0),
    "stokes": problems.Stokes(0.7),
    "elasticity": problems.PlaneElasticity(1.5, 0.7, 3.0),
    "beam": problems.EulerBeam(2.0),
    "disk": problems.PoissonDisk(),
    "l-shape": problems.PoissonLShape(),
    "l-shape-corner": problems.PoissonLShape("corner"),
    "holes": problems.PoissonHoles([(0.1, 0.2), (-0.2, -0.3)], 0.15),
    "poisson5d": problems.PoissonND(5),
    "poisson10d": problems.PoissonND(10),
    "two-materials": problems.TwoMaterials((2.0, 5.0), 3.0),
    "fokker-planck": problems.FokkerPlanck(0.35, 0.5, 0.45),
    "eigenvalue": problems.Eigenvalue(3.0),
}
TRUE = {"eigenvalue": {"E": PI**2 / 2}}
TABULATED = {
    "allen-cahn": problems.AllenCahn(),
    "kdv": problems.KortewegDeVries(),
    "kdv-smooth": problems.KortewegDeVries(0.05),
    "kuramoto-sivashinsky": problems.KuramotoSivashinsky(),
    "kuramoto-sivashinsky-chaotic": problems.KuramotoSivashinsky("chaotic"),
    "cavity": problems.LidDrivenCavity(),
    "cavity-400": problems.LidDrivenCavity(400.0),
    "cavity-constant": problems.LidDrivenCavity(100.0, "constant"),
    "step": problems.BackwardFacingStep(),
}
DYNAMICS = {
    "lotka-volterra": problems.LotkaVolterra(),
    "lorenz": problems.Lorenz(),
    "sir": problems.SIR(),
}
ALL = {**CLOSED, **TABULATED, **DYNAMICS}


def rows_of(problem, coefficients, count):
    """The rows of each term for the exact solution, and for one that is wrong."""
    sizes = None if problem.domain.dimension == 1 else count
    sets = next(iter(problem.points(interior=count, boundary=sizes, seed=3)))
    exact, outputs = problem.exact, max(len(problem.subdomains), 1)

    def network(x):
        if outputs == 1:
            return exact(x)
        # A copy for each material: the solution there, continued as a line.
        below = problem.cold + problem.flux * (x[:, 1:] + 1) / problem.conductivities[0]
        kink = problem.cold + problem.flux / problem.conductivities[0]
        above = kink + problem.flux * x[:, 1:] / problem.conductivities[1]
        return tf.concat([below, above], axis=1)

    def wrong(x):
        bump = tf.reduce_sum(tf.sin(1.3 * x + 0.4), axis=1, keepdims=True)
        u = network(x)
        return u + 0.1 * bump**2 * np.arange(1.0, u.shape[1] + 1.0)

    found = {}
    for term in terms_of(problem, {}, "float64", derivatives="tape"):
        x = term.inputs(sets)
        found[term.name] = [
            term.rows_at(x, f, coefficients).numpy() for f in (network, wrong)
        ]
    return found


def check_rows(problem, coefficients, tolerance, count=40):
    """The exact solution satisfies the problem, and a wrong one does not."""
    for name, (found, other) in rows_of(problem, coefficients, count).items():
        # Each column is an equation, with a size of its own.
        size = np.max(np.abs(other), axis=0)
        assert np.all(size > 1e-3), name
        worst = np.max(np.abs(found), axis=0) / (1.0 + size)
        assert np.all(worst < tolerance), (name, worst)
