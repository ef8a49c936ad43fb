"""A residual to first order, by products with its Jacobian."""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from keras_isgd.objectives.blocks import FactoredJacobian, tape_vjp
from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.objectives.subsets import random_subset

__all__ = [
    "Linearisation",
    "factored_operators",
    "taped_jacobian",
    "taped_operators",
]


class Linearisation(NamedTuple):
    """A residual to first order, without its Jacobian as a matrix.

    Attributes:
        residual: r, `(m,)`.
        jvp: function from v `(p,)` to J v `(m,)`.
        vjp: function from u `(m,)` to J^T u `(p,)`.
        gram: J J^T, `(m, m)`, or None.
    """

    residual: tf.Tensor
    jvp: Callable[[tf.Tensor], tf.Tensor]
    vjp: Callable[[tf.Tensor], tf.Tensor]
    gram: tf.Tensor | None = None

    @property
    def forward(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """`jvp` under its name in version 0.1."""
        warnings.warn("Use `jvp`.", DeprecationWarning, stacklevel=2)
        return self.jvp

    @property
    def backward(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """`vjp` under its name in version 0.1."""
        warnings.warn("Use `vjp`.", DeprecationWarning, stacklevel=2)
        return self.vjp


def factored_operators(
    parameters: ParameterVector, blocks: Sequence[FactoredJacobian]
) -> Linearisation:
    """Returns J v and J^T u from the factors of each block's Jacobian.

    Args:
        parameters: what p counts.
        blocks: one after the other, the rows.
    """
    variables = parameters.variables
    residuals = [block.flat() for block in blocks]
    sizes = [tf.size(r) for r in residuals]

    def jvp(v: tf.Tensor) -> tf.Tensor:
        tangents = parameters.unpack(v)
        return tf.concat([b.jvp(variables, tangents) for b in blocks], axis=0)

    def vjp(u: tf.Tensor) -> tf.Tensor:
        pieces = tf.split(u, sizes, num=len(blocks))
        pulled = [
            parameters.pack(block.vjp(variables, piece))
            for block, piece in zip(blocks, pieces, strict=True)
        ]
        return tf.add_n(pulled)

    return Linearisation(tf.concat(residuals, axis=0), jvp, vjp)


def taped_jacobian(
    parameters: ParameterVector,
    w: tf.Tensor,
    rows: Callable[[], tf.Tensor],
    share: float | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns r `(m,)` and J `(m, p)`, by one pass of a tape for each row.

    Args:
        parameters: what p counts.
        w: where, `(p,)`.
        rows: returns r at the variables' values in the present scope.
        share: of the rows that are taken, scaled so that they stand for all; see
            `Block.sampled`.
    """
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(w)
        with parameters.scope(parameters.unpack(w)):
            residual = rows()
        if share is not None:
            m = tf.size(residual)
            chosen = random_subset(residual.shape[0], m, share)
            scale = tf.cast(m, w.dtype) / tf.cast(tf.size(chosen), w.dtype)
            residual = tf.sqrt(scale) * tf.gather(residual, chosen)
    jacobian = tape.jacobian(
        residual, w, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    return residual, jacobian


def taped_operators(
    parameters: ParameterVector,
    parts: list[tf.Tensor],
    rows: Callable[[], tf.Tensor],
) -> Linearisation:
    """Returns J v and J^T u by tapes: J v is the derivative of u -> J^T u along v.

    Args:
        parameters: what p counts.
        parts: trial values of its variables.
        rows: returns r `(m,)` at the variables' values in the present scope.
    """
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as outer:
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as inner:
            inner.watch(parts)
            with parameters.scope(parts):
                residual = rows()
        dummy = tf.zeros_like(residual)
        outer.watch(dummy)
        pulled = tape_vjp(parameters, inner, residual, parts, dummy)

    def jvp(v: tf.Tensor) -> tf.Tensor:
        return outer.gradient(pulled, dummy, output_gradients=v)

    def vjp(u: tf.Tensor) -> tf.Tensor:
        return tape_vjp(parameters, inner, residual, parts, u)

    return Linearisation(residual, jvp, vjp)
