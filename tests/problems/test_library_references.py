"""Computed solutions of the library, against equations and other methods."""

import numpy as np
import pytest
import tensorflow as tf
from library_cases import DYNAMICS, PI, TABULATED, check_rows

from keras_isgd import problems
from keras_isgd.problems import library, references
from keras_isgd.residuals.terms import terms_of

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
        ("allen-cahn", 2e-3),
        ("kdv", 1e-4),
        ("kdv-smooth", 1e-6),
        ("kuramoto-sivashinsky", 1e-4),
        ("cavity", 1e-4),
        ("cavity-400", 1e-3),
    ],
)
def test_computed_solutions_satisfy_equations_and_conditions(name, tolerance):
    check_rows(TABULATED[name], {}, tolerance, count=5)


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
GHIA_V = """0.9688 -0.05906 0.9609 -0.07391 0.9531 -0.08864 0.9453 -0.10313
0.9063 -0.16914 0.8594 -0.22445 0.8047 -0.24533 0.5000 0.05454 0.2344 0.17527
0.2266 0.17507 0.1563 0.16077 0.0938 0.12317 0.0781 0.10890
0.0703 0.10091 0.0625 0.09233"""


def test_the_cavity_under_a_constant_lid_is_the_published_one():
    problem = TABULATED["cavity-constant"]
    for column, text in ((0, GHIA_U), (1, GHIA_V)):
        place, value = np.array(text.split(), float).reshape(-1, 2).T
        points = np.full((len(place), 2), 0.5)
        points[:, 1 - column] = place
        found = problem.exact(tf.constant(points)).numpy()[:, column]
        # Of second order on a grid of 129^2: v is low by 0.009 near x = 0.85.
        np.testing.assert_allclose(found, value, atol=0.01)
    # Botella and Peyret (Computers and Fluids 27, 1998), by a spectral method.
    line = np.linspace(0.0, 1.0, 4001)
    up = np.stack([np.full(4001, 0.5), line], axis=1)
    assert np.min(problem.exact(tf.constant(up))[:, 0]) == pytest.approx(
        -0.2140424, abs=1e-6
    )
    across = problem.exact(tf.constant(up[:, ::-1])).numpy()[:, 1]
    assert np.max(across) == pytest.approx(0.1795728, abs=1e-6)
    assert np.min(across) == pytest.approx(-0.2538030, abs=1e-6)


def test_flow_past_a_step():
    problem = TABULATED["step"]
    check_rows(problem, {}, 0.02, count=5)
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
    assert x[turn] == pytest.approx(2.922, abs=0.01)
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
        sets["interior"] = 4 * h + (1.0 - 8e-3) * sets["interior"]
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
