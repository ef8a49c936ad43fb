"""Operations of TensorFlow that only move entries, in NumPy."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

__all__ = ["MOVES", "Move"]


class Move(NamedTuple):
    """How an operation moves entries.

    Attributes:
        data: from the number of inputs to the numbers of those that hold entries; the
            others are arguments, such as a shape.
        apply: from the operation, the entries and the arguments to the outputs, or
            None where that is not known.
    """

    data: Callable[[int], Sequence[int]]
    apply: Callable[
        [tf.Operation, list[np.ndarray], list[Any]], Sequence[np.ndarray] | None
    ]


def _first(count: int) -> Sequence[int]:
    return (0,)


def _all(count: int) -> Sequence[int]:
    return range(count)


def _all_but_last(count: int) -> Sequence[int]:
    return range(count - 1)


def _last(count: int) -> Sequence[int]:
    return (count - 1,)


def _reshaped(
    op: tf.Operation, entries: list[np.ndarray], arguments: list[Any]
) -> Sequence[np.ndarray] | None:
    shape = op.outputs[0].shape
    return [entries[0].reshape(shape)] if shape.is_fully_defined() else None


def _sliced(
    op: tf.Operation, entries: list[np.ndarray], arguments: list[Any]
) -> Sequence[np.ndarray]:
    begin, size = arguments
    cut = [slice(b, None if s < 0 else b + s) for b, s in zip(begin, size)]
    return [entries[0][tuple(cut)]]


def _strided(
    op: tf.Operation, entries: list[np.ndarray], arguments: list[Any]
) -> Sequence[np.ndarray]:
    def has(mask: str, bit: int) -> bool:
        return bool(op.get_attr(f"{mask}_mask") >> bit & 1)

    index: list[Any] = []
    for i, (begin, end, stride) in enumerate(zip(*arguments)):
        if has("ellipsis", i):
            index.append(Ellipsis)
        elif has("new_axis", i):
            index.append(None)
        elif has("shrink_axis", i):
            index.append(int(begin))
        else:
            first = None if has("begin", i) else int(begin)
            last = None if has("end", i) else int(end)
            index.append(slice(first, last, int(stride)))
    return [np.asarray(entries[0][tuple(index)])]


def _padded(
    op: tf.Operation, entries: list[np.ndarray], arguments: list[Any]
) -> Sequence[np.ndarray]:
    if op.type != "MirrorPad":
        return [np.pad(entries[0], arguments[0])]
    mode = op.get_attr("mode").decode().lower()
    return [np.pad(entries[0], arguments[0], mode=mode)]


def _gathered(
    op: tf.Operation, entries: list[np.ndarray], arguments: list[Any]
) -> Sequence[np.ndarray] | None:
    if op.get_attr("batch_dims") != 0:
        return None
    indices, axis = arguments
    return [np.take(entries[0], indices, axis=int(axis))]


def _split(
    op: tf.Operation, entries: list[np.ndarray], arguments: list[Any]
) -> Sequence[np.ndarray]:
    return np.split(entries[0], len(op.outputs), axis=int(arguments[0]))


def _split_unevenly(
    op: tf.Operation, entries: list[np.ndarray], arguments: list[Any]
) -> Sequence[np.ndarray] | None:
    sizes, axis = arguments
    if np.any(np.asarray(sizes) < 0):
        return None
    return np.split(entries[0], np.cumsum(sizes)[:-1], axis=int(axis))


def _unstacked(
    op: tf.Operation, entries: list[np.ndarray], arguments: list[Any]
) -> Sequence[np.ndarray]:
    return list(np.moveaxis(entries[0], op.get_attr("axis"), 0))


def _one(
    function: Callable[..., Any],
) -> Callable[[tf.Operation, list[np.ndarray], list[Any]], Sequence[np.ndarray] | None]:
    def apply(
        op: tf.Operation, entries: list[np.ndarray], arguments: list[Any]
    ) -> Sequence[np.ndarray]:
        return [function(op, entries, *arguments)]

    return apply


def _axes(axis: Any) -> tuple[int, ...]:
    return tuple(int(a) for a in np.ravel(axis))


MOVES = {
    "BroadcastTo": Move(
        _first, _one(lambda op, e, shape: np.broadcast_to(e[0], shape))
    ),
    "ConcatV2": Move(_all_but_last, _one(lambda op, e, axis: np.concatenate(e, axis))),
    "ConjugateTranspose": Move(_first, _one(lambda op, e, p: np.transpose(e[0], p))),
    "ExpandDims": Move(_first, _reshaped),
    "GatherV2": Move(_first, _gathered),
    "MirrorPad": Move(_first, _padded),
    "Pack": Move(_all, _one(lambda op, e: np.stack(e, op.get_attr("axis")))),
    "Pad": Move(_first, _padded),
    "PadV2": Move(_first, _padded),
    "Reshape": Move(_first, _reshaped),
    "ReverseV2": Move(_first, _one(lambda op, e, axis: np.flip(e[0], _axes(axis)))),
    "Roll": Move(
        _first,
        _one(lambda op, e, shift, axis: np.roll(e[0], _axes(shift), _axes(axis))),
    ),
    "Slice": Move(_first, _sliced),
    "Split": Move(_last, _split),
    "SplitV": Move(_first, _split_unevenly),
    "Squeeze": Move(_first, _reshaped),
    "StridedSlice": Move(_first, _strided),
    "Tile": Move(_first, _one(lambda op, e, counts: np.tile(e[0], counts))),
    "Transpose": Move(_first, _one(lambda op, e, perm: np.transpose(e[0], perm))),
    "Unpack": Move(_first, _unstacked),
}
