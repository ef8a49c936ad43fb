"""Standard equations by `ki.solve(problem, seconds)` and nothing else.

Each run is a process of its own, whose seconds begin with its imports. Errors are
relative L2 norms and maxima on the problem's test points, which are not trained on,
against the references that `ki.problems` states with their accuracy.

    python benchmarks/untuned.py --problems burgers wave --seeds 0 1 2
    python benchmarks/untuned.py --table --out runs/untuned

A run is kept as JSON under `--out` with the commit that it was made by, and not made
again if it is there.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import child_runs
import numpy as np

# Whose error is that on the two centre lines.
LID = "cavity-constant-lid"
# By name: class in ki.problems (or case_problems), its arguments, and the seconds with
# the relative L2 error to reach in them, or the problem's own measure.
GOALS: dict[str, tuple[str, dict, list[tuple[float, float]]]] = {
    "burgers": ("Burgers", {}, [(60, 1e-4), (220, 5e-7), (900, 1e-8)]),
    "allen-cahn": ("AllenCahn", {}, [(120, 1e-3), (300, 1e-5), (900, 9e-7)]),
    "kdv": ("KortewegDeVries", {}, [(60, 1e-4), (300, 1e-6), (900, 1e-8)]),
    "schroedinger": ("Schroedinger", {}, [(120, 1e-4), (600, 1e-6)]),
    "wave": ("Wave", {}, [(60, 1e-6)]),
    "convection-30": ("Convection", {"speed": 30.0}, [(120, 1e-6)]),
    "convection-50": ("Convection", {"speed": 50.0}, [(120, 1e-6)]),
    "kovasznay": ("Kovasznay", {}, [(120, 1e-8)]),
    "poisson-5d": ("PoissonND", {"dimension": 5}, [(300, 1e-6)]),
    "poisson-10d": ("PoissonND", {"dimension": 10}, [(900, 1e-5)]),
    "lotka-volterra": ("LotkaVolterra", {}, [(60, 1e-5)]),
    "cavity": ("LidDrivenCavity", {"lid": "smooth"}, [(600, 1e-4)]),
    LID: ("LidDrivenCavity", {"lid": "constant"}, [(300, 2e-3)]),
    # Ten times what the recipes of docs/results.md end with, their worst seed.
    "singular-eps0.01": ("SingularPerturbation", {"eps": 0.01}, [(40, 1.9e-9)]),
    "singular-eps0.001": ("SingularPerturbation", {"eps": 1e-3}, [(40, 7.9e-7)]),
    "poisson2d-two-scales": ("Poisson2D", {}, [(45, 1.4e-8)]),
    "poisson1d-two-scales": ("Poisson1D", {}, [(20, 1.4e-4)]),
    "helmholtz": ("Helmholtz2D", {}, [(30, 5.6e-14)]),
}


def problem_of(name: str) -> object:
    """Makes the problem of a name."""
    from keras_isgd import problems

    kind, arguments, _ = GOALS[name]
    return getattr(problems, kind)(**arguments)


def run_one(name: str, seconds: float, seed: int, begin: float) -> dict:
    """Solves one problem in this process; `begin` is when it began."""
    import keras_isgd as ki

    problem = problem_of(name)
    left = seconds - (time.time() - begin)
    model = ki.solve(problem, left, seed)
    errors = model.errors()
    return {
        "problem": name,
        "seconds": seconds,
        "seed": seed,
        "took": time.time() - begin,
        "weights": int(model.count_params()),
        "choices": model.choices,
        **{key: float(value) for key, value in errors.items()},
        **({"centre_lines": centre_lines(model)} if name == LID else {}),
    }


def centre_lines(model: Any) -> float:
    """The largest error of u on x = 1/2 and of v on y = 1/2 under a lid of speed 1.

    In the corners under the lid neither the velocity nor what it is compared with has
    a value.
    """
    along, middle = np.linspace(0.0, 1.0, 201)[1:-1], np.full(199, 0.5)
    lines = np.stack([middle, along], axis=1), np.stack([along, middle], axis=1)
    return max(
        float(np.max(np.abs(found - right)[:, output]))
        for output, x in enumerate(lines)
        for found, right in [
            (model.predict(x, verbose=0), np.asarray(model.problem.exact(x)))
        ]
    )


def main() -> None:
    """Runs what was asked for, or prints the table of what has been run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", choices=GOALS, default=list(GOALS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, help="instead of the first goal's")
    parser.add_argument("--out", type=Path, default=Path("runs/untuned"))
    parser.add_argument("--table", action="store_true", help="print what is there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run_one(**json.loads(options.child))))
        return
    if not options.table:
        options.out.mkdir(parents=True, exist_ok=True)
        for name in options.problems:
            for seed in options.seeds:
                seconds = options.seconds or GOALS[name][2][0][0]
                _run(options.out, name, seconds, seed)
    _table(options.out)


def _run(folder: Path, name: str, seconds: float, seed: int) -> None:
    commit = child_runs.commit()
    path = folder / f"{name}-{seconds:g}s-seed{seed}.json"
    if path.exists() and json.loads(path.read_text()).get("commit") == commit:
        return
    arguments = {"name": name, "seconds": seconds, "seed": seed, "begin": time.time()}
    found = child_runs.in_child(__file__, arguments)
    if "failed" in found:
        found |= {"problem": name, "seconds": seconds, "seed": seed}
    path.write_text(json.dumps({**found, "commit": commit}, indent=1))
    error = found.get("relative_l2")
    print(
        f"{name:18} seed {seed} {seconds:5g} s  "
        + (found["failed"] if error is None else f"relative L2 {error:.2e}"),
        flush=True,
    )


def _table(folder: Path) -> None:
    """Prints the worst seed of each problem and time, in Markdown."""
    runs: dict[tuple[str, float], list[dict]] = {}
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text())
        runs.setdefault((found["problem"], found["seconds"]), []).append(found)
    print(
        "| problem | seconds | goal | relative L2 (seeds) | worst maximum | weights |"
    )
    print("|---|---|---|---|---|---|")
    for (name, seconds), several in sorted(runs.items()):
        goal = dict(GOALS[name][2]).get(seconds)
        several.sort(key=lambda run: run["seed"])
        errors = [
            f"{run.get('centre_lines', run['relative_l2']):.1e} ({run['seed']})"
            if "relative_l2" in run
            else f"failed ({run['seed']})"
            for run in several
        ]
        worst = max(run.get("max_error", float("inf")) for run in several)
        weights = max(run.get("weights", 0) for run in several)
        print(
            f"| {name} | {seconds:g} | {'' if goal is None else f'{goal:.0e}'} "
            f"| {', '.join(errors)} | {worst:.1e} | {weights:,} |"
        )


if __name__ == "__main__":
    main()
