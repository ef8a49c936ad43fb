"""The benchmark on PINNacle's problems: what it states, compares and writes."""

import functools
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.residuals.terms import terms_of

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import pinnacle  # noqa: E402
from pinnacle_cases import CASES, fields, poisson, report  # noqa: E402
from pinnacle_cases.burgers import waves  # noqa: E402
from pinnacle_cases.common import (  # noqa: E402
    Folder,
    MissingData,
    Reference,
    grid_in_time,
    rows_of,
)
from pinnacle_cases.published import METHODS, PUBLISHED, best_published  # noqa: E402
from pinnacle_cases.scores import score, trivial  # noqa: E402

CLOSED = (
    "burgers1d",
    "heat2d-multiscale",
    "wave1d",
    "wave2d-long",
    "poisson5d",
    "heat5d",
    "poisson-inverse",
    "heat-inverse",
)


class Drawn(Folder):
    """Tables of random numbers instead of the benchmark's data."""

    def __init__(self) -> None:
        super().__init__(None)

    def table(self, name: str) -> np.ndarray:
        random = np.random.default_rng(1)
        shapes = {
            "ref/poisson_a_coef.dat": (5, 5),
            "ref/poisson_f_coef.dat": (100, 1),
            "ref/heatinv_points.dat": (2500, 3),
        }
        return random.uniform(0.1, 1.0, shapes[name])


@functools.cache
def made(name):
    """A case's problem, once: its places are looked up once, too."""
    return CASES[name].problem(Drawn())


def rows(problem, exact, count=40):
    """The rows of each term for a solution instead of a network."""
    sets = next(iter(problem.points(count, count, seed=3)))
    found = {}
    for term in terms_of(problem, {}, "float64", derivatives="tape"):
        found[term.name] = term.rows_at(term.inputs(sets), exact, {}).numpy()
    return found


def test_published_errors_are_complete():
    assert len(PUBLISHED) == 22
    assert len(METHODS) == 12
    assert all(list(row) == list(METHODS) for row in PUBLISHED.values())
    values = np.array([list(row.values()) for row in PUBLISHED.values()])
    assert np.isnan(values).sum() == 14
    assert values[np.isfinite(values)].min() == 1.19e-4
    assert best_published("HNd") == (1.19e-4, "L-BFGS")
    assert best_published("Poisson 2d-C") == (1.23e-2, "NTK")


def test_each_published_problem_is_there():
    assert {case.paper for case in CASES.values()} == set(PUBLISHED)


@pytest.mark.parametrize("name", CASES)
def test_problem_fits_together(name):
    made(name).check()


@pytest.mark.parametrize("name", CLOSED)
def test_formula_solves_the_problem(name):
    problem = made(name)
    exact = problem.exact or ki.problems.Burgers().exact
    found = rows(problem, exact)
    if "data" in found:
        # Noise of the deviation that it is said to have.
        assert abs(np.std(found.pop("data")) - 1.0) < 0.05
    scale = 1e4 if name == "wave2d-long" else 1.0
    for term, values in found.items():
        assert np.abs(values).max() < 1e-7 * scale, term
    wrong = rows(problem, lambda x: exact(x) * 1.01)
    assert max(np.abs(values).max() for values in wrong.values()) > 1e-4


def test_coded_problems_are_not_solved_by_their_formulas():
    wave = made("wave2d-long-coded")
    x = tf.constant(np.random.default_rng(0).uniform(size=(50, 3)))
    term = next(
        t for t in terms_of(wave, {}, "float64", derivatives="tape")
        if t.name == "residual"
    )  # fmt: skip
    np.testing.assert_allclose(
        term.rows_at(x, wave.exact, {}), -2.0 * math.pi**2 * wave.exact(x), rtol=1e-8
    )
    inverse = made("poisson-inverse-coded")
    missed = rows(inverse, inverse.exact, 4000)["residual"]
    assert np.sqrt(np.mean(missed**2)) == pytest.approx(1.66, abs=0.05)


def test_meant_and_coded_blocks_have_the_same_source_and_outside():
    coded = made("poisson2d-blocks-coded")
    meant = made("poisson2d-blocks")
    x = tf.constant([[-9.0, -9.0], [1.0, 5.0], [9.9, -10.0]])
    np.testing.assert_array_equal(coded.source(x), meant.source(x))
    blocks = [[0, 0], [2, 3], [4, 0]]
    for row, (i, j) in zip(coded.at(coded.a, x).numpy(), blocks):
        np.testing.assert_allclose(row, coded.a[i, j], rtol=1e-6)
    kinds = [c.kind for c in meant.bound_conditions()]
    assert kinds.count("interface") == 40


def test_holes_are_where_they_should_be():
    inside = next(iter(poisson.PoissonBoltzmann().points(4000)))["interior"].numpy()
    for centre, radius in (((0.4, -0.4), 0.4), ((-0.6, 0.5), 0.3)):
        assert np.linalg.norm(inside - centre, axis=1).min() > radius
    assert np.linalg.norm(inside - (0.4, -0.4), axis=1).min() < 0.42


def test_spline_goes_through_its_table():
    table = np.random.default_rng(0).normal(size=(16, 16))
    spline = fields.CubicTable(table)
    centres = (np.arange(16) + 0.5) / 16
    y, x = np.meshgrid(centres, centres, indexing="ij")
    at = np.stack([x.ravel(), y.ravel()], axis=1)
    np.testing.assert_allclose(spline(tf.constant(at))[0][:, 0], table.ravel())
    points, h = np.random.default_rng(1).uniform(size=(200, 2)), 1e-5
    _, *slopes = spline(tf.constant(points))
    for axis, slope in enumerate(slopes):
        step = h * np.eye(2)[axis]
        up, down = (spline(tf.constant(points + s * step))[0] for s in (1, -1))
        np.testing.assert_allclose(slope, (up - down) / (2 * h), rtol=1e-4, atol=1e-4)


def test_tables_are_looked_up_along_the_right_axes():
    table = np.arange(16.0).reshape(4, 4)
    points = tf.constant([[0.30, 0.99], [1.0, 0.0]], tf.float64)
    np.testing.assert_array_equal(fields.nearest(table, points)[:, 0], [13.0, 3.0])
    # Linear functions come out as they are: 4 y + x in units of cells.
    inner = np.random.default_rng(0).uniform(0.2, 0.8, (20, 2))
    expected = 4.0 * (4.0 * inner[:, 1] - 0.5) + 4.0 * inner[:, 0] - 0.5
    np.testing.assert_allclose(
        fields.linear(table, tf.constant(inner))[:, 0], expected, rtol=1e-12
    )


def test_random_start_of_burgers_has_the_published_scale():
    sines, cosines, means = waves()
    assert sines.shape == cosines.shape == (16, 2)
    # Read off the seed's own generator.
    np.testing.assert_allclose(means, [0.6560540496, 0.4893835593], rtol=1e-8)
    assert sines[0, 0] == pytest.approx(2.0 * 0.334388846115 / 8.151189461937)


def test_points_of_the_benchmark():
    coarse = grid_in_time((0.0, 0.0), (1.0, 1.0), 5.0, 20_000)
    assert len(coarse) == 8 * 8 * 313
    np.testing.assert_allclose(np.unique(coarse[:, 0]), np.arange(1, 9) / 9.0)
    assert coarse[:, 2].max() == 5.0
    assert len(grid_in_time((0.0, 0.0), (1.0, 1.0), 100.0, 20_000)) == 4 * 4 * 1334
    assert len(grid_in_time((-1.0, -1.0), (1.0, 1.0), 1.0, 20_000)) == 17 * 17 * 71


def test_columns_for_each_time_become_rows():
    table = np.array([[7.0, 1.0, 2.0, 3.0, 4.0]])
    points, values = rows_of(table, 1, np.array([0.0, 0.5]), 2)
    np.testing.assert_array_equal(points, [[7.0, 0.0], [7.0, 0.5]])
    np.testing.assert_array_equal(values, [[1.0, 2.0], [3.0, 4.0]])


def test_scores_take_all_known_outputs_together():
    values = np.array([[3.0, np.nan], [0.0, 4.0]])
    reference = Reference("exact", np.zeros((2, 1)), values, 0.0)
    found = score(np.array([[3.0, 9.0], [1.0, 4.0]]), reference)
    assert found["relative_l2"] == pytest.approx(1.0 / 5.0)
    assert found["max_error"] == 1.0
    constant = Reference("exact", np.zeros((2, 1)), np.array([[1.0], [3.0]]), 0.0)
    assert trivial(constant) == pytest.approx(math.sqrt(2.0 / 10.0))


def test_missing_data_are_said():
    with pytest.raises(MissingData, match="--data FOLDER"):
        CASES["heat-inverse"].problem(Folder(None))
    with pytest.raises(MissingData, match=r"no ref/poisson_a_coef\.dat in"):
        CASES["poisson2d-blocks"].problem(Folder("nowhere"))


def test_computed_references_have_the_problems_columns():
    for name, case in CASES.items():
        problem = made(name)
        for one in case.references(Folder(None)):
            outputs = len(case.score_on or problem.names.outputs)
            assert one.points.shape[1] == len(problem.coordinates), name
            assert one.values.shape == (len(one.points), outputs), name
            assert problem.region.contains(one.points).all(), name
            assert one.accuracy is None or one.accuracy < 0.1, name


def test_computed_solutions_agree_with_known_numbers():
    (one,) = CASES["poisson2d"].references(Folder(None))
    for place, value in (
        ((0.0, 0.0), 0.2335849223),
        ((0.0, 0.45), 0.8096559190),
        ((0.45, 0.45), 0.8601325069),
    ):
        (row,) = np.flatnonzero(np.abs(one.points - place).max(axis=1) < 1e-9)
        assert one.values[row, 0] == pytest.approx(value, abs=1e-7)


def _run(case, seed, error, **more):
    scores = [
        {"label": "exact", "relative_l2": error, "max_error": 2 * error,
         "trivial": 1.0, "accuracy": 0.0},
        {"label": "file", "relative_l2": 1.3e-2, "max_error": 0.1, "trivial": 1.0,
         "accuracy": 1.3e-2},
    ]  # fmt: skip
    return {
        "case": case, "seed": seed, "seconds": 9.0, "commit": "abc", "wall": 10.0,
        "scores": scores, "steps": 5, "parameters": 6, "loss": 1.0, **more,
    }  # fmt: skip


def test_benchmark_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    made = []

    def child(task):
        made.append((task["case"], task["seed"]))
        return _run(task["case"], task["seed"], 1e-3 * (1 + task["seed"]))

    monkeypatch.setattr(pinnacle, "_child", child)
    monkeypatch.setattr(pinnacle.child_runs, "commit", lambda: "abc")
    words = ["pinnacle.py", "--problems", "burgers1d", "wave1d", "--seconds", "9"]
    words += ["--out", str(tmp_path), "--seeds", "0"]
    monkeypatch.setattr(sys, "argv", words)
    pinnacle.main()
    monkeypatch.setattr(sys, "argv", [*words, "2"])
    pinnacle.main()
    assert made == [("burgers1d", 0), ("wave1d", 0), ("burgers1d", 2), ("wave1d", 2)]
    assert (tmp_path / "wave1d-seed2-9s-abc.json").exists()
    assert "burgers1d-seed0-9s-abc.json is there already." in capsys.readouterr().out
    text = report.table(report.read(tmp_path))
    first = next(line for line in text.splitlines() if "| burgers1d |" in line)
    assert "| 3.00e-03 |" in first  # the worst seed
    assert "| 1.30e-02 |" in first
    assert "| 1.33e-02 L-BFGS | yes |" in first
    report.draw(report.read(tmp_path), str(tmp_path / "picture.png"))
    assert (tmp_path / "picture.png").stat().st_size > 1000


def test_failed_run_counts_as_the_worst(tmp_path):
    runs = [_run("wave1d", 0, 1e-9), _run("wave1d", 1, 1e-9, failed="It broke.")]
    for number, run in enumerate(runs):
        (tmp_path / f"{number}.json").write_text(json.dumps(run))
    text = report.table(report.read(tmp_path))
    assert "failed" in text
    assert "- wave1d, seed 1: It broke." in text


def test_what_the_noise_allows():
    import noise_limit
    from scipy.sparse.linalg import spsolve

    conduction = noise_limit.Conduction(29)
    change = np.sin(np.pi * conduction.x) * np.sin(2.0 * np.pi * conduction.y)
    # The same source with another conductivity, by differences.
    u = conduction.u[1:-1, 1:-1].ravel()
    source = conduction.matrix(conduction.a) @ u
    found = [
        spsolve(conduction.matrix(conduction.a + h * change), source)
        for h in (1e-4, -1e-4)
    ]
    slope = (found[0] - found[1]) / 2e-4
    answer = conduction.answer(change)
    np.testing.assert_allclose(answer[1:-1, 1:-1].ravel(), slope, atol=1e-6)
    assert not answer[0].any()
    # One wave: the noise over the size of what it changes at the 2,500 places.
    (of_a, together) = noise_limit.expected_errors(conduction, 1)
    one = np.sin(np.pi * conduction.x) * np.sin(np.pi * conduction.y)
    rms = np.sqrt(np.mean(conduction.answer(one)[:-1, :-1] ** 2))
    deviation = noise_limit.NOISE / (rms * noise_limit.MEASURED)
    expected = deviation * np.linalg.norm(one) / np.linalg.norm(conduction.a)
    assert of_a == pytest.approx(expected, rel=0.03)
    assert 0.5 * of_a < together < of_a
