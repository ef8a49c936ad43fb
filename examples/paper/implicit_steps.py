"""How implicit an implicit step is, against inner iterations (Eq. 4 and 12).

The proximal step (Eq. 12), solved by each inner solver with more and more iterations:
|w+ - w + alpha grad L(w+)| / |alpha grad L(w)| is 0 for backward Euler (Eq. 4).
"""

import argparse
import os

import common
import tensorflow as tf
from matplotlib.figure import Figure

import keras_isgd as ki

COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

SHORT = {"largest": 100}
FULL = {"largest": 1000}


def main(arguments=None):
    """Prints the table and writes implicit.png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alphas", type=float, nargs="+", default=[1e-3, 0.5])
    parser.add_argument("--largest", type=int, help="inner iterations")
    parser.add_argument("--width", type=int, default=20)
    parser.add_argument("--out", default="runs/implicit_steps")
    options = common.parse(parser, arguments, SHORT, FULL)
    common.announce(options, "half a minute", "two minutes")
    os.makedirs(options.out, exist_ok=True)
    tf.get_logger().setLevel("ERROR")  # a graph for each solver is meant here
    solvers = {
        "Adam 1e-3": lambda k: ki.solvers.Adam(1e-3, steps=k),
        "L-BFGS": lambda k: ki.solvers.LBFGS(steps=k),
        "Gauss-Newton": lambda k: ki.solvers.GaussNewton(iterations=k),
    }
    figure = Figure(figsize=(4.5 * len(options.alphas), 3.6), layout="constrained")
    axes = figure.subplots(1, len(options.alphas), squeeze=False)[0]
    for alpha, ax in zip(options.alphas, axes):
        print(
            f"\nalpha = {alpha:g}\n{'iterations':>12}"
            + "".join(f"{name:>16}" for name in solvers)
        )
        counts = [k for k in COUNTS if k <= options.largest]
        rows = {name: [] for name in solvers}
        for k in counts:
            for name, make in solvers.items():
                rows[name].append(_step(alpha, make(k), options))
            print(f"{k:12}" + "".join(f"{r[-1]:16.2e}" for r in rows.values()))
        for name, values in rows.items():
            ax.loglog(counts, values, marker=".", label=name)
        ax.set_title(f"alpha = {alpha:g}")
        ax.set_xlabel("inner iterations")
        ax.grid(True, alpha=0.3)
    axes[0].set_ylabel("relative residual of Eq. 4")
    axes[0].legend()
    figure.savefig(f"{options.out}/implicit.png", dpi=120)
    print(f"Written to {options.out}: implicit.png")


def _step(alpha, inner, options):
    problem = ki.problems.SingularPerturbation(2.0)
    network = ki.networks.mlp(inputs=1, width=options.width, depth=2, seed=0)
    model = ki.PINN(network, problem)
    points = problem.points(200, resample=False, seed=0)
    optimizer = ki.ISGD(alpha, inner=inner)
    report = optimizer.minimize(model.objective(next(iter(points))))
    return float(report.implicit_residual)


if __name__ == "__main__":
    main()
