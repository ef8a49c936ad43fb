"""Problems that people brought to public trackers, with a newcomer's settings.

Each is written in the lines in which it was asked, and solved by `ki.solve(problem,
seconds)` and nothing else. Two need a network of their own, as their statement says: a
function of another output, and one that starts where the equation is defined. A run
ends when its goal is reached and has stayed reached, or after `--seconds`; in windows
of time, of which none knows the whole solution, after `--seconds`.

    python benchmarks/cases.py --cases disk l_shape --seeds 0 1 2 --seconds 60
"""

import argparse
import json
import time

import keras
from case_problems import CASES, Case

import keras_isgd as ki


class _Watch(keras.callbacks.Callback):
    """Notes errors, and ends a run some seconds after its goal is reached."""

    def __init__(self, case: Case, seconds: float, begin: float) -> None:
        super().__init__()
        self.case, self.seconds, self.begin = case, seconds, begin
        self.records: list[dict] = []
        self.reached: float | None = None
        self.steps = 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        now = time.monotonic() - self.begin
        self.steps += 1
        if self.model.problem.in_window:
            return
        if self.records and now < self.records[-1]["seconds"] + 1.0 < self.seconds:
            return
        error = self.case.error(self.model)
        self.records.append(
            {"seconds": now, "error": error, "loss": float(logs["loss"])}
        )
        if not error <= self.case.goal:
            self.reached = None
        elif self.reached is None:
            self.reached = now
        stayed = self.reached is not None and now > self.reached + 5.0
        if stayed or now > self.seconds:
            self.model.stop_training = True


def run(name: str, seed: int, seconds: float, begin: float) -> dict:
    """Solves one case; `begin` is when the run began."""
    case = CASES[name]
    watch = _Watch(case, seconds, begin)
    given = {"seed": seed}
    if case.network is not None:
        given = {"network": case.network(seed)}
    left = seconds - (time.monotonic() - begin)
    model = ki.solve(case.problem(), left, callbacks=[watch], **given)
    kept = case.error(model)
    took = time.monotonic() - begin
    reached = watch.reached
    if not watch.records and kept <= case.goal:
        reached = took
    return {
        "case": name,
        "seed": seed,
        "seconds": took,
        "steps": watch.steps,
        "reached": reached,
        "kept": kept,
        "choices": model.choices,
        "records": watch.records,
    }


def main() -> None:
    """Runs the cases that were asked for and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", help="write the curves as JSON to this file")
    options = parser.parse_args()
    results = []
    for name in options.cases:
        case = CASES[name]
        for seed in options.seeds:
            keras.backend.clear_session()
            found = run(name, seed, options.seconds, time.monotonic())
            results.append(found)
            reached = found["reached"]
            when = "missed" if reached is None else f"after {reached:.0f} s"
            print(
                f"{name:14} seed {seed}  goal {case.goal:.0e} {when:12} "
                f"kept {found['kept']:.2e}  at {found['seconds']:.0f} s  "
                f"({case.what}; {found['steps']} steps)",
                flush=True,
            )
            if options.out:
                with open(options.out, "w") as file:
                    json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
