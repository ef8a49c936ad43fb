"""Nonlinear problems: `ki.solve` beside its nearest relatives, at equal seconds.

    .venv/bin/python benchmarks/peers/nonlinear.py --seeds 0 1 2
    .venv/bin/python benchmarks/peers/nonlinear.py --table --picture peers.png

runs what is not there yet, each in a process of its own whose clock begins with it,
and keeps each run as JSON with the commit; then prints medians with the least and the
largest error over the seeds, and draws the errors against time.

The peers' environment is that of requirements.txt. Their networks meet all conditions
by their form, and their settings are the best of a few on seed 0; `ki.solve` has the
problem and the seconds alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE.parent))
import child_runs  # noqa: E402

# Seconds for each problem, a name of both untuned.py and nonlinear_problems.py.
PROBLEMS = {"burgers": 60.0, "allen-cahn": 60.0, "kovasznay": 30.0, "kdv": 60.0}
# A script of this folder, what it is given, and the name in tables and pictures.
METHODS = {
    ("keras_isgd", "solve"): "keras_isgd, ki.solve",
    ("jax", "ssbroyden"): "JAX, self-scaled Broyden",
    ("jax", "lbfgs"): "JAX, L-BFGS of Optax",
    ("jax", "engd:1e-5"): "JAX, energy natural gradient",
    ("jax", "spring:0.9"): "JAX, SPRING",
    ("jax", "adam:3e-3"): "JAX, Adam",
}
# Records that are kept of a run.
_KEPT = 40


def main() -> None:
    """Runs what was asked for and is not there, or prints and draws what is."""
    options = _options()
    if options.table or options.picture:
        runs = load(options.out)
        if options.table:
            print(table(runs))
        if options.picture:
            draw(runs, options.picture)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for problem in options.problems:
            for method in options.methods:
                _run(problem, method, seed, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=[*PROBLEMS])
    parser.add_argument(
        "--methods",
        nargs="+",
        default=[" ".join(m) for m in METHODS],
        help='a script and its method, such as "jax adam:1e-3"',
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, help="instead of each problem's own")
    parser.add_argument("--peers-python", default=".venv-peers/bin/python")
    parser.add_argument("--out", type=Path, default=_HERE.parent / "curves" / "peers")
    parser.add_argument("--table", action="store_true", help="of the runs that exist")
    parser.add_argument("--picture", help="file for the picture of these runs")
    return parser.parse_args()


def _run(problem: str, method: str, seed: int, options: argparse.Namespace) -> None:
    seconds = options.seconds or PROBLEMS[problem]
    name = method.replace(" ", "-").replace(":", "-")
    path = options.out / f"{problem}-{name}-{seconds:g}s-seed{seed}.json"
    if path.exists():
        return
    done = _trained(problem, *method.split(), seconds, seed, options.peers_python)
    if done.returncode:
        print(f"{path.stem} failed:\n{done.stderr[-3000:]}", flush=True)
        return
    found = json.loads(done.stdout.splitlines()[-1])
    run = {
        "problem": problem,
        "method": method,
        "seconds": seconds,
        "seed": seed,
        "commit": child_runs.commit(),
        "weights": found["weights"],
        "records": thinned(found["records"]),
    }
    path.write_text(json.dumps(run))
    last = run["records"][-1]
    print(
        f"{problem:12}{method:30} seed {seed}  {last['seconds']:6.1f} s  "
        f"{last['relative_l2']:.2e}  {run['weights']} weights",
        flush=True,
    )


def _trained(
    problem: str, peer: str, method: str, seconds: float, seed: int, python: str
) -> subprocess.CompletedProcess:
    script = str(_HERE / f"nonlinear_{peer}.py")
    with tempfile.TemporaryDirectory() as folder:
        if peer == "keras_isgd":
            words = [sys.executable, script, problem, seconds, time.time(), seed]
        else:
            path = f"{folder}/task.npz"
            write_task(problem, path)
            words = [python, script, path, method, seconds, time.time(), seed]
        paths = [str(_HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
        return subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            },
            check=False,
        )


def write_task(name: str, path: str) -> None:
    """Writes the test points and the reference of a problem, for `Task`."""
    import tensorflow as tf
    import untuned

    problem = untuned.problem_of(name)
    test = problem.test_points()
    np.savez(
        path,
        problem=name,
        test=test,
        exact=np.asarray(problem.exact(tf.constant(test))),
        free=[problem.outputs.index(o) for o in problem.defined_up_to_constant],
    )


def thinned(records: list[dict]) -> list[dict]:
    """At most so many records as are kept, the first and the last among them."""
    chosen = np.linspace(0, len(records) - 1, min(_KEPT, len(records))).round()
    return [records[int(i)] for i in chosen]


def load(folder: Path) -> dict[str, dict[str, list[dict]]]:
    """Runs by problem and method, in the order of `PROBLEMS` and `METHODS`."""
    every = [json.loads(p.read_text()) for p in sorted(Path(folder).glob("*.json"))]
    names = [" ".join(m) for m in METHODS]
    methods = sorted(
        {run["method"] for run in every},
        key=lambda m: names.index(m) if m in names else len(names),
    )
    found: dict[str, dict[str, list[dict]]] = {}
    for problem in PROBLEMS:
        for method in methods:
            runs = [
                r for r in every if (r["problem"], r["method"]) == (problem, method)
            ]
            if runs:
                found.setdefault(problem, {})[method] = runs
    return found


def label(method: str) -> str:
    """What a method is called in tables and pictures."""
    return METHODS.get(tuple(method.split()), method)


def table(runs: dict[str, dict[str, list[dict]]]) -> str:
    """Medians of the errors at the end, with the least and the largest, Markdown."""
    methods = list(dict.fromkeys(m for found in runs.values() for m in found))
    lines = [
        "| | " + " | ".join(_heading(p, found) for p, found in runs.items()) + " |"
    ]
    lines.append("|---" * (1 + len(runs)) + "|")
    for method in methods:
        cells = [_cell(found.get(method, [])) for found in runs.values()]
        lines.append(f"| {label(method)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _heading(problem: str, found: dict[str, list[dict]]) -> str:
    seconds = sorted({run["seconds"] for runs in found.values() for run in runs})
    return f"{problem}, {' and '.join(f'{s:g}' for s in seconds)} s"


def _cell(runs: list[dict]) -> str:
    if not runs:
        return "-"
    errors = [run["records"][-1]["relative_l2"] for run in runs]
    if len(errors) == 1:
        return f"{errors[0]:.1e} (one seed)"
    return f"{np.median(errors):.1e} ({min(errors):.1e} to {max(errors):.1e})"


def draw(runs: dict[str, dict[str, list[dict]]], path: str) -> None:
    """Errors against seconds, a panel a problem, each seed a line."""
    from matplotlib.figure import Figure

    count = len(runs)
    figure = Figure(figsize=(3.6 * count, 4.4), layout="constrained")
    axes = figure.subplots(1, count, squeeze=False)[0]
    methods = list(dict.fromkeys(m for found in runs.values() for m in found))
    colours = {m: f"C{i}" for i, m in enumerate(methods)}
    handles = {}
    for ax, (problem, found) in zip(axes, runs.items()):
        for method, several in found.items():
            for run in several:
                (line,) = ax.semilogy(
                    [r["seconds"] for r in run["records"]],
                    [r["relative_l2"] for r in run["records"]],
                    color=colours[method],
                    linewidth=1.2,
                )
                last = run["records"][-1]
                ax.plot(
                    last["seconds"], last["relative_l2"], "o", color=line.get_color()
                )
                handles[label(method)] = line
        ax.set_title(problem)
        ax.set_xlabel("seconds, from the start of the process")
        ax.grid(True, alpha=0.3)
    axes[0].set_ylabel("relative $L_2$ error")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
