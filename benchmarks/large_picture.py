"""Draws the final error over the number of weights from the runs of `large.py`.

    python benchmarks/large_picture.py benchmarks/curves/large --out large-sizes.png

One panel for each time that the widths were run for, one curve for each optimizer; of
Adam's rates the one that ends best at each width.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from large import OPTIMIZERS, WIDTHS
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_isgd import figures

LABELS = {
    "isgd": "ISGD()",
    "adam": "Adam",
    "lbfgs": "L-BFGS",
    "ssbroyden": "SSBroyden",
}


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="written by large.py")
    parser.add_argument("--out", default="large-sizes.png")
    options = parser.parse_args()
    runs = [json.loads(path.read_text()) for path in options.folder.glob("*.json")]
    draw(runs, options.out)


def draw(runs: Sequence[dict], path: str) -> None:
    """Draws runs, as `large.py` writes them, to a PNG file."""
    names = [f"helmholtz-3x{width}" for width in WIDTHS]
    runs = [run for run in runs if run["case"] in names]
    times = sorted({run["seconds"] for run in runs})
    figure = Figure(figsize=(4.2 * len(times), 3.6), layout="constrained")
    several = figure.subplots(1, len(times), squeeze=False, sharey=True)[0]
    for seconds, ax in zip(times, several):
        _panel(ax, [run for run in runs if run["seconds"] == seconds])
        ax.set_title(f"{seconds:g} s", fontsize="medium")
    several[0].set_ylabel("relative $L_2$ error at the end")
    handles, labels = several[0].get_legend_handles_labels()
    columns = 2 * len(times)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    figure.savefig(path, dpi=110)


def _panel(ax: Axes, runs: Sequence[dict]) -> None:
    for optimizer, colour in zip(OPTIMIZERS, figures.COLOURS):
        ends: dict[int, float] = {}
        for run in runs:
            if run["optimizer"] == optimizer:
                error = run["records"][-1]["relative_l2"]
                ends[run["weights"]] = min(error, ends.get(run["weights"], error))
        weights = sorted(ends)
        errors = [min(ends[p], figures.HIGHEST_ERROR) for p in weights]
        ax.loglog(weights, errors, "o-", color=colour, label=LABELS[optimizer])
    ax.set_xlabel("weights")
    ax.grid(True, alpha=0.3)


if __name__ == "__main__":
    main()
