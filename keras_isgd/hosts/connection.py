"""How the processes of a run find each other."""

import contextlib
import json
import os
import random
from collections.abc import Sequence

import tensorflow as tf

from keras_isgd import compat
from keras_isgd.hosts.cluster import Hosts
from keras_isgd.hosts.sentences import sentences
from keras_isgd.hosts.waiting_room import wait_for_all
from keras_isgd.utils.checks import check_positive, is_whole

__all__ = [
    "common_seed",
    "connect_hosts",
    "connected",
    "hosts_of",
    "is_chief",
    "names_several",
    "of_any",
    "plain_errors",
]

_HOW = (
    'Set TF_CONFIG to {"cluster": {"worker": ["host1:12345", "host2:12345"]}, "task": '
    '{"type": "worker", "index": 0}}, with another index in each process; or give '
    "ki.connect_hosts(workers=[...], task=...)."
)

_connected: Hosts | None = None


def connected() -> Hosts | None:
    """Returns the processes of this run, or None if it is one process alone."""
    return None if _connected is None or _connected.count == 1 else _connected


def hosts_of(given: bool) -> Hosts | None:
    """Returns the processes that share a loss, or None for one process alone.

    Args:
        given: whether there are to be several; those of TF_CONFIG are connected where
            nothing is yet.

    Raises:
        ValueError, ConnectionError: as `connect_hosts`.
        TypeError: no truth value.
    """
    if not isinstance(given, bool):
        raise TypeError(
            f"Expected `hosts` as True or False, got {given!r}. Addresses are given to "
            "ki.connect_hosts(workers=[...], task=...)."
        )
    if given:
        connect_hosts()
    return connected() if given else None


def is_chief() -> bool:
    """Whether this process writes files: the first one, or the only one."""
    return _connected is None or _connected.is_chief


def common_seed() -> int:
    """Returns a random seed, the same in all processes of a run."""
    hosts = connected()
    return (
        random.SystemRandom().randrange(2**31) if hosts is None else hosts.draw_seed()
    )


def of_any(flag: bool) -> bool:
    """Tells whether something holds in any process of a run; all have to ask."""
    hosts = connected()
    if hosts is None:
        return flag
    return bool(hosts.maximum(tf.constant(int(flag), tf.int32), "flag"))


def plain_errors() -> contextlib.AbstractContextManager[None]:
    """Returns `sentences` in a run of several processes, else nothing."""
    hosts = connected()
    return contextlib.nullcontext() if hosts is None else sentences(hosts.timeout)


def connect_hosts(
    workers: Sequence[str] | None = None,
    task: int | None = None,
    timeout: float = 60.0,
) -> Hosts:
    """Connects the processes of a run, on one host or on several.

        import keras_isgd as ki
        hosts = ki.connect_hosts()  # before all else that computes
        ...
        model = ki.PINN(network, problem, hosts=True)
        model.fit(points, ...)
        if hosts.is_chief:
            model.save("plate.keras")

    The same program runs in each process, and this call waits until all of them have
    come to it. TensorFlow demands that it stands before the first tensor or variable is
    made. From then on all processes have to do the same in the same order, but for what
    the first one alone does after training: writing files.

    Args:
        workers: the addresses "host:port" of all processes, in the same order in each
            of them; those of the environment variable TF_CONFIG if None.
        task: which of them this process is, from 0; that of TF_CONFIG if None.
        timeout: seconds for which a process waits for another one, here and in each
            step. One that writes a file or compiles for longer than the others is
            waited for.

    Returns:
        The processes: `index`, `count`, `is_chief`. A second call returns the same.

    Raises:
        ValueError: no TF_CONFIG, wrong addresses, a `timeout` that is not positive and
            finite, or a call after TensorFlow has begun to compute.
        ConnectionError: another process has not come in time.
    """
    global _connected
    if (workers is None) != (task is None):
        raise ValueError("Give both `workers` and `task`, or none of them.")
    if workers is None or task is None:
        if _connected is not None:
            return _connected
        workers, task = _from_environment()
    _check(workers, task)
    timeout = check_positive("timeout", timeout)
    if _connected is None:
        if len(workers) > 1:
            with sentences(timeout):
                _start(workers, task, timeout)
        _connected = Hosts(tuple(workers), task, timeout)
    if (_connected.workers, _connected.index) != (tuple(workers), task):
        raise ValueError(
            f"This process is number {_connected.index} of "
            f"{', '.join(_connected.workers)} already. Call ki.connect_hosts() once."
        )
    return _connected


def names_several() -> bool:
    """Whether TF_CONFIG names several processes."""
    return bool(os.environ.get("TF_CONFIG")) and len(_from_environment()[0]) > 1


def _from_environment() -> tuple[list[str], int]:
    """Addresses and number of this process, from TF_CONFIG."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise ValueError(f"No processes are known. {_HOW}")
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        if list(cluster) != ["worker"] or task["type"] != "worker":
            raise ValueError(f"TF_CONFIG may only have tasks of type worker. {_HOW}")
        return list(cluster["worker"]), int(task["index"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"TF_CONFIG cannot be read: {text!r}. {_HOW}") from error


def _check(workers: Sequence[str], task: int) -> None:
    good = not isinstance(workers, str) and len(set(workers)) == len(workers) > 0
    for worker in workers if good else ():
        host, _, port = str(worker).rpartition(":")
        good = good and bool(host) and port.isdecimal()
    if not good:
        raise ValueError(
            f'Expected different addresses "host:port" as `workers`, got {workers!r}.'
        )
    if not is_whole(task, 0) or task >= len(workers):
        raise ValueError(
            f"Expected `task` as a whole number from 0 to {len(workers) - 1}, "
            f"got {task!r}."
        )


def _start(workers: Sequence[str], task: int, timeout: float) -> None:
    """Starts TensorFlow's runtime of a cluster in this process.

    Raises:
        ValueError: it is too late for that.
        ConnectionError: another process has not come in time.
    """
    if compat.has_begun():
        raise ValueError(
            "TensorFlow has begun to compute and cannot join other processes any "
            "more. Call ki.connect_hosts() right after the imports, before any tensor, "
            "variable or network is made."
        )
    # TensorFlow's first process would wait for the others without end.
    wait_for_all(workers, task, timeout)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(workers)}),
        task_type="worker",
        task_id=task,
        rpc_layer="grpc",
    )
    # Only what it configures is used: Keras trains under no strategy.
    tf.distribute.MultiWorkerMirroredStrategy(resolver)
