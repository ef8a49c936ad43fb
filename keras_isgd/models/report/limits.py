"""What limits a run, from what can be measured, and what to try next."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from keras_isgd.models.report.edges import Corner, Layer
from keras_isgd.models.report.remaining import Remaining
from keras_isgd.models.report.residuals import Residual
from keras_isgd.models.report.words import at, number, percent

__all__ = ["Finding", "Measurements", "limits_of"]

# From which parts of their natural sizes on residuals are spoken of: an equation that
# does not hold, and a condition that is violated while the equation holds better by a
# factor.
_UNSOLVED, _VIOLATED, _BETTER = 0.1, 0.03, 3.0
# A layer whose weight is above this, and how much larger its residual is there.
_LAYER, _STEEPER = 0.2, 5.0
# Conditions that disagree by this part of the output's half range.
_CORNER = 0.01
# The share of the squares, in the worst 1 % of the points, that counts as localised.
_LOCALISED = 0.5
# The loss on new points above that on trained ones; the root of a loss above rounding.
_UNSEEN, _ROUNDING = 10.0, 10.0
# A loss that falls by this factor in the last third of a run goes on falling, one that
# falls by less than the other stands; and the fewest losses that tell.
_FALLING, _STANDING, _FEWEST = 2.0, 1.1, 9
# A change of u by a Gauss-Newton step from which on the answer is not settled.
_UNSETTLED = 0.03
# The residual that a Gauss-Newton step leaves, where the network can do no better, and
# where it has not been trained to its end.
_FULL, _UNFINISHED = 0.7, 0.1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """What limits a run.

    Attributes:
        kind: "not finite", "corner", "layer", "violated", "unsolved", "unsettled",
            "unseen", "falling", "standing", "unfinished", "size", "localised",
            "rounding" or "none".
        text: what was found, a sentence or two.
        advice: what to do about it, a sentence; or "".
    """

    kind: str
    text: str
    advice: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measurements:
    """What the findings follow from; see `Report`.

    Attributes:
        residuals: of equations and conditions.
        layers, corners: at edges.
        remaining: what a Gauss-Newton step would do, or why it was not taken.
        loss: on points that were not trained on.
        rounding: the same for rounding errors.
        history: losses of the last training.
        dtype: of the network.
    """

    residuals: Sequence[Residual]
    layers: Sequence[Layer]
    corners: Sequence[Corner]
    remaining: Remaining | str
    loss: float
    rounding: float
    history: Sequence[float]
    dtype: str

    @property
    def equations(self) -> list[Residual]:
        """The residuals of equations."""
        return [r for r in self.residuals if r.is_equation]

    @property
    def conditions(self) -> list[Residual]:
        """The residuals of conditions."""
        return [r for r in self.residuals if not r.is_equation]

    @property
    def equation(self) -> float:
        """The largest relative residual of an equation."""
        return max(r.relative_rms for r in self.equations)

    @property
    def trained(self) -> float | None:
        """The loss at the end of the training: a median of its last ones."""
        return float(np.median(self.history[-5:])) if len(self.history) else None


def limits_of(m: Measurements) -> tuple[Finding, ...]:
    """Returns what limits a run, the gravest first; one that says so if nothing does.

    Args:
        m: what was measured.
    """
    if m.loss <= _ROUNDING**2 * m.rounding:
        found = [*_corners(m), _at_rounding(m)]
    else:
        found = [
            *_corners(m),
            *_layers(m),
            *_violated(m),
            *_unsolved(m),
            *_unsettled(m),
            *_unseen(m),
            *_end(m),
            *_localised(m),
        ]
    if found:
        return tuple(found)
    return (
        Finding(
            kind="none",
            text="Nothing that was measured here stands out: the equation and the "
            "conditions hold to the parts of their sizes that are given above.",
            advice="For a smaller error train longer, or take a wider network.",
        ),
    )


def _corners(m: Measurements) -> Iterator[Finding]:
    for corner in m.corners:
        if corner.relative > _CORNER:
            yield Finding(
                kind="corner",
                text=f"The conditions {corner.first!r} and {corner.second!r} prescribe "
                f"values of {corner.output} that differ by {number(corner.difference)} "
                f"at {at(corner.at)}: no continuous function satisfies both, and the "
                "residual stays large there.",
                advice="Let ki.PINN(problem=...) or ki.solve build the network, which "
                "can jump there, or give it ki.networks.JumpFeatures, if the domain is "
                "a box. Or let the conditions agree where they meet, by a value that "
                "falls off smoothly towards the corner; or judge the solution away "
                "from it.",
            )
            return


def _layers(m: Measurements) -> Iterator[Finding]:
    for layer in sorted(m.layers, key=lambda one: -one.weight):
        if layer.weight > _LAYER and layer.relative > _STEEPER * m.equation:
            yield Finding(
                kind="layer",
                text=f"Close to {layer.near!r}, as at {at(layer.at)}, the residual of "
                f"{layer.equation!r} is {number(layer.relative)} times the equation's "
                f"size, in a layer of about {number(layer.distance)} of the domain "
                "that few points hit. What is prescribed there may be lost in it, and "
                "the rest be another solution of the equation.",
                advice=f"Build what holds at {layer.near!r} into the network "
                "(ki.networks.initial, ki.networks.dirichlet), or draw points close "
                "to it, and in time solve a shorter span first.",
            )
            return


def _violated(m: Measurements) -> Iterator[Finding]:
    bad = [
        r
        for r in m.conditions
        if r.relative_rms > max(_VIOLATED, _BETTER * min(m.equation, 1.0))
    ]
    if not bad:
        return
    worst = max(bad, key=lambda r: r.relative_rms)
    yield Finding(
        kind="violated",
        text=f"The condition {worst.name!r} is violated by "
        f"{percent(worst.relative_rms)} of its size, while the equation holds to "
        f"{percent(m.equation)}: this is close to a solution of the equation, but not "
        "to the one that was asked for. A small loss says nothing here.",
        advice="Give the condition a larger weight, "
        f"model.loss_weights[{worst.name!r}] = {number(100.0 * worst.weight)}, or "
        "build it into the network (ki.networks.transform), and train again from a "
        "new start.",
    )


def _unsolved(m: Measurements) -> Iterator[Finding]:
    worst = max(m.equations, key=lambda r: r.relative_rms)
    if worst.relative_rms > _UNSOLVED:
        yield Finding(
            kind="unsolved",
            text=f"The equation {worst.name!r} does not hold: its residual is "
            f"{percent(worst.relative_rms)} of its size.",
            advice="Train longer; if the loss stagnates, take another seed, more "
            "units, or a larger input_scale for a solution with fine features.",
        )


def _unsettled(m: Measurements) -> Iterator[Finding]:
    if isinstance(m.remaining, str):
        return
    name, change = max(m.remaining.change.items(), key=lambda item: item[1])
    if change > _UNSETTLED:
        yield Finding(
            kind="unsettled",
            text=f"The answer is not settled: one more Gauss-Newton step would change "
            f"{name} by {percent(change)}.",
            advice="Train longer before the answer is used.",
        )


def _unseen(m: Measurements) -> Iterator[Finding]:
    if m.trained and m.loss > _UNSEEN * m.trained:
        yield Finding(
            kind="unseen",
            text=f"The loss on new points, {number(m.loss)}, is "
            f"{number(m.loss / m.trained)} times that on the points of the training: "
            "the network satisfies the equation on its points and less between them.",
            advice="Give fit() more points, two to three for each weight, and new "
            "ones in each step: problem.points(..., resample=True).",
        )


def _end(m: Measurements) -> Iterator[Finding]:
    """Whether the training was at its end, by its losses and by a further step."""
    rate = _rate(m.history)
    left = None if isinstance(m.remaining, str) else m.remaining.left
    if rate is not None and rate > _FALLING:
        yield Finding(
            kind="falling",
            text=f"The loss was still falling at the end, by a factor of "
            f"{number(rate)} in the last third of the steps.",
            advice="Train longer.",
        )
    elif left is not None and left < _UNFINISHED:
        yield Finding(
            kind="unfinished",
            text="A Gauss-Newton step on new points would leave "
            f"{percent(left)} of the residual: this network can do better than it "
            "does.",
            advice="Train longer, by ki.ISGD() with new points in each step.",
        )
    elif left is not None and left > _FULL:
        yield Finding(
            kind="size",
            text=f"Of the residual {percent(left)} would remain after a Gauss-Newton "
            "step on new points: it is what a network of this size leaves.",
            advice="Take a larger network, and the two to three points for each "
            "weight that go with it.",
        )
    elif rate is not None and rate < _STANDING:
        yield Finding(
            kind="standing",
            text="The loss stagnated in the last third of the steps.",
            advice="Take another seed or a larger network; more of the same steps "
            "will not help.",
        )


def _rate(history: Sequence[float]) -> float | None:
    """By which factor a loss fell in the last third of its steps."""
    losses = np.asarray(history, np.float64)
    if len(losses) < _FEWEST or not np.isfinite(losses).all():
        return None
    part = max(len(losses) // 9, 1)
    before = np.median(losses[-4 * part : -3 * part])
    after = np.median(losses[-part:])
    return float(before / after) if after > 0.0 else None


def _localised(m: Measurements) -> Iterator[Finding]:
    shares = [r for r in m.equations if r.share is not None]
    worst = max(shares, key=lambda r: r.share or 0.0, default=None)
    if worst is None or worst.share is None or worst.share < _LOCALISED:
        return
    close = f", near {worst.near}" if worst.near else ""
    yield Finding(
        kind="localised",
        text=f"{percent(worst.share)} of the squared residual of {worst.name!r} lie in "
        f"1 % of the points; it is largest at {at(worst.worst)}{close}.",
        advice="Draw more points there: give fit() a dictionary of arrays with them, "
        "or set the problem's box `steep` and problem.points(refine=0.5).",
    )


def _at_rounding(m: Measurements) -> Finding:
    other = "" if m.dtype == "float64" else " A network in float64 goes further."
    return Finding(
        kind="rounding",
        text=f"The loss, {number(m.loss)}, is at the size of rounding errors in "
        f"{m.dtype}, {number(m.rounding)}: it cannot be lowered further.",
        advice=f"There is nothing left to train in this precision.{other}",
    )
