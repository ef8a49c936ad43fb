"""What a run of several processes says when it cannot go on."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

__all__ = ["UNEQUAL", "sentences"]

# Why a step is refused in all processes at once.
UNEQUAL = {
    "weights": (
        "The weights differ from one process to another. Give the network a seed, as "
        "ki.networks.mlp(seed=0), or load the same file in each process."
    ),
    "points": (
        "The points differ from one process to another. Give all of them to each "
        "process, in the same order and from the same seed: each takes its share "
        "itself."
    ),
    "steps": (
        "The numbers of steps that were taken differ from one process to another. "
        "Begin or restore the run in all of them alike; backups belong in a folder "
        "that all hosts can read."
    ),
}

# How TensorFlow reports a process that has ended, or does not answer in time.
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)


@contextlib.contextmanager
def sentences(timeout: float) -> Iterator[None]:
    """Turns TensorFlow's errors of a run of several processes into plain sentences.

    Args:
        timeout: the seconds that a process is waited for.

    Raises:
        ConnectionError: another process has ended, or does not answer.
        ValueError: the processes have unequal weights, points or numbers of steps.
    """
    try:
        yield
    except tf.errors.OpError as error:
        for sentence in UNEQUAL.values():
            if sentence in str(error):
                raise ValueError(sentence) from error
        if isinstance(error, _LOST) or "ollective op" in str(error):
            raise ConnectionError(
                "Another process of this run has ended, or has not answered for "
                f"{timeout:g} seconds. See what it printed, and start all of them "
                "again. If it only needs longer, give all of them a larger "
                "ki.connect_hosts(timeout=...)."
            ) from error
        raise
