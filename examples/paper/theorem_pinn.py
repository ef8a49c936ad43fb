"""Implicit descent on a two-layer PINN, beside a bound of the form of Theorem 1.

The paper's Theorem 1 is about regression, and it warns that the smallest eigenvalue of
the Gram matrix may vanish for a PINN. Xu, Du, Kong, Shan, Li and Huang (arXiv
2407.02827) show for two-layer PINNs with tanh that it does not, that implicit descent
converges at a linear rate, and that its step size may be chosen whatever the number of
points. Here -u'' = f on (0, 1) with u = 0 at both ends is solved by

    u(x) = 1 / sqrt(m) sum_r a_r tanh(w_r . (x, 1)),   w_r ~ N(0, I),  a_r = +-1,

with all weights trained, for several widths m, numbers of points and step sizes.
"""

import argparse
import math
import os

import common
import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

import keras_isgd as ki
from keras_isgd import diagnostics

SHORT = {"widths": [50, 500], "steps": 20}
FULL = {"widths": [50, 500, 5000], "steps": 60}


def main(arguments=None):
    """Prints the tables and writes theorem_pinn.png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--widths", type=int, nargs="+")
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.01, 1.0, 100.0])
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", default="runs/theorem_pinn")
    options = common.parse(parser, arguments, SHORT, FULL)
    common.announce(options, "a minute", "three minutes")
    os.makedirs(options.out, exist_ok=True)
    few = options.points[0]
    figure = Figure(figsize=(3.2 * len(options.alphas), 3.4), layout="constrained")
    axes = figure.subplots(1, len(options.alphas), squeeze=False)[0]
    print(
        "points  width    alpha  lambda_min(G)  at the end   loss 0  loss end    bound"
        "  held"
    )
    for alpha, ax in zip(options.alphas, axes):
        for width in options.widths:
            losses, bound = _run(few, width, alpha, options.steps)
            common.draw_decrease(ax, losses, label=f"m = {width}")
            colour = ax.get_lines()[-1].get_color()
            common.draw_decrease(ax, bound, "--", color=colour)
        ax.set_title(f"alpha = {alpha:g}, {few} points")
        ax.set_xlabel("step n")
        ax.grid(True, alpha=0.3)
    axes[0].set_ylabel("ln(L(0) / L(n)), dashed: bound")
    axes[-1].legend(loc="lower right", fontsize="small")
    figure.savefig(f"{options.out}/theorem_pinn.png", dpi=120)
    print(
        "\nImplicit steps far beyond the largest one that gradient descent may take, "
        "2 / lambda_max:"
    )
    print("points  width  lambda_min(G)  2 / lambda_max    alpha  loss end  rose")
    width, alpha = options.widths[-1], options.alphas[-1]
    for count in options.points:
        losses, first, _ = _train(count, width, alpha, options.steps)
        # The loss is half a sum of squares: G is its Hessian, but for r''.
        values = np.linalg.eigvalsh(first)
        rose = bool(np.any(np.diff(losses) > 1e-12 * losses[0]))
        print(
            f"{count:6}{width:7}{values[0]:15.2e}{2.0 / values[-1]:16.2e}{alpha:9g}"
            f"{losses[-1]:10.2e}  {'yes' if rose else 'no'}"
        )
    print(f"Written to {options.out}: theorem_pinn.png")


def _run(count, width, alpha, steps):
    losses, first, last = _train(count, width, alpha, steps)
    smallest = np.linalg.eigvalsh(first)[0]
    bound = diagnostics.theorem_bound(losses[0], alpha, smallest, steps)
    # The loss itself is no smaller than the square of rounding.
    held = np.all(losses <= bound * (1 + 1e-9) + 1e-28 * losses[0])
    print(
        f"{count:6}{width:7}{alpha:9g}{smallest:15.3g}"
        f"{np.linalg.eigvalsh(last)[0]:12.3g}{losses[0]:9.2e}{losses[-1]:10.2e}"
        f"{bound[-1]:9.2e}  {'yes' if held else 'no'}"
    )
    return losses, bound


def _train(count, width, alpha, steps):
    """Losses of all steps, and the Gram matrices at the start and at the end."""
    rng = np.random.default_rng(1)
    inner = keras.Variable(rng.normal(size=(2, width)), dtype="float64")
    outer = keras.Variable(rng.choice([-1.0, 1.0], size=width), dtype="float64")
    x = (np.arange(count) + 0.5)[:, None] / count
    source = math.pi**2 * np.sin(math.pi * x[:, 0])
    at, ends = (np.hstack([y, np.ones_like(y)]) for y in (x, np.array([[0.0], [1.0]])))

    def residual():
        w, a = inner.value, outer.value / np.sqrt(width)
        t = tf.tanh(tf.matmul(tf.constant(at), w))
        second = -2.0 * t * (1.0 - t**2) * w[0] ** 2
        equation = tf.linalg.matvec(second, a) + source
        boundary = tf.linalg.matvec(tf.tanh(tf.matmul(tf.constant(ends), w)), a)
        rows = tf.concat([equation / np.sqrt(count), boundary / np.sqrt(2.0)], axis=0)
        return rows / np.sqrt(2.0)

    objective = ki.LeastSquares(residual, [inner, outer])
    optimizer = ki.ISGD(alpha, inner=ki.solvers.GaussNewton(iterations=100))
    # The objective's rows have a factor 1 / sqrt(2), the theorem's have none.
    first = 2.0 * diagnostics.gram_matrix(objective)
    losses = [float(optimizer.minimize(objective).loss_before)]
    losses += [float(optimizer.minimize(objective).loss_before) for _ in range(steps)]
    return np.array(losses), first, 2.0 * diagnostics.gram_matrix(objective)


if __name__ == "__main__":
    main()
