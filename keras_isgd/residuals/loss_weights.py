"""The weights of a loss's terms, which may change while it is minimised."""

from collections.abc import (
    Collection,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.utils.checks import check_positive

__all__ = ["LossWeights", "check_names"]


class LossWeights(MutableMapping[str, float]):
    """The omegas of Eq. 6 by the terms' names.

    Each is a float64 variable, so that a compiled step sees a new value at once:

        model.loss_weights["initial"] = 100.0

    A term of several columns, such as a system's equations in one tensor, may have a
    weight for each of them: `model.loss_weights["residual"] = (1.0, 1e4)`. It is read
    as a number where all are the same.

    Keras does not count them among a model's weights; `PINN` saves and restores them.

    Args:
        values: a positive finite number for each term, or one for each column.
        owner: whose terms they are, for sentences.
        columns: the number of columns by the terms' names; 1 where left out.

    Raises:
        ValueError: a number that is not positive and finite, or as many as there are
            no columns.
    """

    def __init__(
        self,
        values: Mapping[str, float | Sequence[float]],
        owner: str = "this model",
        columns: Mapping[str, int] | None = None,
    ) -> None:
        self._owner = owner
        self._columns = dict(columns or {})
        # Eagerly, whatever graph is being traced.
        with tf.init_scope():
            self._variables = {
                name: tf.Variable(
                    self._checked(name, value), dtype=tf.float64, trainable=False
                )
                for name, value in values.items()
            }

    def _checked(self, name: str, value: float | Sequence[float]) -> Any:
        """A number, or one for each column of a term that has several."""
        what = f"weight of {name}"
        count = self._columns.get(name, 1)
        if np.ndim(value) == 0:
            number = check_positive(what, value)
            return number if count == 1 else [number] * count
        numbers = [check_positive(what, v) for v in np.ravel(np.asarray(value))]
        if len(numbers) != count:
            raise ValueError(
                f"Expected the {what} as a number"
                + (f", or {count} for its columns" if count > 1 else "")
                + f"; got {len(numbers)} numbers."
            )
        return numbers[0] if count == 1 else numbers

    def tensor(self, name: str, dtype: Any) -> tf.Tensor:
        """Returns a term's weight as compiled code reads it, in `dtype`.

        Its shape is `()`, or `(k,)` for a term of k > 1 columns.
        """
        return tf.cast(self._variables[name], dtype)

    def __getitem__(self, name: str) -> Any:
        value = self._variables[name].numpy()
        if value.ndim == 0 or np.all(value == value[0]):
            return float(np.ravel(value)[0])
        return tuple(value.tolist())

    def __setitem__(self, name: str, value: float | Sequence[float]) -> None:
        check_names([name], self, self._owner)
        self._variables[name].assign(self._checked(name, value))

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
