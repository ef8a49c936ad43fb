"""Table 1 and Figures 1 to 4: SGD, Adam, ISGD and this package's default.

The paper's equations with its networks, points, rates and hand-overs, each optimizer
for the same seconds or for a number of #Iterations. These are counted as the paper
does, (K0 K1 + K2): every inner Adam step is one, and so is every step of an explicit
optimizer. Runs are kept in results.json one by one: another call with the same
settings adds optimizers to it, and the table and the pictures show all that it holds;
`--optimizers` without a name adds none. A killed run of a number of #Iterations goes
on when the same command is given again.
"""

import argparse
import json
import math
import os

import common
import long_runs
import numpy as np
import tensorflow as tf
from paper_settings import (
    BATCHES,
    NAMES,
    SETTINGS,
    IterationLimit,
    iterations,
    optimizer,
)

import keras_isgd as ki
from keras_isgd import figures
from keras_isgd.app import catalogue, runs

# What the pictures have in common with each other.
COLOUR = dict(zip(NAMES, (*figures.COLOURS, "#999999")))
# Ten seconds each, on a small network where --full has the paper's.
SHORT = {"seconds": 10.0, "width": 20, "depth": 2, "k0": 10, "k1": 20}
FULL = {"seconds": 120.0, "k0": 100, "k1": 100}
HEADER = (
    "| | loss | relative L2 | last tenth | max error | #Iterations | seconds "
    "| ms for each |\n|---|---|---|---|---|---|---|---|"
)


def main(arguments=None):
    """Prints the table of one setting; writes curves and solutions."""
    options = _options(arguments)
    out = _out(options)
    tf.config.experimental.enable_tensor_float_32_execution(False)
    os.makedirs(out, exist_ok=True)
    results = _earlier(f"{out}/results.json", options)
    names = []
    for name in options.optimizers:
        if why := _left_out(name, options):
            print(f"{name} is left out: {why}.")
        else:
            names.append(name)
    if not (names or results):
        raise SystemExit(f"There is no run to make, and {out} holds none.")
    print(HEADER)
    for name, result in results.items():
        print(_row(name, result), flush=True)
    for name in names:
        results[name] = _keep(name, _run(name, options), options)
        results = {n: results[n] for n in NAMES if n in results}
        print(_row(name, results[name]), flush=True)
        with open(f"{out}/results.json", "w") as file:
            json.dump({"settings": _shared(options), "results": results}, file)
    _draw(results, out, options.setting)
    print(f"Written to {out}: curves.png, predictions.png, results.json")


def _out(options):
    return options.out or f"runs/table_1/{options.setting}"


def _draw(results, out, setting):
    """Figures 2 to 4: losses and errors along the runs, and what each predicts."""
    curves = {n: r["records"] for n, r in results.items()}
    figures.save_curves(curves, f"{out}/curves.png", setting, COLOUR)
    problem = catalogue.RECIPES[SETTINGS[setting][0]].make_problem()
    predictions = {n: r["prediction"] for n, r in results.items()}
    path = f"{out}/predictions.png"
    figures.save_predictions(problem, predictions, path, setting, COLOUR)


def _options(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("setting", choices=SETTINGS)
    parser.add_argument("--optimizers", nargs="*", choices=NAMES, default=NAMES)
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--seconds", type=float, help="for each optimizer")
    limit.add_argument(
        "--iterations", type=int, default=None, help="#Iterations, instead of seconds"
    )
    parser.add_argument("--k0", type=int, help="implicit steps")
    parser.add_argument("--k1", type=int, help="inner steps in each")
    for name in ("width", "depth"):
        parser.add_argument(
            f"--{name}", type=int, default=None, help="instead of the paper's"
        )
    parser.add_argument("--alpha", type=float, help="instead of the paper's")
    parser.add_argument(
        "--points", type=int, nargs="+", default=None, help="instead of the paper's"
    )
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default=None, help="directory; runs/table_1/<setting>")
    options = common.parse(parser, arguments, SHORT, FULL)
    if options.iterations is None:
        count = len(options.optimizers)
        print(f"{count} optimizers of {options.seconds:g} s each (--seconds).")
    else:
        print(f"{options.iterations:,} #Iterations of each optimizer, however long.")
    return options


def _shared(options):
    """What runs must have in common to stand in one table."""
    names = ("setting", "width", "depth", "points", "alpha", "dtype", "seed")
    return {name: getattr(options, name) for name in names}


def _earlier(path, options):
    """The results of earlier calls with these settings."""
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        content = json.load(file)
    if {"dtype": "float64", **content["settings"]} != _shared(options):
        raise SystemExit(
            f"{path} holds runs of other settings, {content['settings']}. "
            "Give another directory as --out."
        )
    return content["results"]


def _keep(name, run, options):
    """What results.json holds of a run, its prediction on the picture's grid too."""
    x = figures.prediction_points(run.model.problem)
    u = run.model.network(tf.constant(x)).numpy()
    return {
        **run.result,
        "iterations": iterations(name, run.records[-1], vars(options)),
        "settings": vars(options),
        "records": run.records,
        "prediction": u.ravel().tolist(),
    }


def _row(name, r):
    """A line of the table.

    "Last tenth" is the median error over the last tenth of the time: at a constant rate
    an error jumps, and where a run stops is chance. Milliseconds for each iteration are
    those from the first record to the last, without the compilation.
    """
    first, last = r["records"][0], r["records"][-1]
    late = [x for x in r["records"] if x["seconds"] >= 0.9 * last["seconds"]]
    tenth = np.median([x["relative_l2"] for x in late])
    done = r["iterations"] - iterations(name, first, r["settings"])
    milliseconds = 1e3 * (last["seconds"] - first["seconds"])
    return " | ".join(
        [
            f"| {name}",
            *(f"{r[key]:.1e}" for key in ("loss", "relative_l2")),
            f"{tenth:.1e} | {r['max_error']:.1e}",
            f"{r['iterations']:,} | {r['seconds']:.0f}",
            f"{milliseconds / done:.2f} |" if done else "|",
        ]
    )


def _setting(options):
    """The setting's entry with what the options put in the paper's place."""
    problem, *numbers = SETTINGS[options.setting]
    given = (options.width, options.depth, options.points, options.alpha, None)
    return problem, *(n if g is None else g for n, g in zip(numbers, given))


def _left_out(name, options):
    """Why a setting has no such run, or None."""
    *_, alpha, rate = _setting(options)
    if name == "Adam,alpha" and alpha == rate:
        return "its rate is that of Adam"
    if "batch" in options.setting and name in ("L-BFGS", "recipe"):
        return "it takes all points in each step"
    return None


def _run(name, options):
    problem_name, width, depth, points, alpha, rate = _setting(options)
    recipe = catalogue.RECIPES[problem_name]
    if name == "recipe":
        model = recipe.make_model(options.seed)
        data = recipe.make_points(model, options.seed)
        return _train(name, model, ki.ISGD(), data, [], options)
    problem = recipe.make_problem()
    network = ki.networks.mlp(
        len(problem.coordinates),
        width=width,
        depth=depth,
        dtype=options.dtype,
        seed=options.seed,
    )
    model = ki.PINN(network, problem)
    batch = "batch" in options.setting
    data = problem.points(
        *points, resample=name == "ISGD()" and not batch, seed=options.seed
    )
    if batch:
        data = _batches(problem, data, options.seed)
    method, extra = optimizer(name, alpha, rate, options.k0, options.k1)
    return _train(name, model, method, data, extra, options)


def _batches(problem, data, seed):
    """The same points for ever, in batches drawn anew in each pass over them."""
    sets = next(iter(data))
    # In one dimension a boundary is two points, and each step has both.
    line = len(problem.coordinates) == 1
    whole = [name for name in sets if line and name != "interior"]
    return long_runs.batches(sets, BATCHES, seed, whole)


def _train(name, model, method, data, extra, options):
    if options.iterations is None:
        return runs.train(
            name,
            model,
            method,
            data,
            seconds=options.seconds,
            extra_callbacks=extra,
        )
    return _train_long(name, model, method, data, extra, options)


def _train_long(name, model, method, data, extra, options):
    """Trains for a number of #Iterations, from where an earlier call was stopped."""
    chunk = None
    if name == "ISGD,Adam":
        # Most of its steps are Adam's. Both parts of the run are whole calls.
        explicit = options.iterations - options.k0 * options.k1
        chunk = math.gcd(10, options.k0, explicit)
    folder = f"{_out(options)}/{name.replace(',', '-')}"
    length = {n: getattr(options, n) for n in ("iterations", "k0", "k1")}
    settings = {**_shared(options), **length}
    journal = long_runs.Journal(folder, settings)
    run = runs.train(
        name,
        model,
        method,
        data,
        # A step is one iteration or more.
        steps=options.iterations,
        report=journal,
        extra_callbacks=[journal.backup, *extra, IterationLimit(name, length)],
        steps_per_execution=chunk,
    )
    if run.interrupted:
        raise SystemExit(f"{name} was interrupted; the same command goes on with it.")
    run.records = journal.records
    run.result["seconds"] += journal.earlier
    journal.close()
    return run


if __name__ == "__main__":
    main()
