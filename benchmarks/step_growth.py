"""How the time and the memory of a step grow with rows and weights.

    python benchmarks/step_growth.py --out runs/step_growth
    python benchmarks/step_growth.py --out runs/step_growth --table

Helmholtz' equation, tanh networks of three layers, new points in each step, float64,
XLA. Each measurement is a process of its own and is kept as JSON under `--out`; one
that is there is not made again. The table has the power from each size to the next one
beside the powers of the operation counts.
"""

import argparse
import itertools
import json
import math
import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import child_runs

# By series: the step, what grows, and widths and rows of a step. The rows of
# Gauss-Newton's second series are 2.5 for each weight.
SERIES: dict[str, tuple[str, str, list[tuple[int, int]]]] = {
    "spring-weights": (
        "spring",
        "weights",
        [(21, 560), (69, 560), (222, 560), (706, 560)],
    ),
    "spring-rows": (
        "spring",
        "rows",
        [(222, 10), (222, 100), (222, 1000), (222, 10_000)],
    ),
    "gauss-newton-rows": (
        "gauss-newton",
        "rows",
        [(21, 110), (21, 1100), (21, 11_000), (21, 110_000)],
    ),
    "gauss-newton-weights": (
        "gauss-newton",
        "weights",
        [(6, 340), (12, 940), (21, 2_500), (40, 8_600), (69, 24_800)],
    ),
}
# Powers of the operation counts: of time, where the smaller terms are negligible.
EXPECTED = {
    "spring-weights": "0.5 (J J^T) to 1 (passes)",
    "spring-rows": "1 (passes), 2 (J J^T), 3 (Cholesky)",
    "gauss-newton-rows": "1",
    "gauss-newton-weights": "3, as long as J^T J is formed",
}
_SECONDS, _STEPS = 40.0, 12


def measure(step: str, width: int, rows: int) -> dict:
    """Takes some steps in this process; returns weights, rows, seconds and memory."""
    import keras

    import keras_isgd as ki
    from keras_isgd.models.default_network import default_network

    problem = ki.problems.Helmholtz2D()
    keras.utils.set_random_seed(0)
    model = ki.PINN(default_network(problem, width, 3, 0), problem)
    control = ki.SPRING() if step == "spring" else ki.DecreaseRatio()
    model.compile(optimizer=ki.ISGD(step_control=control), jit_compile=True)
    boundary = max(rows // 10, 4)
    points = problem.points(rows - boundary, boundary, seed=0, resample=True)
    before = _peak()
    times = [time.perf_counter()]

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            float(logs["loss"])
            times.append(time.perf_counter())
            if times[-1] - times[1] > _SECONDS and len(times) > 4:
                self.model.stop_training = True

    model.fit(points, steps_per_epoch=_STEPS, callbacks=[Watch()], verbose=0)
    seconds = [b - a for a, b in itertools.pairwise(times[2:])]
    found = model.objective(next(iter(points)))
    return {
        "weights": int(model.count_params()),
        "rows": int(found.row_count()),
        "seconds": statistics.median(seconds),
        "steps": len(seconds),
        "gib": _peak() - before,
        "process_gib": _peak(),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _tasks(names: list[str]) -> Iterator[tuple[str, dict]]:
    for name in names:
        step, _, sizes = SERIES[name]
        for width, rows in sizes:
            task = {"step": step, "width": width, "rows": rows}
            yield f"{name}-{width}-{rows}", task


def main() -> None:
    """Measures what is not there yet, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", nargs="+", choices=SERIES, default=list(SERIES))
    parser.add_argument("--out", type=Path, default=Path("runs/step_growth"))
    parser.add_argument("--table", action="store_true", help="print what is there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(**json.loads(options.child))))
        return
    if not options.table:
        options.out.mkdir(parents=True, exist_ok=True)
        for name, task in _tasks(options.series):
            path = options.out / f"{name}.json"
            if path.exists():
                continue
            result = child_runs.in_child(__file__, task)
            if "failed" in result:
                print(f"{name} failed:\n{result['error']}", flush=True)
                continue
            result["commit"] = child_runs.commit()
            path.write_text(json.dumps(result, indent=1) + "\n")
    for name in options.series:
        _table(options.out, name)


def _table(folder: Path, series: str) -> None:
    """Prints a series as a table in Markdown."""
    step, grows, sizes = SERIES[series]
    paths = [folder / f"{series}-{width}-{rows}.json" for width, rows in sizes]
    runs = [json.loads(path.read_text()) for path in paths if path.exists()]
    print(f"\n{step}, growing {grows}; expected power of time {EXPECTED[series]}\n")
    print("| weights | rows | seconds a step | power | GiB | power |")
    print("|---|---|---|---|---|---|")
    before = None
    for run in runs:
        powers = [
            _power(before, run, grows, what) if before else ""
            for what in ("seconds", "gib")
        ]
        print(
            f"| {run['weights']:,} | {run['rows']:,} | {run['seconds']:.3g} | "
            f"{powers[0]} | {run['gib']:.2f} | {powers[1]} |"
        )
        before = run


def _power(before: dict, run: dict, grows: str, what: str) -> str:
    if min(before[what], run[what]) <= 0.0:
        return ""
    over = math.log(run[grows] / before[grows])
    return f"{math.log(run[what] / before[what]) / over:.2f}"


if __name__ == "__main__":
    main()
