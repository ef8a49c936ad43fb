"""Nodes and weights of integrals over a region's space, or over parts of it."""

from typing import Any

import numpy as np

from keras_isgd import sampling
from keras_isgd.geometry import Box
from keras_isgd.geometry.piece import Piece
from keras_isgd.problems.places import Inner, OnFaces, OnPart, TimeEnd
from keras_isgd.problems.region import Region

__all__ = ["Rule", "instants", "quadrature"]

# Gauss-Legendre nodes along each coordinate of a product, by their number.
_GAUSS = {1: 128, 2: 32, 3: 14}
# Nodes of a low-discrepancy sum.
_POINTS = 4096
# Times, or times and parameters, at which an integral over space is given.
_INSTANTS, _SEVERAL_INSTANTS = 17, 64

Rule = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def quadrature(region: Region, over: Any, nodes: int | None, normals: bool) -> Rule:
    """Returns a quadrature rule over a part of space.

    Gauss and Legendre's rule on boxes of up to three dimensions and on pieces of
    boundaries that nothing cuts off; else points of a Sobol sequence with equal
    weights.

    Args:
        region: the `Region`.
        over: the part; see `Condition`.
        nodes: how many, about; a suitable number if None.
        normals: whether outward normals are wanted.

    Returns:
        Nodes `(m, d + q)` with zeros for time and parameters, weights `(m,)`, and
        normals `(m, d)` or None.

    Raises:
        ValueError: a place that is no part of space, or normals in the interior.
    """
    place, space = region.place(over), region.space
    if space is None or isinstance(place, TimeEnd):
        raise ValueError(
            f"An integral is over space, and {over!r} of {region.owner} is a point in "
            "time. For an integral over time, sum over u.at(points) in the residual."
        )
    if isinstance(place, OnFaces):
        axes = [axis for axis, side in place.faces]
        if region.time in axes:
            raise ValueError(
                f"An integral is over space, and {over!r} of {region.owner} is an end "
                'of time. With over="interior" it holds at all times.'
            )
        columns = [i for i, is_space in enumerate(region.space_columns()) if is_space]
        all_pieces = space.pieces()
        pieces = [
            all_pieces[2 * columns.index(axis) + side] for axis, side in place.faces
        ]
        rule = _joined([_over_piece(space, piece, nodes) for piece in pieces])
    elif isinstance(place, OnPart):
        kept = [k.piece for k in place.part.pieces]
        rule = _joined([_over_piece(space, piece, nodes) for piece in kept])
    else:
        geometry = place.geometry if isinstance(place, Inner) else space
        if normals:
            raise ValueError(f"There are no outward normals on {over!r}.")
        rule = _over_interior(geometry, nodes)
    x, weights, n = rule
    columns = [i for i, is_space in enumerate(region.space_columns()) if is_space]
    points = np.zeros((len(x), region.width))
    points[:, columns] = x
    if n is not None:
        n = region.spread_normals(n)
    return points, weights, n


def instants(region: Region) -> np.ndarray:
    """Returns times and parameters for integrals over space, `(r, d + q)`.

    The columns of space are zero. With time alone they are Chebyshev points, with the
    first and the last time; else Sobol points; a single row without both.
    """
    extra = region.extra
    if extra is None:
        return np.zeros((1, region.width))
    if extra.dimension == 1:
        unit = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, _INSTANTS))[:, None]
    else:
        unit = sampling.sobol_points(extra.dimension, _SEVERAL_INSTANTS)
    rows = np.zeros((len(unit), region.width))
    columns = [i for i, space in enumerate(region.space_columns()) if not space]
    rows[:, columns] = extra.from_unit(unit)
    return rows


def _gauss(dimension: int, nodes: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights of the unit box."""
    count = _GAUSS[dimension]
    if nodes is not None:
        count = max(round(nodes ** (1.0 / dimension)), 1)
    x, w = np.polynomial.legendre.leggauss(count)
    mesh = np.meshgrid(*[0.5 + 0.5 * x] * dimension, indexing="ij")
    weights = np.meshgrid(*[0.5 * w] * dimension, indexing="ij")
    return (
        np.stack([m.ravel() for m in mesh], axis=1),
        np.prod([m.ravel() for m in weights], axis=0),
    )


def _over_interior(geometry: Any, nodes: int | None) -> Rule:
    if isinstance(geometry, Box) and geometry.dimension in _GAUSS:
        unit, weights = _gauss(geometry.dimension, nodes)
        return geometry.from_unit(unit), weights * geometry.measure, None
    draw = sampling.GeometrySampler(geometry, nodes or _POINTS, "sobol", 0)
    x = draw(0).numpy()
    return x, np.full(len(x), geometry.measure / len(x)), None


def _over_piece(space: Any, piece: Piece, nodes: int | None) -> Rule:
    if piece.unit_dimension == 0:
        x, n = piece.place(np.zeros((1, 0)))
        return x, np.ones(1), n
    if piece.keeps is None and piece.unit_dimension in _GAUSS:
        unit, weights = _gauss(piece.unit_dimension, nodes)
        x, n = piece.place(unit)
        return x, weights * piece.measure, n
    unit = sampling.sobol_points(piece.unit_dimension, nodes or _POINTS)
    x, n = piece.place(unit)
    kept = np.ones(len(x), bool) if piece.keeps is None else piece.keeps(x, n)
    weights = np.full(int(kept.sum()), piece.measure / len(x))
    return x[kept], weights, n[kept]


def _joined(rules: list[Rule]) -> Rule:
    x, weights, normals = zip(*rules, strict=True)
    return np.concatenate(x), np.concatenate(weights), np.concatenate(normals)
