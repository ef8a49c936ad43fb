"""Peak memory of a long run: flat, or not.

    .venv/bin/python benchmarks/memory.py --steps 10000

trains a small PINN with new points in each step, a switch of optimizers halfway and
backups, and prints the resident memory along the way.
"""

import argparse
import os
import tempfile


def main():
    """Prints a table of steps and MiB, and how much the second half grew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--optimizer", choices=("isgd", "isgd-lbfgs"), default="isgd")
    options = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    import keras_isgd as ki

    every = max(1, options.steps // 20)
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if (epoch + 1) % every == 0:
                seen.append(_resident())
                print(f"{epoch + 1:8} steps  {seen[-1]:8.1f} MiB", flush=True)

    optimizer = {
        "isgd": ki.ISGD,
        "isgd-lbfgs": lambda: ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=5)),
    }[options.optimizer]()
    problem = ki.problems.SingularPerturbation(0.5)
    model = ki.PINN(ki.networks.mlp(1, width=8, depth=2, seed=0), problem)
    model.compile(optimizer=optimizer)
    with tempfile.TemporaryDirectory() as folder:
        backup = ki.callbacks.BackupAndRestore(f"{folder}/b", every_epochs=every)
        switch = ki.callbacks.SwitchOptimizer(
            keras.optimizers.Adam(1e-4), options.steps // 2
        )
        model.fit(
            problem.points(40, seed=0),
            epochs=options.steps,
            verbose=0,
            callbacks=[backup, switch, Watch()],
        )
    half = len(seen) // 2
    print(f"second half over its first mark: {max(seen[half:]) - seen[half]:+.1f} MiB")
    print(f"whole run over its second mark:  {max(seen[1:]) - seen[1]:+.1f} MiB")


def _resident():
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
