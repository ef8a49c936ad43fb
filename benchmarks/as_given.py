"""Equations as somebody would write them down, by `ki.solve(problem, seconds)` alone.

The problems, in `as_given_problems`, are stated without regard to how `ki.solve` works,
and each has a reference of its own: a closed form, or a solution by SciPy or by a
spectral method. Each run is a process of its own. Its seconds are those of the call:
imports and the reference are not counted. Errors are those of each output, relative L2
norms and maxima over the largest value, on points that are not trained on.

    python benchmarks/as_given.py --list
    python benchmarks/as_given.py --problems lorenz brusselator --seconds 30 --seeds 0
    python benchmarks/as_given.py --table --out runs/as_given

A run is kept as JSON under `--out` with the commit that it was made by, and not made
again if it is there.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import child_runs


def main() -> None:
    """Runs what was asked for, or prints the problems or the table of the runs."""
    options = _parser().parse_args()
    if options.child:
        print(json.dumps(_solve(**json.loads(options.child))))
        return
    if options.table:
        _table(options.out)
        return
    from as_given_problems import CASES

    names = options.problems or list(CASES)
    unknown = sorted(set(names) - set(CASES))
    if unknown:
        sys.exit(f"Unknown problems: {', '.join(unknown)}. --list shows all.")
    if options.list:
        for name in names:
            print(f"{name}: {CASES[name].says}")
        return
    options.out.mkdir(parents=True, exist_ok=True)
    for name in names:
        for seed in options.seeds:
            _run(options.out, name, options.seconds, seed)
    _table(options.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", help="names, see --list; all if none")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--out", type=Path, default=Path("runs/as_given"))
    parser.add_argument("--list", action="store_true", help="names and what they are")
    parser.add_argument("--table", action="store_true", help="print what is there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser


def _solve(name: str, seconds: float, seed: int) -> dict:
    """Solves one problem in this process, and compares it with its reference."""
    from as_given_problems import CASES
    from as_given_problems.common import errors

    import keras_isgd as ki

    case = CASES[name]
    stated = case.make()
    begin = time.time()
    model = ki.solve(stated.problem, seconds, seed)
    took = time.time() - begin
    found = model.predict(stated.points, batch_size=10_000, verbose=0)
    return {
        "problem": name,
        "seconds": seconds,
        "seed": seed,
        "took": took,
        "errors": errors(case, stated, found),
        "numbers": {
            number: {"found": float(model.coefficients[number]), "right": right}
            for number, right in stated.numbers.items()
        },
        "steps": int(model.optimizer.iterations.numpy()),
        "weights": int(model.count_params()),
        "choices": model.choices,
    }


def _run(folder: Path, name: str, seconds: float, seed: int) -> None:
    """Solves one problem in a process of its own, unless that has been done."""
    commit = child_runs.commit()
    path = folder / f"{name}-{seconds:g}s-seed{seed}.json"
    if path.exists() and json.loads(path.read_text()).get("commit") == commit:
        return
    task = {"name": name, "seconds": seconds, "seed": seed}
    found = child_runs.in_child(__file__, task)
    if "failed" in found:
        found |= {"problem": name, "seconds": seconds, "seed": seed}
    path.write_text(json.dumps({**found, "commit": commit}, indent=1))
    shown = found.get("failed") or f"relative L2 {_errors(found, 'relative_l2')}"
    print(f"{name:20} seed {seed} {seconds:5g} s  {shown}", flush=True)


def _table(folder: Path) -> None:
    """Prints all runs, in Markdown."""
    runs = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    runs.sort(key=lambda run: (run["problem"], run["seconds"], run["seed"]))
    print(
        "| problem | seconds | seed | relative L2 | maximum over the largest value "
        "| numbers (right ones) | steps |"
    )
    print("|---|---|---|---|---|---|---|")
    for run in runs:
        start = f"| {run['problem']} | {run['seconds']:g} | {run['seed']} |"
        if "failed" in run:
            print(f"{start} failed | | | |")
            continue
        numbers = [
            f"{name} {value['found']:.7g} ({value['right']:.7g})"
            for name, value in run["numbers"].items()
        ]
        print(
            f"{start} {_errors(run, 'relative_l2')} | {_errors(run, 'maximum')} "
            f"| {', '.join(numbers)} | {run['steps']} |"
        )


def _errors(run: dict, kind: str) -> str:
    """The errors of a run, with the names of the outputs where there are several."""
    errors = run["errors"]
    if len(errors) == 1:
        return ", ".join(f"{error[kind]:.1e}" for error in errors.values())
    return ", ".join(f"{name} {error[kind]:.1e}" for name, error in errors.items())


if __name__ == "__main__":
    main()
