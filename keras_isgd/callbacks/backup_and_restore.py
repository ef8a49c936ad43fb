"""Backups that survive a crash at any moment, and damage to their files."""

import hashlib
import os
import re
import shutil
import warnings

import keras

from keras_isgd import compat
from keras_isgd.callbacks.logs import Logs
from keras_isgd.hosts import is_chief
from keras_isgd.utils.checks import check_count

__all__ = ["BackupAndRestore"]

_NAME = re.compile(r"epoch-(\d{9})-([0-9a-f]{64})\.weights\.h5")
_PARTIAL = "partial.weights.h5"


class BackupAndRestore(keras.callbacks.Callback):
    """Backs up a run's whole state, and restores it when `fit` begins again.

    As `keras.callbacks.BackupAndRestore`, but no crash leaves half a backup, and a
    damaged one is not loaded. Each backup is one file, whose name holds its epoch
    and the SHA-256 of its content; it is written beside the others, flushed to the
    disk and then renamed, which is atomic. When training begins, the newest file
    whose content has its name's digest is loaded; a damaged one is named in a
    warning and passed over.

    A run that was killed and starts again with the same arguments ends with the
    same weights as one that was not, bit for bit on a CPU. Start it with the same
    script: a new model, compiled with the same optimizer, and this callback before
    any `SwitchOptimizer`.

    In a run on several hosts the first process alone writes, and all of them load.

    Args:
        backup_dir: the directory, for this run alone, which all of its processes can
            read; created where needed.
        every_epochs: epochs from one backup to the next. An epoch is one step of a
            PINN on endless points, so that a number like 50 is usual.
        keep: how many backups to keep, at least 2.
        delete_checkpoint: whether to delete the directory at the end of training.

    Raises:
        ValueError: an argument out of range; when training begins, a directory
            with backups all of which are damaged, or the state of another
            optimizer or network.
        OSError: the directory cannot be written.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        every_epochs: int = 1,
        keep: int = 2,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        self.backup_dir = os.fspath(backup_dir)
        if not self.backup_dir:
            raise ValueError("Expected `backup_dir` as the path of a directory.")
        self.every_epochs = check_count("every_epochs", every_epochs)
        if check_count("keep", keep) < 2:
            raise ValueError(
                f"Expected `keep` >= 2, got {keep}: the newest backup may be damaged."
            )
        self.keep = keep
        self.delete_checkpoint = delete_checkpoint

    def backups(self) -> list[str]:
        """Returns the paths of the backups, newest first, damaged ones included."""
        if not os.path.isdir(self.backup_dir):
            return []
        names = sorted(filter(_NAME.fullmatch, os.listdir(self.backup_dir)))
        return [os.path.join(self.backup_dir, name) for name in reversed(names)]

    def on_train_begin(self, logs: Logs = None) -> None:
        compat.set_initial_epoch(self.model, None)
        found = self.backups()
        for path in found:
            if _digest(path) == _parts(path)[1]:
                self._load(path)
                return
            warnings.warn(
                f"The backup {path} is damaged: its content is not what was written. "
                "The one before it is used.",
                stacklevel=2,
            )
        if found:
            raise ValueError(
                f"Every backup in {self.backup_dir} is damaged: "
                f"{', '.join(os.path.basename(p) for p in found)}. Delete the "
                "directory to start over."
            )

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        # `fit` has read it; Keras would begin every later `fit` of this model there.
        compat.set_initial_epoch(self.model, None)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if (epoch + 1) % self.every_epochs == 0 and is_chief():
            self._save(epoch + 1)

    def on_train_end(self, logs: Logs = None) -> None:
        compat.set_initial_epoch(self.model, None)  # where no epoch was left
        if self.delete_checkpoint and is_chief():
            shutil.rmtree(self.backup_dir, ignore_errors=True)

    def _load(self, path: str) -> None:
        model = self.model
        if not model.built:
            raise ValueError(
                "BackupAndRestore needs a model that is built: call it on a batch of "
                "data before fit()."
            )
        if model.optimizer is not None and not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        model.load_weights(path)
        compat.set_initial_epoch(model, _parts(path)[0])

    def _save(self, epoch: int) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        partial = os.path.join(self.backup_dir, _PARTIAL)
        self.model.save_weights(partial, overwrite=True)
        _flush(partial)
        name = f"epoch-{epoch:09d}-{_digest(partial)}.weights.h5"
        os.replace(partial, os.path.join(self.backup_dir, name))
        _flush(self.backup_dir)
        for path in self.backups()[self.keep :]:
            os.remove(path)


def _parts(path: str) -> tuple[int, str]:
    """Epoch and digest in a backup's name."""
    name = _NAME.fullmatch(os.path.basename(path))
    assert name is not None, path
    return int(name[1]), name[2]


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
