"""The processes of a run, and what they tell each other."""

import random
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.hosts.sentences import sentences

__all__ = ["Hosts"]

# TensorFlow's own strategies count their groups from 1.
_GROUP = 20_000


class Hosts:
    """The processes of a run. All have to call the same methods in the same order.

    Reductions are made in a fixed order, and all processes get the same bits.

    Attributes:
        workers: their addresses, "host:port".
        index: which of them this one is, from 0.
        timeout: seconds that they wait for each other.
    """

    def __init__(self, workers: tuple[str, ...], index: int, timeout: float) -> None:
        self.workers, self.index, self.timeout = workers, index, timeout
        # Collectives that use it run in the order in which they were written.
        with tf.device("CPU:0"):
            self._token = tf.Variable(0.0, trainable=False)
        self._calls: dict[int, Any] = {}
        here = tf.constant([index], tf.int32)
        # TensorFlow gathers in an order of its own.
        self._order = self._gather(here, "order").numpy().tolist()
        drawn = tf.constant(random.SystemRandom().randrange(2**31), tf.int64)
        self._entropy = int(self.of_chief(drawn, "seeds"))
        self._seeds = 0

    @property
    def count(self) -> int:
        """How many processes there are."""
        return len(self.workers)

    @property
    def is_chief(self) -> bool:
        """Whether this is the first process, which alone writes files."""
        return self.index == 0

    def sum(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """Returns the sum of a tensor over all processes, everywhere.

        Args:
            x: of the same shape in each of them.
            name: what it is.
        """
        return self._reduce(x, name, "Add")

    def maximum(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """Returns the largest value over all processes, as `sum`."""
        return self._reduce(x, name, "Max")

    def of_chief(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """Returns the first process's tensor, everywhere; arguments as for `sum`."""
        return self.sum(x if self.is_chief else tf.zeros_like(x), name)

    def concat(self, x: tf.Tensor, sizes: Sequence[int], name: str) -> tf.Tensor:
        """Joins tensors `(m_i, ...)` of all processes in their order, everywhere.

        Args:
            x: this process's tensor.
            sizes: m_i of each process.
            name: what it is.
        """
        largest, inner = max(sizes), x.shape[1:]
        missing = largest - sizes[self.index]
        x = tf.pad(x, [[0, missing]] + [[0, 0]] * len(inner))
        x = tf.ensure_shape(x, (largest, *inner))
        pieces = tf.split(
            tf.ensure_shape(self._gather(x, name), (self.count * largest, *inner)),
            self.count,
        )
        found = [pieces[self._order.index(i)] for i in range(self.count)]
        return tf.concat([piece[:m] for piece, m in zip(found, sizes)], axis=0)

    def hold_until(self, operations: Sequence[Any]) -> None:
        """Lets all that is exchanged from here on wait for some operations."""
        with tf.control_dependencies(operations), tf.device("CPU:0"):
            self._token.assign(0.0)

    def draw_seed(self) -> int:
        """Returns a random number that is the same in all processes."""
        self._seeds += 1
        sequence = np.random.SeedSequence([self._entropy, self._seeds])
        return int(sequence.generate_state(1)[0]) % 2**31

    def _reduce(self, x: tf.Tensor, name: str, operation: str) -> tf.Tensor:
        return self._call(
            tf.raw_ops.CollectiveReduceV2,
            x,
            f"{name} {operation}",
            merge_op=operation,
            final_op="Id",
        )

    def _gather(self, x: tf.Tensor, name: str) -> tf.Tensor:
        return self._call(tf.raw_ops.CollectiveGatherV2, x, f"{name} gathered")

    def _call(self, collective: Any, x: tf.Tensor, name: str, **more: str) -> tf.Tensor:
        if self.count == 1:
            return x
        # A key for each kind of tensor, the same in all processes whatever else they
        # have traced; the token keeps two uses of it apart.
        key = zlib.crc32(f"{name} {x.dtype.name} {x.shape}".encode()) % 2**31

        def call(x: tf.Tensor) -> tf.Tensor:
            return collective(
                input=x,
                group_size=self.count,
                group_key=_GROUP,
                instance_key=key,
                ordering_token=[self._token.handle],
                communication_hint="ring",
                timeout_seconds=self.timeout,
                **more,
            )

        if tf.inside_function() and key not in self._calls:
            # Within a loop TensorFlow tells collectives apart by names in its graph,
            # which differ with the rows of a process. In a call of its own it does not.
            self._calls[key] = tf.function(
                call, autograph=False, experimental_attributes=compat.NOT_INLINED
            )
        with tf.device("CPU:0"), sentences(self.timeout):
            return self._calls[key](x) if tf.inside_function() else call(x)
