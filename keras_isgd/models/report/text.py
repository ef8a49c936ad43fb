"""A report as plain text."""

import itertools
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from keras_isgd.models.report.words import at, number, percent

if TYPE_CHECKING:
    from keras_isgd.models.report.report import Report

__all__ = ["brief", "sections", "table", "text"]

_WIDTH = 88
_NOT_SEEN = (
    "This is an estimate of the error that remains. It cannot see an error that the "
    "network cannot represent, nor one of another solution that is far away."
)

# A heading with its lines.
Section = tuple[str, list[str]]


def text(report: "Report") -> str:
    """Returns all of a report."""
    lines = [headline(report)]
    for heading, sentences in sections(report):
        lines += ["", heading]
        if heading == RESIDUALS:
            lines += [f"  {row}" for row in _aligned(table(report))]
        for sentence in sentences:
            lines += _wrapped(sentence)
    return "\n".join(lines)


def brief(report: "Report") -> str:
    """Returns residuals, limits and advice."""
    lines = [f"  {row}" for row in _aligned(table(report))]
    for heading, sentences in sections(report):
        if heading in (REMAINING, LIMITS, NEXT):
            lines += [heading]
            for sentence in sentences:
                lines += _wrapped(sentence)
    return "\n".join(lines)


def headline(report: "Report") -> str:
    """Returns what a report is about."""
    return (
        f"Report on {report.problem}: a network in {report.dtype}, {report.size} "
        "trained numbers"
    )


RESIDUALS = "Residuals on points that were not trained on"
REMAINING = "How well the loss determines the answer"
LIMITS = "What limits this run"
NEXT = "What to try next"


def sections(report: "Report") -> list[Section]:
    """Returns the headings in their order, each with its sentences."""
    found: list[Section] = [
        ("What was chosen", list(report.choices) or ["The network was given."]),
        (RESIDUALS, [*_losses(report), *_places(report)]),
    ]
    if report.errors:
        errors = [f"{name} = {number(e)}" for name, e in report.errors.items()]
        found.append(("Errors against the known solution", [", ".join(errors) + "."]))
    found.append((REMAINING, _remaining(report)))
    if report.coefficients:
        found.append(("Unknown coefficients", _coefficients(report)))
    found.append((LIMITS, [f.text for f in report.limits]))
    if report.next:
        found.append((NEXT, list(report.next)))
    return found


def table(report: "Report") -> list[tuple[str, ...]]:
    """Returns the rows of a table of residuals, its head first."""
    head = ("", "rms", "maximum", "its size", "rms of size", "maximum", "largest at")
    rows = [
        (
            r.name,
            number(r.rms),
            number(r.maximum),
            number(r.size),
            percent(r.relative_rms),
            percent(r.relative_maximum),
            at(r.worst),
        )
        for r in report.residuals
    ]
    return [head, *rows]


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    for name, *numbers, place in rows:
        cells = (f"{cell:>{w}}" for cell, w in zip(numbers, widths[1:-1]))
        yield f"{name:{widths[0]}}  {'  '.join(cells)}  {place}".rstrip()


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(
        sentence, _WIDTH, initial_indent="  - ", subsequent_indent="    "
    )


def _losses(report: "Report") -> Iterator[str]:
    known = f"The loss is {number(report.loss)} on new points"
    if report.trained_loss is not None:
        known += f", and was {number(report.trained_loss)} at the end of the training"
    yield f"{known}; of rounding errors alone it would be {number(report.rounding)}."
    yield (
        "The size of given values is half of their range; that of an equation is the "
        "largest part of it, or what it is for constant outputs."
    )


def _places(report: "Report") -> Iterator[str]:
    for r in report.residuals:
        if r.tenth is None or r.share is None:
            continue
        t = r.tenth
        close = f" It is largest near {r.near}." if r.near else ""
        if r.is_equation:
            yield (
                f"{r.name}: the worst 1 % of the points hold {percent(r.share)} of its "
                f"squares; {percent(t.share)} of them lie where {t.coordinate} is "
                f"between {number(t.low)} and {number(t.high)}.{close}"
            )


def _remaining(report: "Report") -> list[str]:
    found = report.remaining
    if isinstance(found, str):
        return [found]
    seen = _NOT_SEEN
    if any(finding.kind == "unsolved" for finding in report.limits):
        seen = "Since the equation does not hold, the error may be far larger."
    changes = ", ".join(f"{n} by {percent(c)}" for n, c in found.change.items())
    return [
        f"One Gauss-Newton step on {found.rows} new rows would change {changes} (root "
        f"mean square), and leave {percent(found.left)} of the residual. {seen}"
    ]


def _coefficients(report: "Report") -> list[str]:
    lines = []
    for name, value in report.coefficients.items():
        line = f"{name} = {value:.6g}"
        if not isinstance(report.remaining, str):
            moved = report.remaining.coefficients[name]
            line += f"; that Gauss-Newton step would change it by {number(moved)}"
        lines.append(f"{line}.")
    last = "There are no measured values, and so no standard errors."
    if report.has_data:
        last = "model.intervals() has their standard errors and intervals."
    return list(itertools.chain(lines, [last]))
