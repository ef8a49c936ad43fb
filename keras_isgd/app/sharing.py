"""What shares the rows of the loss: `--devices`, `--hosts` and `--task`."""

import argparse
from typing import Any

from keras_isgd.hosts import connect_hosts, names_several

__all__ = ["connect", "shared", "words_of"]


def connect(options: argparse.Namespace) -> bool:
    """Connects the processes of a run; returns whether there are to be several.

    TF_CONFIG with several workers is enough, as it is for TensorFlow's own programs.

    Raises:
        ValueError: addresses without `--task`, or the reverse.
        ConnectionError: another process has not come in time.
    """
    if options.hosts:
        if options.task is None:
            raise ValueError(
                "Give --task as well: 0 to the first process of --hosts, 1 to the "
                "second one, and so on."
            )
        connect_hosts(options.hosts.split(","), options.task)
    elif options.task is not None:
        raise ValueError("--task needs the addresses of all processes: --hosts A,B.")
    elif options.hosts is not None or names_several():
        connect_hosts()
    else:
        return False
    return True


def shared(options: argparse.Namespace) -> dict[str, Any]:
    """Returns the arguments `devices` and `hosts` of `PINN`."""
    devices = "all" if options.devices == ["all"] else options.devices
    asked = hasattr(options, "hosts")  # `compare` knows nothing of it
    hosts = asked and (options.hosts is not None or names_several())
    return {"devices": devices, "hosts": hosts}


def words_of(options: argparse.Namespace) -> list[str]:
    """Returns the words of the command line that say the same."""
    words = ["--devices", *options.devices] if options.devices else []
    hosts = getattr(options, "hosts", None)
    if hosts is not None:
        words += ["--hosts", hosts] if hosts else ["--hosts"]
    if getattr(options, "task", None) is not None:
        words += ["--task", str(options.task)]
    return words
