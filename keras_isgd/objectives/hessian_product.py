"""Products of a loss's Hessian with vectors."""

from collections.abc import Callable

import tensorflow as tf

from keras_isgd.objectives.objective import Objective

__all__ = ["check_objective", "hessian_vector_product", "product"]


def hessian_vector_product(
    objective: Objective,
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Returns the compiled function from `(w, v)` to H(w) v.

    H is the Hessian of the loss; a product costs about two gradients.

    Args:
        objective: an `Objective`, such as `model.objective(points)`.

    Returns:
        A function of two vectors `(p,)` with one vector `(p,)` as its value.

    Raises:
        TypeError: no `Objective`.
    """
    check_objective(objective)
    return tf.function(lambda w, v: product(objective, w, v), autograph=False)


def product(objective: Objective, w: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    """Returns H(w) v `(p,)`, by reverse mode over reverse mode."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(w)
        _, gradient, _, _ = objective.evaluate_inline(w)
        along = tf.tensordot(gradient, v, 1)
    return tape.gradient(along, w, unconnected_gradients="zero")


def check_objective(objective: Objective) -> None:
    """Refuses what is no `Objective`.

    Raises:
        TypeError: with a sentence.
    """
    if not isinstance(objective, Objective):
        raise TypeError(
            "Expected an objective, such as model.objective(next(iter(points))), got "
            f"{type(objective).__name__}."
        )
