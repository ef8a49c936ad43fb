"""What the examples share: lengths, times, and the table and pictures at the end.

Each example is short by default, under two minutes on two cores; `--full` makes it as
long as the paper's, or as docs/results/. It says before its first step how long it
will take.
"""

import argparse
import math
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd import figures
from keras_isgd.app import runs


def parse(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    short: Mapping[str, Any],
    full: Mapping[str, Any],
) -> argparse.Namespace:
    """Parses an example's options, some of which depend on `--full`.

    Args:
        parser: has all options but `--full`.
        arguments: list of strings; those of the process if None.
        short: defaults by the options' names in Python.
        full: those with `--full`.
    """
    parser.add_argument(
        "--full", action="store_true", help="the full length instead of a short run"
    )
    parser.epilog = "; ".join(
        ["defaults", f"short: {_listed(short)}", f"--full: {_listed(full)}"]
    )
    options = parser.parse_args(arguments)
    for name, value in (full if options.full else short).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def _listed(defaults: Mapping[str, Any]) -> str:
    def shown(value: Any) -> str:
        several = isinstance(value, (list, tuple))
        return " ".join(map(str, value)) if several else str(value)

    return ", ".join(
        f"{name.replace('_', '-')} {shown(value)}" for name, value in defaults.items()
    )


def announce(options: argparse.Namespace, short: str, full: str) -> None:
    """Says roughly how long an example will take on two cores.

    Args:
        options: what `parse` returned.
        short: roughly the time of the short run, such as "40 seconds".
        full: that of the full one.
    """
    if options.full:
        text = f"With its defaults, --full takes about {full} on two cores."
    else:
        text = (
            f"With its defaults, this takes about {short} on two cores; --full, the "
            f"length of docs/results/, about {full}."
        )
    print(text, flush=True)


def algorithm_1(description: str) -> argparse.ArgumentParser:
    """Returns the parser of an example of Algorithm 1, for `parse` and `train`.

    The paper counts (K0 K1 + K2) iterations (Table 1) and prints only the total;
    K1 = 100 and a K2 of what is left are this package's reading of it.
    """
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--learning-rate", type=float, help="alpha")
    p.add_argument("--k0", type=int, help="implicit steps")
    p.add_argument("--k1", type=int, help="inner Adam steps in each")
    p.add_argument("--k2", type=int, help="Adam steps afterwards")
    p.add_argument("--adam-rate", type=float, help="of both Adams")
    p.add_argument("--seconds", type=float, help="stop after this time")
    p.add_argument("--steps", type=int, help="of both optimizers; k0 + k2 if left out")
    p.add_argument("--width", type=int, help="of each hidden layer")
    p.add_argument("--depth", type=int, help="hidden layers")
    p.add_argument("--input-scale", type=float, help="of the first layer's weights")
    p.add_argument("--boundary-weight", type=float, help="of the boundary's loss")
    p.add_argument("--points", type=int, nargs="+", help="interior, boundary")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--out", default=None, help="directory; runs/<example> if left out")
    return p


def model_of(problem: ki.Problem, options: argparse.Namespace) -> ki.PINN:
    """Returns the PINN of an example: tanh units, as the paper's."""
    network = ki.networks.mlp(
        inputs=len(problem.coordinates),
        width=options.width,
        depth=options.depth,
        input_scale=options.input_scale,
        domain=None if options.input_scale is None else problem.domain,
        seed=options.seed,
    )
    weights = {c.name: options.boundary_weight for c in problem.conditions()}
    return ki.PINN(network, problem, loss_weights=weights)


def train(
    name: str,
    model: ki.PINN,
    optimizer: ki.ISGD,
    points: tf.data.Dataset,
    options: argparse.Namespace,
) -> None:
    """Runs Algorithm 1 and writes `result.json`, pictures and the SavedModel.

    Args:
        name: of the example.
        model: the PINN.
        optimizer: for the first K0 steps; Adam follows.
        points: training points.
        options: what `parse` returned.
    """
    steps = options.steps or options.k0 + options.k2
    implicit = min(steps, options.k0)
    each = _seconds_of_an_evaluation(model, next(iter(points)))
    _say_how_long(options, implicit, steps - implicit, each)
    switch = ki.callbacks.SwitchOptimizer(
        keras.optimizers.Adam(options.adam_rate), after_steps=options.k0
    )
    # Most steps are Adam's and short, so several go into one call; both parts of the
    # run are whole calls. A time limit can only end between two.
    chunk = math.gcd(10, options.k0, steps - implicit)
    if options.seconds is not None and chunk * options.k1 * each > 2.0:
        chunk = 1
    run = runs.train(
        "isgd-adam",
        model,
        optimizer,
        points,
        seconds=options.seconds,
        steps=steps,
        settings=vars(options),
        report=_report,
        extra_callbacks=[switch],
        steps_per_execution=chunk,
    )
    _write(run, options.out or f"runs/{name}")


def _seconds_of_an_evaluation(model: ki.PINN, batch: Mapping[str, Any]) -> float:
    """Measures the loss with its gradient, after it was compiled."""
    objective = model.objective(batch)
    evaluate = tf.function(
        objective.value_and_gradient, autograph=False, jit_compile=True
    )
    w = objective.parameters.read()
    evaluate(w)
    begin = time.perf_counter()
    for _ in range(5):
        float(evaluate(w)[0])
    return (time.perf_counter() - begin) / 5


def _say_how_long(
    options: argparse.Namespace, implicit: int, explicit: int, each: float
) -> None:
    count = implicit * options.k1 + explicit
    text = (
        f"{implicit:,} implicit steps of {options.k1} inner ones, then {explicit:,} of "
        f"Adam: {count:,} evaluations of the loss, about {_readable(count * each)} "
        "here, compilation apart"
    )
    if options.seconds is not None:
        text += f", or {_readable(options.seconds)} (--seconds), which comes first"
    short = "" if options.full else " This is a short run; --full is the paper's."
    print(f"{text}.{short}", flush=True)


def _readable(seconds: float) -> str:
    for unit, name in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 1.5 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{math.ceil(seconds)} seconds"


def _write(run: runs.Run, out: str) -> None:
    os.makedirs(out, exist_ok=True)
    if not runs.write(run, out):
        print("The weights are not finite; nothing but result.json was written.")
        return
    title = type(run.model.problem).__name__
    figures.save_curves({run.name: run.records}, f"{out}/curves.png", title)
    figures.save_solution(run.model, f"{out}/solution.png", title)
    for key, value in run.result.items():
        print(f"{key:12} {value:.4g}")
    print(f"Written to {out}: result.json, curves.png, solution.png, model/")


def _report(record: Mapping[str, float]) -> None:
    print(
        f"{record['seconds']:8.1f} s  step {record['step']:7d}  "
        f"loss {record['loss']:.3e}  relative L2 {record['relative_l2']:.3e}",
        flush=True,
    )


def draw_decrease(
    ax: Any, losses: np.ndarray, style: str = "-", **options: Any
) -> None:
    """Draws ln(L(0) / L(n)), in which a decrease is seen at every alpha.

    Args:
        ax: axes of Matplotlib.
        losses: L(0), L(1), ...
        style: of the line.
        options: of `loglog`.
    """
    steps = np.arange(1, len(losses))
    decrease = np.log(losses[0] / np.maximum(losses[1:], 1e-300))
    decrease[losses[1:] < 1e-26 * losses[0]] = np.nan  # rounding
    ax.loglog(steps, decrease, style, **options)
