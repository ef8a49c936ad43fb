"""The command line with a problem in a user's file."""

import json
import os

import numpy as np
import pytest
import tensorflow as tf

from keras_isgd.app import own_problem
from keras_isgd.app.cli import main

TEXT = '''
"""Two problems of my own."""
import keras_isgd as ki
import tensorflow as tf
from {neighbour} import RATE


class Pair(ki.Problem):
    """u' = v, v' = -u."""

    coordinates = ("t",)
    outputs = ("u", "v")
    domain = ki.Box(0.0, 0.5)
    coefficients = {{"w": ki.Coefficient(1.0, lower=0.0)}}

    def residual(self, u, x):
        w = u.coefficient("w")
        first = u["u"].d("t") - u["v"].value
        return {{"first": first, "second": u["v"].d("t") + w * RATE * u["u"].value}}

    def conditions(self):
        return [ki.Dirichlet(on="t_min", value=[0.0, 1.0], weight=7.0)]

    def exact(self, x):
        return {{"u": tf.sin(x), "v": tf.cos(x)}}


class Scaled(Pair):
    exact = None

    def __init__(self, scale):
        self.scale = scale

    def conditions(self):
        return [ki.Dirichlet(on="t_min", value=self.scale)]


instance = Scaled(2.0)
number = 3
'''


@pytest.fixture
def file(tmp_path):
    name = f"neighbour_{os.path.basename(tmp_path).replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text("RATE = 1.0\n")
    path = tmp_path / "my_file.py"
    path.write_text(TEXT.format(neighbour=name))
    return path


def test_errors_of_each_output_and_the_coefficients(file, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["solve", f"{file}:Pair", "--seconds", "1", "--no-jit"]
    assert main([*arguments, "--optimizer", "adam", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    result = json.loads((out / "result.json").read_text())["result"]
    table, told = printed.split("\nWritten to")
    head, row = table.splitlines()[-4:-2]
    assert head.split()[-8:] == ["L2", "u", "L2", "v", "max", "u", "max", "v"]
    cells = [float(cell) for cell in row.split()[-4:]]
    keys = ("relative_l2_u", "relative_l2_v", "max_error_u", "max_error_v")
    assert cells == [float(f"{result[key]:.2e}") for key in keys]
    assert f"coefficients by adam: w = {result['coefficients']['w']:.6g}" in printed
    assert f"Report: {out / 'report.html'}" in told
    assert "Network: two layers" in (out / "report.html").read_text()
    card = (out / "card.md").read_text()
    assert f"| relative l2 v | {result['relative_l2_v']:.4g} |" in card
    assert f"| coefficients | w = {result['coefficients']['w']:.6g} |" in card
    assert f"solve {file}:Pair --optimizer adam" in card
    solver = tf.saved_model.load(str(out / "model"))
    x = np.linspace(0.0, 0.5, 20_001)[:, None]
    error = np.max(np.abs(solver.derivatives(x)["v"] - np.cos(x)))
    assert result["max_error_v"] == pytest.approx(error, rel=1e-9)
    assert float(solver.coefficients()["w"]) == result["coefficients"]["w"]


def test_without_an_exact_solution(file, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["compare", "my_file.py:instance", "--seconds", "1", "--no-jit"]
    assert main([*arguments, "--optimizers", "adam"]) == 0
    printed = capsys.readouterr().out
    assert "relative L2" not in printed
    assert (
        "result.json, card.md, curves.png, solution.png, model/, report.html" in printed
    )
    assert set(os.listdir("runs/instance")) == {"adam", "curves.png", "result.json"}


def test_what_a_problem_without_a_recipe_gets(file):
    recipe = own_problem.OwnRecipe(own_problem.load(f"{file}:Pair"))
    model = recipe.make_model(seed=1)
    weights = model.network.get_layer("mlp").weights
    kernels = [v.shape for v in weights if len(v.shape) == 2]
    assert kernels == [(1, 24), (24, 24), (24, 2)]
    # 4 on the unit box, drawn from N(0, 4^2).
    spread = np.std(weights[0].numpy())
    assert 4.0 / 1.5 < spread < 4.0 * 1.5
    # A weight of one's own stays.
    weights = dict(model.loss_weights)
    balanced = model.balanced_weights()
    assert weights == {**balanced, "dirichlet_t_min": 7.0}
    assert sorted(balanced) == ["first", "second"]
    other = own_problem.OwnRecipe(own_problem.load(f"{file}:instance")).make_model()
    found = other.loss_weights["dirichlet_t_min"]
    assert found == pytest.approx(other.balanced_weights()["dirichlet_t_min"])
    sets = [
        next(iter(recipe.make_points(model, seed, resample).skip(step)))["interior"]
        for seed, resample, step in ((0, True, 0), (0, True, 1), (1, True, 0))
    ]
    assert not any(np.array_equal(sets[0], other) for other in sets[1:])
    fixed = recipe.make_points(model, 0, False)
    first, second = (batch["interior"] for batch in fixed.take(2))
    np.testing.assert_array_equal(first, second)
    # 2.25 rows for each weight, two equations at each point.
    parameters = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert len(first) == int(2.25 * parameters / 2)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.py:Pair", "There is no file .*none.py"),
        ("my_file.py:Pear", "my_file.py has no 'Pear'. It has Pair, Scaled, instance"),
        ("my_file.py", "Say which problem of .*my_file.py:Pair"),
        ("my_file.py:", "Say which problem of .*my_file.py:Pair"),
        ("my_file.py:number", "number in .* subclass of ki.Problem .* it is int"),
        ("my_file.py:RATE", "it is float"),
        (
            "my_file.py:Scaled",
            r"Scaled in .* needs arguments .*problem = Scaled\(...\)",
        ),
        ("broken.py:Pair", "broken.py cannot be run: NameError: name 'kj'"),
        ("empty.py:Pair", "empty.py has no 'Pair'. It has no ki.Problem"),
    ],
)
def test_what_is_no_problem_is_told_so(file, name, words, tmp_path, capsys):
    (tmp_path / "broken.py").write_text("kj.Problem\n")
    (tmp_path / "empty.py").write_text("")
    out = tmp_path / "out"
    with pytest.raises(ValueError, match=words):
        own_problem.load(f"{tmp_path}/{name}")
    assert main(["solve", f"{tmp_path}/{name}", "--out", str(out)]) == 2
    assert name.partition(":")[0] in capsys.readouterr().err
    assert not out.exists()


def test_a_file_named_like_a_package_leaves_it_alone(tmp_path):
    path = tmp_path / "numpy.py"
    path.write_text(
        "import keras_isgd as ki\nclass Mine(ki.Problem):\n    coordinates = ('x',)\n"
    )
    import sys

    assert type(own_problem.load(f"{path}:Mine")).__name__ == "Mine"
    assert sys.modules["numpy"] is np


def test_a_class_without_arguments_that_is_no_problem(tmp_path):
    path = tmp_path / "other.py"
    path.write_text("class Mine:\n    pass\n")
    with pytest.raises(
        ValueError, match=r"it is another class\. It has no ki\.Problem"
    ):
        own_problem.load(f"{path}:Mine")
