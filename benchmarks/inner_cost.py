"""What an implicit step costs per evaluation of the loss.

Two ratios for each model, each within one run, medians of several repetitions,
compilation apart:

    per evaluation of ISGD's inner loop : bare compiled loss and gradient
    per evaluation of ISGD-Adam         : one `model.fit` step of keras Adam

    python benchmarks/inner_cost.py
"""

import argparse
import time

import numpy as np
import tensorflow as tf

import keras_isgd as ki

MODELS = {
    "Eq. 21, 3x40, 1000 + 200 points": (
        ki.problems.Helmholtz2D(),
        {"inputs": 2, "width": 40, "depth": 3, "input_scale": 4.0},
        {"interior": 1000, "boundary": 200},
    ),
    "Eq. 19, 4x50, 400 points": (
        ki.problems.SingularPerturbation(0.01),
        {"inputs": 1, "width": 50, "depth": 4, "input_scale": 20.0},
        {"interior": 400},
    ),
    "Eq. 21, 6x100, 4000 + 400 points": (
        ki.problems.Helmholtz2D(),
        {"inputs": 2, "width": 100, "depth": 6},
        {"interior": 4000, "boundary": 400},
    ),
}
INNER = {
    "ISGD-Adam": lambda: ki.solvers.Adam(1e-4, steps=100),
    "ISGD-L-BFGS": lambda: ki.solvers.LBFGS(steps=20, tolerance=0.0),
}


def _timed(function, repetitions):
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return np.array(times)


def _bare(model, data, jit):
    @tf.function(jit_compile=jit, autograph=False)
    def function():
        with tf.GradientTape() as tape:
            loss, _ = model.closure(data)
        return loss, tape.gradient(
            loss, model.trainable_variables, unconnected_gradients="zero"
        )

    return function


def _implicit(model, data, jit, inner):
    optimizer = ki.ISGD(0.5, inner=inner)
    optimizer.build(model.trainable_variables)
    objective = model.objective(data)
    step = tf.function(
        lambda: optimizer.step(
            objective, objective.evaluate(objective.parameters.read())
        ),
        jit_compile=jit,
        autograph=False,
    )

    def function():
        before = int(optimizer.evaluations.numpy())
        begin = time.perf_counter()
        step()
        seconds = time.perf_counter() - begin
        return seconds / (int(optimizer.evaluations.numpy()) - before)

    return function


def _adam_fit_step(problem, network, points, jit, steps):
    model = ki.PINN(network, problem)
    model.compile("adam", jit_compile=jit, steps_per_execution=steps)
    data = problem.points(**points, resample=False)
    model.fit(data, steps_per_epoch=steps, verbose=0)
    times = _timed(lambda: model.fit(data, steps_per_epoch=steps, verbose=0), 3)
    return np.median(times) / steps


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=9)
    options = parser.parse_args()
    for name, (problem, network, points) in MODELS.items():
        model = ki.PINN(ki.networks.mlp(seed=0, **network), problem)
        data = {
            k: tf.constant(v)
            for k, v in next(iter(problem.points(**points, resample=False))).items()
        }
        for jit in (False, True):
            bare = _bare(model, data, jit)
            compile_seconds = _timed(bare, 1)[0]
            before = _timed(bare, 4 * options.repetitions)
            print(f"\n{name}, XLA {'on' if jit else 'off'}")
            print(
                f"  bare loss and gradient {1e3 * np.median(before):8.2f} ms "
                f"(first call {compile_seconds:.1f} s)"
            )
            for solver, make in INNER.items():
                step = _implicit(model, data, jit, make())
                first = _timed(step, 1)[0]
                each = np.median([step() for _ in range(options.repetitions)])
                # The bare time again, so that a slow moment hits both.
                again = _timed(bare, 4 * options.repetitions)
                ratio = each / np.median(np.concatenate([before, again]))
                print(
                    f"  {solver:12} {1e3 * each:8.2f} ms per evaluation, "
                    f"{ratio:.2f} of bare (first step {first:.1f} s)"
                )
                if solver == "ISGD-Adam":
                    adam = _adam_fit_step(
                        problem, ki.networks.mlp(seed=0, **network), points, jit, 100
                    )
                    print(
                        f"  Adam by fit  {1e3 * adam:8.2f} ms per step; ISGD-Adam's "
                        f"evaluation is {each / adam:.2f} of it"
                    )


if __name__ == "__main__":
    main()
