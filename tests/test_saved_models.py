"""The trained solvers in `saved_models/` are what their cards say."""

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_isgd.app import catalogue

SAVED = Path(__file__).parents[1] / "saved_models"
NAMES = sorted(path.parent.name for path in SAVED.glob("*/saved_model.pb"))


def test_there_is_one_for_each_equation_of_the_paper():
    assert NAMES == [
        "helmholtz2d",
        "poisson1d-high",
        "poisson1d-low",
        "poisson2d",
        "singular-eps0.01",
        "singular-eps2",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_those_of_the_card(name, monkeypatch):
    card = (SAVED / f"{name}.md").read_text()
    solver = tf.saved_model.load(str(SAVED / name))
    problem = catalogue.RECIPES[name].make_problem()
    x = problem.test_points()
    exact = np.asarray(problem.exact(tf.constant(x)))
    error = np.asarray(solver.serve(x)) - exact
    found = {
        "relative l2": np.linalg.norm(error) / np.linalg.norm(exact),
        "max error": np.max(np.abs(error)),
    }
    for key, value in found.items():
        printed = float(re.search(rf"\| {key} \| (\S+) \|", card).group(1))
        # Two of them are within rounding of the exact solution.
        assert value == pytest.approx(printed, rel=1e-3, abs=1e-14)
    assert found["relative l2"] < 1e-9
    assert f"solve {name} --optimizer" in card
    monkeypatch.chdir(SAVED.parent)
    exec(re.search(r"```python\n(.*?)```", card, re.DOTALL).group(1), {})

    rng = np.random.default_rng(0)
    inside = rng.uniform(0.01, 0.99, size=(500, x.shape[1]))
    scale = np.abs(np.asarray(problem.source(tf.constant(inside)))).max()
    residual = np.sqrt(np.mean(np.asarray(solver.residual(inside)) ** 2))
    assert residual < 1e-7 * scale


def test_they_are_small():
    for name in NAMES:
        files = (SAVED / name).rglob("*")
        assert sum(f.stat().st_size for f in files if f.is_file()) < 1_000_000
