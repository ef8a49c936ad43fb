"""A block's sum of squares and its gradient, in pieces that fit the memory."""

import math

import tensorflow as tf

from keras_isgd.objectives.blocks import Block, tape_vjp
from keras_isgd.objectives.parameters import ParameterVector

__all__ = ["pieces_of", "squares"]


def pieces_of(block: Block, memory: float) -> int:
    """Returns into how many pieces a block is cut, so that each fits the memory.

    Args:
        block: the `Block`.
        memory: bytes.
    """
    n, cost = block.count(), block.cost
    return max(math.ceil(n * cost / memory), 1) if n and cost else 1


def squares(
    block: Block,
    parameters: ParameterVector,
    parts: list[tf.Tensor],
    memory: float,
    gradient: bool = True,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns a block's `Block.squares` and the gradient of their sum `(p,)`.

    Points are taken in pieces, one after the other, where all at once would exceed
    the memory.

    Args:
        block: the `Block`.
        parameters: the `ParameterVector`.
        parts: trial values of its variables.
        memory: bytes.
        gradient: whether the gradient is wanted; else it is zero.
    """
    n = block.count()
    pieces = pieces_of(block, memory)
    if n is None or pieces == 1:
        return _squares(block, parameters, parts, gradient)
    size = math.ceil(n / pieces)

    def advance(
        i: tf.Tensor, value: tf.Tensor, slope: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        piece = block.piece(i * size, size)
        more = _squares(piece, parameters, parts, gradient)
        return i + 1, value + more[0], slope + more[1]

    whole = n // size
    zero = tf.zeros(block.squares_shape, parameters.dtype)
    _, value, slope = tf.while_loop(
        lambda i, *_: i < whole,
        advance,
        (tf.constant(0), zero, tf.zeros((parameters.size,), parameters.dtype)),
        parallel_iterations=1,
    )
    if n > whole * size:
        rest = block.piece(whole * size, n - whole * size)
        more = _squares(rest, parameters, parts, gradient)
        value, slope = value + more[0], slope + more[1]
    return value, slope


def _squares(
    block: Block, parameters: ParameterVector, parts: list[tf.Tensor], gradient: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    if not gradient:
        with parameters.scope(parts):
            value = block.squares(block.rows())
        return value, tf.zeros((parameters.size,), parameters.dtype)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(parts)
        with parameters.scope(parts):
            value = block.squares(block.rows())
    return value, tape_vjp(parameters, tape, value, parts, None)
