"""BLAS threads after trainings in several Python threads."""

import threading

import numpy as np
import pytest
import threadpoolctl

from keras_isgd.linalg import lapack


def _threads():
    return [
        pool["num_threads"]
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    ]


@pytest.mark.skipif(max(_threads(), default=1) == 1, reason="one core")
def test_two_trainings_leave_the_threads_as_they_were(monkeypatch):
    """Two damped solves overlap: whoever begins first ends first, and lives on."""
    before = _threads()
    entered = [threading.Event(), threading.Event()]
    left = [threading.Event(), threading.Event()]
    seen = []
    solve = lapack._by_gram

    def slow(*arguments):
        k = int(threading.current_thread().name)
        entered[k].set()
        seen.append(_threads())
        if k == 0:
            entered[1].wait(10)
        else:
            left[0].wait(10)
        return solve(*arguments)

    monkeypatch.setattr(lapack, "_by_gram", slow)

    def train(k):
        if k == 1:
            entered[0].wait(10)
        lapack.damped(np.eye(3), np.ones(3), np.float64(0.1), False, False)
        left[k].set()
        left[1 - k].wait(10)  # both threads live until both have solved

    threads = [threading.Thread(target=train, args=(k,), name=str(k)) for k in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(seen[0]) == 1
    assert _threads() == before
