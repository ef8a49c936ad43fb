"""Which derivatives of a layer's output depend on which of its input."""

import collections
import functools
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = [
    "Name",
    "Request",
    "highest_orders",
    "is_laplacian",
    "laplacian",
    "partitions",
    "plan",
    "splits",
]

# Derivatives are named by sorted tuples of coordinate numbers, () for the value, and
# the sum of second derivatives in the coordinates i, j, ... by this word before them.
_LAPLACIAN = "laplacian"

# The name of a derivative; and an output's number with a derivative of it.
Name = tuple[Any, ...]
Request = tuple[int, Name]


def laplacian(axes: Iterable[int]) -> Name:
    """Returns the name of the sum of second derivatives in the coordinates `axes`."""
    axes = tuple(sorted(axes))
    return (_LAPLACIAN, *axes) if len(axes) > 1 else axes * 2


def is_laplacian(indices: Name) -> bool:
    """Tells whether `indices` names a sum of second derivatives."""
    return indices[:1] == (_LAPLACIAN,)


def highest_orders(names: Iterable[Name], axes: int) -> list[int]:
    """Returns the order of the highest derivative in each coordinate.

    Args:
        names: of derivatives.
        axes: how many coordinates there are.
    """
    highest = [0] * axes
    for indices in names:
        for axis in {i for i in indices if isinstance(i, int)}:
            order = 2 if is_laplacian(indices) else indices.count(axis)
            highest[axis] = max(highest[axis], order)
    return highest


def plan(requests: Iterable[Name]) -> tuple[Name, ...]:
    """Returns all derivatives that must be carried along, in an order to compute them.

    The chain rule needs, for each derivative, all that differentiate by some of the
    same coordinates. A sum of second derivatives is carried as one, unless the
    separate ones are carried anyway; it needs the first derivatives.

    Args:
        requests: iterable of names of derivatives, see `laplacian`.

    Returns:
        A tuple of names, the value first.
    """
    requests = set(requests)
    wanted: set[Name] = {()}
    for indices in requests:
        if is_laplacian(indices):
            wanted.update((i,) for i in indices[1:])
        else:
            wanted.update(_below(indices))
    for indices in requests:
        if is_laplacian(indices) and not _seconds(indices) <= wanted:
            wanted.add(indices)
    return tuple(sorted(wanted, key=lambda i: (_order(i), str(i))))


def _order(indices: Name) -> int:
    return 2 if is_laplacian(indices) else len(indices)


def _below(indices: Name) -> set[Name]:
    return {
        part
        for size in range(len(indices) + 1)
        for part in itertools.combinations(indices, size)
    }


def _seconds(indices: Name) -> set[Name]:
    return {(i, i) for i in indices[1:]}


@functools.cache
def partitions(indices: Name) -> tuple[tuple[int, tuple[Name, ...]], ...]:
    """Faa di Bruno's formula for one derivative of f(z).

    Args:
        indices: a name.

    Returns:
        A tuple of `(count, blocks)`: the derivative is the sum of count times the
        len(blocks)-th derivative of f times the product of the derivatives `blocks`
        of z.
    """
    if is_laplacian(indices):
        return (
            (1, (indices,)),
            *((1, ((i,), (i,))) for i in indices[1:]),
        )
    counts = collections.Counter(
        tuple(sorted(tuple(indices[i] for i in block) for block in blocks))
        for blocks in _set_partitions(tuple(range(len(indices))))
    )
    return tuple((count, blocks) for blocks, count in sorted(counts.items()))


def _set_partitions(positions: tuple[int, ...]) -> Iterator[tuple]:
    if not positions:
        yield ()
        return
    first, rest = positions[0], positions[1:]
    for size in range(len(rest) + 1):
        for others in itertools.combinations(rest, size):
            remaining = tuple(p for p in rest if p not in others)
            for blocks in _set_partitions(remaining):
                yield ((first, *others), *blocks)


@functools.cache
def splits(indices: Name) -> tuple[tuple[int, Name, Name], ...]:
    """Leibniz's rule for one derivative of a product a b.

    Args:
        indices: a name.

    Returns:
        A tuple of `(count, left, right)`: the derivative is the sum of count times
        the derivative `left` of a times `right` of b.
    """
    if is_laplacian(indices):
        return (
            (1, indices, ()),
            (1, (), indices),
            *((2, (i,), (i,)) for i in indices[1:]),
        )
    counts: collections.Counter[tuple[Name, Name]] = collections.Counter()
    for size in range(len(indices) + 1):
        for chosen in itertools.combinations(range(len(indices)), size):
            left = tuple(indices[i] for i in chosen)
            right = tuple(indices[i] for i in range(len(indices)) if i not in chosen)
            counts[left, right] += 1
    return tuple((count, *pair) for pair, count in sorted(counts.items()))
