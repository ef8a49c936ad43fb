"""A report on a trained model."""

import dataclasses
import os
from collections.abc import Mapping

from keras_isgd.models.report.edges import Corner, Layer
from keras_isgd.models.report.html import page
from keras_isgd.models.report.limits import Finding
from keras_isgd.models.report.remaining import Remaining
from keras_isgd.models.report.residuals import Residual
from keras_isgd.models.report.text import brief, text

__all__ = ["Report"]

_MOST_ADVICE = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What is known of a trained `PINN`. Printed, it is a page of text.

    Attributes:
        problem: the problem's name.
        size: how many numbers are trained.
        dtype: of the network.
        choices: sentences about what was chosen for the user, and why; none if the
            network was given.
        loss: on points that were not trained on, without regularisers.
        trained_loss: at the end of the last training, a median of five; or None.
        rounding: what the loss would be if its rows were rounding errors alone.
        residuals: of each equation and each condition, with where it is largest.
        layers: where a residual is large close to a boundary or an end of time.
        corners: where conditions prescribe different values, the worst first.
        errors: see `PINN.errors`; empty where no solution is known.
        remaining: an estimate of the error that remains; or a sentence, why there is
            none.
        coefficients: the unknown coefficients' values by name.
        has_data: whether `model.intervals()` knows their standard errors.
        limits: what limits the run, the gravest first.
        history: the losses of the last training.
    """

    problem: str
    size: int
    dtype: str
    choices: tuple[str, ...]
    loss: float
    trained_loss: float | None
    rounding: float
    residuals: tuple[Residual, ...]
    layers: tuple[Layer, ...]
    corners: tuple[Corner, ...]
    errors: dict[str, float]
    remaining: Remaining | str
    coefficients: dict[str, float]
    has_data: bool
    limits: tuple[Finding, ...]
    history: tuple[float, ...] = dataclasses.field(repr=False)

    @property
    def next(self) -> tuple[str, ...]:
        """One to three sentences about what to try next."""
        advice = dict.fromkeys(f.advice for f in self.limits if f.advice)
        return tuple(advice)[:_MOST_ADVICE]

    def __str__(self) -> str:
        return text(self)

    def brief(self) -> str:
        """Returns a few lines: residuals, what limits the run, what to try next."""
        return brief(self)

    def to_html(
        self,
        path: str | os.PathLike[str],
        pictures: Mapping[str, str | os.PathLike[str]] | None = None,
    ) -> None:
        """Writes the report as one page, which needs no other file.

        Args:
            path: HTML file to write.
            pictures: files of pictures by their captions, such as what `model.plot`
                and `ki.figures.save_curves` wrote. The page holds them itself, and
                shows one in the whole window where it is clicked.

        Raises:
            OSError: a picture cannot be read, or the page not be written.
        """
        with open(path, "w", encoding="utf-8") as file:
            file.write(page(self, pictures or {}))
