"""Functions of all units of a jet together, by their own derivatives."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import tensorflow as tf

from keras_isgd.derivatives import tape
from keras_isgd.derivatives.channels import Name, partitions
from keras_isgd.derivatives.jet import Jet

__all__ = ["compose_jointly"]

# A factor that is known to be zero, and one that is known to be one.
_ZERO, _ONE = object(), object()


class _Product(NamedTuple):
    """A number times the derivative of f in `units` times `factors`, `(n, 1)`."""

    number: int
    units: tuple[int, ...]
    factors: list[tf.Tensor]


def compose_jointly(
    function: Callable[[tf.Tensor], tf.Tensor], jet: Jet, outputs: int
) -> Jet:
    """Returns f(z) for a function f of all units of z.

    By Faa di Bruno's formula in several variables: a derivative of f(z) is the sum,
    over the partitions of its name into blocks and over one unit for each block, of
    the derivative of f in those units times the units' derivatives by the blocks. The
    derivatives of f come from nested tapes; only those are computed that meet no
    derivative of z that is known to vanish, so that of the coordinates themselves
    there is one for each name.

    Args:
        function: maps `(n, units)` to `(n, outputs)`, each row by itself.
        jet: z.
        outputs: the number of columns of f.
    """
    products = {name: _products(jet, name) for name in jet.plan[1:]}
    wanted = {p.units for found in products.values() for p in found}
    partials = _partials(function, jet.value, wanted, outputs)
    channels = {(): partials[()]}
    for name, found in products.items():
        terms = []
        for product in found:
            term = partials[product.units]
            for factor in product.factors:
                term = term * factor
            terms.append(term if product.number == 1 else product.number * term)
        if terms:
            channels[name] = sum(terms[1:], terms[0])
    return jet._with(channels)


def _products(jet: Jet, name: Name) -> list[_Product]:
    found = []
    for count, blocks in partitions(name):
        if not all(block in jet.channels for block in blocks):
            continue
        for units in itertools.product(range(jet.units), repeat=len(blocks)):
            factors = [_factor(jet, b, u) for b, u in zip(blocks, units, strict=True)]
            if not any(factor is _ZERO for factor in factors):
                shown = [factor for factor in factors if factor is not _ONE]
                found.append(_Product(count, tuple(sorted(units)), shown))
    return found


def _factor(jet: Jet, name: Name, unit: int) -> Any:
    """The derivative of one unit, `(n, 1)`, or the mark of one that is known."""
    constant = jet.constants.get(name)
    if constant is not None and constant[0, unit] in (0.0, 1.0):
        return _ONE if constant[0, unit] else _ZERO
    return jet.channels[name][:, unit : unit + 1]


def _partials(
    function: Callable[[tf.Tensor], tf.Tensor],
    z: tf.Tensor,
    wanted: Iterable[tuple[int, ...]],
    outputs: int,
) -> dict[tuple[int, ...], tf.Tensor]:
    """The value of f and its derivatives in `wanted` units, each `(n, outputs)`."""
    names = {(), *wanted}
    columns = range(outputs)
    found = tape.derivatives(
        function, z, [(c, name) for c in columns for name in names]
    )
    return {
        name: tf.concat([found[c, name] for c in columns], axis=1) for name in names
    }
