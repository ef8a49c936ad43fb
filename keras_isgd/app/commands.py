"""What the commands do: show, solve, compare."""

import argparse
import contextlib
import io
import json
import os
import shlex

from keras_isgd import figures, solving
from keras_isgd.app import catalogue, own_problem, runs
from keras_isgd.app.output import made_folder
from keras_isgd.app.recipe import DefaultRecipe, Recipe
from keras_isgd.app.sharing import connect, shared, words_of
from keras_isgd.app.tables import (
    print_best,
    print_coefficients,
    print_record,
    print_table,
)
from keras_isgd.hosts import is_chief
from keras_isgd.models.report import Report

__all__ = ["compare", "show", "solve", "sweep"]

_REPORT = "report.html"


def show(options: argparse.Namespace) -> int:
    """Prints the problems and the optimizers, with a line each."""
    print("Problems:")
    for name, recipe in catalogue.RECIPES.items():
        problem = recipe.make_problem()
        summary = (type(problem).__doc__ or "").strip().partition("\n")[0]
        config = ", ".join(f"{k}={v!r}" for k, v in problem.get_config().items())
        print(f"  {name:22}{summary}{f'  [{config}]' if config else ''}")
        print(f"  {'':22}{problem.reference}")
    print("\nOptimizers:")
    for name, words in catalogue.OPTIMIZERS.items():
        print(f"  {name:22}{words}")
    return 0


def solve(options: argparse.Namespace) -> int:
    """Solves a problem by one optimizer; returns the exit status."""
    several = connect(options)  # before TensorFlow computes anything
    recipe = _recipe(options.problem)
    if several and not is_chief():
        with contextlib.redirect_stdout(io.StringIO()):
            return 130 if _solve(options, recipe).interrupted else 0
    folder = made_folder(options.out, _title(options), options.overwrite)
    run = _solve(options, recipe)
    written, report = _finish(run, folder, _title(options))
    print_table([run])
    print_coefficients([run])
    print(f"\nWritten to {folder}: {', '.join(written)}")
    if report is not None:
        print(f"\nReport: {os.path.join(folder, _REPORT)}\n{report.brief()}")
    return 130 if run.interrupted else 0


def _solve(options: argparse.Namespace, recipe: Recipe) -> runs.Run:
    """The run of `solve`, which writes nothing."""
    chosen = isinstance(recipe, DefaultRecipe) and options.optimizer == "isgd"
    untouched = options.learning_rate is None and options.inner_steps is None
    if chosen and untouched and options.resample is None and not options.no_jit:
        return _solved(options, recipe)
    return _run(options, recipe, options.optimizer)


def compare(options: argparse.Namespace) -> int:
    """Solves a problem by several optimizers; returns the exit status."""
    recipe = _recipe(options.problem)
    folder = made_folder(options.out, _title(options), options.overwrite)
    count, total = len(options.optimizers), len(options.optimizers) * options.seconds
    print(f"{count} optimizers for {options.seconds:g} s each: {_duration(total)}.")
    finished = []
    for name in options.optimizers:
        print(f"\n{name}")
        run = _run(options, recipe, name)
        finished.append(run)
        title = f"{_title(options)}, {name}"
        own, _ = _finish(run, os.path.join(folder, name), title)
        if run.interrupted:
            break
    written = ["curves.png", "result.json"]
    figures.save_curves(
        {run.name: run.records for run in finished},
        os.path.join(folder, "curves.png"),
        _title(options),
    )
    problem = finished[0].model.problem
    x = figures.prediction_points(problem)
    if x is not None:
        predictions = {run.name: run.model.predict(x, verbose=0) for run in finished}
        path = os.path.join(folder, "predictions.png")
        figures.save_predictions(problem, predictions, path, _title(options))
        written.append("predictions.png")
    with open(os.path.join(folder, "result.json"), "w") as file:
        json.dump({run.name: run.result for run in finished}, file, indent=1)
    print()
    print_table(finished)
    print_coefficients(finished)
    print_best(finished)
    print(
        f"\nWritten to {folder}: {', '.join(written)}, and for each optimizer "
        f"{', '.join(own)}"
    )
    return 130 if finished[-1].interrupted else 0


def sweep(options: argparse.Namespace) -> int:
    """Solves a problem from several seeds by `ki.solve`; returns the exit status."""
    problem = _recipe(options.problem).make_problem()
    folder = options.out or os.path.join("runs", f"{_title(options)}-sweep")
    waves = -(-options.seeds // options.workers)
    print(
        f"{options.seeds} seeds for {options.seconds:g} s each, {options.workers} at a "
        f"time: {_duration(waves * options.seconds)}. Runs that are in {folder} are "
        "not made again.",
        flush=True,
    )
    found = solving.sweep(
        {_title(options): problem},
        options.seconds,
        options.seeds,
        options.workers,
        folder,
    )
    print(f"{found}\n\nWritten to {folder}. Best: seed {found.best()['seed']}.")
    return 0


def _recipe(text: str) -> Recipe:
    """The recipe of a problem's name or file."""
    if text in catalogue.RECIPES:
        return catalogue.RECIPES[text]
    return own_problem.OwnRecipe(own_problem.load(text))


def _solved(options: argparse.Namespace, recipe: Recipe) -> runs.Run:
    """A problem without a recipe, by `ki.solve`."""
    problem = recipe.make_problem()
    print(
        f"{_title(options)} by ki.solve for {options.seconds:g} s: scales, network, "
        "points and weights are chosen, then compiled (10 to 30 s)."
    )
    return runs.solve(
        problem,
        options.seconds,
        options.seed,
        {"seed": options.seed, "command": _command(options, "isgd")},
        print_record,
        **shared(options),
    )


def _title(options: argparse.Namespace) -> str:
    return own_problem.short_name(options.problem)


def _duration(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:.3g} min"


def _run(options: argparse.Namespace, recipe: Recipe, name: str) -> runs.Run:
    model = recipe.make_model(options.seed, **shared(options))
    optimizer = catalogue.make_optimizer(
        name, recipe, options.learning_rate, options.inner_steps
    )
    resample = options.resample
    if resample is None:
        resample = name not in catalogue.NEED_FIXED_POINTS
    points = recipe.make_points(model, options.seed, resample)
    sizes = ", ".join(
        f"{x.shape[0]:,} {where}" for where, x in points.element_spec.items()
    )
    print(
        f"{_title(options)}: {model.count_params():,} weights, "
        f"{'new' if resample else 'fixed'} points ({sizes}), {name}, "
        f"{options.seconds:g} s{'' if options.no_jit else '; compiling ...'}",
        flush=True,
    )
    settings = {
        "network": recipe.network,
        "points": {**recipe.points_for(resample), "resample": resample},
        "seed": options.seed,
        "configuration": optimizer.get_config(),
        "command": _command(options, name),
    }
    return runs.train(
        name,
        model,
        optimizer,
        points,
        seconds=options.seconds,
        settings=settings,
        report=print_record,
        jit_compile=not options.no_jit,
    )


def _command(options: argparse.Namespace, name: str) -> str:
    """The command that repeats a run."""
    words = ["python -m keras_isgd solve", shlex.quote(options.problem)]
    words += ["--optimizer", name]
    words += ["--seconds", f"{options.seconds:g}", "--seed", str(options.seed)]
    if options.learning_rate is not None:
        words += ["--learning-rate", str(options.learning_rate)]
    if options.inner_steps is not None:
        words += ["--inner-steps", str(options.inner_steps)]
    if options.resample is not None:
        words.append("--resample" if options.resample else "--no-resample")
    words += ["--no-jit"] * options.no_jit
    words += words_of(options)
    return " ".join(words)


def _finish(run: runs.Run, folder: str, title: str) -> tuple[list[str], Report | None]:
    """Writes what a run left; returns the names of what was written, and a report."""
    exported = runs.write(run, folder)
    if not exported:
        print("The weights are not finite: no model and no picture is written.")
        return ["result.json"], None
    curves, solution = (
        os.path.join(folder, file) for file in ("curves.png", "solution.png")
    )
    figures.save_curves({run.name: run.records}, curves, title)
    written, pictures = ["result.json", "card.md", "curves.png"], {}
    if figures.save_solution(run.model, solution, title):
        written.append("solution.png")
        pictures["The solution"] = solution
    report = run.model.report()
    pictures["Loss and error against time and evaluations"] = curves
    report.to_html(os.path.join(folder, _REPORT), pictures)
    return [*written, "model/", _REPORT], report
