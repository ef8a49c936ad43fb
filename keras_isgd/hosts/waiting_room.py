"""Where processes wait for each other before TensorFlow connects them."""

import socket
import time
from collections.abc import Sequence

__all__ = ["wait_for_all"]

# Seconds between two attempts to reach a process.
_PAUSE = 0.1


def wait_for_all(workers: Sequence[str], task: int, timeout: float) -> None:
    """Returns when all processes have come.

    Each listens at its own address, and looks whether the others do. One that has seen
    all of them goes on, and TensorFlow listens in its place.

    Args:
        workers: their addresses, "host:port".
        task: which of them this one is.
        timeout: seconds to wait.

    Raises:
        ConnectionError: one has not come in time, or this one cannot listen.
    """
    end = time.monotonic() + timeout
    with _listener(workers[task]):
        for worker in workers:
            while not _answers(worker, timeout):
                if time.monotonic() > end:
                    raise ConnectionError(
                        f"The process at {worker} has not come within {timeout:g} "
                        "seconds. Start the same program on each host, with the same "
                        "addresses and another task; or give all of them a larger "
                        "ki.connect_hosts(timeout=...)."
                    )
                time.sleep(_PAUSE)


def _listener(worker: str) -> socket.socket:
    port = int(worker.rpartition(":")[2])
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConnectionError(
            f"Port {port} of this host cannot be used: {error.strerror}. Give this "
            "process another port, in the addresses of all processes."
        ) from error
    return listener


def _answers(worker: str, timeout: float) -> bool:
    host, _, port = worker.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout) as answer:
            # On one host a socket can meet itself.
            return answer.getsockname() != answer.getpeername()
    except OSError:
        return False
