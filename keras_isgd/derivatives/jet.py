"""A layer's output with its derivatives in the coordinates, and rules of calculus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives.activations import Formulas
from keras_isgd.derivatives.channels import Name, partitions, splits

__all__ = ["Jet", "Recorder", "Use", "coordinates", "take_columns"]


class Use(NamedTuple):
    """One use of weights on the way to an output: z = h W + b or z = h * s.

    Attributes:
        kernel: the variable W `(i, o)` or s `(o,)`.
        bias: the variable b `(o,)` or None; it enters the first channel only.
        inputs: list of h and its derivatives, `(n, i)`; or `(1, i)` for one that is
            the same at all points.
        outputs: list of z and its derivatives, `(n, o)`.
        elementwise: whether it is h * s.
    """

    kernel: keras.Variable
    bias: keras.Variable | None
    inputs: list[tf.Tensor]
    outputs: list[tf.Tensor]
    elementwise: bool = False


# Is handed each use of trained weights, and returns the outputs to go on with.
Recorder = Callable[[Use], list[tf.Tensor]]


class Jet:
    """Values `(n, units)` with some of their partial derivatives.

    A rule for a layer (`register_rule`) gets jets and combines them by the methods
    here; all are exact.

    Args:
        channels: dictionary from names of derivatives (sorted tuples of coordinate
            numbers, `()` for the value; see `channels.laplacian`) to tensors
            `(n, units)`, or `(1, units)` for one that is the same at all points.
            What is missing is zero.
        plan: the names of all derivatives to carry along.
        record: called with each `Use` of trained weights, or None.
    """

    def __init__(
        self,
        channels: dict[Name, tf.Tensor],
        plan: tuple[Name, ...],
        record: Recorder | None = None,
    ) -> None:
        self.channels = channels
        self.plan = plan
        # Channels with numbers known beforehand, NaN where only that they are not zero
        # is known: the coordinates' own derivatives.
        self.constants: dict[Name, np.ndarray] = {}
        self._record = record

    @property
    def value(self) -> tf.Tensor:
        """The value, `(n, units)`."""
        return self.channels[()]

    @property
    def units(self) -> int:
        """The number of units."""
        return self.value.shape[1]

    @property
    def order(self) -> int:
        """The largest number of factors that the chain rule may need."""
        return max(len(blocks) for i in self.plan for _, blocks in partitions(i))

    def _with(self, channels: dict[Name, tf.Tensor]) -> Jet:
        return Jet(channels, self.plan, self._record)

    # -- linear -------------------------------------------------------------------

    def affine(self, kernel: Any, bias: Any = None) -> Jet:
        """Returns z W + b.

        Each channel is one matrix product: joining them into one copies more than
        it saves, with XLA and without.

        Args:
            kernel: W, a variable or tensor `(units, outputs)`.
            bias: b, a variable or tensor `(outputs,)`, or None.
        """
        matrix = tf.convert_to_tensor(kernel)
        recorded = self._records(kernel, tuple(matrix.shape))
        joint = recorded and self._records(bias, (matrix.shape[1],))
        names = self._names()
        inputs = [self.channels[name] for name in names]
        outputs = [h @ matrix for h in inputs]
        if joint:  # the value is the first channel
            outputs[0] += tf.convert_to_tensor(bias)
        if recorded:
            own = bias if joint else None
            outputs = self._use(Use(kernel, own, inputs, outputs))
        jet = self._with(dict(zip(names, outputs, strict=True)))
        return jet if joint or bias is None else jet.shift(bias)

    def scale(self, factors: Any) -> Jet:
        """Returns z * s.

        Args:
            factors: s, a variable, tensor or number that broadcasts to `(units,)`.
        """
        s = self._number(factors)
        if not self._records(factors, (self.units,)):
            jet = self._with({k: v * s for k, v in self.channels.items()})
            return self._known_zeros(jet)
        names = self._names()
        inputs = [self.channels[name] for name in names]
        outputs = self._use(Use(factors, None, inputs, [h * s for h in inputs], True))
        return self._with(dict(zip(names, outputs, strict=True)))

    def shift(self, constant: Any) -> Jet:
        """Returns z + c.

        Args:
            constant: c, a variable, tensor or number that broadcasts to
                `(n, units)`.
        """
        c = self._number(constant)
        jet = self._widened(c.shape[-1] if c.shape.rank else 1)
        if self._records(constant, (jet.units,)):
            ones = tf.ones((1, jet.units), c.dtype)
            (c,) = self._use(Use(constant, None, [ones], [c * ones], True))
        return self._known_zeros(self._with({**jet.channels, (): jet.value + c}))

    def _known_zeros(self, jet: Jet) -> Jet:
        """Tells a jet with the same zeros as this one of those that are known."""
        if jet.units == self.units:
            jet.constants = {
                name: np.where(row == 0.0, 0.0, np.nan)
                for name, row in self.constants.items()
            }
        return jet

    def _number(self, value: Any) -> tf.Tensor:
        dtype = self.value.dtype
        if tf.is_tensor(value) or hasattr(value, "assign"):
            return tf.cast(tf.convert_to_tensor(value), dtype)
        return tf.convert_to_tensor(value, dtype)

    def _widened(self, units: int) -> Jet:
        """Repeats a single unit as the sum with a wider tensor does."""
        if units == self.units or units == 1:
            return self
        return self.map(lambda v: tf.repeat(v, units, axis=1))

    def map(self, function: Callable[[tf.Tensor], tf.Tensor]) -> Jet:
        """Applies a linear function, which moves or repeats units, to each channel."""
        return self._with({k: function(v) for k, v in self.channels.items()})

    def take(self, columns: Sequence[int]) -> Jet:
        """Returns some of the units, by their numbers.

        Derivatives that vanish in all of them are dropped: a function of x alone
        carries none in t.
        """
        columns = list(columns)
        known = {name: row[:, columns] for name, row in self.constants.items()}
        kept = [n for n in self.channels if n not in known or known[n].any()]
        jet = self._with({n: take_columns(self.channels[n], columns) for n in kept})
        jet.constants = {name: row for name, row in known.items() if row.any()}
        return jet

    def __add__(self, other: Jet) -> Jet:
        left, right = self._widened(other.units), other._widened(self.units)
        names = {**left.channels, **right.channels}
        return self._with({k: _add(left, right, k) for k in names})

    def __sub__(self, other: Jet) -> Jet:
        return self + other.scale(-1.0)

    # -- nonlinear ----------------------------------------------------------------

    def __mul__(self, other: Jet) -> Jet:
        """The product, by Leibniz's rule."""
        result = {}
        for name in self.plan:
            terms = [
                _times(count, self.channels[left], other.channels[right])
                for count, left, right in splits(name)
                if left in self.channels and right in other.channels
            ]
            if terms:
                result[name] = sum(terms[1:], terms[0])
        return self._with(result)

    def compose(self, function: Formulas) -> Jet:
        """Returns f(z) for a function of each number, by Faa di Bruno's formula.

        Args:
            function: `function(z, k) -> [f(z), f'(z), ..., f^(k)(z)]`.
        """
        order = self.order if len(self.channels) > 1 else 0
        outer = function(self.value, order)
        result: dict[Name, tf.Tensor] = {(): outer[0]}
        for name in self.plan[1:]:
            inner: dict[int, list[tf.Tensor]] = {}
            for count, blocks in partitions(name):
                factors = [self.channels.get(block) for block in blocks]
                if any(factor is None for factor in factors):
                    continue
                inner.setdefault(len(blocks), []).append(_times(count, *factors))
            terms = [outer[k] * sum(p[1:], p[0]) for k, p in inner.items()]
            if terms:
                result[name] = sum(terms[1:], terms[0])
        return self._with(result)

    # -- several jets -------------------------------------------------------------

    @staticmethod
    def concatenate(jets: Sequence[Jet]) -> Jet:
        """Joins units of several jets."""
        n = tf.shape(jets[0].value)[0]
        names = {name: None for jet in jets for name in jet.channels}
        units = [jet.units for jet in jets]
        joined = jets[0]._with(
            {
                name: tf.concat(
                    [
                        tf.broadcast_to(
                            jet.channels.get(name, tf.zeros((), jet.value.dtype)),
                            [n, size],
                        )
                        for jet, size in zip(jets, units, strict=True)
                    ],
                    axis=1,
                )
                for name in names
            }
        )
        joined.constants = {
            name: np.hstack([_known(jet, name) for jet in jets])
            for name in names
            if name
        }
        return joined

    # -- weights ------------------------------------------------------------------

    def _names(self) -> list[Name]:
        """Names of the channels, the value first."""
        return [name for name in self.plan if name in self.channels]

    def _records(self, weight: Any, shape: tuple[int, ...]) -> bool:
        """Whether a weight is a trained variable, and so a part of the Jacobian."""
        return (
            self._record is not None
            and hasattr(weight, "assign")
            and weight.trainable
            and tuple(weight.shape) == shape
        )

    def _use(self, use: Use) -> list[tf.Tensor]:
        """Records a use of weights; returns its outputs."""
        # The rows of a Jacobian need what flows back to each point.
        n = tf.shape(self.value)[0]
        outputs = [
            tf.ensure_shape(
                tf.broadcast_to(z, [n, z.shape[1]]), [self.value.shape[0], z.shape[1]]
            )
            for z in use.outputs
        ]
        assert self._record is not None
        return self._record(use._replace(outputs=outputs))


def coordinates(
    x: tf.Tensor, plan: tuple[Name, ...], record: Recorder | None = None
) -> Jet:
    """Returns the coordinates `(n, d)` as a `Jet`: dx_j / dx_i is 1 or 0."""
    unit = tf.eye(x.shape[1], dtype=x.dtype)
    channels: dict[Name, tf.Tensor] = {(): x}
    for name in plan:
        if len(name) == 1:
            channels[name] = unit[name[0] : name[0] + 1]
    jet = Jet(channels, plan, record)
    jet.constants = {n: np.eye(x.shape[1])[list(n)] for n in channels if n}
    return jet


def take_columns(x: tf.Tensor, columns: Sequence[int]) -> tf.Tensor:
    """Returns some columns of `(n, units)`, by slices, which XLA differentiates."""
    first, count = columns[0], len(columns)
    if list(columns) == list(range(first, first + count)):
        return x[:, first : first + count]
    return tf.concat([x[:, i : i + 1] for i in columns], axis=1)


def _add(left: Jet, right: Jet, name: Name) -> tf.Tensor:
    if name not in left.channels:
        return right.channels[name]
    if name not in right.channels:
        return left.channels[name]
    return left.channels[name] + right.channels[name]


def _known(jet: Jet, name: Name) -> np.ndarray:
    """What is known of a channel, `(1, units)`; it is zero where it is missing."""
    if name in jet.channels:
        return jet.constants.get(name, np.full((1, jet.units), np.nan))
    return np.zeros((1, jet.units))


def _times(count: int, first: tf.Tensor, *rest: tf.Tensor) -> tf.Tensor:
    for factor in rest:
        first = first * factor
    return first if count == 1 else count * first
