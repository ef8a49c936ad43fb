"""A sum of squares whose rows are shared by the processes of a run."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.hosts import Hosts
from keras_isgd.objectives.blocks import Block
from keras_isgd.objectives.least_squares import LeastSquares, Linearisation
from keras_isgd.objectives.objective import Evaluation
from keras_isgd.objectives.shares import joined_rows, shares_of
from keras_isgd.objectives.towers import Towers

__all__ = ["HostRows"]


class HostRows(LeastSquares):
    """A `LeastSquares` of which each process evaluates its share of the rows.

    Every process has all blocks, and cuts its pieces out of them. Residual and Jacobian
    are gathered, loss and gradient are summed, and each process forms its rows of
    J J^T; all processes then have the same numbers, to the last bit, and go on alike.
    Rows come in the order of the processes. A few rows that stand for all
    (`sampled_jacobian`) are evaluated by every process.

    Args:
        function, variables, jit_compile, aux_of: see `LeastSquares`.
        blocks: see `LeastSquares`, with fixed numbers of points.
        hosts: the processes, two or more.
        devices: those of this process that share its rows in turn; none, or one, for no
            sharing.
        memory: see `LeastSquares`, of each process.

    Raises:
        ValueError: numbers of points that are not fixed, or fewer points than
            processes.
    """

    def __init__(
        self,
        function: Callable[[], Any],
        variables: Sequence[keras.Variable],
        blocks: Sequence[Block],
        hosts: Hosts,
        devices: Sequence[str] = (),
        jit_compile: bool = False,
        memory: float | None = None,
        aux_of: Callable[[list[tf.Tensor]], Any] | None = None,
    ) -> None:
        super().__init__(
            function, variables, (), blocks, jit_compile, memory, aux_of=aux_of
        )
        self._hosts, self._devices = hosts, devices
        shares = shares_of(blocks, hosts.count)
        if not all(shares):
            raise ValueError(
                f"There are fewer points than processes, {hosts.count}, so that one of "
                "them has nothing to do. Take more points, or fewer processes."
            )
        self._shares = [
            [(number, piece.count()) for number, piece in share] for share in shares
        ]
        own = [piece for _, piece in shares[hosts.index]]
        self._numbers = [number for number, _ in shares[hosts.index]]
        # Of each block: how many numbers its `squares` are.
        self._widths = [math.prod(block.squares_shape) for block in blocks]
        self._shapes = [block.squares_shape for block in blocks]
        self._counts: list[list[int]] | None = None
        rows = functools.partial(joined_rows, own)
        settings: dict[str, Any] = {
            "jit_compile": jit_compile,
            "memory": memory,
            "aux_of": lambda squares: squares,
        }
        self._own: LeastSquares
        if len(devices) > 1:
            self._own = Towers(rows, variables, own, devices, **settings)
        else:
            self._own = LeastSquares(rows, variables, (), own, **settings)

    def row_count(self) -> int:
        return sum(self._sizes())

    def residual(self, w: tf.Tensor) -> tf.Tensor:
        return self._joined(self._own.residual(w), "residual")

    def value(self, w: tf.Tensor) -> tf.Tensor:
        return self._hosts.sum(self._own.value(w), "loss")

    def value_and_gradient(self, w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        value, gradient = self._own.value_and_gradient(w)
        both = tf.concat([[value], gradient], axis=0)
        both = self._hosts.sum(both, "loss and gradient")
        return both[0], both[1:]

    def evaluate(self, w: tf.Tensor) -> Evaluation:
        found = self._own.evaluate(w)
        squares = [tf.zeros((width,), w.dtype) for width in self._widths]
        for number, value in zip(self._numbers, found.aux, strict=True):
            squares[number] = tf.reshape(value, [-1])
        all_numbers = tf.concat([[found.value], found.gradient, *squares], axis=0)
        all_numbers = self._hosts.sum(all_numbers, "evaluation")
        p = self.parameters.size
        value, gradient, *squares = tf.split(all_numbers, [1, p, *self._widths])
        shaped = [tf.reshape(s, shape) for s, shape in zip(squares, self._shapes)]
        aux = None if self._aux_of is None else self._aux_of(shaped)
        return Evaluation(w, value[0], gradient, aux)

    def linearise(self, w: tf.Tensor, stride: int = 1) -> tuple[tf.Tensor, tf.Tensor]:
        residual, jacobian = self._own.linearise(w)
        both = self._joined(tf.concat([jacobian, residual[:, None]], axis=1), "J and r")
        residual, jacobian = both[:, -1], both[:, :-1]
        return residual[::stride], jacobian[::stride]

    def operators(self, w: tf.Tensor) -> Linearisation:
        own = self._own.operators(w)
        begin = sum(self._sizes()[: self._hosts.index])
        end = begin + self._sizes()[self._hosts.index]
        return Linearisation(
            self._joined(own.residual, "residual"),
            lambda v: self._joined(own.jvp(v), "J v"),
            lambda u: self._hosts.sum(own.vjp(u[begin:end]), "u J"),
        )

    def gram(self, w: tf.Tensor) -> Linearisation | None:
        # The factors of all rows, in each process: they take a few forward and backward
        # passes, and J J^T takes the products of every row with every other.
        whole, own = self._factored_blocks(w), self._own._factored_blocks(w)
        if whole is None or own is None:
            return None
        if not all(hasattr(block, "gram") for block in whole):
            return None
        if max(block.gram_cost() for block in whole) > self.parameters.size:
            return None
        rows = [tf.concat([a.gram(b) for b in whole], axis=1) for a in own]
        columns = tf.gather(tf.concat(rows, axis=0), self._order(), axis=1)
        matrix = self._joined(columns, "J J^T")
        return self.operators(w)._replace(gram=matrix)

    def _of_blocks(self, blocks: Sequence[Block]) -> "HostRows":
        rows = functools.partial(joined_rows, blocks)
        variables = self.parameters.variables
        shared = (self._hosts, self._devices)
        return HostRows(rows, variables, blocks, *shared, **self._settings())

    def _joined(self, own: tf.Tensor, name: str) -> tf.Tensor:
        """The rows of all processes, from those of this one."""
        return self._hosts.concat(own, self._sizes(), name)

    def _sizes(self) -> list[int]:
        """How many rows each process has."""
        return [sum(rows) for rows in self._rows_of_pieces()]

    def _order(self) -> np.ndarray:
        """Where each row is among those of the blocks, one block after the other."""
        totals = [0] * len(self._widths)
        for share, sizes in zip(self._shares, self._rows_of_pieces(), strict=True):
            for (number, _), m in zip(share, sizes, strict=True):
                totals[number] += m
        begin = np.concatenate([[0], np.cumsum(totals)]).astype(np.int32)
        found = []
        for share, sizes in zip(self._shares, self._rows_of_pieces(), strict=True):
            for (number, _), m in zip(share, sizes, strict=True):
                found.append(begin[number] + np.arange(m, dtype=np.int32))
                begin[number] += m
        return np.concatenate(found)

    def _rows_of_pieces(self) -> list[list[int]]:
        """How many rows each piece of each process has."""
        if self._counts is None:
            shapes = self._row_shapes()
            self._counts = [
                [(shapes[i][0] if n is None else n) * shapes[i][1] for i, n in share]
                for share in self._shares
            ]
        return self._counts

    def _row_shapes(self) -> list[tuple[int, int]]:
        """The shape `(n, k)` of each block's rows."""

        def rows(w: tf.Tensor) -> list[tf.Tensor]:
            with self.parameters.scope(self.parameters.unpack(w)):
                return [block.rows() for block in self._blocks or ()]

        spec = tf.TensorSpec((self.parameters.size,), self.parameters.dtype)
        traced = tf.function(rows, autograph=False).get_concrete_function(spec)
        shapes = [tuple(r.shape) for r in traced.structured_outputs]
        if any(n is None for shape in shapes for n in shape):
            raise ValueError(
                "Processes share points only of a fixed number. Give batches of one "
                "size, as dataset.batch(n, drop_remainder=True)."
            )
        return shapes
