"""Large networks: `ISGD()` beside three other methods at equal CPU seconds.

Each run is a process of its own. All methods of a case and a seed have the same
network, start and loss, and each has its own kind of points. CPU seconds count all
threads of the process, imports and compilation included; what errors cost is left out.
The methods are in `benchmarks/method_loops.py`, with their settings as arguments.

    python benchmarks/methods.py --cases helmholtz-6x100 --methods isgd kfac
    python benchmarks/methods.py --methods kfac --settings '{"damping": 1e-8}'
    python benchmarks/methods.py --table

`--seconds 60` are those of each of two cores: 120 CPU seconds. A run is kept as JSON
under `--out`, and not made again if it is there.
"""

import argparse
import json
import resource
from pathlib import Path

import child_runs
from large import case_of

CASES = ("helmholtz-6x100", "poisson-5d-2x95", "helmholtz-3x21")
METHODS = ("isgd", "nystrom", "sketched", "kfac")
CORES = 2
# Threads of OpenBLAS spin while they wait, which counts as CPU seconds.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}


def run_one(name: str, method: str, seconds: float, seed: int, settings: dict) -> dict:
    """Trains one network in this process, for CPU seconds of it."""
    import keras
    from method_loops import LOOPS, Clock, Start

    import keras_isgd as ki
    from keras_isgd.models.default_network import default_network

    kind, arguments, width, depth, _, _ = case_of(name)
    problem = getattr(ki.problems, kind)(**arguments)
    keras.utils.set_random_seed(seed)
    model = ki.PINN(default_network(problem, width, depth, seed), problem)
    model.loss_weights = model.balanced_weights()
    start = Start(model, seed)
    clock = Clock(start, seconds)
    if method == "isgd":
        if settings:
            raise ValueError("isgd has nothing set: leave --settings out, or isgd.")
        _isgd(model, clock)
    else:
        LOOPS[method](start, clock, **settings)
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "case": name,
        "method": method,
        "settings": settings,
        "seconds": seconds,
        "seed": seed,
        "weights": int(model.count_params()),
        "steps": clock.steps,
        "peak_gib": usage / 2**20,
        "notes": {k: v[:: max(len(v) // 40, 1)] for k, v in clock.notes.items()},
        "records": clock.records,
    }


def _isgd(model: object, clock: object) -> None:
    """The package's own method, with nothing set."""
    import keras

    import keras_isgd as ki

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            if clock.up(None, logs["loss"]):
                self.model.stop_training = True

    model.compile(optimizer=ki.ISGD(), jit_compile=True)
    model.fit(epochs=1, steps_per_epoch=10**9, callbacks=[Watch()], verbose=0)


def main() -> None:
    """Runs what was asked for and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--seconds", type=float, default=60, help="of each core")
    parser.add_argument("--settings", type=json.loads, default={}, help="as JSON")
    parser.add_argument("--out", type=Path, default=Path("runs/methods"))
    parser.add_argument("--table", action="store_true", help="print what is there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run_one(**json.loads(options.child))))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.table:
        for name in options.cases:
            for method in options.methods:
                for seed in options.seeds:
                    task = {"name": name, "method": method, "seed": seed}
                    task["seconds"] = CORES * options.seconds
                    _run(options.out, {**task, "settings": options.settings})
    for path in sorted(options.out.glob("*.json")):
        print(_line(json.loads(path.read_text())))


def _run(folder: Path, task: dict) -> None:
    set_to = "".join(f"-{k}={v}" for k, v in sorted(task["settings"].items()))
    path = folder / (
        f"{task['name']}-{task['method']}{set_to}-{task['seconds']:g}s"
        f"-seed{task['seed']}.json"
    )
    if path.exists():
        return
    result = child_runs.in_child(__file__, task, environment=ONE_THREAD)
    if "failed" in result:
        print(f"{path.stem} failed:\n{result['error']}", flush=True)
        return
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(_line(result), flush=True)


def _line(run: dict) -> str:
    records = run["records"]
    times = [part * run["seconds"] for part in (0.25, 0.5, 1.0)]
    along = [min(records, key=lambda r, t=t: abs(r["at"] - t)) for t in times]
    errors = " ".join(f"{r['relative_l2']:.1e}" for r in along)
    settings = " ".join(f"{k}={v}" for k, v in run["settings"].items())
    last = records[-1]
    return (
        f"{run['case']:16} {run['method']:9}{last['at']:5.0f} CPU s "
        f"{last['wall']:5.0f} s {run['steps']:>6} steps  at 1/4, 1/2, 1: {errors}  "
        f"max {last['max_error']:.1e}  {run['peak_gib']:.1f} GiB  {settings}"
    )


if __name__ == "__main__":
    main()
