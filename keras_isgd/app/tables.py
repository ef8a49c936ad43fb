"""What the command line prints of runs."""

from collections.abc import Mapping, Sequence

import numpy as np

from keras_isgd.app import runs

__all__ = ["print_best", "print_coefficients", "print_record", "print_table"]

# Entries of a result, with titles and formats.
_COLUMNS = (
    ("loss", "loss", "{:.2e}"),
    ("relative_l2", "relative L2", "{:.2e}"),
    ("max_error", "max error", "{:.2e}"),
    ("steps", "steps", "{:d}"),
    ("evaluations", "evaluations", "{:d}"),
    ("seconds", "seconds", "{:.1f}"),
)


def print_record(record: Mapping[str, float]) -> None:
    """Prints a record of `ErrorMonitor` while a run goes on."""
    error = record.get("relative_l2")
    print(
        f"  {record['seconds']:7.1f} s   step {record['step']:7d}   "
        f"loss {record['loss']:.3e}"
        + ("" if error is None else f"   relative L2 {error:.3e}"),
        flush=True,
    )


def print_table(finished: Sequence[runs.Run]) -> None:
    """Prints a row for each run: what all have, and the errors of each output."""
    found = finished[0].result
    columns = [column for column in _COLUMNS if column[0] in found]
    for kind, title in (("relative_l2_", "L2"), ("max_error_", "max")):
        for key in found:
            if key.startswith(kind):
                columns.append((key, f"{title} {key.removeprefix(kind)}", "{:.2e}"))
    width = max(len(run.name) for run in finished) + 2
    sizes = [max(13, len(title) + 2) for _, title, _ in columns]
    titles = (f"{title:>{size}}" for size, (_, title, _) in zip(sizes, columns))
    print(" " * width + "".join(titles))
    for run in finished:
        cells = (
            f"{template.format(run.result[key]):>{size}}"
            for size, (key, _, template) in zip(sizes, columns)
        )
        print(f"{run.name:{width}}{''.join(cells)}")
    print("(evaluations: losses with their gradient, since the optimizer was made)")


def print_best(finished: Sequence[runs.Run]) -> None:
    """Prints a sentence that says which run was best, by the error or the loss."""
    known = all("relative_l2" in run.result for run in finished)
    key, words = ("relative_l2", "error") if known else ("loss", "loss")
    ordered = sorted(
        finished, key=lambda run: np.nan_to_num(run.result[key], nan=np.inf)
    )
    if len(ordered) < 2:
        return
    first, second = ordered[:2]
    print(
        f"\n{first.name} has the smallest {words}, {first.result[key]:.1e}; next is "
        f"{second.name} with {second.result[key]:.1e}."
        + ("" if known else " A loss is no error: the solution is not known here.")
    )


def print_coefficients(finished: Sequence[runs.Run]) -> None:
    """Prints the coefficients of the equation that each run has found."""
    for run in finished:
        found = run.result.get("coefficients", {})
        if found:
            values = ", ".join(f"{name} = {value:.6g}" for name, value in found.items())
            print(f"coefficients by {run.name}: {values}")
