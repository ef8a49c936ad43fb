"""What a report is about."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.problems import Problem
from keras_isgd.problems.exact import predicted
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms

__all__ = ["Trained"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trained:
    """The parts of a trained `PINN`.

    Attributes:
        problem: the `Problem`.
        terms: the terms of the loss, those of the equation first.
        network: maps `(n, d + q)` to all outputs, in each subdomain.
        call: maps `(n, d + q)` to the outputs `(n, outputs)`.
        coefficients: the trained numbers by the coefficients' names.
        values: the coefficients' values by name.
        choices: sentences about what was chosen for the user.
        history: the losses of the last training, one for each epoch; or nothing.
        penalty: what regularisers add to the loss.
        dtype: of the network.
    """

    problem: Problem
    terms: Sequence[Term]
    network: keras.Model
    call: Callable[[tf.Tensor], tf.Tensor]
    coefficients: Mapping[str, keras.Variable]
    values: Mapping[str, float]
    choices: Sequence[str]
    history: Sequence[float]
    penalty: float
    dtype: str

    @property
    def equations(self) -> Sequence[Term]:
        """The terms of the equation, one for each subdomain."""
        return equation_terms(self.terms)

    def is_equation(self, term: Term) -> bool:
        """Tells whether a term is one of the equation's."""
        return any(term is one for one in self.equations)

    @property
    def variables(self) -> list[keras.Variable]:
        """All that is trained."""
        return [*self.network.trainable_variables, *self.coefficients.values()]

    @property
    def size(self) -> int:
        """The number of trained numbers, p."""
        return sum(int(np.prod(v.shape)) for v in self.variables)

    def predicted(self, x: np.ndarray) -> np.ndarray:
        """Returns the outputs at points `(n, d + q)`, `(n, outputs)` float64."""
        return predicted(self.call, x, self.dtype).astype(np.float64)

    def finite(self) -> bool:
        """Tells whether all trained numbers are finite."""
        return all(np.isfinite(v.numpy()).all() for v in self.variables)
