"""Large networks: `ISGD()` beside Adam, L-BFGS and SSBroyden on the same network.

Each run is a process of its own; its clock starts with the process and includes
imports and compilation. All optimizers of a case and a seed have the same network,
start and loss; each has its own best kind of points: few new ones a step for `ISGD()`
(the default of `fit`), new ones for Adam, fixed ones for L-BFGS and SSBroyden;
"isgd-fixed" is `ISGD()` on the points of these. Adam's rate falls to a hundredth over
the run; every rate of `--adam-rates` is run from the first seed, and the one that ended
best from the others.

    python benchmarks/large.py --cases helmholtz-6x100 --seconds 120 --seeds 0 1 2
    python benchmarks/large.py --sizes --seconds 60       # the error over p
    python benchmarks/large.py --table

A run is kept as JSON under `--out`, with its commit and its curve, and not made again
if it is there.
"""

import argparse
import json
import math
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import child_runs

# By name: class in ki.problems, its arguments, width and depth, points chosen from how
# many candidates, and the seconds with the relative L2 error to reach in them.
CASES: dict[str, tuple[str, dict, int, int, int, list[tuple[float, float]]]] = {
    "helmholtz-6x100": ("Helmholtz2D", {}, 100, 6, 1, [(120, 2e-5), (600, 1e-7)]),
    "poisson2d-6x100": ("Poisson2D", {}, 100, 6, 1, [(300, 1e-4)]),
    "burgers-5x100": ("Burgers", {}, 100, 5, 4, [(300, 3e-4)]),
    "u_h-5x200": ("Poisson1D", {"solution": "u_H"}, 200, 5, 1, [(600, 1e-3)]),
    "allen-cahn-4x256": ("AllenCahn", {}, 256, 4, 4, [(900, 1e-2)]),
    "poisson-5d-2x95": ("PoissonND", {"dimension": 5}, 95, 2, 1, [(600, 1e-6)]),
    "helmholtz-6x447": ("Helmholtz2D", {}, 447, 6, 1, [(600, 1.0)]),
}
# Widths of tanh networks of three layers, for the picture of the error over p.
WIDTHS = (6, 21, 69, 222, 706)
OPTIMIZERS = ("isgd", "isgd-fixed", "adam", "lbfgs", "ssbroyden")
# A dense matrix of more weights does not fit in 4 GiB.
_DENSE = 11_000


def case_of(name: str) -> tuple[str, dict, int, int, int, list[tuple[float, float]]]:
    """Returns a case of `CASES`, or of a size such as "helmholtz-3x69"."""
    if name in CASES:
        return CASES[name]
    width = int(name.rsplit("x", 1)[1])
    return "Helmholtz2D", {}, width, 3, 1, []


def run_one(
    name: str, optimizer: str, rate: float, seconds: float, seed: int, begin: float
) -> dict:
    """Trains one network in this process; `begin` is when it began."""
    import keras

    import keras_isgd as ki
    from keras_isgd.models.default_network import default_network

    kind, arguments, width, depth, candidates, _ = case_of(name)
    problem = getattr(ki.problems, kind)(**arguments)
    keras.utils.set_random_seed(seed)
    network = default_network(problem, width, depth, seed)
    few = candidates if optimizer in ("isgd", "adam") else 1
    model = ki.PINN(network, problem, candidates=few)
    model.loss_weights = model.balanced_weights()
    model.compile(optimizer=_optimizer(optimizer, rate), jit_compile=True)
    watch = _watch(seconds, rate if optimizer == "adam" else None, begin)
    model.fit(
        _points(model, optimizer, seed),
        epochs=1,
        steps_per_epoch=10**9,
        callbacks=[watch],
        verbose=0,
    )
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "case": name,
        "optimizer": optimizer,
        "rate": rate,
        "seconds": seconds,
        "seed": seed,
        "weights": int(model.count_params()),
        "description": getattr(model.optimizer, "description", None),
        "steps": watch.steps,
        "raised": watch.raised,
        "peak_gib": usage / 2**20,
        "records": watch.records,
    }


def _optimizer(name: str, rate: float) -> object:
    import keras

    import keras_isgd as ki

    made = {
        "isgd": ki.ISGD,
        "isgd-fixed": ki.ISGD,
        "adam": lambda: keras.optimizers.Adam(rate),
        "lbfgs": ki.LBFGS,
        "ssbroyden": ki.SSBroyden,
    }
    return made[name]()


def _points(model: object, optimizer: str, seed: int) -> object:
    if optimizer == "isgd":
        return None
    interior, boundary = {"adam": (1000, 128)}.get(optimizer, (4000, 400))
    interior *= model.candidates
    line = model.problem.input_count == 1
    return model.problem.points(
        interior,
        None if line else boundary,
        method="sobol",
        seed=seed,
        resample=optimizer == "adam",
    )


def _watch(seconds: float, rate: float | None, begin: float) -> object:
    """Notes errors twenty times a run, and lowers the rate of Adam."""
    import keras

    class Watch(keras.callbacks.Callback):
        steps, raised, records = 0, 0, []

        def on_train_batch_end(self, batch, logs=None):
            now = time.time() - begin
            self.steps += 1
            after, before = logs.get("loss_after"), logs.get("loss_before")
            if rate is None and float(after) > float(before):
                self.raised += 1
            if rate is not None:
                self.model.optimizer.learning_rate = rate * 0.01 ** (now / seconds)
            last = self.records[-1]["at"] if self.records else 0.0
            if now < min(last + seconds / 20, seconds):
                return
            errors = {k: float(v) for k, v in self.model.errors().items()}
            record = {"at": now, "step": self.steps, "loss": float(logs["loss"])}
            self.records.append({**record, **errors})
            if now >= seconds:
                self.model.stop_training = True

    return Watch()


def main() -> None:
    """Runs what was asked for and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--sizes", action="store_true", help="widths instead of cases")
    parser.add_argument("--optimizers", nargs="+", choices=OPTIMIZERS, default=["isgd"])
    parser.add_argument("--adam-rates", nargs="+", type=float, default=[1e-3, 4e-3])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, help="instead of the first goal's")
    parser.add_argument("--out", type=Path, default=Path("runs/large"))
    parser.add_argument("--table", action="store_true", help="print what is there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run_one(**json.loads(options.child))))
        return
    if not options.table:
        options.out.mkdir(parents=True, exist_ok=True)
        for task in _tasks(options):
            _run(options.out, task)
    _table(options.out)


def _tasks(options: argparse.Namespace) -> Iterator[dict]:
    names = options.cases
    if options.sizes:
        names = [f"helmholtz-3x{width}" for width in WIDTHS]
    for name in names:
        _, _, width, depth, _, goals = case_of(name)
        seconds = options.seconds or goals[0][0]
        for optimizer in options.optimizers:
            if optimizer == "ssbroyden" and width**2 * (depth - 1) > _DENSE:
                continue
            rates = options.adam_rates if optimizer == "adam" else [0.0]
            for seed in options.seeds:
                task = {"name": name, "optimizer": optimizer, "seconds": seconds}
                for rate in rates:
                    yield {**task, "seed": seed, "rate": rate}
                if len(rates) > 1:
                    ended = {
                        r: _end(options.out, {**task, "seed": seed, "rate": r})
                        for r in rates
                    }
                    rates = [min(rates, key=ended.get)]


def _path(folder: Path, task: dict) -> Path:
    rate = f"-{task['rate']:g}" if task["rate"] else ""
    return folder / (
        f"{task['name']}-{task['optimizer']}{rate}-{task['seconds']:g}s"
        f"-seed{task['seed']}.json"
    )


def _end(folder: Path, task: dict) -> float:
    path = _path(folder, task)
    if not path.exists():
        return math.inf
    error = json.loads(path.read_text())["records"][-1]["relative_l2"]
    return error if error == error else math.inf


def _run(folder: Path, task: dict) -> None:
    path = _path(folder, task)
    if path.exists():
        return
    result = child_runs.in_child(__file__, {**task, "begin": time.time()})
    if "failed" in result:
        print(f"{path.stem} failed:\n{result['error']}", flush=True)
        return
    result["commit"] = child_runs.commit()
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(_line(result), flush=True)


def _line(run: dict) -> str:
    last = run["records"][-1]
    best = min(r["relative_l2"] for r in run["records"])
    rate = f" {run['rate']:g}" if run["rate"] else ""
    return (
        f"{run['case']:18}{run['optimizer'] + rate:15}{run['weights']:>9,} weights  "
        f"seed {run['seed']}  {last['at']:6.0f} s {run['steps']:>6} steps  "
        f"end {last['relative_l2']:.1e}  best {best:.1e}  max {last['max_error']:.1e}  "
        f"rises {run['raised']}  {run['peak_gib']:.1f} GiB"
    )


def _table(folder: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        print(_line(json.loads(path.read_text())))


if __name__ == "__main__":
    main()
