import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

import keras
import pytest

import keras_isgd  # noqa: F401


def pytest_sessionstart(session):
    # What the libraries made stays, and traces make more than Python's thresholds are
    # for: without this, its collector takes a twentieth of all time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)
