"""The loss decay of Eq. 10 and Eq. 11 along real runs, with the remainders.

Gradient descent and implicit steps on Eq. 9, the smooth solution: what each step
changed, what the second-order expansions say, and what is left.
"""

import argparse
import os

import common
import keras
import numpy as np
from matplotlib.figure import Figure

import keras_isgd as ki
from keras_isgd import diagnostics

SHORT = {"steps": 20}
FULL = {"steps": 40}


def main(arguments=None):
    """Prints a table for each optimizer and writes decay.png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", default="runs/loss_decay")
    options = common.parse(parser, arguments, SHORT, FULL)
    common.announce(options, "a minute", "a minute and a half")
    os.makedirs(options.out, exist_ok=True)
    runs = {
        "gradient descent, rate 1e-5": keras.optimizers.SGD(1e-5),
        "ISGD, alpha 1e-5": _implicit(1e-5),
        "ISGD, alpha 1e-3": _implicit(1e-3),
        "ISGD, alpha 0.1": _implicit(0.1),
    }
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, optimizer in runs.items():
        steps = _run(optimizer, options)
        _report(name, steps)
        k = [s["iteration"] for s in steps]
        left.semilogy(k, [max(-s["change"], 1e-16) for s in steps], label=name)
        right.semilogy(
            k, [abs(s["implicit"] - s["change"]) / abs(s["change"]) for s in steps]
        )
    left.set_title("decrease of the loss in a step")
    right.set_title("|remainder of Eq. 11| / |change|")
    for ax in (left, right):
        ax.set_xlabel("step")
        ax.grid(True, alpha=0.3)
    left.legend(fontsize="small")
    figure.savefig(f"{options.out}/decay.png", dpi=120)
    print(f"Written to {options.out}: decay.png")


def _implicit(alpha):
    return ki.ISGD(alpha, inner=ki.solvers.GaussNewton(iterations=50))


def _run(optimizer, options):
    problem = ki.problems.Poisson1D("u_L")
    network = ki.networks.mlp(inputs=1, width=options.width, depth=2, seed=0)
    model = ki.PINN(network, problem)
    points = problem.points(200, resample=False, seed=0)
    model.compile(optimizer=optimizer)
    decay = diagnostics.LossDecay(next(iter(points)))
    model.fit(
        points, epochs=1, steps_per_epoch=options.steps, verbose=0, callbacks=[decay]
    )
    return decay.steps


def _report(name, steps):
    change = np.array([s["change"] for s in steps])
    print(f"\n{name}: {np.sum(change > 0)} of {len(change)} steps raised the loss")
    for key, before in (
        ("explicit", "curvature_before"),
        ("implicit", "curvature_after"),
    ):
        rest = np.abs([s[key] for s in steps] - change) / np.abs(change)
        curvature = [s[before] for s in steps]
        print(
            f"  {key} expansion: remainder / change median {np.median(rest):.1e}, "
            f"largest {np.max(rest):.1e}; sum lambda y^2 "
            f"{np.min(curvature):.2g} to {np.max(curvature):.2g}"
        )
    gaps = [s["implicit_gap"] for s in steps]
    print(f"  |s + alpha g(n+1)| / |alpha g(n)|: at most {np.max(gaps):.1e}")


if __name__ == "__main__":
    main()
