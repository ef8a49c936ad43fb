"""The 22 problems of PINNacle, by `ki.solve` with nothing but problem and seconds.

Each run is a process of its own, whose seconds include imports and compilation, and a
JSON file in the folder `--out`, named after the problem, the seed, the seconds and the
commit. Runs that are there already are left out, so that a benchmark that was stopped
goes on; `--again` repeats them. PINNacle's data are no part of this repository:
`--data` says where they are, and what is missing without them is said.

    python benchmarks/pinnacle.py --list --data FOLDER
    python benchmarks/pinnacle.py --seconds 300 --seeds 0 1 2 --data FOLDER --out runs
    python benchmarks/pinnacle.py --table --out runs --picture pinnacle.png
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import child_runs


def main() -> None:
    """Does what was asked for."""
    options = _parser().parse_args()
    if options.child:
        print(json.dumps(_solve(**json.loads(options.child))))
        return
    folder = Path(options.out)
    if options.table or options.picture:
        _report(folder, options.table, options.picture)
        return
    names = options.problems or _names()
    unknown = sorted(set(names) - set(_names()))
    if unknown:
        sys.exit(f"Unknown problems: {', '.join(unknown)}. --list shows all.")
    if options.list:
        _list(names, options.data)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for task in _tasks(names, options):
        path = folder / (
            f"{task['case']}-seed{task['seed']}-{task['seconds']:g}s-"
            f"{task['commit']}.json"
        )
        if path.exists() and not options.again:
            print(f"{path.name} is there already.", flush=True)
            continue
        run = _child(task)
        path.write_text(json.dumps(run, indent=1))
        print(_line(run), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", nargs="+", help="names, see --list; all if none")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--seconds", nargs="+", type=float, default=[300.0])
    parser.add_argument("--data", help="PINNacle's folder, with ref/ and derived/")
    parser.add_argument("--out", default="pinnacle", help="folder of the runs")
    parser.add_argument("--again", action="store_true", help="repeat what is there")
    parser.add_argument("--list", action="store_true", help="problems and references")
    parser.add_argument("--table", action="store_true", help="of the runs in --out")
    parser.add_argument("--picture", help="of the runs in --out, a file to write")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser


def _names() -> list[str]:
    from pinnacle_cases import CASES

    return list(CASES)


def _tasks(names: list[str], options: argparse.Namespace) -> Iterator[dict]:
    """What there is to run: a whole round of problems for each seed and time."""
    commit = child_runs.commit()
    for seconds in options.seconds:
        for seed in options.seeds:
            for name in names:
                yield {
                    "case": name,
                    "seed": seed,
                    "seconds": seconds,
                    "commit": commit,
                    "data": options.data,
                }


def _child(task: dict) -> dict:
    """Solves one problem in a process of its own."""
    begin = time.time()
    run = {k: v for k, v in task.items() if k != "data"}
    limit = 2.0 * task["seconds"] + 600.0
    run |= child_runs.in_child(__file__, {**task, "begin": begin}, limit)
    return {**run, "wall": time.time() - begin, "finished": time.time()}


def _solve(
    case: str, seed: int, seconds: float, commit: str, data: str | None, begin: float
) -> dict:
    import pinnacle_cases as cases
    from pinnacle_cases.common import Folder, MissingData
    from pinnacle_cases.scores import score

    import keras_isgd as ki

    chosen, folder = cases.CASES[case], Folder(data)
    try:
        problem = chosen.problem(folder)
    except MissingData as missing:
        return {"failed": str(missing), "missing": True}
    model = ki.solve(problem, seconds=seconds - (time.time() - begin), seed=seed)
    solved = time.time() - begin
    names = problem.names
    columns = [names.component(name) for name in chosen.score_on or names.outputs]
    scores = []
    for reference in chosen.references(folder):
        found = model.predict(reference.points, batch_size=8192, verbose=0)
        scores.append(score(found[:, columns], reference))
    steps = getattr(getattr(model, "optimizer", None), "iterations", None)
    return {
        "scores": scores,
        "solved": solved,
        "parameters": int(model.count_params()),
        "steps": None if steps is None else int(steps.numpy()),
        **_loss(model, problem),
    }


def _loss(model: Any, problem: Any) -> dict:
    """The loss and its terms on points that no training has seen."""
    points = problem.points(2000, resample=False, method="sobol", seed=4711)
    try:
        terms = model.evaluate(points, steps=1, verbose=0, return_dict=True)
    except (ValueError, RuntimeError) as why:
        return {"loss": None, "terms": {}, "no_loss": str(why)}
    loss = float(terms.pop("loss"))
    return {"loss": loss, "terms": {k: float(v) for k, v in terms.items()}}


def _line(run: dict) -> str:
    """A run in one line."""
    start = f"{run['case']:24} seed {run['seed']}  {run['wall']:6.1f} s  "
    if run.get("failed"):
        return f"{start}failed: {run['failed']}"
    loss = "-" if run["loss"] is None else f"{run['loss']:.1e}"
    errors = [f"{s['relative_l2']:.2e} ({s['label']})" for s in run["scores"]]
    shown = ", ".join(errors) or "no reference"
    return f"{start}loss {loss}  {run['steps']} steps  {shown}"


def _list(names: list[str], data: str | None) -> None:
    """Prints the problems, what they are compared with, and what is missing."""
    from pinnacle_cases import CASES
    from pinnacle_cases.common import Folder, MissingData
    from pinnacle_cases.scores import trivial

    folder = Folder(data)
    for name in names:
        case = CASES[name]
        print(f"{name} ({case.paper}){': ' + case.says if case.says else ''}")
        try:
            case.problem(folder).check()
        except MissingData as missing:
            print(f"    {missing}")
        references = case.references(folder)
        for one in references:
            known = "-" if one.accuracy is None else f"{one.accuracy:.1e}"
            print(
                f"    {one.label}: {len(one.points)} points, own error {known}, "
                f"best constant {trivial(one):.3f}"
            )
        if not references:
            print("    no reference")


def _report(folder: Path, table: bool, picture: str | None) -> None:
    from pinnacle_cases import report

    runs = report.read(folder)
    if not runs:
        sys.exit(f"There are no runs in {folder}.")
    if table:
        print(report.table(runs))
    if picture:
        report.draw(runs, picture)


if __name__ == "__main__":
    main()
