"""The library's problems: their solutions satisfy what they say."""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from argument_tables import step
from library_cases import ALL, CLOSED, PI, TRUE, check_rows

import keras_isgd as ki
from keras_isgd import problems
from keras_isgd.app.library_recipes import LIBRARY_RECIPES
from keras_isgd.problems import library


def test_every_problem_of_the_library_is_here():
    assert {type(p).__name__ for p in ALL.values()} == set(library.__all__)
    assert {type(r.make_problem()).__name__ for r in LIBRARY_RECIPES.values()} == set(
        library.__all__
    )


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_satisfy_equations_and_conditions(name):
    problem = CLOSED[name]
    accuracy = getattr(problem, "reference_accuracy", 1e-10)
    check_rows(problem, TRUE.get(name, {}), 10.0 * accuracy)


def test_burgers_at_first_and_far_from_the_shock():
    problem = problems.Burgers()
    x = np.linspace(-1.0, 1.0, 101)[:, None]
    start = np.concatenate([x, 0.0 * x], axis=1)
    np.testing.assert_allclose(
        problem.exact(tf.constant(start)), -np.sin(PI * x), atol=1e-14
    )
    # Along characteristics, where viscosity is nothing: x = y - t sin(pi y).
    t, y = 0.2, np.linspace(-0.9, 0.9, 31)[:, None]
    thin = problems.Burgers(1e-4)
    moved = np.concatenate([y - t * np.sin(PI * y), np.full_like(y, t)], axis=1)
    found = thin.exact(tf.constant(moved))
    np.testing.assert_allclose(found, -np.sin(PI * y), atol=1e-3)


def test_solitons_alone_have_their_height_and_speed():
    problem = problems.Solitons([1.2], [-3.0])
    t = np.linspace(0.0, 5.0, 11)
    crests = np.stack([1.2**2 * t - 3.0, t], axis=1)
    np.testing.assert_allclose(problem.exact(tf.constant(crests)), 1.2**2 / 2)


# -- arguments, configurations and training -------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: problems.Burgers(0.0), "`viscosity` to be a positive"),
        (lambda: problems.Burgers(1e-5), "`viscosity` from 1e-4"),
        (lambda: problems.Heat(-1.0), "`diffusivity`"),
        (lambda: problems.Heat(1.0, 0), "`mode`"),
        (lambda: problems.Wave(0.0), "`speed`"),
        (lambda: problems.Wave(1.0, (1, 2), (1.0,)), "as many amplitudes as modes"),
        (lambda: problems.Wave(1.0, (), ()), "at least one"),
        (lambda: problems.Wave(1.0, (1.5,), (1.0,)), "`modes` to be a whole"),
        (lambda: problems.Wave(1.0, (1,), (math.nan,)), "`amplitudes` has NaN"),
        (lambda: problems.KleinGordon(math.inf), "`frequency`"),
        (lambda: problems.Convection(None), "`speed`"),
        (lambda: problems.Reaction("5"), "`rate`"),
        (lambda: problems.KortewegDeVries(0), "`dispersion`"),
        (lambda: problems.Solitons([]), "at least one"),
        (lambda: problems.Solitons([1.0, 1.0]), "different positive numbers"),
        (lambda: problems.Solitons([1.0, -1.0]), "different positive numbers"),
        (lambda: problems.Solitons([1.0], [1.0, 2.0]), "as many `shifts`"),
        (lambda: problems.KuramotoSivashinsky("calm"), "`regime`"),
        (lambda: problems.Kovasznay(0.0), "`reynolds`"),
        (lambda: problems.Stokes(-1.0), "`viscosity`"),
        (lambda: problems.LidDrivenCavity(-1.0), "`reynolds`"),
        (lambda: problems.LidDrivenCavity(lid="sticky"), "`lid`"),
        (lambda: problems.BackwardFacingStep(math.nan), "`reynolds`"),
        (lambda: problems.PlaneElasticity(first=0.0), "`first`"),
        (lambda: problems.PlaneElasticity(shear=0.0), "`shear`"),
        (lambda: problems.PlaneElasticity(load=0.0), "`load`"),
        (lambda: problems.EulerBeam(True), "`load`"),
        (lambda: problems.PoissonND(0), "`dimension`"),
        (lambda: problems.PoissonND(21), "`dimension` up to 20"),
        (lambda: problems.PoissonLShape("round"), '"smooth" or "corner"'),
        (lambda: problems.PoissonHoles([(0.0, 0.0, 0.0)]), "to be pairs"),
        (lambda: problems.PoissonHoles([]), "to be pairs"),
        (lambda: problems.PoissonHoles(radius=0.0), "`radius`"),
        (lambda: problems.PoissonHoles([(0.45, 0.0)]), "touch each other"),
        (lambda: problems.PoissonHoles([(0.0, 0.0), (0.1, 0.0)]), "touch each other"),
        (lambda: problems.TwoMaterials((1.0,)), "two `conductivities`"),
        (lambda: problems.TwoMaterials((1.0, 0.0)), "`conductivities` to be a pos"),
        (lambda: problems.TwoMaterials(flux=math.nan), "`flux` has NaN"),
        (lambda: problems.FokkerPlanck(linear=0.0), "`linear`"),
        (lambda: problems.FokkerPlanck(cubic=0.01), "does not vanish at the ends"),
        (lambda: problems.FokkerPlanck(noise=5.0), "does not vanish at the ends"),
        (lambda: problems.Eigenvalue(0.0), "`guess`"),
        (lambda: problems.LotkaVolterra(growth=0.0), "`growth`"),
        (lambda: problems.LotkaVolterra(hunting=0.0), "`hunting`"),
        (lambda: problems.LotkaVolterra(feeding=0.0), "`feeding`"),
        (lambda: problems.LotkaVolterra(death=0.0), "`death`"),
        (lambda: problems.LotkaVolterra(start=(1.0,)), "two numbers in `start`"),
        (lambda: problems.Lorenz(1), "`measurements` from 2"),
        (lambda: problems.Lorenz(5, (1.0, 2.0)), "3 numbers in `guess`"),
        (lambda: problems.SIR(2.5), "`measurements`"),
        (lambda: problems.SIR(5, (1.0,)), "2 numbers in `guess`"),
    ],
)
def test_what_is_out_of_range_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("name", ALL)
def test_configurations_build_the_same_problem(name):
    problem = ALL[name]
    problem.check()
    config = keras.saving.serialize_keras_object(problem)
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    assert type(again) is type(problem)
    assert again.get_config() == problem.get_config()
    x = tf.constant(problem.test_points()[5::2000])
    np.testing.assert_array_equal(again.exact(x), problem.exact(x))


def test_no_solution_is_claimed_where_none_was_computed():
    for problem in (
        problems.KortewegDeVries(0.03),
        problems.LidDrivenCavity(200.0),
        problems.LidDrivenCavity(400.0, "constant"),
        problems.BackwardFacingStep(200.0),
    ):
        assert problem.exact is None
        problem.check()


# Others of the same class as one before.
_VARIANTS = {
    "burgers-shock", "soliton", "three-solitons", "l-shape-corner", "poisson10d",
    "kdv-smooth", "kuramoto-sivashinsky-chaotic", "cavity-400", "cavity-constant",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in ALL if name not in _VARIANTS])
def test_a_step_of_gauss_newton_lowers_the_loss(name):
    problem = ALL[name]
    outputs = problem.network_outputs
    network = ki.networks.mlp(problem.input_count, outputs, width=6, depth=1, seed=1)
    model = ki.PINN(network, problem)
    sizes = None if problem.domain.dimension == 1 else 8
    objective = model.objective(next(iter(problem.points(20, sizes, seed=1))))
    before = objective.value(objective.parameters.read())
    _, report = step(ki.ISGD(), objective)
    assert np.isfinite(before)
    assert report.loss < before
