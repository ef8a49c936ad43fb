"""What can be asked of a trained PINN: its coefficients, a picture, a report."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.models.coefficient_value import CoefficientValue
from keras_isgd.models.identification import intervals_of
from keras_isgd.models.intervals import Intervals
from keras_isgd.models.report import Report, Trained, report_of
from keras_isgd.problems import Problem
from keras_isgd.residuals.term import Term

__all__ = ["Examined"]


class Examined:
    """Mix-in of `PINN` with what is looked at after a training."""

    network: keras.Model
    problem: Problem
    choices: list[str]
    compute_dtype: str
    losses: list[tf.Tensor]
    call: Callable[[tf.Tensor], tf.Tensor]
    count_params: Callable[[], int]
    _cast: Callable[[Any], dict[str, tf.Tensor]]
    _coefficients: dict[str, keras.Variable]
    _terms: Sequence[Term]

    @property
    def coefficients(self) -> dict[str, keras.Variable | CoefficientValue]:
        """The equation's trainable coefficients by name.

        Variables `()`; those with bounds or on a logarithmic scale are functions of
        what is trained, and are read and assigned in the same way.
        """
        unknowns = self.problem.unknowns
        return {
            name: z
            if unknowns[name].free
            else CoefficientValue(name, unknowns[name], z)
            for name, z in self._coefficients.items()
        }

    def intervals(self, level: float = 0.95, points: Any = None) -> Intervals:
        """Returns intervals for the coefficients, and bands for u, from `ki.Data`.

        The measured values are taken to be u(x_i) + sigma_i noise, with u a solution
        of the equation and of all other conditions, to first order about the present
        weights. Each interval is that of classical least squares with the equation as
        a constraint, mapped through a coefficient's bounds. Regularisers count for
        nothing in it. Call it at the end of a training.

        Args:
            level: the probability with which an interval covers, in (0, 1).
            points: where the equation holds, as for `fit`: a dictionary of point sets,
                or a dataset whose first one is taken. 1,000 points inside, or three
                for each trained number, if None.

        Returns:
            `Intervals`. A warning says if the data do not determine a coefficient, if
            the standard errors depend on how well the equation holds, or if the
            training is too far from its end.

        Raises:
            ValueError: no `ki.Data` among the conditions, a level out of range, as
                many free numbers as values without `sigma`, or too many points for
                the memory.
        """
        if points is None:
            count = max(1000, 3 * self.count_params())
            points = self.problem.points(count, resample=False, method="sobol")
        if isinstance(points, tf.data.Dataset):
            points = next(iter(points))
        return intervals_of(
            self.problem,
            self._terms,
            self.network,
            self._coefficients,
            self._cast(points),
            level,
        )

    def plot(self, path: Any = None, title: str = "") -> Any:
        """Draws the prediction, and the exact solution and the error if known.

        See `ki.figures.plot`; `ki.figures.animate` writes a solution in time as a GIF.

        Args:
            path: PNG, SVG or PDF file to write, or None.
            title: heading.

        Returns:
            The `matplotlib.figure.Figure`, which a notebook shows.

        Raises:
            ValueError: a problem in more dimensions than can be drawn.
        """
        from keras_isgd import figures  # with matplotlib, which costs a second

        return figures.plot(self, path, title)

    def report(self, points: Any = None) -> Report:
        """Returns what is known of the model: print it, or `report.to_html(path)`.

        It has what was chosen and why; the residual of each equation and condition on
        points that were not trained on, relative to a natural size, and where it is
        largest; the errors where a solution is known; an estimate of the error that
        remains, from one Gauss-Newton step; the coefficients; what limits the run; and
        what to try next. It takes seconds, and changes nothing.

        Args:
            points: as for `fit`: a dictionary of point sets, or a dataset whose first
                one is taken. 4,096 points inside and 1,024 of each condition that no
                training has by itself, if None.

        Raises:
            TypeError, ValueError: points that do not fit the problem.
        """
        log = getattr(getattr(self, "history", None), "history", {})
        trained = Trained(
            problem=self.problem,
            terms=self._terms,
            network=self.network,
            call=self.call,
            coefficients=self._coefficients,
            values={name: float(c.numpy()) for name, c in self.coefficients.items()},
            choices=self.choices,
            history=log.get("loss", ()),
            penalty=float(sum(self.losses)),
            dtype=self.compute_dtype,
        )
        return report_of(trained, points)
