import json
import math

import keras
import mpmath
import numpy as np
import pytest
import tensorflow as tf
from condition_cases import rows_of
from mpmath import diff, exp, mpf, pi, sin

import keras_isgd as ki
from keras_isgd import problems
from keras_isgd.derivatives import derivatives


def minus_laplacian(u, *x):
    return -sum(diff(u, x, n) for n in np.eye(len(x), dtype=int) * 2)


def helmholtz(k):
    return (
        problems.Helmholtz2D(k),
        lambda x, y: sin(pi * x) * sin(k * pi * y),
        lambda u, x, y: k**2 * u(x, y) - minus_laplacian(u, x, y),
    )


def singular(eps):
    return (
        problems.SingularPerturbation(eps),
        lambda x: (1 - exp(x / mpf(eps))) / (exp(1 / mpf(eps)) - 1) + sin(pi * x / 2),
        lambda u, x: -eps * diff(u, x, 2) + diff(u, x),
    )


def modes(*pairs):
    return lambda *x: sum(
        a * mpmath.fprod(sin(k * pi * v) for v in x) for k, a in pairs
    )


# A problem, its solution as the paper prints it, and the left side of its equation
# with the source on the right, all for mpmath numbers.
CASES = [
    (problems.Poisson1D("u_L"), modes((2, 1)), minus_laplacian),
    (problems.Poisson1D("u_H"), modes((2, 1), (50, 0.1)), minus_laplacian),
    (problems.Poisson2D(), modes((1, 1), (10, 0.1)), minus_laplacian),
    (
        problems.Poisson2D((4, 8), (0.25, 0.5)),
        modes((4, 0.25), (8, 0.5)),
        minus_laplacian,
    ),
    *(helmholtz(k) for k in (4.0, 2.5)),
    (
        problems.Helmholtz2D(1.0, modes=(1, 4), lower=-1.0),
        lambda x, y: sin(pi * x) * sin(4 * pi * y),
        lambda u, x, y: u(x, y) - minus_laplacian(u, x, y),
    ),
    *(singular(eps) for eps in (1e6, 2.0, 0.01, 1e-3, 1e-4)),
]
every_case = pytest.mark.parametrize(
    ("problem", "solution", "operator"),
    CASES,
    ids=[f"{type(case[0]).__name__}{case[0].get_config()}" for case in CASES],
)


def evaluate(function, points):
    """A function of mpmath numbers at points (n, d), rounded once, (n, 1)."""
    with mpmath.workdps(60):
        return np.array([[float(function(*map(mpf, x)))] for x in points])


def some_points(problem):
    d = len(problem.coordinates)
    layer = 1.0 - getattr(problem, "eps", 0.1) * np.array([0.05, 0.3, 1.0, 4.0])
    layer = np.repeat(layer[layer > 0.0, None], d, axis=1)
    return np.concatenate([np.random.default_rng(1).uniform(0, 1, (9, d)), layer])


def test_every_problem_has_a_case():
    assert {type(problem) for problem, _, _ in CASES} == set(problems.PROBLEMS)


@every_case
def test_exact_solution_is_the_papers(problem, solution, operator):
    points = np.concatenate(
        [some_points(problem), problem.domain.grid([3] * problem.domain.dimension)]
    )
    found = problem.exact(tf.constant(points))
    np.testing.assert_allclose(found, evaluate(solution, points), rtol=0, atol=2e-14)


@every_case
def test_residual_of_the_exact_solution_vanishes(problem, solution, operator):
    points = np.concatenate([some_points(problem), problem.test_points()[::97]])
    x = tf.constant(points)
    rows, _ = rows_of(problem, problem.exact, points)
    second = [(0, (axis, axis)) for axis in range(len(problem.coordinates))]
    curvature = np.sum(np.abs(list(derivatives(problem.exact, x, second).values())), 0)
    size = getattr(problem, "eps", 1.0) * curvature + np.abs(problem.source(x))
    assert rows["residual"].shape == (len(points), 1)
    assert np.max(size) > 1.0
    assert np.max(np.abs(rows["residual"]) / (size + 1.0)) < 1e-12


@every_case
def test_residual_of_another_function_is_its_defect(problem, solution, operator):
    def polynomial(*x):
        return sum((i + 2) * v**3 + v for i, v in enumerate(x)) * x[0]

    points = some_points(problem)
    rows, _ = rows_of(
        problem, lambda x: polynomial(*tf.unstack(x[..., None], axis=1)), points
    )
    expected = evaluate(lambda *x: operator(polynomial, *x), points) - evaluate(
        lambda *x: operator(solution, *x), points
    )
    sign = -1.0 if isinstance(problem, problems.Poisson2D) else 1.0
    np.testing.assert_allclose(sign * rows["residual"], expected, rtol=1e-10, atol=1e-9)


@every_case
def test_conditions_hold_for_the_exact_solution_alone(problem, solution, operator):
    rows, sets = rows_of(problem, problem.exact)
    np.testing.assert_allclose(rows["dirichlet_boundary"], 0.0, atol=1e-13)
    rows, sets = rows_of(problem, lambda x: 0.0 * x[:, :1] + 0.5)
    expected = 0.5 - evaluate(solution, sets["boundary"])
    np.testing.assert_allclose(rows["dirichlet_boundary"], expected, atol=1e-13)


def test_thin_layer_in_float32():
    problem, solution, _ = singular(1e-4)
    layer = 1.0 - 1e-4 * np.linspace(0.0, 12.0, 41)
    points = np.concatenate([np.linspace(0.0, 1.0, 41), layer])[:, None].astype("f4")
    found = problem.exact(tf.constant(points))
    assert found.dtype == tf.float32
    assert np.isfinite(found).all()
    expected = evaluate(solution, points.astype("f8"))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@every_case
def test_config_round_trip(problem, solution, operator):
    config = keras.saving.serialize_keras_object(problem)
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    assert type(again) is type(problem)
    assert again.get_config() == problem.get_config()


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, "4", True, None])
def test_wrong_parameters(value):
    with pytest.raises(ValueError, match="`k` to be a positive finite number"):
        problems.Helmholtz2D(value)
    with pytest.raises(ValueError, match="`eps` to be a positive finite number"):
        problems.SingularPerturbation(value)
    with pytest.raises(ValueError, match='`solution` to be "u_L" or "u_H"'):
        problems.Poisson1D(value)


@pytest.mark.parametrize(("d", "n"), [(1, 20_001), (2, 201**2), (3, 41**3), (4, 2**16)])
def test_test_points_are_fixed_and_fill_the_domain(d, n):
    class Many(problems.Problem):
        coordinates = tuple("xyzw"[:d])
        domain = ki.Box([-1.0] * d, [2.0] * d)

    points = Many().test_points()
    assert points.shape == (n, d)
    assert Many.domain.contains(points).all()
    np.testing.assert_allclose(points.mean(axis=0), 0.5, atol=1e-3)
    np.testing.assert_allclose(points.std(axis=0), 3 / 12**0.5, rtol=0.03)
    np.testing.assert_array_equal(points, Many().test_points())


CURVATURES, MINIMUM, START = np.array([[0.01, 3, 40], [1, -2, 0.5], [0, 1, 1]])


@pytest.mark.parametrize("alpha", [1e-3, 0.04, 0.1, 7.0])
def test_quadratic_and_its_ratios(alpha):
    def value(theta):
        return 0.5 * np.sum(CURVATURES * (theta - MINIMUM) ** 2)

    problem = problems.StiffQuadratic(CURVATURES, MINIMUM, START)
    start = problem.objective().evaluate(tf.constant(START))
    np.testing.assert_allclose([problem.loss(), start.value], value(START), rtol=1e-15)
    # Eq. 7 and 8 bound the loss after one step of each kind.
    explicit = value(START - alpha * start.gradient) / value(START)
    offset = (START - MINIMUM) / (1 + alpha * CURVATURES)
    implicit = value(MINIMUM + offset) / value(START)
    assert explicit <= problem.explicit_ratio(alpha)
    assert implicit <= problem.implicit_ratio(alpha) < 1.0
    # One curvature alone attains them.
    alone = problems.StiffQuadratic([3.0])
    assert alone.explicit_ratio(alpha) == pytest.approx((1 - 3 * alpha) ** 2)
    assert alone.implicit_ratio(alpha) == pytest.approx((1 + 3 * alpha) ** -2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        *((([1.0, bad],), "positive curvatures") for bad in (-1.0, 0.0, math.nan)),
        (([[1.0]],), "positive curvatures"),
        (([1.0, 2.0], [0.0]), "Expected 2 numbers"),
        (([1.0, 2.0], None, [0.0, 1.0, 2.0]), "Expected 2 numbers"),
    ],
)
def test_quadratic_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        problems.StiffQuadratic(*arguments)


def test_wrong_modes():
    with pytest.raises(ValueError, match="as many amplitudes as frequencies"):
        problems.Poisson2D((1, 2), (1.0,))
    with pytest.raises(ValueError, match="`frequencies` to be a whole number"):
        problems.Poisson2D((1.5,), (1.0,))
    with pytest.raises(ValueError, match="Expected two `modes`"):
        problems.Helmholtz2D(modes=(1.0,))
