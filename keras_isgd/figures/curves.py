"""Curves of training."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["COLOURS", "HIGHEST_ERROR", "cut", "drawable", "save_curves"]

# Colour-blind safe (Okabe and Ito), in the order of the runs.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Of the axis of relative errors.
HIGHEST_ERROR = 100.0
# Beyond float32.
_DIVERGED = 1e38


def save_curves(
    runs: Mapping[str, Sequence[Mapping[str, float]]],
    path: str | os.PathLike[str],
    title: str = "",
    colours: Mapping[str, str] | None = None,
) -> None:
    """Draws loss and relative error against seconds and evaluations.

    Args:
        runs: dictionary of record lists (`ErrorMonitor.records`) by name.
        path: PNG file to write.
        title: heading.
        colours: dictionary of colours by name; `COLOURS` in the order of the runs
            if None.
    """
    colours = colours or dict(zip(runs, COLOURS * 3))
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
            ax.set_yscale("log")
            if x == "evaluations":
                ax.set_xscale("log")
            for name, records in runs.items():
                ax.plot(
                    [r[x] for r in records],
                    [drawable(r[y]) for r in records],
                    color=colours[name],
                    label=name,
                    marker="." if len(records) < 20 else None,
                )
            if y == "relative_l2":
                cut(ax)
            ax.set_xlabel(x_label)
            ax.set_ylabel(y_label)
            ax.grid(True, alpha=0.3)
    axes[0][0].legend()
    figure.suptitle(title)
    figure.savefig(path, dpi=120)


def cut(ax: Axes) -> None:
    """Ends an axis of errors where a run that diverged would hide the others."""
    bottom, top = ax.get_ylim()
    if bottom < HIGHEST_ERROR < top:
        ax.set_ylim(top=HIGHEST_ERROR)


def drawable(value: float) -> float:
    """Returns a value for a logarithmic axis, NaN where it has none."""
    return value if 0.0 < value < _DIVERGED else np.nan
