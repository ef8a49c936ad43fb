"""One BLAS thread while many small matrix products are computed."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any

import threadpoolctl

__all__ = ["one_thread"]

# Threads of many small products wait for each other by spinning: with another process
# on one of two cores a step took fifty times as long.

_lock = threading.Lock()
_inside = 0
_limiter: Any = None


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Limits BLAS to one thread inside, and gives back what there was before.

    The limit is the process's own. Of several Python threads the first one sets it
    and the last one lifts it, so that none leaves the others' limit behind.
    """
    global _inside, _limiter
    with _lock:
        if _inside == 0:
            _limiter = _pools().limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limiter.restore_original_limits()


@functools.cache
def _pools() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()
