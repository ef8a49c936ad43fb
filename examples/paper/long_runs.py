"""What runs of hours need: batches that go on where they stopped, and a journal."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

import keras_isgd as ki
from keras_isgd import sampling

# Epochs from one backup to the next, of 10 or 50 steps each.
BACKUP_EPOCHS = 100


def batches(
    sets: Mapping[str, tf.Tensor], count: int, seed: int, whole: Sequence[str] = ()
) -> tf.data.Dataset:
    """Returns fixed point sets in batches for ever, in another order in each pass.

    A restored run goes on with the batches that it would have had.

    Args:
        sets: point sets `(n, d)` by name.
        count: batches in a pass over the points; what does not divide is left out.
        seed: of the orders.
        whole: names of sets that are whole in every batch.
    """
    samplers = {
        name: (lambda step, x=x: x) if name in whole else _Batch(x, count, (seed, i))
        for i, (name, x) in enumerate(sets.items())
    }
    return sampling.point_dataset(samplers, resample=True)


class _Batch:
    """The rows of one point set that a step gets."""

    def __init__(self, points: tf.Tensor, count: int, seed: tuple[int, int]) -> None:
        self._points, self._count, self._seed = tf.constant(points), count, seed
        self._rows = len(points) // count

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        done, place = tf.cast(step, tf.int64) // self._count, step % self._count
        first, second = self._seed
        order = tf.random.experimental.index_shuffle(
            place * self._rows + tf.range(self._rows, dtype=tf.int64),
            seed=tf.stack([tf.constant(first + 2**20 * second, tf.int64), done]),
            max_index=tf.constant(len(self._points) - 1, tf.int64),
        )
        return tf.gather(self._points, order)


class Journal:
    """A run's backup and records in a directory, from which the same run goes on.

    Args:
        directory: of this run alone; deleted by `close`.
        settings: what a run must share with an earlier one to go on with it.

    Attributes:
        backup: the callback, which belongs before all others.
        records: those of all parts of the run, their seconds counted together.
        earlier: seconds of the parts before this one, up to its backup.

    Raises:
        ValueError: the directory holds a run with other settings.
    """

    def __init__(
        self, directory: str | os.PathLike[str], settings: Mapping[str, Any]
    ) -> None:
        os.makedirs(directory, exist_ok=True)
        self.directory = directory
        self._check(settings)
        self.backup = ki.callbacks.BackupAndRestore(
            os.path.join(directory, "backup"), BACKUP_EPOCHS, delete_checkpoint=False
        )
        self.records: list[dict[str, float]] = []
        self.earlier = 0.0
        self._path = os.path.join(directory, "records.jsonl")
        if os.path.exists(self._path):
            with open(self._path) as file:
                for line in file:
                    if line.endswith("\n"):  # a killed run may leave half a line
                        self._add(json.loads(line))
        self._goes_on = bool(self.records)

    def __call__(self, record: dict[str, float]) -> None:
        """Keeps a record; for `runs.train` as its `report`."""
        if self._goes_on:
            self._goes_on = False
            self._forget(record["step"])
            self.earlier = self.records[-1]["seconds"] if self.records else 0.0
        record = {**record, "seconds": record["seconds"] + self.earlier}
        self._add(record)
        with open(self._path, "a") as file:
            file.write(json.dumps(record) + "\n")

    def _check(self, settings: Mapping[str, Any]) -> None:
        path = os.path.join(self.directory, "settings.json")
        if not os.path.exists(path):
            with open(path, "w") as file:
                json.dump(settings, file)
        with open(path) as file:
            earlier = json.load(file)
        if earlier != json.loads(json.dumps(settings)):
            raise ValueError(
                f"{self.directory} holds an unfinished run of other settings, "
                f"{earlier}. Give another directory, or delete this one."
            )

    def _add(self, record: dict[str, float]) -> None:
        self._forget(record["step"])
        self.records.append(record)

    def _forget(self, step: float) -> None:
        # Steps after the last backup are made again.
        while self.records and self.records[-1]["step"] >= step:
            self.records.pop()

    def close(self) -> None:
        """Deletes what the finished run no longer needs."""
        shutil.rmtree(self.directory)
