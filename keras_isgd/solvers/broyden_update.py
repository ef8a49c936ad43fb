"""The update of an approximate inverse Hessian, in Broyden's class and scaled.

With s a step and y the change of the gradient along it, v = s/(y.s) - Hy/(y.Hy) and B
the inverse of H:

    H+ = (H - (Hy)(Hy)^T/(y.Hy) + psi (y.Hy) v v^T) / tau + s s^T/(y.s)

    b = (s.Bs)/(y.s),  h = (y.Hy)/(y.s),  a = b h - 1 >= 0
    psi = (1 - theta) / (1 + a theta)

theta and tau after Al-Baali and Khalfan (2005) as Urbán, Stefanou and Pons give them
(arXiv 2405.04230, 2024; SSBroyden2 in their code).
"""

import tensorflow as tf

__all__ = ["UPDATES", "updated_inverse"]

UPDATES = ("ssbroyden", "ssbfgs", "bfgs")
# Where a = b h - 1 is below this the update's families coincide.
_COINCIDE = 1e-12


def updated_inverse(
    matrix: tf.Tensor, s: tf.Tensor, y: tf.Tensor, bent: tf.Tensor, update: str
) -> tf.Tensor:
    """Returns H+ `(p, p)` from H, a step and the change of the gradient along it.

    Args:
        matrix: H, `(p, p)`, symmetric positive definite.
        s, y: `(p,)`, with y.s > 0.
        bent: s.Bs with B the inverse of H, `()`.
        update: "ssbroyden", "ssbfgs" or "bfgs"; see `SSBroyden`.
    """
    ys = tf.tensordot(y, s, 1)
    turned = tf.linalg.matvec(matrix, y)  # Hy
    length = tf.tensordot(y, turned, 1)
    b, h = bent / ys, length / ys
    a = tf.maximum(b * h - 1.0, 0.0)
    theta, tau = _scalars(a, b, h, s.shape[0], update)
    psi = (1.0 - theta) / (1.0 + a * theta)
    v = s / ys - turned / length
    columns = tf.stack([turned, v, s], axis=1)
    factors = tf.stack([-1.0 / (length * tau), psi * length / tau, 1.0 / ys])
    return matrix / tau + tf.matmul(columns * factors, columns, transpose_b=True)


def _scalars(
    a: tf.Tensor, b: tf.Tensor, h: tf.Tensor, size: int, update: str
) -> tuple[tf.Tensor, tf.Tensor]:
    """theta, the place in Broyden's class (0 is BFGS, 1 is DFP), and the scale tau."""
    one = tf.ones_like(a)
    scale = tf.minimum(one, 1.0 / b)
    if update == "bfgs":
        return tf.zeros_like(a), one
    if update == "ssbfgs":
        return tf.zeros_like(a), scale
    c = tf.sqrt(a / (1.0 + a))
    lowest = tf.minimum(one, h * (1.0 - c))
    theta = tf.maximum(
        (lowest - 1.0) / tf.maximum(a, _COINCIDE),
        tf.minimum(1.0 / lowest, (1.0 - b) / b),
    )
    sigma = 1.0 + theta * a
    root = tf.abs(sigma) ** (1.0 / (1.0 - max(size, 2)))
    tau = tf.where(
        theta <= 0.0,
        tf.minimum(scale * root, sigma),
        scale * tf.minimum(root, 1.0 / theta),
    )
    coincide = a < _COINCIDE
    return tf.where(coincide, tf.zeros_like(theta), theta), tf.where(
        coincide, scale, tau
    )
