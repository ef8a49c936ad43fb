"""Pictures of training and of solutions."""

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

__all__ = ["COLOURS", "HIGHEST_ERROR", "save_curves", "save_solution"]

# Colour-blind safe (Okabe and Ito), in the order of the runs.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Of the axis of relative errors.
HIGHEST_ERROR = 100.0


def save_curves(runs, path, title=""):
    """Draws loss and relative error against seconds and evaluations.

    Args:
        runs: dictionary of record lists (`ErrorMonitor.records`) by name.
        path: PNG file to write.
        title: heading.
    """
    runs = {name: records for name, records in runs.items() if records}
    has_error = all("relative_l2" in r[-1] for r in runs.values())
    rows = [("loss", "training loss")]
    if has_error:
        rows.append(("relative_l2", "relative $L_2$ error"))
    columns = [("seconds", "seconds"), ("evaluations", "loss evaluations")]
    figure = Figure(figsize=(9.0, 3.1 * len(rows) + 0.5), layout="constrained")
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    for row, (y, y_label) in enumerate(rows):
        for column, (x, x_label) in enumerate(columns):
            ax = axes[row][column]
            for (name, records), colour in zip(runs.items(), COLOURS * 3):
                ax.plot(
                    [r[x] for r in records],
                    [r[y] for r in records],
                    color=colour,
                    label=name,
                    marker="." if len(records) < 20 else None,
                )
            ax.set_yscale("log")
            if y == "relative_l2":
                # A run that diverged would hide the others.
                ax.set_ylim(top=min(ax.get_ylim()[1], HIGHEST_ERROR))
            if x == "evaluations":
                ax.set_xscale("log")
            ax.set_xlabel(x_label)
            ax.set_ylabel(y_label)
            ax.grid(True, alpha=0.3)
    axes[0][0].legend()
    figure.suptitle(title)
    figure.savefig(path, dpi=120)


def save_solution(model, path, title=""):
    """Draws prediction, exact solution and error, as in the paper's Figures 2 to 4.

    Args:
        model: a `PINN` of a problem in one or two dimensions with one output.
        path: PNG file to write.
        title: heading.

    Returns:
        Whether a picture was written: not for more dimensions or outputs.
    """
    problem = model.problem
    d = len(problem.coordinates)
    if d > 2 or problem.outputs > 1:
        return False
    counts = (1001,) if d == 1 else (201, 201)
    x = problem.domain.grid(counts)
    u = np.asarray(model.network(tf.constant(x, model.compute_dtype)))
    exact = None
    if problem.exact is not None:
        exact = np.asarray(problem.exact(tf.constant(x, tf.float64)))
    draw = _draw_line if d == 1 else _draw_maps
    figure = draw(problem, counts, x, u, exact)
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
    return True


def _draw_line(problem, counts, x, u, exact):
    panels = 1 if exact is None else 2
    figure = Figure(figsize=(4.5 * panels, 3.4), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    if exact is not None:
        axes[0].plot(x, exact, color="0.6", linewidth=3, label="exact")
        axes[1].semilogy(x, np.maximum(np.abs(u - exact), 1e-17), color=COLOURS[1])
        axes[1].set_title("absolute error")
    axes[0].plot(x, u, color=COLOURS[0], label="prediction")
    axes[0].set_title("solution")
    axes[0].legend()
    for ax in axes:
        ax.set_xlabel(problem.coordinates[0])
        ax.grid(True, alpha=0.3)
    return figure


def _draw_maps(problem, counts, x, u, exact):
    maps = [("prediction", u, "RdBu_r")]
    if exact is not None:
        maps.append(("exact", exact, "RdBu_r"))
        maps.append(("absolute error", np.abs(u - exact), "viridis"))
    figure = Figure(figsize=(4.0 * len(maps), 3.6), layout="constrained")
    axes = figure.subplots(1, len(maps), squeeze=False)[0]
    (x_0, y_0), (x_1, y_1) = problem.domain.lower, problem.domain.upper
    for ax, (name, values, colours) in zip(axes, maps):
        limit = np.max(np.abs(exact if exact is not None else u))
        limits = {} if name == "absolute error" else {"vmin": -limit, "vmax": limit}
        image = ax.imshow(
            values.reshape(counts).T,
            origin="lower",
            extent=(x_0, x_1, y_0, y_1),
            aspect="auto",
            cmap=colours,
            **limits,
        )
        figure.colorbar(image, ax=ax, shrink=0.85)
        ax.set_title(name)
        ax.set_xlabel(problem.coordinates[0])
        ax.set_ylabel(problem.coordinates[1])
    return figure
