"""How stiff a PINN's loss is: the Hessian's spectrum for Eq. 9 (Figure 1).

Smooth and two-scale solution, a small network with all eigenvalues and the paper's
large one with the two ends; beside the stability limit 2 / lambda_max of gradient
descent the rates at which it is seen to diverge.
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

PAPER = {"u_L": 1.1e4, "u_H": 4.6e8}

START = {
    "u_L": {"depth": 2, "input_scale": 6.0},
    "u_H": {"depth": 2, "input_scale": 50.0, "activation": "sine"},
}

SHORT = {"large_width": 0, "epochs": 60}
FULL = {"large_width": 200, "epochs": 100}


def main(arguments=None):
    """Prints the table and writes spectrum.png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--solutions", nargs="+", choices=PAPER, default=[*PAPER], help="of Eq. 9"
    )
    parser.add_argument("--width", type=int, default=24, help="of the small network")
    parser.add_argument("--large-width", type=int, help="0 leaves it out")
    parser.add_argument("--large-depth", type=int, default=5)
    parser.add_argument(
        "--large-steps", type=int, default=0, help="of Adam on the large network"
    )
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--epochs", type=int, help="of training by ISGD")
    parser.add_argument("--out", default="runs/hessian_spectrum")
    options = common.parse(parser, arguments, SHORT, FULL)
    common.announce(options, "a minute", "two minutes")
    os.makedirs(options.out, exist_ok=True)
    count = len(options.solutions)
    figure = Figure(figsize=(4.5 * count, 3.6), layout="constrained")
    axes = figure.subplots(1, count, sharey=True, squeeze=False)[0]
    for solution, ax in zip(options.solutions, axes):
        _small(solution, ax, options)
        if options.large_width:
            _large(solution, options)
    axes[0].set_ylabel("|eigenvalue|")
    figure.savefig(f"{options.out}/spectrum.png", dpi=120)
    print(f"Written to {options.out}: spectrum.png")


def _small(solution, ax, options):
    model, points = _model(solution, options, width=options.width, **START[solution])
    batch = next(iter(points))
    start = diagnostics.hessian_spectrum(model.objective(batch))
    model.compile(optimizer=ki.ISGD())
    model.fit(points, epochs=options.epochs, verbose=0)
    objective = model.objective(batch)
    end = diagnostics.hessian_spectrum(objective)
    print(f"\n{solution}, 2 layers of {options.width}, p = {len(end)}")
    print(f"  relative L2 after training   {model.relative_l2():.1e}")
    print(f"  largest eigenvalue, start    {start[-1]:.3g}")
    print(
        f"  largest eigenvalue, trained  {end[-1]:.3g}   (paper: {PAPER[solution]:g})"
    )
    print(f"  smallest eigenvalue, trained {end[0]:.3g}")
    print(f"  eigenvalues above 1e-6 of the largest: {np.sum(end > 1e-6 * end[-1])}")
    limit = 2.0 / end[-1]
    print(f"  gradient descent from there, stability limit {limit:.3g}:")
    for factor in (0.5, 0.9, 1.1, 2.0):
        ratio = _descent(model, batch, factor * limit)
        print(f"    rate {factor:3.1f} x limit: loss after 300 steps x {ratio:.2g}")
    for values, label in ((start, "start"), (end, "trained")):
        ax.semilogy(np.sort(np.abs(values))[::-1], label=label)
    ax.set_title(f"{solution}, p = {len(end)}")
    ax.set_xlabel("index")
    ax.grid(True, alpha=0.3)
    ax.legend()


def _descent(model, batch, rate, steps=300):
    """The loss after gradient descent from just beside the minimum, over before."""
    objective = model.objective(batch)
    trained = objective.parameters.read().numpy()
    w = trained + 1e-7 * np.random.default_rng(0).normal(size=trained.shape)
    variable = keras.Variable(w, dtype="float64")
    optimizer = keras.optimizers.SGD(rate)
    optimizer.build([variable])

    @tf.function
    def descend():
        value, gradient = objective.value_and_gradient(tf.convert_to_tensor(variable))
        optimizer.apply([gradient], [variable])
        return value

    losses = [float(descend()) for _ in range(steps)]
    return losses[-1] / losses[0]


def _large(solution, options):
    model, points = _model(
        solution, options, width=options.large_width, depth=options.large_depth
    )
    batch = next(iter(points))
    size = f"{options.large_depth} layers of {options.large_width}"
    print(f"{solution}, {size}, p = {model.count_params()}")
    _print_ends("start", model, batch)
    if options.large_steps:
        # As the paper trains it; 50 steps to a call.
        chunk = min(options.large_steps, 50)
        model.compile(
            optimizer=keras.optimizers.Adam(1e-3),
            jit_compile=True,
            steps_per_execution=chunk,
        )
        model.fit(points, steps_per_epoch=options.large_steps, verbose=0)
        _print_ends(f"after {options.large_steps} steps", model, batch)


def _print_ends(when, model, batch):
    objective = model.objective(batch)
    loss = float(objective.value(objective.parameters.read()))
    ends = diagnostics.extreme_eigenvalues(objective, steps=60, tolerance=1e-3)
    print(
        f"  {when}, loss {loss:.1e}, relative L2 "
        f"{model.relative_l2():.1e}: from {ends.smallest:.3g} "
        f"(+- {ends.smallest_error:.1g}) to {ends.largest:.3g} "
        f"(+- {ends.largest_error:.1g}), {ends.products} products"
    )


def _model(solution, options, **network):
    problem = ki.problems.Poisson1D(solution)
    model = ki.PINN(ki.networks.mlp(inputs=1, seed=0, **network), problem)
    return model, problem.points(options.points, resample=False, seed=0)


if __name__ == "__main__":
    main()
