"""A layer's output with its derivatives in the coordinates, and rules of calculus."""

from typing import Any, NamedTuple

import tensorflow as tf

from keras_isgd.derivatives.channels import partitions, splits

__all__ = ["Jet", "Use", "coordinates"]


class Use(NamedTuple):
    """One use of weights on the way to an output: z = h W + b or z = h * s.

    Attributes:
        kernel: the variable W `(i, o)` or s `(o,)`.
        bias: the variable b `(o,)` or None; it enters the first channel only.
        inputs: h with its derivatives, `(c, n, i)`; or `(c, 1, i)` where they are
            the same at all points.
        outputs: z with its derivatives, `(c, n, o)`.
        elementwise: whether it is h * s.
    """

    kernel: Any
    bias: Any
    inputs: Any
    outputs: Any
    elementwise: bool = False


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
        uses: a list to which each use of weights is appended, or None.
        watch: called with the result of each use.
    """

    def __init__(self, channels, plan, uses=None, watch=None):
        self.channels = channels
        self.plan = plan
        self._uses = uses
        self._watch = watch

    @property
    def value(self):
        """The value, `(n, units)`."""
        return self.channels[()]

    @property
    def order(self):
        """The largest number of factors that the chain rule may need."""
        return max(len(blocks) for i in self.plan for _, blocks in partitions(i))

    def _with(self, channels):
        return Jet(channels, self.plan, self._uses, self._watch)

    # -- linear -------------------------------------------------------------------

    def affine(self, kernel, bias=None):
        """Returns z W + b.

        All channels go through one matrix product.

        Args:
            kernel: W, a variable or tensor `(units, outputs)`.
            bias: b, a variable or tensor `(outputs,)`, or None.
        """
        matrix = tf.convert_to_tensor(kernel)
        result = {}
        for names in self._alike():
            inputs = tf.stack([self.channels[name] for name in names])
            flat = tf.reshape(inputs, [-1, matrix.shape[0]])
            shape = [len(names), tf.shape(inputs)[1], matrix.shape[1]]
            outputs = tf.reshape(flat @ matrix, shape)
            outputs = self._use(kernel, bias if () in names else None, inputs, outputs)
            result.update(zip(names, tf.unstack(outputs, len(names)), strict=True))
        if bias is not None:
            result[()] += tf.convert_to_tensor(bias)
        return self._with(result)

    def scale(self, factors):
        """Returns z * s.

        Args:
            factors: s, a variable, tensor or number that broadcasts to `(units,)`.
        """
        if not hasattr(factors, "assign"):
            s = self._number(factors)
            return self._with({k: v * s for k, v in self.channels.items()})
        result = {}
        for names in self._alike():
            inputs = tf.stack([self.channels[name] for name in names])
            outputs = inputs * tf.convert_to_tensor(factors)
            outputs = self._use(factors, None, inputs, outputs, elementwise=True)
            result.update(zip(names, tf.unstack(outputs, len(names)), strict=True))
        return self._with(result)

    def shift(self, constant):
        """Returns z + c for a c that broadcasts to `(n, units)`, no trained weight."""
        return self._with({**self.channels, (): self.value + self._number(constant)})

    def _number(self, value):
        dtype = self.value.dtype
        if tf.is_tensor(value):
            return tf.cast(value, dtype)
        return tf.convert_to_tensor(value, dtype)

    def map(self, function):
        """Applies a linear function, which moves or repeats units, to each channel."""
        return self._with({k: function(v) for k, v in self.channels.items()})

    def __add__(self, other):
        names = {**self.channels, **other.channels}
        return self._with({k: _add(self, other, k) for k in names})

    def __sub__(self, other):
        return self + other.scale(-1.0)

    # -- nonlinear ----------------------------------------------------------------

    def __mul__(self, other):
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

    def compose(self, function):
        """Returns f(z) for a function of each number, by Faa di Bruno's formula.

        Args:
            function: `function(z, k) -> [f(z), f'(z), ..., f^(k)(z)]`.
        """
        order = self.order if len(self.channels) > 1 else 0
        outer = function(self.value, order)
        result = {(): outer[0]}
        for name in self.plan[1:]:
            inner = {}
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
    def concatenate(jets):
        """Joins units of several jets."""
        n = tf.shape(jets[0].value)[0]
        names = {name: None for jet in jets for name in jet.channels}
        units = [jet.value.shape[1] for jet in jets]
        return jets[0]._with(
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

    # -- weights ------------------------------------------------------------------

    def _alike(self):
        """Names of the channels that vary from point to point, and of the others."""
        names = [name for name in self.plan if name in self.channels]
        n = self.value.shape[0]
        constant = [k for k in names if k and self.channels[k].shape[0] == 1 != n]
        return [g for g in ([k for k in names if k not in constant], constant) if g]

    def _use(self, kernel, bias, inputs, outputs, elementwise=False):
        if self._uses is None:
            return outputs
        n = tf.shape(self.value)[0]
        shape = [outputs.shape[0], n, outputs.shape[2]]
        # The rows of a Jacobian need what flows back to each point.
        outputs = tf.ensure_shape(
            tf.broadcast_to(outputs, shape),
            [outputs.shape[0], self.value.shape[0], outputs.shape[2]],
        )
        self._watch(outputs)
        self._uses.append(Use(kernel, bias, inputs, outputs, elementwise))
        return outputs


def coordinates(x, plan, uses=None, watch=None):
    """Returns the coordinates `(n, d)` as a `Jet`: dx_j / dx_i is 1 or 0."""
    unit = tf.eye(x.shape[1], dtype=x.dtype)
    channels = {(): x}
    for name in plan:
        if len(name) == 1:
            channels[name] = unit[name[0] : name[0] + 1]
    return Jet(channels, plan, uses, watch)


def _add(left, right, name):
    if name not in left.channels:
        return right.channels[name]
    if name not in right.channels:
        return left.channels[name]
    return left.channels[name] + right.channels[name]


def _times(count, first, *rest):
    for factor in rest:
        first = first * factor
    return first if count == 1 else count * first
