"""Coefficients of functions of space and time, and the files that hold them."""

from pathlib import Path

import numpy as np
from scipy import fft

DIRECTORY = Path(__file__).parents[2] / "keras_isgd" / "problems" / "references"


def chebyshev_nodes(degree, root=False):
    """The times in (0, 1) at which values give coefficients, ascending.

    With `root`, they are even in sqrt(t) where they otherwise are in t.
    """
    unit = 0.5 * (1.0 - np.cos(np.pi * np.arange(degree + 1) / degree))
    return unit**2 if root else unit


def chebyshev_coefficients(values):
    """Coefficients along the last axis of what is given at the nodes."""
    degree = values.shape[-1] - 1
    found = fft.dct(values[..., ::-1], type=1, axis=-1) / degree
    found[..., 0] *= 0.5
    found[..., -1] *= 0.5
    return found


def real_fourier(spectrum, count, points):
    """The 2 count + 1 real coefficients of a spectrum of `numpy.fft.rfft`, first axis.

    In the order of the basis "fourier" of `Table`.
    """
    scaled = spectrum / points
    cosines, sines = 2.0 * scaled[1 : count + 1].real, -2.0 * scaled[1 : count + 1].imag
    return np.concatenate([scaled[:1].real, cosines, sines])


def save(name, breaks, bases, cells, coefficients, accuracy, script, dtype):
    """Writes a table, and says what it is."""
    path = DIRECTORY / f"{name}.npz"
    np.savez_compressed(
        path,
        breaks_0=breaks[0],
        breaks_1=breaks[1],
        bases=np.array(bases),
        cells=np.array(cells),
        coefficients=np.asarray(coefficients, dtype),
        accuracy=accuracy,
        script=np.array(script),
    )
    size = path.stat().st_size / 1000
    shape = np.shape(coefficients)
    print(f"{path.name}: {size:.0f} kB, {shape}, accuracy {accuracy:.1e}")


def save_values(
    name: str,
    places: np.ndarray | list[np.ndarray],
    values: np.ndarray,
    accuracy: float,
    script: str,
) -> None:
    """Writes values at points beside these scripts, in float32.

    Args:
        name: of the file, `pinnacle_{name}.npz`.
        places: the points `(n, d)`, or a list of d axes whose grid they are, the last
            one fastest.
        values: `(n, outputs)`, or an array with the grid's axes first; NaN where there
            is nothing.
        accuracy: their relative L2 error.
        script: which wrote them.
    """
    path = Path(__file__).parent / f"pinnacle_{name}.npz"
    if isinstance(places, list):
        points = {f"axis_{i}": np.asarray(axis) for i, axis in enumerate(places)}
        points["axes"] = len(places)
    else:
        points = {"points": np.asarray(places, np.float64)}
    np.savez_compressed(
        path,
        **points,
        values=np.asarray(values, np.float32),
        accuracy=accuracy,
        script=np.array(script),
    )
    size = path.stat().st_size / 1000
    print(f"{path.name}: {size:.0f} kB, {np.shape(values)}, accuracy {accuracy:.1e}")


def relative(values: np.ndarray, better: np.ndarray) -> float:
    """The relative L2 difference of two arrays, NaN left out."""
    known = ~(np.isnan(values) | np.isnan(better))
    gap = (values - better)[known]
    return float(np.linalg.norm(gap) / np.linalg.norm(better[known]))
