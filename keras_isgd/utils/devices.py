"""Where variables and tensors are."""

from collections.abc import Sequence

import keras
import tensorflow as tf

__all__ = ["device_type", "devices_of"]


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


def devices_of(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Returns the names of the devices that share a loss.

    Args:
        given: None for no sharing; "all" for all GPUs, or for all logical CPUs where
            there is no GPU; or names such as `["GPU:0", "GPU:1"]`.

    Returns:
        Names as TensorFlow has them; none, or one, for no sharing.

    Raises:
        ValueError: names of devices that are not there, or one twice.
        TypeError: neither of these.
    """
    if given is None:
        return ()
    logical = [d for d in tf.config.list_logical_devices() if _is_here(d.name)]
    if given == "all":
        kind = "GPU" if any(d.device_type == "GPU" for d in logical) else "CPU"
        return tuple(d.name for d in logical if d.device_type == kind)
    if isinstance(given, str) or not all(isinstance(name, str) for name in given):
        raise TypeError(
            'Expected `devices` as None, "all" or a list of names such as '
            f'["GPU:0", "GPU:1"]; got {given!r}.'
        )
    known = {d.name: d.name for d in logical}
    known |= {_short(d.name): d.name for d in logical}
    known |= {name.lower(): full for name, full in known.items()}
    missing = [name for name in given if name not in known]
    if missing:
        there = ", ".join(_short(d.name) for d in logical)
        raise ValueError(
            f"There is no device {', '.join(missing)}; there are {there}. Several "
            "logical CPUs are made by tf.config.set_logical_device_configuration."
        )
    found = tuple(known[name] for name in given)
    if len(set(found)) < len(found):
        raise ValueError(f"Expected different `devices`, got {list(given)}.")
    return found


def _is_here(name: str) -> bool:
    """Whether a device is of this process and not of another one of a cluster."""
    device = tf.DeviceSpec.from_string(name)
    here = tf.DeviceSpec.from_string(tf.constant(0).device)
    return device.job is None or (device.job, device.task) == (here.job, here.task)


def _short(name: str) -> str:
    return name.rpartition("/device:")[2]
