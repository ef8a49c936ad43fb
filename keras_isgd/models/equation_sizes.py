"""The size of each output, as its equation has it."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives.channels import is_laplacian
from keras_isgd.geometry import Box
from keras_isgd.models.scales import few_points
from keras_isgd.models.strengths import factors_of
from keras_isgd.problems import Problem
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms

__all__ = ["equation_sizes"]

# A size below this part of the prescribed value is rounding.
_ROUNDING = 1e-9
# A range that is so many times larger than that of the prescribed values replaces it.
_CLEARLY = 3.0
# The size of an output is looked for from these on, since in float64 a change below
# one part in so many of what it is added to is not to be told from rounding.
_UNITS, _SEEN = (1.0, 1e8, 1e16, 1e24), 1e7
# Secants for the size of an output, and powers of it that an equation may have.
_SECANTS, _POWERS = 6, (0.2, 10.0)


def equation_sizes(
    problem: Problem,
    terms: Sequence[Term],
    network: keras.Model,
    kernel: keras.Variable,
    halves: np.ndarray,
    single: np.ndarray,
    steep: Sequence[Box] = (),
) -> np.ndarray:
    """Returns the half range of each output, from the equation where it is NaN.

    Let r0 be the residual where the outputs of unknown size are flat, and r1 what one
    of them adds to it with a range of the order of one. The equation is in balance
    where that output has the size r0 / r1: so a bending moment of M'' = -1 gets the
    square of the length for its size, and the pressure of a flow its density times the
    square of the velocity. Of several equations the one counts in which the output
    matters most; but where its derivative in time stands in another one, so that one
    drives it and it drives the other, as in a wave, the geometric mean of what both
    say. Where all that it is in balance with is of unknown size itself, it comes after
    that.

    An output with a known range gets a larger one where its equation has a source that
    calls for more than three times as much, or another output that it drives and that
    drives it: such as the imaginary part of a wave, of which nothing but small values
    on the boundary are prescribed. One of which a single value is prescribed
    varies because of the equation or of the other conditions, such as a flux, or
    because of outputs whose values vary: it has the largest size for which one of these
    is in balance. So does an output without values that no equation gives a size to.

    Args:
        problem: the `Problem`.
        terms: of its loss.
        network: a trial network, with a range of one where `halves` has NaN.
        kernel: that of its last layer, `(width, outputs)`; it is left as it was.
        halves: `(outputs,)`.
        single: which outputs have a single prescribed value, `(outputs,)`.
        steep: boxes in which half of the points are that this looks at.
    """
    trial = _Trial(problem, terms, network, kernel, halves, steep)
    known = np.isfinite(halves)
    sizes = halves.copy()
    try:
        for output in np.flatnonzero(known).tolist():
            sizes[output] = _size_of_known(trial, output, halves, single)
        varied = np.where(known, sizes / np.where(known, halves, 1.0), 0.0)
        for output in np.flatnonzero(known & ~single).tolist():
            size = halves[output] * trial.size_of_driven(output, varied)
            if size > _CLEARLY * halves[output]:
                sizes[output] = max(size, sizes[output])
        found = known.astype(float)
        while not np.isfinite(sizes).all():
            # All others in the light of those that were found so far.
            new = {
                output: trial.size_of_unknown(output, found)
                for output in np.flatnonzero(~np.isfinite(sizes)).tolist()
            }
            if not np.isfinite(list(new.values())).any():
                break
            for output, size in new.items():
                sizes[output] = size
                found[output] = size if np.isfinite(size) else 0.0
    finally:
        trial.end()
    return np.where(np.isfinite(sizes), sizes, 1.0)


def _size_of_known(
    trial: "_Trial", output: int, halves: np.ndarray, single: np.ndarray
) -> float:
    """The half range of an output with prescribed values; see `equation_sizes`."""
    factors = np.zeros_like(halves)
    if single[output]:
        factors[np.isfinite(halves) & ~single] = 1.0
    before = trial.rows(factors)
    factors[output] = 1.0
    ratios = trial.ratios(before, trial.rows(factors))
    ratios[ratios < _ROUNDING] = np.nan
    ratios = ratios * halves[output]
    of_equations = ratios[trial.equations]
    if single[output] and np.isfinite(ratios).any():
        return float(np.nanmax(ratios))
    if not single[output] and np.isfinite(of_equations).any():
        size = float(np.nanmin(of_equations))
        if size > _CLEARLY * halves[output]:
            return size
    return float(halves[output])


class _Trial:
    """Rows of a loss's terms where some outputs vary and others are flat."""

    def __init__(
        self,
        problem: Problem,
        terms: Sequence[Term],
        network: keras.Model,
        kernel: keras.Variable,
        halves: np.ndarray,
        steep: Sequence[Box],
    ) -> None:
        self._problem, self._network, self._kernel = problem, network, kernel
        self._terms = [term for term in terms if not term.row_count]
        self._of_equation = equation_terms(terms)
        sets = few_points(problem, steep)
        self._coordinates = [tf.cast(t.inputs(sets), t.dtype) for t in self._terms]
        self._columns = np.arange(kernel.shape[1]) % len(halves)
        self._start = kernel.numpy()
        # Outputs whose root mean square variation is their half range.
        x = next(iter(sets.values()))[:, : problem.input_count]
        u = network(tf.cast(x, kernel.dtype)).numpy()
        one = np.where(np.isfinite(halves), halves, 1.0)
        varied = np.std(u, axis=0) / one[self._columns]
        self._whole = self._start / np.where(varied > 0.0, varied, 1.0)
        self._numbers = {
            name: tf.constant(unknown.start, kernel.dtype)
            for name, unknown in problem.unknowns.items()
        }

    @property
    def equations(self) -> np.ndarray:
        """Which columns of all terms are the equation's."""
        return np.concatenate(
            [np.full(term.columns, term in self._of_equation) for term in self._terms]
        )

    def rows(self, factors: np.ndarray) -> list[np.ndarray]:
        """Each term's rows, `(n, k)`, where the outputs vary by so many times their
        half range, or by so much if it is not known, `(outputs,)`."""
        self._kernel.assign(self._whole * factors[self._columns])
        return [
            term.rows_at(x, self._network, self._numbers).numpy()
            for term, x in zip(self._terms, self._coordinates, strict=True)
        ]

    def ratios(
        self, before: Sequence[np.ndarray], after: Sequence[np.ndarray]
    ) -> np.ndarray:
        """rms(before) / rms(change) of each column; NaN where one of them is zero."""
        found = []
        for old, new in zip(before, after, strict=True):
            first = np.sqrt(np.mean(old**2, axis=0))
            second = np.sqrt(np.mean((new - old) ** 2, axis=0))
            use = (first > 0) & (second > 0)
            use &= np.isfinite(first) & np.isfinite(second)
            found.append(np.where(use, first / np.where(use, second, 1.0), np.nan))
        return np.concatenate(found)

    def size_of_driven(self, output: int, factors: np.ndarray) -> float:
        """The size, in half ranges, of an output with a known range that drives others
        which drive it; NaN if it does not.

        Args:
            output: its number.
            factors: by how much the others vary; see `rows`.
        """
        factors = factors.copy()
        factors[output] = 0.0
        before = self.rows(factors)
        for unit, ratios in self._in_units(output, before, factors):
            if np.isfinite(ratios[self.equations]).any():
                driven = unit * self._where_driven(output, ratios)
                if np.isfinite(driven):
                    size = self._in_balance(before, factors, output, ratios)
                    return float(np.sqrt(size * driven))
        return np.nan

    def size_of_unknown(self, output: int, factors: np.ndarray) -> float:
        """The half range of an output without values, NaN if nothing says it.

        Args:
            output: its number.
            factors: by how much the others vary; see `rows`.
        """
        before, factors = self.rows(factors), factors.copy()
        of_conditions = np.nan
        for unit, ratios in self._in_units(output, before, factors):
            if np.isfinite(ratios[self.equations]).any():
                size = self._in_balance(before, factors, output, ratios)
                driven = unit * self._where_driven(output, ratios)
                return size if np.isnan(driven) else float(np.sqrt(size * driven))
            if np.isnan(of_conditions) and np.isfinite(ratios).any():
                of_conditions = unit * float(np.nanmax(ratios))
        return of_conditions

    def _in_units(
        self, output: int, before: Sequence[np.ndarray], factors: np.ndarray
    ) -> Iterator[tuple[float, np.ndarray]]:
        """Each of `_UNITS` with the ratios where an output varies by so much, NaN where
        that is not seen; `factors` is set to it."""
        for unit in _UNITS:
            factors[output] = unit
            ratios = self.ratios(before, self.rows(factors))
            ratios[ratios > _SEEN] = np.nan
            yield unit, ratios

    def _where_driven(self, output: int, ratios: np.ndarray) -> float:
        """The ratio in the equation with an output's derivative in time; NaN if it has
        none, or matters most there anyway, and without space."""
        axis, row = self._problem.time_axis, 0
        driven = np.zeros(len(ratios), bool)
        if axis is None or self._problem.input_count == 1:
            return np.nan
        for term, x in zip(self._terms, self._coordinates, strict=True):
            if term in self._of_equation and term.pointwise:
                columns = factors_of(term, x, self._network, self._numbers)
                for number, column in enumerate(columns):
                    driven[row + number] = any(
                        axis in indices and not is_laplacian(indices) and factor.any()
                        for (k, indices), factor in column.items()
                        if k == output
                    )
            row += term.columns
        of_equations = np.where(self.equations, ratios, np.nan)
        if np.isnan(of_equations[driven]).all() or driven[np.nanargmin(of_equations)]:
            return np.nan
        return float(np.nanmin(of_equations[driven]))

    def _in_balance(
        self,
        before: Sequence[np.ndarray],
        factors: np.ndarray,
        output: int,
        ratios: np.ndarray,
    ) -> float:
        """Where an output without a known range balances the equation that it matters
        most in: r0 / r1 where r1 grows as its size does. Where it grows by another
        power, such as that of a reaction 3e7 y^2 with a source of 0.04, the size
        follows from it by secants in the logarithms."""
        column = int(np.nanargmin(np.where(self.equations, ratios, np.nan)))
        factors = factors.copy()
        ratio, power = float(ratios[column]), 1.0
        for _ in range(_SECANTS):
            step = ratio ** (1.0 / power)
            if not 0.0 < step < np.inf:
                break
            factors[output] *= step
            last, ratio = ratio, self.ratios(before, self.rows(factors))[column]
            if not np.isfinite(ratio) or abs(np.log(ratio)) < 0.1:
                break
            power = power * (1.0 - np.log(ratio) / np.log(last))
            if not _POWERS[0] <= power <= _POWERS[1]:
                break
        return float(factors[output])

    def end(self) -> None:
        """Leaves the network as it was."""
        self._kernel.assign(self._start)
