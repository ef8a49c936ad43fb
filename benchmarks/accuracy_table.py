"""Prints a table of Markdown from the JSON files of `accuracy.py`.

    .venv/bin/python benchmarks/accuracy_table.py benchmarks/curves/accuracy.json

One row for each run: its errors at the end, its best one, and when each goal was met.
"""

import argparse
import json

from accuracy import GOALS

NAMES = {
    "helmholtz2d": "Helmholtz, k = 4",
    "poisson2d": "Poisson, two scales",
    "singular-eps0.01": "boundary layer, eps = 0.01",
    "singular-eps0.001": "boundary layer, eps = 0.001",
    "singular-eps2": "boundary layer, eps = 2",
    "poisson1d-high": "1-D Poisson, two scales",
    "poisson2d-smooth": "sin(pi x) sin(pi y)",
    "helmholtz2d-periodic": "periodic",
    "poisson2d-multiscale": "four scales",
}


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="written by accuracy.py")
    print(
        "| problem | optimizer | seed | seconds | relative L2 at the end | max error "
        "| best relative L2 | reached |\n|---|---|---|---|---|---|---|---|"
    )
    for path in parser.parse_args().files:
        with open(path) as file:
            for run in json.load(file):
                print(row(run))


def row(run):
    """Returns the row of one run."""
    records = run["records"]
    reached = []
    for goal, _ in GOALS[run["problem"]]:
        times = [r["seconds"] for r in records if r["relative_l2"] <= goal]
        when = f"at {times[0]:.0f} s" if times else "not"
        reached.append(f"{goal:.0e}".replace("e-0", "e-") + f" {when}")
    best = min(r["relative_l2"] for r in records)
    last = records[-1]
    cells = [
        NAMES[run["problem"]],
        run["optimizer"],
        run["seed"],
        f"{run['seconds']:g}",
        f"{last['relative_l2']:.1e}",
        f"{last['max_error']:.1e}",
        f"{best:.1e}",
        "; ".join(reached),
    ]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
