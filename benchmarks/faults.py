"""Kills training runs at random moments and compares how they end.

A run is a process that trains a small PINN under `callbacks.BackupAndRestore`. Each
trial kills it (SIGKILL) after a random time, some while a backup is written,
starts it again until it ends, and compares its weights with those of a run that
nobody killed: bit for bit. Between kills some newest backups are cut short or get
a flipped bit.

    .venv/bin/python benchmarks/faults.py --kills 200

prints each trial and how many of the killed runs ended as they should. A run's process
imports TensorFlow once and forks a child for each attempt, so that a kill costs a
second or two and not ten.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time

FIRST = ("isgd", "isgd-lbfgs", "isgd-adam", "lbfgs")
SECOND = ("adam", "lbfgs")


def main():
    """Runs the campaign; the exit status is 1 if a run ended differently."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="at least so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=30, help="steps of a run")
    parser.add_argument("--out", default=None, help="JSON file for the counts")
    options = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras_isgd  # noqa: F401  once, before the forks

    rng = random.Random(options.seed)
    settings = [(a, b, r) for a in FIRST for b in SECOND for r in (False, True)]
    counts = {"kills": 0, "damaged": 0, "trials": 0, "differ": 0, "survived": 0}
    seconds, reference = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        while counts["kills"] < options.kills:
            setting = settings[counts["trials"] % len(settings)]
            if setting not in reference:
                begin = time.monotonic()
                reference[setting] = _whole(setting, options.epochs, folder)
                seconds[setting] = time.monotonic() - begin
            kills, damaged, same = _trial(
                setting, options.epochs, folder, seconds[setting], rng,
                reference[setting],
            )  # fmt: skip
            counts["kills"] += kills
            counts["damaged"] += damaged
            counts["trials"] += 1
            counts["differ"] += not same
            counts["survived"] += kills if same else 0
            print(
                f"{setting[0]:11} then {setting[1]:6} "
                f"{'new points' if setting[2] else 'fixed points':13}"
                f"{kills:3} kills {damaged:3} damaged  "
                f"{'same end' if same else 'DIFFERENT END'}",
                flush=True,
            )
    print(json.dumps(counts))
    if options.out:
        with open(options.out, "w") as file:
            json.dump(counts, file)
    sys.exit(counts["differ"] > 0)


def _whole(setting, epochs, folder):
    path = os.path.join(folder, "whole.npy")
    status = os.waitpid(_fork(setting, epochs, os.path.join(folder, "w"), path), 0)[1]
    if status:
        sys.exit(f"The undisturbed run of {setting} failed.")
    with open(path, "rb") as file:
        return file.read()


def _trial(setting, epochs, folder, seconds, rng, reference):
    """Kills a run until it got through; returns kills, damages and sameness."""
    backup, path = os.path.join(folder, "b"), os.path.join(folder, "end.npy")
    shutil.rmtree(backup, ignore_errors=True)
    kills = damaged = 0
    while True:
        process = _fork(setting, epochs, backup, path)
        # The last attempts run undisturbed, or a slow run would never end.
        limit = rng.uniform(0.2, 1.2) * seconds if kills < 8 else 1e9
        if not _wait(process, limit, backup, rng):
            break
        kills += 1
        if rng.random() < 0.3:
            damaged += _damage(backup, rng)
    with open(path, "rb") as file:
        return kills, damaged, file.read() == reference


def _wait(process, limit, backup, rng):
    """Kills a process after a time, or during a backup; False if it had ended."""
    begin = time.monotonic()
    in_backup = rng.random() < 0.3
    while True:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            if status:
                sys.exit(f"A run ended with status {status} without a kill.")
            return False
        late = time.monotonic() - begin > limit
        writing = os.path.exists(os.path.join(backup, "partial.weights.h5"))
        if (late and not in_backup) or (late and writing):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return True
        time.sleep(0.0005 if late else 0.005)


def _damage(backup, rng):
    """Cuts the newest backup short or flips a bit, where there is another."""
    from keras_isgd.callbacks import BackupAndRestore

    paths = BackupAndRestore(backup).backups()
    if len(paths) < 2:
        return 0
    with open(paths[0], "rb") as file:
        content = bytearray(file.read())
    if rng.random() < 0.5:
        content = content[: rng.randrange(len(content))]
    else:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    with open(paths[0], "wb") as file:
        file.write(content)
    return 1


def _fork(setting, epochs, backup, path):
    process = os.fork()
    if process:
        return process
    try:
        _train(*setting, epochs, backup, path)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _train(first, second, resample, epochs, backup, path):
    import warnings

    import keras
    import numpy as np

    import keras_isgd as ki

    warnings.simplefilter("ignore")
    makers = {
        "isgd": ki.ISGD,
        "isgd-lbfgs": lambda: ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=5)),
        "isgd-adam": lambda: ki.ISGD(0.5, inner=ki.solvers.Adam(1e-3, steps=20)),
        "lbfgs": lambda: ki.LBFGS(steps=3, memory=5),
        "adam": lambda: keras.optimizers.Adam(1e-3),
    }
    problem = ki.problems.SingularPerturbation(0.5)
    model = ki.PINN(ki.networks.mlp(1, width=8, depth=2, seed=1), problem)
    model.compile(optimizer=makers[first]())
    model.fit(
        problem.points(40, resample=resample, seed=3),
        epochs=epochs,
        verbose=0,
        callbacks=[
            ki.callbacks.BackupAndRestore(backup),
            ki.callbacks.SwitchOptimizer(makers[second](), epochs // 2),
        ],
    )
    np.save(path, np.concatenate([v.numpy().ravel() for v in model.weights]))


if __name__ == "__main__":
    main()
