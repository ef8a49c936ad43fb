"""What every condition is: one named term of a PINN's loss."""

import tensorflow as tf

__all__ = ["Condition", "at", "component_of"]


class Condition:
    """One named term of a PINN's loss.

    Args:
        on: the point set that it holds on: "boundary" (all faces but those of
            time "t"), or one face such as "x_min" or "t_max".
        weight: omega, its weight in the loss (Eq. 6), a number > 0.
        name: the term's name in `History`.
    """

    kind = "condition"

    def __init__(self, on, weight=1.0, name=None):
        self.on = on
        self.weight = weight
        self.name = name or (f"{self.kind}_{on}" if on else self.kind)

    def places(self, problem, x):
        """Where the network is needed for points `x`: a list of `(n, d)`."""
        return [x]

    def residual(self, problem, fields, x):
        """Returns the rows that should vanish, `(n, k)`.

        Args:
            problem: the `Problem`.
            fields: one `Field` for each of `places`.
            x: the points, `(n, d)`.
        """
        raise TypeError(f"{type(self).__name__} must define residual().")


def component_of(u, component):
    """A field, or one of its outputs."""
    return u if component is None else u[component]


def at(value, x):
    """A number, or a function of points, at points, in their dtype."""
    return tf.cast(value(x) if callable(value) else value, x.dtype)
