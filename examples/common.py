"""What the examples share: their options, and the table and pictures at the end."""

import argparse
import math
import os

import keras

import keras_isgd as ki
from keras_isgd.app import figures, runs


def parser(description, learning_rate, k0, k1, k2, adam_rate, width, depth):
    """Returns the parser of an example; the defaults are the paper's settings.

    The paper counts (K0 K1 + K2) iterations (Table 1) and prints only the total;
    K1 = 100 and a K2 of what is left are this package's reading of it.
    """
    p = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    p.add_argument("--learning-rate", type=float, default=learning_rate, help="alpha")
    p.add_argument("--k0", type=int, default=k0, help="implicit steps")
    p.add_argument("--k1", type=int, default=k1, help="inner Adam steps in each")
    p.add_argument("--k2", type=int, default=k2, help="Adam steps afterwards")
    p.add_argument("--adam-rate", type=float, default=adam_rate, help="of both Adams")
    p.add_argument("--seconds", type=float, default=None, help="stop after this time")
    p.add_argument("--steps", type=int, default=k0 + k2, help="of both optimizers")
    p.add_argument("--width", type=int, default=width, help="of each hidden layer")
    p.add_argument("--depth", type=int, default=depth, help="hidden layers")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--out", default=None, help="directory; runs/<example> if left out")
    return p


def train(name, model, optimizer, points, options):
    """Runs Algorithm 1 and writes `result.json`, pictures and the SavedModel.

    Args:
        name: of the example.
        model: the PINN.
        optimizer: for the first K0 steps; Adam follows.
        points: training points.
        options: what `parser` parsed.
    """
    switch = ki.callbacks.SwitchOptimizer(
        keras.optimizers.Adam(options.adam_rate), after_steps=options.k0
    )
    # Most steps are Adam's and short, so several go into one call; both parts of the
    # run are whole calls. A time limit can only end between two.
    rest = options.steps - options.k0
    chunk = math.gcd(10, options.k0, rest) if options.seconds is None else None
    run = runs.train(
        "isgd-adam",
        model,
        optimizer,
        points,
        seconds=options.seconds,
        steps=options.steps,
        settings=vars(options),
        report=_report,
        extra_callbacks=[switch],
        steps_per_execution=chunk,
    )
    out = options.out or f"runs/{name}"
    os.makedirs(out, exist_ok=True)
    if not runs.write(run, out):
        print("The weights are not finite; nothing but result.json was written.")
        return
    title = type(model.problem).__name__
    figures.save_curves({run.name: run.records}, f"{out}/curves.png", title)
    figures.save_solution(model, f"{out}/solution.png", title)
    for key, value in run.result.items():
        print(f"{key:12} {value:.4g}")
    print(f"Written to {out}: result.json, curves.png, solution.png, model/")


def _report(record):
    print(
        f"{record['seconds']:8.1f} s  step {record['step']:7d}  "
        f"loss {record['loss']:.3e}  relative L2 {record['relative_l2']:.3e}",
        flush=True,
    )
