"""Tables and pictures of runs of nonlinear.py."""

import json
import math
from pathlib import Path

import numpy as np
from nonlinear_settings import METHODS, PROBLEMS

__all__ = ["best", "draw", "load", "table", "thinned"]

# Records that are kept of a run.
_KEPT = 40
# Okabe and Ito's colours, which colour-blind readers can tell apart, and two more.
_COLOURS = (
    *("#000000", "#0072B2", "#56B4E9", "#D55E00", "#E69F00"),
    *("#009E73", "#CC79A7", "#999999", "#8B4513", "#7B68EE"),
)

# By problem and method: the runs of one setting, a seed each.
Runs = dict[str, dict[str, list[dict]]]


def thinned(records: list[dict]) -> list[dict]:
    """At most so many records as are kept, the first and the last among them."""
    chosen = np.linspace(0, len(records) - 1, min(_KEPT, len(records))).round()
    return [records[int(i)] for i in chosen]


def best(runs: list[dict]) -> dict:
    """The run that ended with the least error; what became NaN ends last."""

    def end(run: dict) -> float:
        error = run["records"][-1]["relative_l2"]
        return error if math.isfinite(error) else math.inf

    return min(runs, key=end)


def load(folder: Path) -> Runs:
    """Runs by problem and method, in the order of nonlinear_settings.py.

    Of a method's settings the one that ended best for its first seed is taken.
    """
    every = [json.loads(p.read_text()) for p in sorted(Path(folder).glob("*.json"))]
    found: Runs = {}
    for problem in PROBLEMS:
        for method in dict.fromkeys([*METHODS, *(_base(run) for run in every)]):
            runs = [r for r in every if (r["problem"], _base(r)) == (problem, method)]
            if not runs:
                continue
            first = min(run["seed"] for run in runs)
            chosen = best([run for run in runs if run["seed"] == first])["method"]
            of_it = [run for run in runs if run["method"] == chosen]
            of_it.sort(key=lambda run: run["seed"])
            found.setdefault(problem, {})[method] = of_it
    return found


def _base(run: dict) -> str:
    return run["method"].partition(":")[0]


def _label(method: str) -> str:
    return METHODS[method].label if method in METHODS else method


def table(runs: Runs) -> str:
    """Errors at the end: the median over seeds, and [least, largest], in Markdown.

    Two tables, of relative L2 and of the largest errors, and a line for each problem
    with the settings and the number of weights.
    """
    parts = []
    for key, name in (("relative_l2", "relative L2"), ("max_error", "largest error")):
        heads = [f"{p}, {_seconds(found)} s" for p, found in runs.items()]
        lines = [
            f"| {name} | " + " | ".join(heads) + " |",
            "|---" * (1 + len(runs)) + "|",
        ]
        for method in _methods(runs):
            cells = [_cell(found.get(method, []), key) for found in runs.values()]
            lines.append(f"| {_label(method)} | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    lines = [f"- {p}: {_described(found)}." for p, found in runs.items()]
    return "\n\n".join([*parts, "\n".join(lines)])


def _methods(runs: Runs) -> list[str]:
    present = {m for found in runs.values() for m in found}
    return [*(m for m in METHODS if m in present), *sorted(present - {*METHODS})]


def _seconds(found: dict[str, list[dict]]) -> str:
    seconds = sorted({run["seconds"] for runs in found.values() for run in runs})
    return " and ".join(f"{s:g}" for s in seconds)


def _cell(runs: list[dict], key: str) -> str:
    if not runs:
        return "-"
    errors = [run["records"][-1][key] for run in runs]
    if len(errors) == 1:
        return f"{errors[0]:.1e} (one seed)"
    return f"{np.median(errors):.1e} [{min(errors):.1e}, {max(errors):.1e}]"


def _described(found: dict[str, list[dict]]) -> str:
    """What each method had: its setting, its weights and its number of seeds."""
    words = []
    for method, runs in found.items():
        setting = runs[0]["method"].partition(":")[2]
        weights = sorted({run["weights"] for run in runs})
        count = f"{weights[0]:,}" + (f" to {weights[-1]:,}" if weights[1:] else "")
        words.append(
            f"{_label(method)}{f' ({setting})' if setting else ''} {count} weights, "
            f"{len(runs)} seed{'s' if runs[1:] else ''}"
        )
    return "; ".join(words)


def draw(runs: Runs, path: str) -> None:
    """Errors against seconds: medians as lines, from least to largest as shades."""
    from matplotlib.figure import Figure

    columns = 2 if len(runs) > 1 else 1
    shape = (-(-len(runs) // columns), columns)
    size = (4.2 * columns, 3.2 * shape[0] + 1.2)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(*shape, squeeze=False, sharey=True).ravel()
    colours = dict(zip(_methods(runs), _COLOURS * len(runs)))
    handles = {}
    for ax, (problem, found) in zip(axes, runs.items()):
        for method, several in found.items():
            colour = colours[method]
            seconds, errors = _together(several)
            middle = np.median(errors, axis=0)
            (line,) = ax.semilogy(seconds, middle, color=colour)
            ax.plot(seconds[-1], middle[-1], "o", color=colour, markersize=4)
            ends = errors.min(axis=0), errors.max(axis=0)
            ax.fill_between(seconds, *ends, color=colour, alpha=0.15, linewidth=0)
            handles[_label(method)] = line
        ax.set_title(f"{problem}, {_seconds(found)} s")
        ax.grid(True, alpha=0.3)
    for ax in axes[len(runs) :]:
        ax.set_visible(False)
    figure.supxlabel("seconds, from the start of the process")
    figure.supylabel("relative $L_2$ error")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    figure.savefig(path, dpi=110)


def _together(runs: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """Common times, and errors `(runs, times)`: logarithms between a run's records."""
    curves = [
        [(r["seconds"], r["relative_l2"]) for r in run["records"]] for run in runs
    ]
    first, last = max(c[0][0] for c in curves), max(c[-1][0] for c in curves)
    seconds = np.linspace(min(first, last), last, 200)
    errors = [
        np.exp(np.interp(seconds, [t for t, _ in c], np.log([e for _, e in c])))
        for c in curves
    ]
    return seconds, np.stack(errors)
