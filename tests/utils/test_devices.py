"""Where variables and tensors are."""

import keras
import pytest
import tensorflow as tf

from keras_isgd.utils.devices import device_type


@pytest.mark.parametrize(
    "make", [keras.Variable, tf.Variable, tf.constant], ids=["keras", "tf", "tensor"]
)
def test_on_the_cpu(make, monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    with tf.device("CPU:0"):
        assert device_type(make([1.0, 2.0])) == "CPU"


def test_the_device_is_read_off_the_variable():
    class Far(keras.Variable):
        @property
        def value(self):
            place = "/job:worker/replica:0/task:1/device:GPU:3"
            return type("Value", (), {"device": place})()

    assert device_type(Far(1.0)) == "GPU"
