import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.app import catalogue, runs
from keras_isgd.app.cli import main
from keras_isgd.app.output import made_folder


def test_list_names_every_problem_and_optimizer(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    for name in (*catalogue.RECIPES, *catalogue.OPTIMIZERS):
        assert name in out
    for words in catalogue.OPTIMIZERS.values():
        assert words in out
    assert "Eq. 21" in out


@pytest.mark.parametrize("optimizer", catalogue.OPTIMIZERS)
def test_solve_writes_table_json_pictures_and_model(
    optimizer, tmp_path, capsys, monkeypatch
):
    out = tmp_path / "out"
    arguments = ["solve", "singular-eps2", "--optimizer", optimizer, "--no-jit"]
    assert main([*arguments, "--seconds", "2", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "relative L2" in printed
    written = {"result.json", "card.md", "curves.png", "solution.png", "model"}
    written.add("report.html")
    assert set(os.listdir(out)) == written
    for picture in ("curves.png", "solution.png"):
        assert (out / picture).read_bytes()[:4] == b"\x89PNG"
    content = json.loads((out / "result.json").read_text())
    result = content["result"]
    report = (out / "report.html").read_text()
    assert report.count("<img src=") == 2
    assert f"Report: {out / 'report.html'}" in printed
    for heading in ("What limits this run", "What to try next"):
        assert heading in report
        assert heading in printed.split("Written to")[1]
    # The numbers are those of the exported model, by another route.
    problem = ki.problems.SingularPerturbation(2.0)
    x = problem.test_points()
    solver = tf.saved_model.load(str(out / "model"))
    u = np.asarray(solver.serve(x))
    error = u - np.asarray(problem.exact(tf.constant(x)))
    np.testing.assert_allclose(result["max_error"], np.max(np.abs(error)), rtol=1e-9)
    assert result["evaluations"] >= result["steps"] > 0
    assert content["records"][-1]["step"] == result["steps"]
    assert f"{result['relative_l2']:.2e}" in printed
    card = (out / "card.md").read_text()
    monkeypatch.chdir(out)
    exec(re.search(r"```python\n(.*?)```", card, re.DOTALL).group(1), {})
    command = f"python -m keras_isgd solve singular-eps2 --optimizer {optimizer} "
    assert command + "--seconds 2 --seed 0 --no-jit" in card
    assert f"| relative l2 | {result['relative_l2']:.4g} |" in card


def test_compare_gives_each_the_same_start(tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["compare", "singular-eps2", "--optimizers", "isgd-adam", "adam"]
    assert main([*arguments, "--seconds", "1", "--no-jit", "--out", str(out)]) == 0
    written = {"isgd-adam", "adam", "curves.png", "predictions.png", "result.json"}
    assert set(os.listdir(out)) == written
    first = [
        json.loads((out / name / "result.json").read_text())["records"][0]
        for name in ("isgd-adam", "adam")
    ]
    # adam's first record is a mean over its first 50 steps
    assert first[0]["step"] == 1
    loss = runs_start_loss()
    np.testing.assert_allclose(first[0]["loss_before"], loss, rtol=1e-5)
    printed = capsys.readouterr().out
    assert printed.startswith("2 optimizers for 1 s each: 2 s.")
    assert "has the smallest error" in printed
    assert "compiling" not in printed


def runs_start_loss():
    recipe = catalogue.RECIPES["singular-eps2"]
    model = recipe.make_model(0)
    model.compile(optimizer="adam")
    points = recipe.make_points(model, 0)
    return model.evaluate(points, verbose=0, return_dict=True)["loss"]


def test_bad_arguments_are_refused_before_training(tmp_path, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("keep")
    solve = ["solve", "singular-eps2", "--out"]
    assert main([*solve, str(tmp_path / "full")]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "full" / "mine").read_text() == "keep"
    (tmp_path / "file").write_text("")
    assert main([*solve, str(tmp_path / "file" / "below")]) == 2
    for extra, word in (
        (["--seconds", "-1"], "seconds"),
        (["--seed", "-1"], "seed"),
        (["--learning-rate", "-1"], "learning rate"),
        (["--inner-steps", "0"], "steps"),
        (["--optimizer", "adam", "--inner-steps", "3"], "no inner steps"),
        (["--optimizer", "lbfgs", "--learning-rate", "3"], "no learning rate"),
    ):
        assert main([*solve, str(tmp_path / "new"), *extra]) == 2
        assert word in capsys.readouterr().err
    for wrong in (["solve", "navier"], ["solve", "poisson2d", "--optimizer", "x"]):
        with pytest.raises(SystemExit):
            main(wrong)


def test_without_a_command_there_is_help_with_examples(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "examples:" in out
    assert "my_file.py:MyProblem" in out
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert ki.__version__ in capsys.readouterr().out


def test_folders_are_numbered_and_overwriting_removes_the_earlier_run(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    first = made_folder(None, "name", overwrite=False)
    (tmp_path / first / "result.json").write_text("{}")
    (tmp_path / first / "solution.png").write_text("old")
    (tmp_path / first / "mine").write_text("keep")
    for name in ("adam", "other"):
        (tmp_path / first / name).mkdir()
        (tmp_path / first / name / "result.json").write_text("{}")
    assert made_folder(None, "name", overwrite=False) == f"{first}-2"
    assert made_folder(None, "name", overwrite=True) == first
    assert set(os.listdir(first)) == {"mine", "other"}


def test_debug_shows_where_an_error_arose(tmp_path):
    arguments = ["solve", "singular-eps2", "--seed", "-1", "--debug"]
    with pytest.raises(ValueError, match="seed"):
        main([*arguments, "--out", str(tmp_path / "out")])


def test_interrupt_ends_cleanly_with_what_was_reached(tmp_path):
    command = [sys.executable, "-m", "keras_isgd", "solve", "singular-eps2"]
    command += ["--optimizer", "adam", "--no-jit", "--seconds", "300"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "step" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "relative L2" in rest
    content = json.loads((tmp_path / "out" / "result.json").read_text())
    assert content["interrupted"]
    assert (tmp_path / "out" / "model").is_dir()


def test_a_run_needs_an_end():
    recipe = catalogue.RECIPES["singular-eps2"]
    model = recipe.make_model(0)
    with pytest.raises(ValueError, match="never end"):
        runs.train("x", model, ki.ISGD(), recipe.make_points(model))
    with pytest.raises(ValueError, match="steps"):
        runs.train("x", model, ki.ISGD(), recipe.make_points(model), steps=0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--hosts", "a:1,b:2"], "Give --task as well"),
        (["--task", "0"], "--task needs the addresses"),
        (["--hosts"], "No processes are known"),
        (["--hosts", "a", "--task", "0"], "host:port"),
    ],
)
def test_hosts_that_cannot_be_connected(words, sentence, capsys, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert main(["solve", "burgers", *words]) == 2
    assert sentence in capsys.readouterr().err
