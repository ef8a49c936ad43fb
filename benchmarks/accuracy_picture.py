"""Draws error against time from the JSON files of `accuracy.py`.

    .venv/bin/python benchmarks/accuracy_picture.py accuracy.json --out accuracy.png

One panel for each problem, one line for each seed; of Adam's rates the one that ends
best. Dotted lines are the goals.
"""

import argparse
import json

from accuracy import GOALS, OPTIMIZERS
from matplotlib.figure import Figure

from keras_isgd import figures

_COLUMNS = 3


def main():
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="written by accuracy.py")
    parser.add_argument("--out", default="accuracy.png")
    options = parser.parse_args()
    runs = []
    for path in options.files:
        with open(path) as file:
            runs += json.load(file)
    draw(runs, options.out)


def draw(runs, path):
    """Draws runs, as `accuracy.py` writes them, to a PNG file."""
    problems = [p for p in GOALS if any(r["problem"] == p for r in runs)]
    rows = -(-len(problems) // _COLUMNS)
    columns = min(_COLUMNS, len(problems))
    figure = Figure(figsize=(3.6 * columns, 2.9 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for problem, ax in zip(problems, axes):
        _panel(ax, problem, [r for r in runs if r["problem"] == problem])
    for ax in axes[len(problems) :]:
        ax.axis("off")
    handles = {}
    for ax in axes:
        handles.update(zip(*reversed(ax.get_legend_handles_labels())))
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=6)
    figure.savefig(path, dpi=110)


def _panel(ax, problem, runs):
    for optimizer, colour in zip(OPTIMIZERS, figures.COLOURS):
        for seed in sorted({r["seed"] for r in runs if r["optimizer"] == optimizer}):
            curves = [
                r["records"]
                for r in runs
                if r["optimizer"] == optimizer and r["seed"] == seed
            ]
            best = min(curves, key=lambda records: records[-1]["relative_l2"])
            ax.semilogy(
                [r["seconds"] for r in best],
                [r["relative_l2"] for r in best],
                color=colour,
                label=optimizer,
                linewidth=1.2,
            )
    for error, _ in GOALS[problem]:
        ax.axhline(error, color="0.5", linestyle=":", linewidth=1)
    ax.set_ylim(top=min(ax.get_ylim()[1], figures.HIGHEST_ERROR))
    ax.set_xlim(left=0.0)
    ax.set_title(problem, fontsize="medium")
    ax.set_xlabel("seconds")
    ax.set_ylabel("relative $L_2$ error")
    ax.grid(True, alpha=0.3)


if __name__ == "__main__":
    main()
