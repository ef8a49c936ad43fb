"""Several processes, on one host or on several, that train one model together."""

from keras_isgd.hosts.cluster import Hosts
from keras_isgd.hosts.connection import (
    common_seed,
    connect_hosts,
    connected,
    hosts_of,
    is_chief,
    names_several,
    of_any,
    plain_errors,
)
from keras_isgd.hosts.sentences import UNEQUAL

__all__ = [
    "UNEQUAL",
    "Hosts",
    "common_seed",
    "connect_hosts",
    "connected",
    "hosts_of",
    "is_chief",
    "names_several",
    "of_any",
    "plain_errors",
]
