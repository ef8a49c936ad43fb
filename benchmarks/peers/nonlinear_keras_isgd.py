"""Nonlinear problems by `ki.solve` and nothing else. Run by nonlinear.py."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def main() -> None:
    """Solves one problem and prints its records."""
    name, seconds, begin, seed = sys.argv[1:5]
    begin = float(begin)
    import untuned

    import keras_isgd as ki

    problem = untuned.problem_of(name)
    monitor = ki.callbacks.ErrorMonitor()
    left, lost = float(seconds) - (time.time() - begin), time.time() - begin
    model = ki.solve(problem, left, int(seed), callbacks=[monitor])
    took = time.time() - begin
    kept = ("seconds", "loss", "relative_l2", "max_error")
    # A window of time alone has no error of the whole.
    records = [
        {key: r[key] for key in kept} for r in monitor.records if "relative_l2" in r
    ]
    for record in records:
        record["seconds"] += lost
    errors = model.errors()
    records.append(
        {
            "seconds": took,
            "loss": records[-1]["loss"] if records else None,
            "relative_l2": errors["relative_l2"],
            "max_error": errors["max_error"],
        }
    )
    print(json.dumps({"records": records, "weights": int(model.count_params())}))


if __name__ == "__main__":
    main()
