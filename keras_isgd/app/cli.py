"""The command line: `python -m keras_isgd list | solve | compare`."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence

import tensorflow as tf

from keras_isgd import figures
from keras_isgd.app import catalogue, own_problem, runs
from keras_isgd.app.tables import print_coefficients, print_record, print_table
from keras_isgd.models.report import Report

__all__ = ["main"]

_REPORT = "report.html"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status.

    Args:
        arguments: list of strings; those of the process if None.
    """
    options = _parser().parse_args(arguments)
    tf.get_logger().setLevel("ERROR")
    try:
        return options.command(options)
    except (ValueError, OSError) as error:
        print(f"keras-isgd: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keras-isgd", description="Solve differential equations by PINNs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="show the problems and optimizers")
    listing.set_defaults(command=_list)

    solve = commands.add_parser("solve", help="solve a problem by one optimizer")
    _add_common(solve)
    solve.add_argument(
        "--optimizer",
        choices=catalogue.OPTIMIZERS,
        default="isgd",
        help="default: %(default)s",
    )
    solve.add_argument(
        "--learning-rate",
        type=float,
        metavar="A",
        help="alpha of isgd and isgd-..., the rate of adam and sgd",
    )
    solve.add_argument(
        "--inner-steps", type=int, metavar="K1", help="steps of the inner solver"
    )
    solve.set_defaults(command=_solve)

    compare = commands.add_parser(
        "compare",
        help="solve a problem by several optimizers",
        description="The same network, start and time for each optimizer.",
    )
    _add_common(compare)
    compare.add_argument(
        "--optimizers",
        nargs="+",
        choices=catalogue.OPTIMIZERS,
        default=list(catalogue.OPTIMIZERS),
        metavar="NAME",
        help=f"some of {', '.join(catalogue.OPTIMIZERS)}; all by default",
    )
    compare.set_defaults(command=_compare, learning_rate=None, inner_steps=None)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "problem",
        type=_problem,
        metavar="PROBLEM",
        help="see `list`; or a problem of your own, my_file.py:MyProblem",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="training time of each optimizer, compilation included; default: 60",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of weights and points"
    )
    parser.add_argument(
        "--resample",
        action=argparse.BooleanOptionalAction,
        help="new points at each step, or the same; by default new ones except for "
        + " and ".join(catalogue.NEED_FIXED_POINTS),
    )
    parser.add_argument(
        "--out", metavar="DIR", help="where to write; default: runs/ and its name"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace what is in DIR"
    )
    parser.add_argument(
        "--no-jit", action="store_true", help="train without XLA compilation"
    )


def _problem(text: str) -> str:
    if text not in catalogue.RECIPES and not own_problem.is_file(text):
        raise argparse.ArgumentTypeError(
            f"unknown problem {text!r}: expected one of "
            f"{', '.join(catalogue.RECIPES)}, or one of your own, such as "
            "my_file.py:MyProblem"
        )
    return text


def _recipe(text: str) -> catalogue.Recipe:
    """The recipe of a problem's name or file."""
    if text in catalogue.RECIPES:
        return catalogue.RECIPES[text]
    return own_problem.OwnRecipe(own_problem.load(text))


def _list(options: argparse.Namespace) -> int:
    print("Problems:")
    for name, recipe in catalogue.RECIPES.items():
        problem = recipe.make_problem()
        summary = (type(problem).__doc__ or "").strip().partition("\n")[0]
        config = ", ".join(f"{k}={v!r}" for k, v in problem.get_config().items())
        print(f"  {name:22}{summary}{f'  [{config}]' if config else ''}")
        print(f"  {'':22}{problem.reference}")
    print("\nOptimizers:")
    for name in catalogue.OPTIMIZERS:
        print(f"  {name}")
    return 0


def _solve(options: argparse.Namespace) -> int:
    recipe = _recipe(options.problem)
    directory = _prepare_output(options)
    own = isinstance(recipe, own_problem.OwnRecipe) and options.optimizer == "isgd"
    untouched = options.learning_rate is None and options.inner_steps is None
    if own and untouched and options.resample is None and not options.no_jit:
        run = _solved(options, recipe)
    else:
        run = _run(options, recipe, options.optimizer)
    written, report = _finish(run, directory, _title(options))
    print_table([run])
    print_coefficients([run])
    print(f"\nWritten to {directory}: {', '.join(written)}")
    if report is not None:
        print(f"\nReport: {os.path.join(directory, _REPORT)}\n{report.brief()}")
    return 130 if run.interrupted else 0


def _solved(options: argparse.Namespace, recipe: catalogue.Recipe) -> runs.Run:
    """A problem without a recipe, by `ki.solve`."""
    return runs.solve(
        recipe.make_problem(),
        options.seconds,
        options.seed,
        {"seed": options.seed, "command": _command(options, "isgd")},
        print_record,
    )


def _compare(options: argparse.Namespace) -> int:
    recipe = _recipe(options.problem)
    directory = _prepare_output(options)
    finished = []
    for name in options.optimizers:
        print(f"\n{name}")
        run = _run(options, recipe, name)
        finished.append(run)
        title = f"{_title(options)}, {name}"
        own, _ = _finish(run, os.path.join(directory, name), title)
        if run.interrupted:
            break
    written = ["curves.png", "result.json"]
    figures.save_curves(
        {run.name: run.records for run in finished},
        os.path.join(directory, "curves.png"),
        _title(options),
    )
    problem = finished[0].model.problem
    x = figures.prediction_points(problem)
    if x is not None:
        predictions = {run.name: run.model.predict(x, verbose=0) for run in finished}
        path = os.path.join(directory, "predictions.png")
        figures.save_predictions(problem, predictions, path, _title(options))
        written.append("predictions.png")
    with open(os.path.join(directory, "result.json"), "w") as file:
        json.dump({run.name: run.result for run in finished}, file, indent=1)
    print()
    print_table(finished)
    print_coefficients(finished)
    print(
        f"\nWritten to {directory}: {', '.join(written)}, and for each optimizer "
        f"{', '.join(own)}"
    )
    return 130 if finished[-1].interrupted else 0


def _title(options: argparse.Namespace) -> str:
    return own_problem.short_name(options.problem)


def _prepare_output(options: argparse.Namespace) -> str:
    """Makes the output directory, before any training."""
    directory = options.out or os.path.join("runs", _title(options))
    if os.path.isdir(directory) and os.listdir(directory) and not options.overwrite:
        raise FileExistsError(
            f"{directory} has files in it. Choose another --out, or pass --overwrite."
        )
    os.makedirs(directory, exist_ok=True)
    if not os.access(directory, os.W_OK):
        raise PermissionError(f"{directory} cannot be written. Choose another --out.")
    return directory


def _run(options: argparse.Namespace, recipe: catalogue.Recipe, name: str) -> runs.Run:
    model = recipe.make_model(options.seed)
    optimizer = catalogue.make_optimizer(
        name, recipe, options.learning_rate, options.inner_steps
    )
    resample = options.resample
    if resample is None:
        resample = name not in catalogue.NEED_FIXED_POINTS
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
        recipe.make_points(model, options.seed, resample),
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
    return " ".join(words)


def _finish(
    run: runs.Run, directory: str, title: str
) -> tuple[list[str], Report | None]:
    """Writes what a run left; returns the names of what was written, and a report."""
    exported = runs.write(run, directory)
    if not exported:
        print("The weights are not finite: no model and no picture is written.")
        return ["result.json"], None
    figures.save_curves(
        {run.name: run.records}, os.path.join(directory, "curves.png"), title
    )
    report = run.model.report()
    report.to_html(os.path.join(directory, _REPORT))
    written = ["result.json", "card.md", "curves.png", "model/", _REPORT]
    path = os.path.join(directory, "solution.png")
    if figures.save_solution(run.model, path, title):
        written.insert(3, "solution.png")
    return written, report


if __name__ == "__main__":
    sys.exit(main())
