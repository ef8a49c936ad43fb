"""Table 1 and Figures 1 to 4: SGD, Adam, ISGD and this package's default.

The paper's equations with its networks, points, rates and hand-overs, each optimizer
for the same seconds. #Iterations are counted as the paper does, (K0 K1 + K2): every
inner Adam step is one, and so is every step of an explicit optimizer.
"""

import argparse
import json
import os

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

import keras_isgd as ki
from keras_isgd import catalogue, figures, runs

# The recipe with the problem, width, depth, points (interior, boundary), alpha,
# Adam's rate.
SETTINGS = {
    "u_L": ("poisson1d-low", 200, 5, (1000,), 0.1, 1e-3),
    "u_H": ("poisson1d-high", 200, 5, (1000,), 0.1, 1e-3),
    "eps2-batch": ("singular-eps2", 50, 4, (40,), 1e-3, 1e-3),
    "eps2-full": ("singular-eps2", 50, 4, (400,), 0.5, 1e-3),
    "eps0.01-batch": ("singular-eps0.01", 50, 4, (40,), 1e-3, 1e-3),
    "eps0.01-full": ("singular-eps0.01", 50, 4, (400,), 0.5, 1e-3),
    "poisson2d": ("poisson2d", 100, 6, (4000, 400), 0.5, 5e-4),
    "helmholtz2d": ("helmholtz2d", 100, 6, (4000, 400), 0.5, 5e-4),
}

# "recipe" is the default optimizer with the recipe's own network and points.
NAMES = ["SGD", "Adam", "L-BFGS", "ISGD,Adam", "ISGD,L-BFGS", "ISGD()", "recipe"]


def main(arguments=None):
    """Prints the table of one setting; writes curves and solutions."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("setting", choices=SETTINGS)
    parser.add_argument("--optimizers", nargs="+", choices=NAMES, default=NAMES)
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument(
        "--seconds", type=float, default=120.0, help="for each optimizer"
    )
    limit.add_argument(
        "--iterations", type=int, default=None, help="#Iterations, instead of seconds"
    )
    parser.add_argument("--k0", type=int, default=100, help="implicit steps")
    parser.add_argument("--k1", type=int, default=100, help="inner steps in each")
    parser.add_argument(
        "--width", type=int, default=None, help="instead of the paper's"
    )
    parser.add_argument(
        "--depth", type=int, default=None, help="instead of the paper's"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default=None, help="directory; runs/table_1/<setting>")
    options = parser.parse_args(arguments)
    out = options.out or f"runs/table_1/{options.setting}"
    os.makedirs(out, exist_ok=True)
    finished = {}
    print(f"{'':16}{'loss':>10}{'rel. L2':>10}{'max':>10}{'#Iter.':>9}{'seconds':>9}")
    for name in options.optimizers:
        run = _run(name, options)
        if run is None:
            continue
        finished[name] = run
        r = run.result
        print(
            f"{name:16}{r['loss']:10.2e}{r['relative_l2']:10.2e}{r['max_error']:10.2e}"
            f"{_iterations(name, r['steps'], r['evaluations'], options):9}"
            f"{r['seconds']:9.0f}",
            flush=True,
        )
    curves = {name: run.records for name, run in finished.items()}
    figures.save_curves(curves, f"{out}/curves.png", options.setting)
    _draw_predictions(finished, f"{out}/predictions.png", options.setting)
    with open(f"{out}/results.json", "w") as file:
        results = {n: {**r.result, "records": r.records} for n, r in finished.items()}
        json.dump({"settings": vars(options), "results": results}, file)
    print(f"Written to {out}: curves.png, predictions.png, results.json")


def _draw_predictions(runs, path, title):
    """Figures 2 to 4: what each optimizer predicts, beside the exact solution."""
    problem = next(iter(runs.values())).model.problem
    if len(problem.coordinates) == 1:
        figure = _lines(problem, runs)
    else:
        figure = _maps(problem, runs)
    figure.suptitle(title)
    figure.savefig(path, dpi=110)


def _lines(problem, runs):
    x = problem.domain.grid((1001,))
    exact = problem.exact(tf.constant(x)).numpy()
    figure = Figure(figsize=(9.5, 3.6), layout="constrained")
    solution, error = figure.subplots(1, 2)
    solution.plot(x, exact, color="0.7", linewidth=4, label="exact")
    for (name, run), colour in zip(runs.items(), figures.COLOURS):
        u = run.model.network(tf.constant(x)).numpy()
        solution.plot(x, u, label=name, color=colour)
        error.semilogy(x, np.maximum(np.abs(u - exact), 1e-17), color=colour)
    # What diverged would hide the rest.
    span = np.ptp(exact)
    solution.set_ylim(exact.min() - span, exact.max() + span)
    solution.set_title("solution")
    error.set_title("absolute error")
    solution.legend(fontsize="small")
    for ax in (solution, error):
        ax.set_xlabel(problem.coordinates[0])
        ax.grid(True, alpha=0.3)
    return figure


def _maps(problem, runs):
    x = problem.domain.grid((101, 101))
    exact = problem.exact(tf.constant(x)).numpy().reshape(101, 101)
    limit = np.abs(exact).max()
    figure = Figure(figsize=(2.3 * (len(runs) + 1), 4.9), layout="constrained")
    axes = figure.subplots(2, len(runs) + 1)
    shown = {"vmin": -limit, "vmax": limit, "cmap": "RdBu_r", "origin": "lower"}
    axes[0][0].imshow(exact.T, **shown)
    axes[0][0].set_title("exact")
    axes[1][0].axis("off")
    for (above, below), (name, run) in zip(axes.T[1:], runs.items()):
        u = run.model.network(tf.constant(x)).numpy().reshape(101, 101)
        above.imshow(u.T, **shown)
        above.set_title(name)
        error = below.imshow(np.abs(u - exact).T, origin="lower")
        figure.colorbar(error, ax=below, shrink=0.8, location="bottom")
    for ax in axes.flat:
        ax.set_xticks([])
        ax.set_yticks([])
    axes[1][1].set_ylabel("absolute error")
    return figure


def _run(name, options):
    problem_name, width, depth, points, alpha, rate = SETTINGS[options.setting]
    recipe = catalogue.RECIPES[problem_name]
    batch = "batch" in options.setting
    if name == "recipe":
        if batch:
            return None
        model = recipe.make_model(options.seed)
        data = recipe.make_points(model, options.seed)
        return _train(name, model, ki.ISGD(), data, [], options)
    problem = recipe.make_problem()
    network = ki.networks.mlp(
        len(problem.coordinates),
        width=options.width or width,
        depth=options.depth or depth,
        seed=options.seed,
    )
    model = ki.PINN(network, problem)
    if name == "L-BFGS" and batch:
        return None  # it needs fixed points
    data = problem.points(
        *points, resample=batch or name == "ISGD()", seed=options.seed
    )
    optimizer, extra = _optimizer(name, alpha, rate, options)
    return _train(name, model, optimizer, data, extra, options)


def _train(name, model, optimizer, data, extra, options):
    seconds = options.seconds
    if options.iterations is not None:
        seconds, extra = None, [*extra, IterationLimit(name, options)]
    # A step is one iteration or more.
    return runs.train(
        name,
        model,
        optimizer,
        data,
        seconds=seconds,
        steps=options.iterations,
        extra_callbacks=extra,
    )


def _optimizer(name, alpha, rate, options):
    switch = ki.callbacks.SwitchOptimizer
    if name == "SGD":
        return keras.optimizers.SGD(alpha), []
    if name == "Adam":
        return keras.optimizers.Adam(rate), []
    if name == "L-BFGS":
        return ki.LBFGS(steps=50), []
    if name == "ISGD,Adam":
        inner = ki.solvers.Adam(rate, steps=options.k1)
        return ki.ISGD(alpha, inner=inner), [
            switch(keras.optimizers.Adam(rate), options.k0)
        ]
    if name == "ISGD,L-BFGS":
        inner = ki.solvers.LBFGS(steps=50, memory=50)
        return ki.ISGD(alpha, inner=inner), [switch(ki.LBFGS(steps=50), options.k0)]
    return ki.ISGD(), []


def _iterations(name, steps, evaluations, options):
    if name == "ISGD,Adam":
        return min(steps, options.k0) * options.k1 + max(0, steps - options.k0)
    return steps if name in ("SGD", "Adam") else evaluations


class IterationLimit(keras.callbacks.Callback):
    """Stops at a number of iterations as the paper counts them."""

    def __init__(self, name, options):
        super().__init__()
        self.name = name
        self.options = options

    def on_train_batch_end(self, batch, logs=None):
        steps = int(self.model.optimizer.iterations.numpy())
        evaluations = int((logs or {}).get("evaluations", steps))
        done = _iterations(self.name, steps, evaluations, self.options)
        if done >= self.options.iterations:
            self.model.stop_training = True


if __name__ == "__main__":
    main()
