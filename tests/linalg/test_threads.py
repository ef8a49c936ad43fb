"""The limit of BLAS threads, shared by several Python threads."""

import contextlib
import threading

import pytest
import threadpoolctl

from keras_isgd.linalg.threads import one_thread


def _threads():
    return [
        pool["num_threads"]
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    ]


pytestmark = pytest.mark.skipif(max(_threads(), default=1) == 1, reason="one core")


def test_two_trainings_leave_the_threads_as_they_were():
    before = _threads()
    first_in, second_in, first_out = (threading.Event() for _ in range(3))
    inside = []

    def first():
        with one_thread():
            first_in.set()
            second_in.wait(10)
        first_out.set()

    def second():
        first_in.wait(10)
        with one_thread():
            second_in.set()
            first_out.wait(10)
            inside.append(_threads())

    threads = [threading.Thread(target=f) for f in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The second one is still limited after the first has left.
    assert max(inside[0]) == 1
    assert _threads() == before


def test_an_error_lifts_the_limit_too():
    before = _threads()
    with contextlib.suppress(ArithmeticError), one_thread():
        raise ArithmeticError
    assert _threads() == before
