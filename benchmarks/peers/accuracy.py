"""Error against time of keras_isgd and its peers on the paper's equations.

    .venv/bin/python benchmarks/peers/accuracy.py --seconds 60

trains, one after the other and each in a process of its own: this package's
default, a plain JAX PINN (Adam, L-BFGS, self-scaled Broyden) and DeepXDE (Adam, then
L-BFGS or NNCG), from the same network and start; prints a table and draws a picture
for each problem. The clock starts with the process. This package draws new points in
each step; the peers have fixed ones, which their quasi-Newton methods need, two rows
or more for each weight.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

_HERE = pathlib.Path(__file__).parent
_PROBLEMS = {
    "singular-eps0.01": lambda p: (-p.eps, 1.0, 0.0),
    "poisson2d": lambda p: (-1.0, 0.0, 0.0),
    "helmholtz2d": lambda p: (1.0, 0.0, p.k**2),
    "poisson1d-high": lambda p: (-1.0, 0.0, 0.0),
}
_METHODS = (
    ("keras_isgd", "isgd"),
    ("jax", "adam:1e-3"),
    ("jax", "adam:1e-2"),
    ("jax", "lbfgs"),
    ("jax", "ssbroyden"),
    ("deepxde", "lbfgs:1e-3"),
    ("deepxde", "nncg:1e-3"),
)


def main():
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--problems", nargs="+", choices=_PROBLEMS, default=[*_PROBLEMS]
    )
    names = [" ".join(m) for m in _METHODS]
    parser.add_argument("--methods", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--peers-python", default=".venv-peers/bin/python")
    parser.add_argument(
        "--two-layers", action="store_true", help="of sines, where a recipe has one"
    )
    parser.add_argument("--out", default="runs/peers")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    for problem in options.problems:
        runs = {}
        for method in options.methods:
            for seed in options.seeds:
                records = _run(problem, *method.split(), seed, options)
                runs.setdefault(method, []).append(records)
                best = min((r["relative_l2"] for r in records), default=np.inf)
                last = records[-1] if records else {"relative_l2": np.inf, "seconds": 0}
                print(
                    f"{problem:18}{method:20}seed {seed}  {last['seconds']:6.1f} s  "
                    f"best {best:.1e}  last {last['relative_l2']:.1e}",
                    flush=True,
                )
        with open(f"{options.out}/{problem}.json", "w") as file:
            json.dump(runs, file)
        _draw(problem, runs, f"{options.out}/{problem}.png")


def _run(problem, peer, method, seed, options):
    with tempfile.TemporaryDirectory() as folder:
        if peer == "keras_isgd":
            path = f"{folder}/runs.json"
            command = [
                sys.executable,
                _HERE.parent / "accuracy.py",
                "--problems",
                problem,
            ]
            command += ["--optimizers", method, "--seeds", str(seed), "--out", path]
            command += ["--seconds", str(options.seconds)]
            command += ["--two-layers"] if options.two_layers else []
            _call(command)
            return json.loads(pathlib.Path(path).read_text())[0]["records"]
        path = f"{folder}/task.npz"
        _write(problem, seed, options.two_layers, path)
        script = _HERE / f"accuracy_{peer}.py"
        command = [options.peers_python, script, path, method]
        done = _call([*command, str(options.seconds), str(time.time())])
        return json.loads(done.splitlines()[-1])


def _call(command):
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    for line in done.stderr.splitlines():
        if " stopped: " in line:
            print(line, flush=True)
    return done.stdout


def _write(problem, seed, two_layers, path):
    """Writes the start, the points and the test grid of a recipe."""
    import tensorflow as tf

    sys.path.insert(0, str(_HERE.parent))
    from accuracy import recipe_for

    recipe = recipe_for(problem, two_layers)
    model = recipe.make_model(seed)
    equation = model.problem
    sets = next(iter(recipe.make_points(model, seed, resample=False)))
    second, first, zeroth = _PROBLEMS[problem](equation)
    test = equation.test_points()
    values = model.network.get_weights()
    arrays = {
        "layers": len(values) // 2,
        "activation": recipe.network.get("activation", "tanh"),
        "operator": np.array([second, first, zeroth]),
        "interior": sets["interior"].numpy(),
        "source": np.asarray(equation.source(sets["interior"])),
        "boundary": sets["boundary"].numpy(),
        "boundary_weight": recipe.boundary_weight,
        "test": test,
        "exact": np.asarray(equation.exact(tf.constant(test))),
    }
    for i in range(len(values) // 2):
        arrays[f"kernel_{i}"], arrays[f"bias_{i}"] = values[2 * i : 2 * i + 2]
    np.savez(path, **arrays)


def _draw(problem, runs, path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    ax = figure.subplots()
    for i, (method, curves) in enumerate(runs.items()):
        for records in curves:
            ax.semilogy(
                [r["seconds"] for r in records],
                [r["relative_l2"] for r in records],
                color=f"C{i}",
                label=method if records is curves[0] else None,
            )
    ax.set_xlabel("seconds, from the start of the process")
    ax.set_ylabel("relative $L_2$ error")
    ax.set_title(problem)
    ax.grid(True, alpha=0.3)
    ax.legend(fontsize="small")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
