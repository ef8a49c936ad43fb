"""How often the intervals of `model.intervals()` cover the true numbers.

    python benchmarks/coverage.py [--repetitions 100] [--case known] [--out FILE]

A damped oscillator x'' + mu x' + k x = 0 on (0, 1) with mu = 4 and k = 400 is measured
40 times with noise of deviation 0.04, again and again with new noise. Cases: "known":
k is unknown; "starts": k and both initial values are; "both": k and mu are. One network
is trained from its own start, and then trained on for each set of values, until its
coefficients are within a fiftieth of a standard error of their optimum.

Printed: how often the 95 % interval covered each number, the mean estimate, the scatter
of the estimates beside the mean standard error, and both beside classical least squares
with the equation's closed form.
"""

import argparse
import json
import math
import os
import time
import warnings
from pathlib import Path
from typing import Any

# The matrices are small, and threads that wait for each other cost more than they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import keras
import numpy as np
import scipy.optimize
import tensorflow as tf

import keras_isgd as ki

K, MU, NOISE = 400.0, 4.0, 0.04
TIMES = np.linspace(0.0, 1.0, 40)[:, None]
# Trained numbers are this many standard errors from their optimum, or closer.
NEAR = 0.02
CASES = {
    "known": {"k": 300.0},
    "starts": {"k": 300.0},
    "both": {"k": 300.0, "mu": 2.0},
}


def oscillation(
    t: np.ndarray, k: float, mu: float = MU, start: float = 1.0, velocity: float = 0.0
) -> np.ndarray:
    """Returns the solution from its initial values at t = 0."""
    w = np.sqrt(k - mu**2 / 4.0)
    sine = (velocity + 0.5 * mu * start) / w
    return np.exp(-0.5 * mu * t) * (start * np.cos(w * t) + sine * np.sin(w * t))


class Measured(ki.Data):
    """Measured values that can be replaced without another trace.

    Its column of values holds their numbers in `now`.
    """

    def __init__(self, points: np.ndarray, values: tf.Variable, **arguments: Any):
        super().__init__(points, np.arange(float(len(points))), **arguments)
        self.now = values

    def residual(self, problem: ki.Problem, fields: list, x: tf.Tensor) -> tf.Tensor:
        """Returns (u - value) / sigma, `(n, 1)`."""
        values = tf.gather(tf.convert_to_tensor(self.now), tf.cast(x[:, 1], tf.int32))
        return (fields[0].value - values[:, None]) / x[:, 2:]


class Oscillator(ki.Problem):
    """A damped oscillator with measured values."""

    coordinates = ("t",)
    domain = ki.Box(0.0, 1.0)

    def __init__(self, case: str, values: tf.Variable) -> None:
        self.case = case
        self.values = values
        self.coefficients = CASES[case]

    def residual(self, u: Any, x: tf.Tensor) -> tf.Tensor:
        """Returns the left side of the equation, `(n, 1)`."""
        known = self.case != "both"
        mu = MU if known else u.coefficient("mu")
        return u.d("tt") + mu * u.d("t") + u.coefficient("k") * u.value

    def conditions(self) -> list:
        """Returns the measured values, and the initial ones where they are known.

        The weights: conditions count as the terms of the equation that they belong to,
        and values so little that the network does not follow their noise.
        """
        data = Measured(TIMES, self.values, sigma=NOISE, weight=0.01)
        if self.case == "starts":
            return [data]
        start = ki.Initial(1.0, weight=1e4)
        return [start, ki.Initial(0.0, order=1, weight=100.0), data]


def classical(case: str, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns estimates and standard errors of least squares with the closed form."""
    start = {"known": [K], "starts": [K, 1.0, 0.0], "both": [K, MU]}[case]

    def curve(t: np.ndarray, *found: float) -> np.ndarray:
        if case == "starts":
            return oscillation(t, found[0], MU, *found[1:])
        return oscillation(t, *found)

    found, covariance = scipy.optimize.curve_fit(
        curve,
        TIMES[:, 0],
        values,
        p0=start,
        sigma=np.full(len(values), NOISE),
        absolute_sigma=True,
    )
    count = len(CASES[case])
    return found[:count], np.sqrt(np.diag(covariance))[:count]


def trained(
    model: ki.PINN, points: Any, constraint: Any, rounds: int
) -> ki.models.intervals.Intervals:
    """Trains until the estimates are near their optimum."""
    for _ in range(rounds):
        model.fit(points, epochs=5, verbose=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = model.intervals(points=constraint)
        if found.distance < NEAR:
            break
    return found


def run(case: str, repetitions: int, seed: int) -> dict:
    """Repeats a case with new noise; returns what was found."""
    keras.utils.set_random_seed(seed)
    noise = np.random.default_rng(seed)
    truth = oscillation(TIMES[:, 0], K)
    values = tf.Variable(truth + NOISE * noise.normal(size=len(TIMES)))
    problem = Oscillator(case, values)
    network = ki.networks.mlp(
        inputs=1,
        outputs=1,
        width=16,
        depth=2,
        input_scale=20.0,
        domain=problem.domain,
        dtype="float64",
        seed=seed,
    )
    model = ki.PINN(network, problem)
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    points = problem.points(interior=150, resample=False, method="sobol")
    constraint = next(iter(problem.points(1000, resample=False, method="sobol")))
    begin = time.monotonic()
    trained(model, points, constraint, rounds=100)
    first = time.monotonic() - begin
    start = model.get_weights()
    rows, seconds = [], []
    for i in range(repetitions):
        begin = time.monotonic()
        values.assign(truth + NOISE * noise.normal(size=len(TIMES)))
        model.set_weights(start)
        found = trained(model, points, constraint, rounds=20)
        seconds.append(time.monotonic() - begin)
        names = list(found.estimates)
        exact, errors = classical(case, values.numpy())
        rows.append(
            {
                "estimates": [found.estimates[n] for n in names],
                "standard_errors": [found.standard_errors[n] for n in names],
                "covered": [
                    found.lower[n] <= {"k": K, "mu": MU}[n] <= found.upper[n]
                    for n in names
                ],
                "correlation": found.correlations.get(("k", "mu")),
                "distance": found.distance,
                "free": found.free,
                "classical": exact.tolist(),
                "classical_errors": errors.tolist(),
            }
        )
        print(i, rows[-1], f"{seconds[-1]:.1f} s", flush=True)
    return {
        "case": case,
        "names": names,
        "seed": seed,
        "first_training_seconds": first,
        "seconds": float(np.mean(seconds)),
        "rows": rows,
    }


def summary(result: dict) -> dict[str, dict[str, float]]:
    """Returns the figures of each coefficient, and prints them."""
    found = {}
    rows = result["rows"]
    for j, name in enumerate(result["names"]):
        estimates = np.array([r["estimates"][j] for r in rows])
        errors = np.array([r["standard_errors"][j] for r in rows])
        exact = np.array([r["classical"][j] for r in rows])
        exact_errors = np.array([r["classical_errors"][j] for r in rows])
        found[name] = {
            "repetitions": len(rows),
            "covered": sum(r["covered"][j] for r in rows),
            "mean_estimate": estimates.mean(),
            "scatter": estimates.std(ddof=1) if len(rows) > 1 else math.nan,
            "mean_standard_error": errors.mean(),
            "largest_off_classical_estimate": np.max(abs(estimates - exact) / errors),
            "largest_off_classical_error": np.max(abs(errors / exact_errors - 1.0)),
            "largest_distance": max(r["distance"] for r in rows),
            "seconds": result["seconds"],
        }
        found[name] = {key: float(value) for key, value in found[name].items()}
        print(result["case"], name, json.dumps(found[name], indent=2))
    return found


def main() -> None:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--case", choices=[*CASES, "all"], default="known")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("coverage.json"))
    given = parser.parse_args()
    cases = list(CASES) if given.case == "all" else [given.case]
    results = [run(case, given.repetitions, given.seed) for case in cases]
    for result in results:
        result["summary"] = summary(result)
    given.out.write_text(json.dumps(results, indent=1))
    print(f"Written to {given.out}.")


if __name__ == "__main__":
    main()
