"""The weights of a loss's terms, which may change while it is minimised."""

from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import tensorflow as tf

from keras_isgd.utils.checks import check_positive

__all__ = ["LossWeights", "check_names"]


class LossWeights(MutableMapping[str, float]):
    """The omegas of Eq. 6 by the terms' names.

    Each is a float64 variable, so that a compiled step sees a new value at once:

        model.loss_weights["initial"] = 100.0

    Keras does not count them among a model's weights; `PINN` saves and restores them.

    Args:
        values: a positive finite number for each term.
        owner: whose terms they are, for sentences.

    Raises:
        ValueError: a number that is not positive and finite.
    """

    def __init__(self, values: Mapping[str, float], owner: str = "this model") -> None:
        self._owner = owner
        # Eagerly, whatever graph is being traced.
        with tf.init_scope():
            self._variables = {
                name: tf.Variable(
                    check_positive(f"weight of {name}", value),
                    dtype=tf.float64,
                    trainable=False,
                )
                for name, value in values.items()
            }

    def tensor(self, name: str, dtype: Any) -> tf.Tensor:
        """Returns a term's weight `()` as compiled code reads it, in `dtype`."""
        return tf.cast(self._variables[name], dtype)

    def __getitem__(self, name: str) -> float:
        return float(self._variables[name].numpy())

    def __setitem__(self, name: str, value: float) -> None:
        check_names([name], self, self._owner)
        self._variables[name].assign(check_positive(f"weight of {name}", value))

    def __delitem__(self, name: str) -> None:
        raise TypeError(
            f"Every term has a weight: {name!r} cannot be deleted. Set it to 1.0 "
            "instead."
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return repr(dict(self))


def check_names(names: Iterable[str], terms: Collection[str], owner: str) -> None:
    """Checks that each name is that of a term.

    Args:
        names: what is to be checked.
        terms: the terms' names.
        owner: whose terms they are.

    Raises:
        ValueError: one is not.
    """
    unknown = sorted(set(names) - set(terms))
    if unknown:
        raise ValueError(
            f"Unknown loss weights {', '.join(unknown)}: the terms of {owner} are "
            f"{', '.join(terms)}."
        )
