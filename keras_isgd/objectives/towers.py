"""A sum of squares whose rows are shared by several devices."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.objectives.blocks import Block
from keras_isgd.objectives.least_squares import LeastSquares, Linearisation
from keras_isgd.objectives.linearisation import factored_operators
from keras_isgd.objectives.objective import Evaluation
from keras_isgd.objectives.shares import joined_rows, shares_of

__all__ = ["Towers"]


class _Tower(NamedTuple):
    """The rows of one device.

    Attributes:
        device: its name.
        loss: their `LeastSquares`.
        numbers: of which block each of its blocks is a piece.
    """

    device: str
    loss: LeastSquares
    numbers: list[int]


class Towers(LeastSquares):
    """A `LeastSquares` whose blocks are cut into one piece for each device.

    Residual, loss, gradient, Jacobian and J J^T are computed piece by piece, each on
    its device, and joined in the order of the devices on the first one, where the
    factorisations are. Sums have a fixed order, so that a run is the same for the same
    number of devices. Rows that mix points stay whole, on the device with the fewest
    rows. Rows come in the order of the devices.

    Args:
        function, variables, jit_compile, aux_of: see `LeastSquares`.
        blocks: see `LeastSquares`.
        devices: names, two or more.
        memory: see `LeastSquares`, of each device.
    """

    def __init__(
        self,
        function: Callable[[], Any],
        variables: Sequence[keras.Variable],
        blocks: Sequence[Block],
        devices: Sequence[str],
        jit_compile: bool = False,
        memory: float | None = None,
        aux_of: Callable[[list[tf.Tensor]], Any] | None = None,
    ) -> None:
        super().__init__(
            function, variables, (), blocks, jit_compile, memory, aux_of=aux_of
        )
        self._devices = devices
        self._towers = []
        for device, share in zip(devices, shares_of(blocks, len(devices)), strict=True):
            if not share:  # fewer points than devices
                continue
            pieces = [piece for _, piece in share]
            loss = LeastSquares(
                functools.partial(joined_rows, pieces),
                variables,
                (),
                pieces,
                jit_compile,
                memory,
                aux_of=lambda squares: squares,
            )
            self._towers.append(_Tower(device, loss, [i for i, _ in share]))

    def residual(self, w: tf.Tensor) -> tf.Tensor:
        return tf.concat(self._each(lambda loss: loss.residual(w)), axis=0)

    def value(self, w: tf.Tensor) -> tf.Tensor:
        return tf.add_n(self._each(lambda loss: loss.value(w)))

    def value_and_gradient(self, w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        found = self._each(lambda loss: loss.value_and_gradient(w))
        values, gradients = zip(*found, strict=True)
        return tf.add_n(values), tf.add_n(gradients)

    def evaluate(self, w: tf.Tensor) -> Evaluation:
        found = self._each(lambda loss: loss.evaluate(w))
        squares: dict[int, list[tf.Tensor]] = {}
        for tower, evaluation in zip(self._towers, found, strict=True):
            for number, value in zip(tower.numbers, evaluation.aux, strict=True):
                squares.setdefault(number, []).append(value)
        joined = [tf.add_n(squares[number]) for number in sorted(squares)]
        return Evaluation(
            w,
            tf.add_n([e.value for e in found]),
            tf.add_n([e.gradient for e in found]),
            None if self._aux_of is None else self._aux_of(joined),
        )

    def linearise(self, w: tf.Tensor, stride: int = 1) -> tuple[tf.Tensor, tf.Tensor]:
        found = self._each(lambda loss: loss.linearise(w))
        rows, jacobians = zip(*found, strict=True)
        residual, jacobian = tf.concat(rows, axis=0), tf.concat(jacobians, axis=0)
        return residual[::stride], jacobian[::stride]

    def operators(self, w: tf.Tensor) -> Linearisation:
        blocks = self._factored_on_devices(w)
        if blocks is None:
            return super().operators(w)
        return factored_operators(self.parameters, [b for _, b in blocks])

    def gram(self, w: tf.Tensor) -> Linearisation | None:
        placed = self._factored_on_devices(w)
        if placed is None or not all(hasattr(b, "gram") for _, b in placed):
            return None
        blocks = [block for _, block in placed]
        if max(block.gram_cost() for block in blocks) > self.parameters.size:
            return None
        rows: list[list[tf.Tensor]] = []
        for i, (device, left) in enumerate(placed):
            above = [tf.transpose(row[i]) for row in rows]
            with tf.device(device):
                rows.append(above + [left.gram(right) for right in blocks[i:]])
        matrix = tf.concat([tf.concat(row, axis=1) for row in rows], axis=0)
        return factored_operators(self.parameters, blocks)._replace(gram=matrix)

    def _of_blocks(self, blocks: Sequence[Block]) -> "Towers":
        rows = functools.partial(joined_rows, blocks)
        variables = self.parameters.variables
        return Towers(rows, variables, blocks, self._devices, **self._settings())

    def _each(self, of: Callable[[LeastSquares], Any]) -> list[Any]:
        """Something of each tower's loss, computed on its device."""
        found = []
        for tower in self._towers:
            with tf.device(tower.device):
                found.append(of(tower.loss))
        return found

    def _factored_on_devices(self, w: tf.Tensor) -> list[tuple[str, Any]] | None:
        found = []
        for tower in self._towers:
            with tf.device(tower.device):
                blocks = tower.loss._factored_blocks(w)
            if blocks is None:
                return None
            found += [(tower.device, block) for block in blocks]
        return found
