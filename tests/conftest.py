import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

import keras
import pytest
import tensorflow as tf
from tensorflow.python.util import tf_stack

import keras_isgd  # noqa: F401

# Where an operation was made is looked up for each one, under pytest's forty frames:
# a tenth of all time. One place stands for all.
_PLACE = tf_stack.extract_stack()
tf_stack.extract_stack = lambda stacklevel=1: _PLACE


def pytest_sessionstart(session):
    # What the libraries made stays, and traces make more than Python's thresholds are
    # for: without this, its collector takes a twentieth of all time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


# Run as users run them. The others go without TensorFlow's graph optimizer, which takes
# a tenth of all time for graphs that are used for a step or two.
AS_USERS = {
    "test_architecture",
    "test_cases",
    "test_docs",
    "test_examples",
    "test_gallery",
    "test_injection",
    "test_promises",
}


@pytest.fixture(autouse=True)
def _graph_optimizer(request):
    off = request.module.__name__ not in AS_USERS
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": off})


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)
