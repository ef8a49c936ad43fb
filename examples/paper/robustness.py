"""Final error over learning rate and batch size for SGD, Adam and ISGD (heat maps).

The singularly perturbed equation (Eq. 19); the paper's claim is that ISGD is stable
where the others are not. ISGD here has a fixed alpha (the learning rate of the map),
its implicit equation solved by Gauss-Newton.
"""

import argparse
import json
import os

import common
import keras
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

import keras_isgd as ki

RATES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)

SHORT = {"batches": [10, 100], "seeds": 1, "gradient_steps": 300, "implicit_steps": 15}
FULL = {
    "batches": [10, 40, 100, 400],
    "seeds": 3,
    "gradient_steps": 2000,
    "implicit_steps": 100,
}


def main(arguments=None):
    """Writes robustness.png and robustness.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--eps", type=float, default=2.0)
    parser.add_argument("--batches", type=int, nargs="+")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--gradient-steps", type=int)
    parser.add_argument("--implicit-steps", type=int)
    parser.add_argument("--width", type=int, default=20)
    parser.add_argument("--out", default="runs/robustness")
    options = common.parse(parser, arguments, SHORT, FULL)
    common.announce(options, "a minute", "ten minutes")
    os.makedirs(options.out, exist_ok=True)
    implicit = ki.solvers.GaussNewton(iterations=3)
    makers = {
        "SGD": (keras.optimizers.SGD, options.gradient_steps),
        "Adam": (keras.optimizers.Adam, options.gradient_steps),
        "ISGD": (lambda rate: ki.ISGD(rate, inner=implicit), options.implicit_steps),
    }
    errors = {
        name: [_row(make, steps, batch, options) for batch in options.batches]
        for name, (make, steps) in makers.items()
    }
    with open(f"{options.out}/robustness.json", "w") as file:
        json.dump({"rates": RATES, "batches": options.batches, "errors": errors}, file)
    _draw(errors, options)
    print(f"Written to {options.out}: robustness.png, robustness.json")


def _row(make, steps, batch, options):
    """The worst error over the seeds for each rate, one batch size."""
    problem = ki.problems.SingularPerturbation(options.eps)
    model = ki.PINN(_network(problem, options, 0), problem)
    model.compile(
        optimizer=make(RATES[0]),
        steps_per_execution=min(50, steps),
        jit_compile=False,
    )
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    fresh = [np.array(v) for v in optimizer.variables]
    row = []
    for rate in RATES:
        worst = 0.0
        for seed in range(options.seeds):
            model.network.set_weights(_network(problem, options, seed).get_weights())
            for variable, value in zip(optimizer.variables, fresh):
                variable.assign(value)
            optimizer.learning_rate = rate
            points = problem.points(batch, resample=True, seed=seed)
            model.fit(points, epochs=1, steps_per_epoch=steps, verbose=0)
            error = model.relative_l2()
            worst = max(worst, error if np.isfinite(error) else np.inf)
        row.append(worst)
        print(
            f"{type(optimizer).__name__:6} batch {batch:4}  rate {rate:6g}  "
            f"worst of {options.seeds} {worst:.2e}",
            flush=True,
        )
    return row


def _network(problem, options, seed):
    return ki.networks.mlp(
        1, width=options.width, depth=2, domain=problem.domain, seed=seed
    )


def _draw(errors, options):
    figure = Figure(figsize=(3.6 * len(errors), 3.4), layout="constrained")
    axes = figure.subplots(1, len(errors), sharey=True)
    norm = LogNorm(1e-6, 1.0)
    for ax, (name, rows) in zip(axes, errors.items()):
        # What diverged is drawn as an error of 1.
        image = ax.imshow(
            np.clip(rows, 1e-6, 1.0), norm=norm, cmap="viridis_r", aspect="auto"
        )
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                text = f"{value:.0e}" if value < 1e3 else "div."
                dark = min(value, 1.0) > 1e-2
                ax.text(
                    j, i, text, ha="center", va="center", fontsize=7,
                    color="white" if dark else "black",
                )  # fmt: skip
        ax.set_xticks(range(len(RATES)), [f"{r:g}" for r in RATES], fontsize=8)
        ax.set_yticks(range(len(options.batches)), options.batches)
        ax.set_title(name)
        ax.set_xlabel("learning rate")
    axes[0].set_ylabel("points in a step")
    figure.colorbar(image, ax=axes, label="relative $L_2$ error")
    figure.suptitle(f"Eq. 19, eps = {options.eps:g}, worst of {options.seeds} seeds")
    figure.savefig(f"{options.out}/robustness.png", dpi=120)


if __name__ == "__main__":
    main()
