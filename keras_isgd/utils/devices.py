"""Where variables and tensors are."""

import keras
import tensorflow as tf

__all__ = ["device_type"]


def device_type(variable: keras.Variable | tf.Variable | tf.Tensor) -> str:
    """Returns the kind of device that holds a variable: "CPU", "GPU", ...

    That a GPU is in sight does not mean that a model is on it: it may have been
    built under `tf.device("CPU")`.

    Args:
        variable: a variable, or an eager tensor.
    """
    value = variable.value if isinstance(variable, keras.Variable) else variable
    # In a graph a tensor may have no device yet; TensorFlow then chooses one.
    return tf.DeviceSpec.from_string(value.device or "").device_type or "CPU"
