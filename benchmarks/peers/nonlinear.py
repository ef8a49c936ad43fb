"""Nonlinear problems: `ki.solve` beside its nearest relatives, at equal seconds.

    .venv/bin/python benchmarks/peers/nonlinear.py --seeds 0 1 2
    .venv/bin/python benchmarks/peers/nonlinear.py --table --picture peers.png

runs what is not there yet, each in a process of its own whose clock begins with it,
and keeps each run as JSON with the commit; then prints medians with the least and the
largest error over the seeds, and draws the errors against time.

The peers' environment is that of requirements.txt. Their networks meet all conditions
by their form, and the first seed tries all settings of nonlinear_settings.py: the other
seeds have the one that ended best there. `ki.solve` has the problem and the seconds
alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nonlinear_table
from nonlinear_settings import METHODS, PROBLEMS
from nonlinear_task import write_task

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE.parent))
import child_runs  # noqa: E402


def main() -> None:
    """Runs what was asked for and is not there, or prints and draws what is."""
    options = _options()
    if options.table or options.picture:
        runs = nonlinear_table.load(options.out)
        if options.table:
            print(nonlinear_table.table(runs))
        if options.picture:
            nonlinear_table.draw(runs, options.picture)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for problem in options.problems:
            for method in options.methods:
                for setting in _settings(problem, method, seed, options):
                    _run(problem, setting, seed, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=[*PROBLEMS])
    parser.add_argument(
        "--methods",
        nargs="+",
        default=[*METHODS],
        help='a script and its method, such as "jax adam", or "jax adam:2e-3" for '
        "that setting alone",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, help="instead of each problem's own")
    parser.add_argument("--peers-python", default=".venv-peers/bin/python")
    parser.add_argument("--out", type=Path, default=_HERE.parent / "curves" / "peers")
    parser.add_argument("--table", action="store_true", help="of the runs that exist")
    parser.add_argument("--picture", help="file for the picture of these runs")
    return parser.parse_args()


def _settings(
    problem: str, method: str, seed: int, options: argparse.Namespace
) -> list[str]:
    """The method with each setting that a seed is to try."""
    if ":" in method:
        return [method]
    every = [f"{method}:{s}" if s else method for s in METHODS[method].settings]
    if seed == options.seeds[0]:
        return every
    first = [_path(problem, m, options.seeds[0], options) for m in every]
    runs = [json.loads(path.read_text()) for path in first if path.exists()]
    return [nonlinear_table.best(runs)["method"]] if runs else every


def _path(problem: str, method: str, seed: int, options: argparse.Namespace) -> Path:
    seconds = options.seconds or PROBLEMS[problem]
    name = method.replace(" ", "-").replace(":", "-")
    return options.out / f"{problem}-{name}-{seconds:g}s-seed{seed}.json"


def _run(problem: str, method: str, seed: int, options: argparse.Namespace) -> None:
    path = _path(problem, method, seed, options)
    if path.exists():
        return
    seconds = options.seconds or PROBLEMS[problem]
    done = _trained(problem, method, seconds, seed, options.peers_python)
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
        "records": nonlinear_table.thinned(found["records"]),
    }
    path.write_text(json.dumps(run))
    last = run["records"][-1]
    print(
        f"{problem:12}{method:26} seed {seed}  {last['seconds']:6.1f} s  "
        f"{last['relative_l2']:.2e}  {run['weights']} weights",
        flush=True,
    )


def _trained(
    problem: str, method: str, seconds: float, seed: int, python: str
) -> subprocess.CompletedProcess:
    peer, name = method.split()
    script = _HERE / f"nonlinear_{peer}.py"
    with tempfile.TemporaryDirectory() as folder:
        if peer == "keras_isgd":
            words = [sys.executable, script, problem, seconds, time.time(), seed]
        else:
            path = f"{folder}/task.npz"
            known = METHODS[method.partition(":")[0]]
            write_task(problem, path, known.size, seed)
            words = [python, script, path, name, seconds, time.time(), seed]
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


if __name__ == "__main__":
    main()
