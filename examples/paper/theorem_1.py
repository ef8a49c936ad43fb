"""Theorem 1: implicit descent on a two-layer network, beside its bound (Eq. 13-18).

The first layer of Eq. 13 is trained by Eq. 15 for several widths and alphas; the
Gram matrix of Eq. 16 approaches its limit, Eq. 17, and the loss stays below Eq. 18.
"""

import argparse
import os

import common
import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

import keras_isgd as ki
from keras_isgd import diagnostics

SHORT = {"widths": [20, 200], "steps": 30}
FULL = {"widths": [20, 200, 2000], "steps": 100}


def main(arguments=None):
    """Prints the table and writes theorem_1.png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10, help="N")
    parser.add_argument("--widths", type=int, nargs="+")
    parser.add_argument(
        "--alphas", type=float, nargs="+", default=[1e-4, 0.1, 10.0, 1000.0]
    )
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", default="runs/theorem_1")
    options = common.parse(parser, arguments, SHORT, FULL)
    common.announce(options, "a minute", "two minutes")
    os.makedirs(options.out, exist_ok=True)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(options.samples, 5))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.sin(3.0 * x[:, 0]) * x[:, 1]
    limit, error = diagnostics.limit_gram_matrix(x)
    smallest = np.linalg.eigvalsh(limit)[0]
    print(f"H-infinity: smallest eigenvalue {smallest:.4g}, quadrature to {error:.1e}")
    n = options.samples
    print(f"alpha of the theorem for C = 1: at most {smallest / n**2:.2g}")
    figure = Figure(figsize=(3.2 * len(options.alphas), 3.4), layout="constrained")
    axes = figure.subplots(1, len(options.alphas), squeeze=False)[0]
    print("   width    alpha  |H(0)-H-inf|  lambda_min(H(end))  loss end  bound  held")
    for alpha, ax in zip(options.alphas, axes):
        for width in options.widths:
            losses, first, last = _train(x, y, width, alpha, options.steps)
            bound = diagnostics.theorem_bound(losses[0], alpha, smallest, options.steps)
            # The loss itself is no smaller than the square of rounding.
            held = np.all(losses <= bound * (1 + 1e-9) + 1e-30 * losses[0])
            print(
                f"{width:8}{alpha:9.3g}{np.max(np.abs(first - limit)):14.3g}"
                f"{np.linalg.eigvalsh(last)[0]:20.3g}{losses[-1]:10.2e}"
                f"{bound[-1]:9.2e}  {'yes' if held else 'no'}"
            )
            common.draw_decrease(ax, losses, label=f"m = {width}")
        common.draw_decrease(ax, bound, "k--", label="Eq. 18, at least")
        ax.set_title(f"alpha = {alpha:g}")
        ax.set_xlabel("step n")
        ax.grid(True, alpha=0.3)
    axes[0].set_ylabel("ln(L(0) / L(n))")
    axes[-1].legend(loc="lower right", fontsize="small")
    figure.savefig(f"{options.out}/theorem_1.png", dpi=120)
    _pinn()
    print(f"Written to {options.out}: theorem_1.png")


def _train(x, y, width, alpha, steps):
    rng = np.random.default_rng(1)
    outer = rng.uniform(-1.0, 1.0, size=width)
    weights = keras.Variable(rng.normal(size=(width, x.shape[1])), dtype="float64")

    def residual():  # Eq. 14 has a factor 1/2
        hidden = tf.tanh(tf.matmul(tf.constant(x), weights.value, transpose_b=True))
        u = tf.linalg.matvec(hidden, outer) / np.sqrt(width)
        return (u - y) / np.sqrt(2.0)

    objective = ki.LeastSquares(residual, [weights])
    optimizer = ki.ISGD(alpha, inner=ki.solvers.GaussNewton(iterations=100))
    first = diagnostics.two_layer_gram_matrix(x, weights.numpy(), outer)
    losses = [float(optimizer.minimize(objective).loss) for _ in range(steps + 1)]
    last = diagnostics.two_layer_gram_matrix(x, weights.numpy(), outer)
    return np.array(losses), first, last


def _pinn():
    """The smallest eigenvalue for PINN losses, which the paper says may vanish."""
    for solution in ("u_L", "u_H"):
        problem = ki.problems.Poisson1D(solution)
        for width in (20, 100):
            network = ki.networks.mlp(inputs=1, width=width, depth=1, seed=0)
            batch = next(iter(problem.points(50, resample=False, seed=0)))
            gram = diagnostics.gram_matrix(ki.PINN(network, problem).objective(batch))
            values = np.linalg.eigvalsh(gram)
            print(
                f"PINN loss, {solution}, one layer of {width}, {len(values)} rows: "
                f"eigenvalues of J J^T from {values[0]:.2g} to {values[-1]:.3g}"
            )


if __name__ == "__main__":
    main()
