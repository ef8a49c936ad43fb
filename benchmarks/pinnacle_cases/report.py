"""The table and the picture of finished runs."""

import json
import math
from pathlib import Path

from pinnacle_cases import CASES
from pinnacle_cases.published import METHODS, PUBLISHED, best_published

__all__ = ["draw", "read", "table", "worst"]


def read(folder: Path) -> list[dict]:
    """Returns the runs in a folder, in the order of the cases, seconds and seeds."""
    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    names = list(CASES)
    known = [run for run in runs if run["case"] in names]
    return sorted(
        known, key=lambda r: (names.index(r["case"]), r["seconds"], r["seed"])
    )


def first_error(run: dict) -> float:
    """The error against the best reference; infinite where a run failed."""
    if run.get("failed"):
        return math.inf
    scores = run["scores"]
    return scores[0]["relative_l2"] if scores else math.nan


def worst(runs: list[dict]) -> list[tuple[dict, int]]:
    """Returns the worst seed of each case and time, and the number of seeds.

    Of several commits the last one run counts.
    """
    groups: dict[tuple, dict[int, dict]] = {}
    for run in sorted(runs, key=lambda r: r.get("finished", 0.0)):
        group = groups.setdefault((run["case"], run["seconds"]), {})
        group[run["seed"]] = run

    def badness(run: dict) -> float:
        error = first_error(run)
        return math.inf if math.isnan(error) else error

    names = list(CASES)
    order = sorted(groups, key=lambda key: (names.index(key[0]), key[1]))
    return [(max(groups[k].values(), key=badness), len(groups[k])) for k in order]


def table(runs: list[dict]) -> str:
    """Returns two tables in Markdown: our errors, and those beside the published."""
    chosen = worst(runs)
    head = (
        "problem",
        "case",
        "s",
        "seeds",
        "error",
        "reference (its error)",
        "maximum",
        "against the file",
        "best constant",
        "best published",
        "below",
        "wall s",
        "parameters",
        "steps",
        "commit",
    )
    lines = [_line(head), _line(["---"] * len(head))]
    lines += [_line(_row(run, count)) for run, count in chosen]
    lines += ["", _line(["problem", "case", "s", "here", *METHODS])]
    lines.append(_line(["---"] * (4 + len(METHODS))))
    for run, _ in chosen:
        paper = CASES[run["case"]].paper
        published = [_number(PUBLISHED[paper][m]) for m in METHODS]
        where = [paper, run["case"], f"{run['seconds']:g}"]
        lines.append(_line([*where, _error(run), *published]))
    said = [
        f"- {name}: {CASES[name].says}."
        for name in dict.fromkeys(run["case"] for run, _ in chosen)
        if CASES[name].says
    ]
    failed = [
        f"- {run['case']}, seed {run['seed']}: {run['failed']}"
        for run in runs
        if run.get("failed")
    ]
    return "\n".join([*lines, "", *said, *failed])


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.2e}"


def _error(run: dict) -> str:
    if run.get("failed"):
        return "failed"
    return _number(first_error(run)) if run["scores"] else "no reference"


def _row(run: dict, seeds: int) -> list[str]:
    case = CASES[run["case"]]
    scores = [] if run.get("failed") else run["scores"]
    first = scores[0] if scores else {}
    file = next((s for s in scores if s["label"].startswith("file")), {})
    best, method = best_published(case.paper)
    accuracy = _number(first.get("accuracy"))
    return [
        case.paper,
        run["case"],
        f"{run['seconds']:g}",
        str(seeds),
        _error(run),
        f"{first['label']} ({accuracy})" if first else "-",
        _number(first.get("max_error")),
        _number(file.get("relative_l2")),
        _number(first.get("trivial")),
        f"{_number(best)} {method}",
        _below(run, best),
        f"{run['wall']:.0f}",
        str(run.get("parameters", "-")),
        str(run.get("steps", "-")),
        run["commit"],
    ]


def _below(run: dict, best: float) -> str:
    """Whether the error is below the published ones, where they can be compared."""
    error = first_error(run)
    if not CASES[run["case"]].comparable or math.isnan(error):
        return "-"
    return "yes" if error < best else "no"


def draw(runs: list[dict], path: str) -> None:
    """Draws the errors of each case beside the published ones."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    chosen = worst(runs)
    times = sorted({run["seconds"] for run, _ in chosen})
    cases = list(dict.fromkeys(run["case"] for run, _ in chosen))
    figure, axes = pyplot.subplots(figsize=(8.0, 1.2 + 0.28 * len(cases)))
    for row, name in enumerate(cases):
        published = [e for e in PUBLISHED[CASES[name].paper].values() if e == e]
        axes.plot(published, [row] * len(published), ".", color="0.6", zorder=1)
        axes.plot(min(published), row, "|", color="0.2", markersize=11, zorder=2)
        for place, seconds in enumerate(times):
            errors = [
                first_error(run)
                for run, _ in chosen
                if run["case"] == name and run["seconds"] == seconds
            ]
            known = [e for e in errors if math.isfinite(e)]
            axes.plot(known, [row] * len(known), "o", color=f"C{place}", zorder=3)
    for place, seconds in enumerate(times):
        axes.plot([], [], "o", color=f"C{place}", label=f"ki.solve, {seconds:g} s")
    axes.plot([], [], ".", color="0.6", label="twelve published methods")
    axes.plot([], [], "|", color="0.2", markersize=11, label="the best of them")
    labels = [f"{CASES[name].paper}  ({name})" for name in cases]
    axes.set_yticks(range(len(cases)), labels, fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("relative L2 error, worst seed")
    axes.set_ylim(len(cases) - 0.4, -0.6)
    axes.grid(axis="x", color="0.92")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, fontsize=8)
    figure.savefig(path, dpi=150, bbox_inches="tight")
    pyplot.close(figure)
