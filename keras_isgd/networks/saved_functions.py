"""Functions that can be written into a network's file, and read from it."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

__all__ = ["NotSaveable", "config_of", "config_of_object", "restored"]

_CALL = "__call__"


class NotSaveable(ValueError):
    """A function that a `.keras` file cannot hold; the message says what to do."""


def config_of(function: Callable) -> dict[str, Any]:
    """Returns what a file holds of a function.

    Args:
        function: a function registered by `keras.saving.register_keras_serializable`;
            a method of an object whose class is registered and has a `get_config`,
            such as a `Problem`; or such an object, if it can be called.

    Raises:
        NotSaveable: any other function.
    """
    if inspect.ismethod(function):
        return _method(function.__self__, function.__name__)
    if not inspect.isroutine(function) and not inspect.isclass(function):
        return _method(function, _CALL)
    if not _is_registered(function):
        raise NotSaveable(_sentence(str(getattr(function, "__qualname__", function))))
    return {"registered": keras.saving.get_registered_name(function)}


def restored(config: Mapping[str, Any], custom_objects: dict | None = None) -> Callable:
    """Returns the function of which `config_of` made a configuration.

    Raises:
        ValueError: a function that is not registered here.
    """
    if "registered" in config:
        name = config["registered"]
        function = keras.saving.get_registered_object(name, custom_objects)
        if function is None:
            raise ValueError(
                f"The file uses a function that was registered as {name!r}. Import the "
                "module that registers it before loading the file."
            )
        return function
    owner = keras.saving.deserialize_keras_object(
        config["object"], custom_objects=custom_objects
    )
    return owner if config["method"] == _CALL else getattr(owner, config["method"])


def config_of_object(owner: Any) -> dict[str, Any]:
    """Returns what a file holds of an object, such as a `Problem`.

    Raises:
        NotSaveable: an object of a class that is not registered, or without
            `from_config`.
    """
    # Keras registers a class without `from_config`, but cannot load it.
    if not _is_registered(type(owner)) or not hasattr(owner, "from_config"):
        raise NotSaveable(_sentence(type(owner).__qualname__))
    try:
        return keras.saving.serialize_keras_object(owner)
    except (TypeError, ValueError) as error:
        raise NotSaveable(f"{_sentence(type(owner).__qualname__)} ({error})") from error


def _method(owner: Any, name: str) -> dict[str, Any]:
    if not hasattr(type(owner), name):
        raise NotSaveable(_sentence(name))
    return {"object": config_of_object(owner), "method": name}


def _is_registered(value: Any) -> bool:
    if not hasattr(value, "__name__"):
        return False
    name = keras.saving.get_registered_name(value)
    return keras.saving.get_registered_object(name) is value


def _sentence(name: str) -> str:
    return (
        f"{name!r} in a hard condition is not registered, so that its network can be "
        "trained and exported, but not saved as a .keras file: decorate the function, "
        "or the class with its get_config and from_config, with "
        "keras.saving.register_keras_serializable()."
    )
