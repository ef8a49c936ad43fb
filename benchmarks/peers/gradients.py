"""Loss and gradient of Eq. 20 in keras_isgd and its peers, one after the other.

    .venv/bin/python benchmarks/peers/gradients.py

runs every script in its environment, twice around so that a disturbance shows, and
prints the milliseconds of both rounds, the better one over keras_isgd's best, and the
loss, which must be the same for all.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

_HERE = pathlib.Path(__file__).parent
_SIZES = {
    "2x48 sine": [],
    "6x100 tanh": [
        *("--width", "100", "--depth", "6", "--activation", "tanh"),
        *("--interior", "4000", "--boundary", "400"),
    ],
}
_RUNS = (
    ("gradient_keras_isgd.py", []),
    ("gradient_keras_isgd.py", ["--xla"]),
    ("gradient_jax.py", []),
    ("gradient_jax.py", ["--derivatives", "forward"]),
    ("gradient_deepxde.py", ["--backend", "tensorflow"]),
    ("gradient_deepxde.py", ["--backend", "tensorflow", "--xla"]),
    ("gradient_deepxde.py", ["--backend", "pytorch"]),
)


def main():
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers-python", default=".venv-peers/bin/python")
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--dtypes", nargs="+", default=["float64", "float32"])
    options = parser.parse_args()
    for size, arguments in _SIZES.items():
        for dtype in options.dtypes:
            print(f"\n{size}, {dtype}: milliseconds, of keras_isgd's best, loss")
            rounds = [
                [_run(options, s, [*a, *arguments, "--dtype", dtype]) for s, a in _RUNS]
                for _ in range(2)
            ]
            _show(list(zip(*rounds, strict=True)))


def _run(options, script, arguments):
    own = "keras_isgd" in script
    done = subprocess.run(
        [
            sys.executable if own else options.peers_python,
            _HERE / script,
            *arguments,
            "--repeats",
            str(options.repeats),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=False,
    )
    if done.returncode:
        sys.exit(f"{script} {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _show(results):
    best = {i: min(r["median_seconds"] for r in pair) for i, pair in enumerate(results)}
    own = min(best[i] for i, (_, *_) in enumerate(results) if i < 2)
    for i, pair in enumerate(results):
        times = "  ".join(f"{1e3 * r['median_seconds']:8.2f}" for r in pair)
        name = f"{pair[0]['peer']} {pair[0]['derivatives']}"
        print(
            f"{name:40}{times}{best[i] / own:8.2f}  {pair[0]['loss']:.9g}", flush=True
        )


if __name__ == "__main__":
    main()
