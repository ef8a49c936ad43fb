"""Blocks of rows in shares, one for each device or process."""

from collections.abc import Sequence

import tensorflow as tf

from keras_isgd.objectives.blocks import Block

__all__ = ["joined_rows", "shares_of"]


def joined_rows(blocks: Sequence[Block]) -> tf.Tensor:
    """Returns the rows of blocks, one block after the other, `(m,)`."""
    return tf.concat([tf.reshape(b.rows(), [-1]) for b in blocks], axis=0)


def shares_of(blocks: Sequence[Block], count: int) -> list[list[tuple[int, Block]]]:
    """Cuts blocks into one piece for each of several devices or processes.

    Rows that mix points stay whole, in the share with the fewest pieces.

    Args:
        blocks: all of them.
        count: how many shares.

    Returns:
        For each share pairs of a block's number and a piece of it.
    """
    shares: list[list[tuple[int, Block]]] = [[] for _ in range(count)]
    whole = []
    for number, block in enumerate(blocks):
        n = block.count()
        if n is None:
            whole.append((number, block))
            continue
        start = 0
        for i in range(count):
            size = n // count + (i < n % count)
            if size:
                piece = block.piece(tf.constant(start), size)
                shares[i].append((number, piece))
            start += size
    for number, block in whole:
        min(shares, key=len).append((number, block))
    for share in shares:
        share.sort(key=lambda pair: pair[0])
    return shares
