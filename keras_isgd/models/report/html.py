"""A report as one page of HTML, which needs no other file."""

import base64
import html
import math
import mimetypes
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from keras_isgd.models.report.text import RESIDUALS, headline, sections, table
from keras_isgd.models.report.words import number, percent

if TYPE_CHECKING:
    from keras_isgd.models.report.report import Report

__all__ = ["page"]

_STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em;
       color: #222; background: #fff; }
table { border-collapse: collapse; font-size: 14px; }
td, th { padding: 0.2em 0.7em; text-align: right; border-bottom: 1px solid #ddd; }
td:first-child, td:last-child { text-align: left; }
h2 { font-size: 1.15em; margin-top: 1.6em; }
svg { display: block; margin: 1em 0; }
figcaption { font-size: 14px; color: #555; }
figure { margin: 1em 0; }
img { display: block; max-width: 100%; cursor: zoom-in; }
img.whole { position: fixed; inset: 0; width: 100vw; height: 100vh; max-width: none;
            object-fit: contain; background: #fff; cursor: zoom-out; }
"""
_ZOOM = "this.classList.toggle('whole')"
_WIDTH, _HEIGHT, _MARGIN = 560, 180, 8
# Vertices of a curve.
_MOST = 400


def page(
    report: "Report", pictures: Mapping[str, str | os.PathLike[str]] | None = None
) -> str:
    """Returns a report as a page of HTML, with files of pictures by their captions."""
    title = html.escape(headline(report))
    body = [f"<h1>{title}</h1>"]
    body += [_picture(file, caption) for caption, file in (pictures or {}).items()]
    for heading, sentences in sections(report):
        body.append(f"<h2>{html.escape(heading)}</h2>")
        if heading == RESIDUALS:
            body += [_table(table(report)), _curve(report.history)]
        items = "".join(f"<li>{html.escape(s)}</li>" for s in sentences)
        body.append(f"<ul>{items}</ul>")
        if heading == RESIDUALS:
            body += _profiles(report)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>"
        + "\n".join(part for part in body if part)
        + "</body></html>\n"
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    found = []
    for i, row in enumerate(rows):
        tag = "td" if i else "th"
        cells = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
        found.append(f"<tr>{cells}</tr>")
    return f"<table>{''.join(found)}</table>"


def _curve(history: Sequence[float]) -> str:
    """The losses of the training over its epochs, on a logarithmic scale."""
    losses = [(i, v) for i, v in enumerate(history) if 0.0 < v < math.inf]
    if len(losses) < 2:
        return ""
    losses = losses[:: -(-len(losses) // _MOST)]
    logs = [math.log10(v) for _, v in losses]
    low, high = min(logs), max(logs)
    last = losses[-1][0] or 1
    vertices = []
    for (i, _), value in zip(losses, logs):
        x = _MARGIN + (_WIDTH - 2 * _MARGIN) * i / last
        y = _MARGIN + (_HEIGHT - 2 * _MARGIN) * (high - value) / (high - low or 1.0)
        vertices.append(f"{x:.1f},{y:.1f}")
    caption = (
        f"The loss of the last training, {len(history)} epochs, on a logarithmic scale "
        f"from {number(10.0**low)} to {number(10.0**high)}."
    )
    return _figure(
        f'<polyline fill="none" stroke="#1f5fa8" points="{" ".join(vertices)}"/>',
        _HEIGHT,
        caption,
    )


def _profiles(report: "Report") -> list[str]:
    """The share of each equation's squares in each tenth along each coordinate."""
    found = []
    for residual in report.residuals:
        for name, shares in residual.profile.items() if residual.is_equation else ():
            height, bars = 60, []
            width = (_WIDTH - 2 * _MARGIN) / len(shares)
            for i, share in enumerate(shares):
                tall = max((height - 2 * _MARGIN) * share, 0.5)
                bars.append(
                    f'<rect x="{_MARGIN + i * width + 1:.1f}" '
                    f'y="{height - _MARGIN - tall:.1f}" width="{width - 2:.1f}" '
                    f'height="{tall:.1f}" fill="#1f5fa8"><title>{percent(share)}'
                    "</title></rect>"
                )
            caption = (
                f"Where the squared residual of {residual.name} lies along {name}, in "
                "tenths of the domain."
            )
            found.append(_figure("".join(bars), height, caption))
    return found


def _picture(file: str | os.PathLike[str], caption: str) -> str:
    kind = mimetypes.guess_type(os.fspath(file))[0] or "image/png"
    with open(file, "rb") as opened:
        content = base64.b64encode(opened.read()).decode()
    words = html.escape(caption)
    return (
        f'<figure><img src="data:{kind};base64,{content}" alt="{words}" '
        f'title="Click for the whole window" onclick="{_ZOOM}">'
        f"<figcaption>{words}</figcaption></figure>"
    )


def _figure(content: str, height: int, caption: str) -> str:
    words = html.escape(caption)
    return (
        f'<figure><svg width="{_WIDTH}" height="{height}" role="img" '
        f'aria-label="{words}"><rect width="{_WIDTH}" height="{height}" '
        f'fill="#f4f4f4"/>{content}</svg><figcaption>{words}</figcaption></figure>'
    )
