"""Errors against time: Gauss-Newton ISGD beside its baselines.

Each run is a process of its own; its clock starts with the process and includes
imports and compilation. Same network and start for all optimizers of a seed; each
with its own best kind of points (new ones each step, or fixed). Errors are on the
problem's fixed test grid.

    .venv/bin/python benchmarks/accuracy.py --problems helmholtz2d --seeds 0 1 2
    .venv/bin/python benchmarks/accuracy.py --optimizers isgd adam lbfgs scipy

prints for each goal (error within seconds) the worst seed, and writes JSON. Adam runs
with each rate of `--adam-rates` from the first seed, and with the one that ended best
from the others.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time

# Relative L2 errors to reach, with the seconds that they may take.
GOALS = {
    "helmholtz2d": [(1e-6, 90), (1e-9, 600)],
    "poisson2d": [(3e-4, 90), (1e-6, 900)],
    "singular-eps0.01": [(1e-6, 40), (1e-9, 120)],
    "singular-eps0.001": [(1e-6, 300)],
    "singular-eps2": [(1e-10, 30)],
    "poisson1d-high": [(1e-3, 120), (1e-6, 900)],
    "poisson2d-smooth": [(1e-8, 60)],
    "helmholtz2d-periodic": [(2e-9, 250)],
    "poisson2d-multiscale": [(1e-5, 900)],
}
OPTIMIZERS = ("isgd", "isgd-adam", "isgd-lbfgs", "lbfgs", "scipy", "adam")
# Networks that suit solutions of any kind, where the recipe has one layer of sines.
TWO_LAYERS = {
    "helmholtz2d": {
        "network": {"width": 36, "input_scale": 4.0},
        "points": {"interior": 3000, "boundary": 400},
    },
    "poisson2d": {
        "network": {"width": 48, "input_scale": 10.0},
        "points": {"interior": 5500, "boundary": 600},
    },
    "helmholtz2d-periodic": {
        "network": {"width": 45, "output_scale": 0.01},
        "points": {"interior": 3500, "boundary": 100},
    },
    "poisson2d-multiscale": {
        "network": {"width": 36, "output_scale": 0.01},
        "points": {"interior": 4000, "boundary": 200},
        "harmonics": 8,
    },
}


def main():
    """Runs what was asked for and prints the table."""
    options = _parser().parse_args()
    if options.child:
        print(json.dumps(_train(**json.loads(options.child))))
        return
    runs, two_layers = [], options.two_layers
    for problem in options.problems:
        limit = options.seconds or max(seconds for _, seconds in GOALS[problem])
        for optimizer in options.optimizers:
            rates = options.adam_rates if optimizer == "adam" else [None]
            for seed in options.seeds:
                tried = []
                for rate in rates:
                    run = _child(problem, optimizer, seed, limit, rate, two_layers)
                    tried.append(run)
                    _print_run(run)
                    with open(options.out, "w") as file:
                        json.dump(runs + tried, file)
                runs += tried
                rates = [min(tried, key=_end)["rate"]]
    _print_goals(runs)


def _end(run):
    error = run["records"][-1]["relative_l2"]
    return error if error == error else float("inf")  # what became NaN ends last


def _print_run(run):
    last = run["records"][-1]
    print(
        f"{run['problem']:22}{run['optimizer']:12}seed {run['seed']}  "
        f"rate {run['rate']}  {last['seconds']:6.1f} s  "
        f"best {min(r['relative_l2'] for r in run['records']):.2e}  "
        f"last {last['relative_l2']:.2e}  max {last['max_error']:.2e}",
        flush=True,
    )


def _parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", choices=GOALS, default=list(GOALS))
    parser.add_argument(
        "--optimizers", nargs="+", choices=OPTIMIZERS, default=list(OPTIMIZERS)
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, help="instead of the goals' own")
    parser.add_argument(
        "--adam-rates", nargs="+", type=float, default=[1e-3, 3e-3, 1e-2]
    )
    parser.add_argument(
        "--two-layers", action="store_true", help="of sines, where a recipe has one"
    )
    parser.add_argument("--out", default="accuracy.json")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser


def recipe_for(problem, two_layers):
    """Returns the `Recipe`, or its variant with two layers of sines."""
    from keras_isgd.app import catalogue

    recipe = catalogue.RECIPES[problem]
    if not two_layers or problem not in TWO_LAYERS:
        return recipe
    changed = dict(TWO_LAYERS[problem])
    changed["network"] = {"depth": 2, "activation": "sine", **changed["network"]}
    return dataclasses.replace(recipe, fixed_points=None, **changed)


def _child(problem, optimizer, seed, seconds, rate, two_layers):
    task = {
        "problem": problem,
        "optimizer": optimizer,
        "seed": seed,
        "seconds": seconds,
        "rate": rate,
        "two_layers": two_layers,
        "begin": time.time(),
    }
    done = subprocess.run(
        [sys.executable, __file__, "--child", json.dumps(task)],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return {**task, "records": json.loads(done.stdout.splitlines()[-1])}


def _train(problem, optimizer, seed, seconds, rate, two_layers, begin):
    from keras_isgd.app import catalogue, runs

    recipe = recipe_for(problem, two_layers)
    model = recipe.make_model(seed)
    fixed = optimizer in (*catalogue.NEED_FIXED_POINTS, "scipy")
    points = recipe.make_points(model, seed, resample=not fixed)
    offset = time.time() - begin
    if optimizer == "scipy":
        records = _scipy(model, points, seconds - offset)
    else:
        made = catalogue.make_optimizer(optimizer, recipe, rate)
        run = runs.train(optimizer, model, made, points, seconds=seconds - offset)
        records = run.records
    return [{**r, "seconds": r["seconds"] + offset} for r in records]


class _OutOfTime(Exception):
    pass


def _scipy(model, points, seconds):
    """SciPy's L-BFGS-B with 50 pairs on one fixed set of points."""
    import tensorflow as tf
    from scipy import optimize

    start = time.monotonic()
    objective = model.objective(next(iter(points)))
    function = tf.function(objective.value_and_gradient, jit_compile=True)
    records = []

    def evaluate(w):
        value, gradient = function(tf.constant(w))
        return float(value), gradient.numpy()

    def record(intermediate_result):
        elapsed = time.monotonic() - start
        if not records or elapsed > records[-1]["seconds"] + 2 or elapsed > seconds:
            objective.parameters.assign(tf.constant(intermediate_result.x))
            loss = float(intermediate_result.fun)
            errors = model.errors()
            records.append({"seconds": elapsed, "loss": loss, **errors})
        if elapsed > seconds:
            raise _OutOfTime

    w = objective.parameters.read().numpy()
    try:
        while time.monotonic() - start < seconds:  # begins again where it stops early
            options = {"maxcor": 50, "maxiter": 10**9, "maxfun": 10**9}
            options |= {"ftol": 0.0, "gtol": 0.0}
            end = optimize.minimize(
                evaluate, w, jac=True, method="L-BFGS-B", callback=record,
                options=options,
            )  # fmt: skip
            if end.nit == 0:
                break
            w = end.x
    except _OutOfTime:
        pass
    return records


def _print_goals(runs):
    print(f"\n{'problem':22}{'optimizer':12}{'goal':>18}{'worst seed':>12}  reached in")
    for problem, goals in GOALS.items():
        for optimizer in OPTIMIZERS:
            chosen = [
                r
                for r in runs
                if r["problem"] == problem and r["optimizer"] == optimizer
            ]
            if not chosen:
                continue
            for error, seconds in goals:
                worst, times = _worst(chosen, error, seconds)
                shown = ", ".join("-" if t is None else f"{t:.0f} s" for t in times)
                print(
                    f"{problem:22}{optimizer:12}{error:>10.0e} {seconds:>5} s"
                    f"{worst:>12.1e}  {shown}"
                )


def _worst(runs, goal, limit):
    """The worst seed's best rate: error at the limit, and when each met the goal."""
    errors, times = [], []
    for seed in sorted({r["seed"] for r in runs}):
        ends, reached = [], []
        for run in runs:
            if run["seed"] != seed:
                continue
            within = [r for r in run["records"] if r["seconds"] <= limit + 5.0]
            ends.append(within[-1]["relative_l2"] if within else float("inf"))
            reached += [r["seconds"] for r in within if r["relative_l2"] <= goal][:1]
        errors.append(min(ends))
        times.append(min(reached, default=None))
    return max(errors), times


if __name__ == "__main__":
    main()
