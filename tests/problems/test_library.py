"""The library's problems: their solutions satisfy what they say."""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from argument_tables import step

import keras_isgd as ki
from keras_isgd import problems
from keras_isgd.app.library_recipes import LIBRARY_RECIPES
from keras_isgd.problems import library, references
from keras_isgd.residuals.term import terms_of

PI = math.pi
# Each problem with what its rows are compared with: the size of the equation's terms.
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


def test_every_problem_of_the_library_is_here():
    assert {type(p).__name__ for p in ALL.values()} == set(library.__all__)
    assert {type(r.make_problem()).__name__ for r in LIBRARY_RECIPES.values()} == set(
        library.__all__
    )


def rows_of(problem, coefficients, count=40):
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


def check_rows(problem, coefficients, tolerance):
    for name, (found, other) in rows_of(problem, coefficients).items():
        # Each column is an equation, with a size of its own.
        size = np.max(np.abs(other), axis=0)
        assert np.all(size > 1e-3), name
        worst = np.max(np.abs(found), axis=0) / (1.0 + size)
        assert np.all(worst < tolerance), (name, worst)


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


# -- tables ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "function"),
    [
        ("chebyshev", lambda s: np.exp(s)),
        ("chebyshev_of_root", lambda s: np.exp(np.sqrt(s))),
        ("cosine", lambda s: np.exp(np.cos(PI * s))),
        ("fourier", lambda s: np.exp(np.sin(2 * PI * s) + np.cos(2 * PI * s))),
    ],
)
def test_tables_are_sums_of_products(base, function):
    nodes = np.linspace(0.0, 1.0, 41)[:-1, None] + 0.01
    basis = references.table.BASES[base](tf.constant(nodes), 21).numpy()
    one = np.linalg.lstsq(basis, function(nodes), rcond=None)[0][:, 0]
    # Two cells side by side, one with twice the function, and a hole.
    coefficients = np.stack([np.outer(one, one)[None], 2.0 * np.outer(one, one)[None]])
    table = references.Table(
        [[0.0, 2.0, 3.0], [1.0, 2.0, 4.0]],
        [base, base],
        [[0, -1], [-1, 1]],
        coefficients,
        1e-12,
    )
    x = np.array([[0.4, 1.3], [1.0, 1.9], [2.25, 3.5], [0.4, 3.0], [2.5, 1.5], [5, 3]])
    found = table(tf.constant(x)).numpy()[:, 0]
    low, size = np.array([[0.0, 1.0]] * 2 + [[2.0, 2.0]]), [[2, 1]] * 2 + [[1, 2]]
    s = (x[:3] - low) / np.array(size)
    expected = function(s[:, 0]) * function(s[:, 1]) * [1.0, 1.0, 2.0]
    np.testing.assert_allclose(found[:3], expected, rtol=1e-8)
    assert np.isnan(found[3:]).all()
    assert table(tf.constant(x[:0])).shape == (0, 1)
    single = table(tf.constant(x, tf.float32))
    assert single.dtype == tf.float32
    np.testing.assert_allclose(single[:3, 0], expected, rtol=1e-5)


def test_files_are_small_and_accurate_as_they_say():
    folder = references.table.Path(references.__file__).parent
    files = {path.stem: path for path in folder.glob("*.npz")}
    assert sum(path.stat().st_size for path in files.values()) < 1_000_000
    used = {"allen_cahn", "step_100", *(n for n, _ in library.kdv._TABLES.values())}
    used |= {f"kuramoto_sivashinsky_{r}" for r in ("regular", "chaotic")}
    used |= {n for n, _ in library.channel._CAVITIES.values()}
    assert set(files) == used
    for name, path in files.items():
        assert path.stat().st_size < 200_000
        with np.load(path) as file:
            script = str(file["script"])
        assert (folder.parents[2] / script).is_file(), name


@pytest.mark.parametrize("name", TABULATED)
def test_stated_accuracy_is_that_of_the_file(name):
    problem = TABULATED[name]
    points = tf.constant(problem.test_points()[::401])
    found = problem.exact(points)
    assert found.shape == (len(points), len(problem.names.outputs))
    assert np.isfinite(found).all()
    table = {"allen-cahn": "allen_cahn", "step": "step_100"}.get(name)
    table = table or getattr(problem, "_table", None)
    table = table or f"kuramoto_sivashinsky_{problem.regime}"
    assert references.load(table).accuracy <= problem.reference_accuracy


# Rows of the equation and of the conditions, against the size of those of a wrong
# function: derivatives of what is accurate to 1e-9 are less accurate.
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("allen-cahn", 1e-4),
        ("kdv", 1e-4),
        ("kdv-smooth", 1e-6),
        ("kuramoto-sivashinsky", 1e-4),
        ("cavity", 1e-4),
        ("cavity-400", 1e-4),
    ],
)
def test_computed_solutions_satisfy_equations_and_conditions(name, tolerance):
    check_rows(TABULATED[name], {}, tolerance)


def test_waves_of_korteweg_and_de_vries_keep_what_is_conserved():
    x = 2.0 * np.arange(512) / 512 - 1.0
    for name in ("kdv", "kdv-smooth"):
        problem, kept = TABULATED[name], []
        for t in (0.0, 0.4, 0.7, 1.0):
            points = np.stack([x, np.full(512, t)], axis=1)
            u = problem.exact(tf.constant(points)).numpy()[:, 0]
            waves = PI * np.fft.rfftfreq(512, 1 / 512)
            slope = np.fft.irfft(1j * waves * np.fft.rfft(u))
            energy = u**3 / 6 - problem.dispersion**2 * slope**2 / 2
            kept.append([np.mean(u), np.mean(u**2), np.mean(energy)])
        np.testing.assert_allclose(kept, np.broadcast_to(kept[0], (4, 3)), atol=1e-7)
        np.testing.assert_allclose(kept[0][:2], [0.0, 0.5], atol=1e-8)


def test_kuramoto_and_sivashinsky_by_another_method():
    from scipy.integrate import solve_ivp

    problem, n = problems.KuramotoSivashinsky(), 96
    x = 2.0 * np.arange(n) / n - 1.0
    k = 1j * PI * np.fft.rfftfreq(n, 1 / n)
    linear, slope = -0.5 * k**2 - 0.005 * k**4, -2.5 * k

    def change(t, u):
        return np.fft.irfft(linear * np.fft.rfft(u) + slope * np.fft.rfft(u**2))

    start = -np.sin(PI * x)
    end = solve_ivp(change, (0.0, 1.0), start, "BDF", rtol=1e-8, atol=1e-8).y[:, -1]
    found = problem.exact(tf.constant(np.stack([x, np.ones(n)], axis=1)))
    np.testing.assert_allclose(found[:, 0], end, atol=1e-4)
    early = np.stack([x, np.zeros(n)], axis=1)
    np.testing.assert_allclose(
        problem.exact(tf.constant(early))[:, 0], start, atol=1e-6
    )


def test_chaos_begins_as_it_is_said_and_obeys_the_equation():
    problem, n = problems.KuramotoSivashinsky("chaotic"), 512
    x = 2.0 * PI * np.arange(n) / n

    def at(t):
        points = np.stack([x, np.full(n, t)], axis=1)
        return problem.exact(tf.constant(points)).numpy()[:, 0]

    np.testing.assert_allclose(at(0.0), np.cos(x) * (1 + np.sin(x)), atol=1e-5)
    k = 1j * np.fft.rfftfreq(n, 1 / n)
    linear, h = -100 / 16**2 * k**2 - 100 / 16**4 * k**4, 1e-4
    for t in (0.05, 0.31, 0.6, 0.93):
        u = np.fft.rfft(at(t))
        right = linear * u - 100 / 16 * 0.5 * k * np.fft.rfft(at(t) ** 2)
        right = np.fft.irfft(right)
        left = (8 * (at(t + h) - at(t - h)) - at(t + 2 * h) + at(t - 2 * h)) / (12 * h)
        # Twelve significant digits in u leave four in u_t of noise at 1e-6 / h.
        assert np.linalg.norm(left - right) < 0.02 * np.linalg.norm(right)


# From tables I and II of Ghia, Ghia and Shin (1982) for Re = 100: u on x = 0.5 and v
# on y = 0.5.
GHIA_U = """0.9766 0.84123 0.9688 0.78871 0.9609 0.73722 0.9531 0.68717 0.8516 0.23151
0.7344 0.00332 0.6172 -0.13641 0.5000 -0.20581 0.4531 -0.21090 0.2813 -0.15662
0.1719 -0.10150 0.1016 -0.06434 0.0703 -0.04775 0.0625 -0.04192 0.0547 -0.03717"""
GHIA_V = """0.9688 -0.05906 0.9609 -0.07391 0.9531 -0.08864 0.9453 -0.10313 0.9063 -0.16914
0.8594 -0.22445 0.8047 -0.24533 0.5000 0.05454 0.2344 0.17527 0.2266 0.17507
0.1563 0.16077 0.0938 0.12317 0.0781 0.10890 0.0703 0.10091 0.0625 0.09233"""


def test_the_cavity_under_a_constant_lid_is_the_published_one():
    problem = TABULATED["cavity-constant"]
    for column, text in ((0, GHIA_U), (1, GHIA_V)):
        place, value = np.array(text.split(), float).reshape(-1, 2).T
        points = np.full((len(place), 2), 0.5)
        points[:, 1 - column] = place
        found = problem.exact(tf.constant(points)).numpy()[:, column]
        # Of second order on a grid of 129^2: their errors are about 0.003.
        np.testing.assert_allclose(found, value, atol=4e-3)
    # Botella and Peyret (Computers and Fluids 27, 1998), by a spectral method.
    line = np.linspace(0.0, 1.0, 4001)
    up = np.stack([np.full(4001, 0.5), line], axis=1)
    assert np.min(problem.exact(tf.constant(up))[:, 0]) == pytest.approx(
        -0.2140424, abs=2e-5
    )
    across = problem.exact(tf.constant(up[:, ::-1])).numpy()[:, 1]
    assert np.max(across) == pytest.approx(0.1795728, abs=2e-5)
    assert np.min(across) == pytest.approx(-0.2538030, abs=2e-5)


def test_flow_past_a_step():
    problem = TABULATED["step"]
    check_rows(problem, {}, 0.02)
    # As much flows through every section.
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for x, low in ((-1.5, 1.0), (0.5, 0.0), (4.0, 0.0), (7.5, 0.0)):
        y = low + (2.0 - low) * 0.5 * (nodes + 1.0)
        u = problem.exact(tf.constant(np.stack([np.full(40, x), y], axis=1)))[:, 0]
        assert 0.5 * (2.0 - low) * weights @ u.numpy() == pytest.approx(1.0, abs=1e-5)
    # Erturk (Computers and Fluids 37, 2008): it reattaches at 2.922 for Re = 100.
    x = np.linspace(1.0, 5.0, 4001)
    near = np.stack([x, np.full(4001, 1e-4)], axis=1)
    sign = np.sign(problem.exact(tf.constant(near)).numpy()[:, 0])
    (turn,) = np.flatnonzero(np.diff(sign))
    assert x[turn] == pytest.approx(2.922, abs=0.02)
    # The outlet is far enough: the flow is that of a channel.
    y = np.linspace(0.0, 2.0, 21)
    end = problem.exact(tf.constant(np.stack([np.full(21, 8.0), y], axis=1)))
    np.testing.assert_allclose(end[:, 0], 0.75 * y * (2.0 - y), atol=0.02)


# -- systems in time ------------------------------------------------------------------


@pytest.mark.parametrize("name", DYNAMICS)
def test_trajectories_satisfy_equations_and_conditions(name):
    problem = DYNAMICS[name]
    h = 1e-3 * problem.domain.upper[0]

    def rate(t):
        """u' by differences of sixth order, inside of the interval."""
        at = [problem.exact(t + i * h).numpy() for i in range(-3, 4)]
        weights = np.array([-1, 9, -45, 0, 45, -9, 1]) / (60.0 * h)
        return sum(w * u for w, u in zip(weights, at))

    def network(x):
        inside = tf.clip_by_value(x, 4 * h, problem.domain.upper[0] - 4 * h)
        line = tf.stop_gradient(x)
        return problem.exact(line) + rate(inside) * (x - line)

    names = problem.coefficients
    true = dict(zip(names, problem.factors)) if names else {}
    for term in terms_of(problem, {}, "float64", derivatives="tape"):
        sets = next(iter(problem.points(interior=50, seed=1)))
        sets["interior"] = 4 * h + 0.99 * (1 - 8 * h) * sets["interior"]
        x = term.inputs(sets)
        rows = term.rows_at(x, network, true).numpy()
        size = np.max(np.abs(rate(tf.constant([[0.5 * problem.domain.upper[0]]]))))
        assert np.max(np.abs(rows)) < 1e-4 * size, term.name
        if names and term.name == "residual":
            guess = term.rows_at(x, network, dict(problem.coefficients)).numpy()
            assert np.max(np.abs(guess)) > 0.1 * size


def test_trajectories_keep_what_is_conserved_and_have_known_values():
    t = np.linspace(0.0, 10.0, 2001)[:, None]
    problem = problems.LotkaVolterra()
    r, p = problem.exact(tf.constant(t)).numpy().T
    a, b, c, d = problem.factors
    kept = c * r - d * np.log(r) + b * p - a * np.log(p)
    np.testing.assert_allclose(kept, kept[0], rtol=1e-11)
    np.testing.assert_allclose([r[-1], p[-1]], [100.3279, 15.0331], atol=1e-4)
    np.testing.assert_allclose([r.max(), p.max()], [182.191, 129.430], atol=3e-3)
    days = tf.constant(np.linspace(0.0, 150.0, 301)[:, None])
    counts = problems.SIR().exact(days).numpy()
    np.testing.assert_allclose(counts.sum(axis=1), 7_900_010.0, rtol=1e-12)
    final = counts[-1, 0] / 7_900_010.0
    assert 0.3 < final < 1.0


def test_the_path_of_lorenz_by_another_method():
    from scipy.integrate import solve_ivp

    problem = problems.Lorenz()
    s, r, b = problem.factors

    def change(t, u):
        x, y, z = u
        return [s * (y - x), x * (r - z) - y, x * y - b * z]

    t = np.linspace(0.0, 3.0, 7)
    path = solve_ivp(
        change, (0.0, 3.0), problem.start, "LSODA", t, rtol=1e-12, atol=1e-12
    )
    found = problem.exact(tf.constant(t[:, None]))
    np.testing.assert_allclose(found, path.y.T, rtol=1e-8, atol=1e-8)


def test_measured_values_are_those_of_the_solution():
    problem = problems.Lorenz(measurements=7)
    data = problem.conditions()[-1]
    assert data.points.shape == (7, 1)
    np.testing.assert_array_equal(data.values, problem.exact(data.points))


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


@pytest.mark.parametrize("name", ALL)
def test_a_step_of_gauss_newton_lowers_the_loss(name):
    problem = ALL[name]
    outputs = problem.network_outputs
    network = ki.networks.mlp(problem.width, outputs, width=6, depth=1, seed=1)
    model = ki.PINN(network, problem)
    sizes = None if problem.domain.dimension == 1 else 8
    objective = model.objective(next(iter(problem.points(20, sizes, seed=1))))
    before = objective.value(objective.parameters.read())
    _, report = step(ki.ISGD(), objective)
    assert np.isfinite(before)
    assert report.loss < before
