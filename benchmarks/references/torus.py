"""Writes pinnacle_{burgers2d,heat_long}.npz: pseudo-spectral in space, ETDRK4 in time.

Burgers' equation on one period, in float32; heat by sines. The accuracy is the
difference to fewer modes, and for heat twice the step.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from etdrk4 import Stepper
from scipy import fft
from tables import relative, save_values

sys.path.insert(0, str(Path(__file__).parents[1]))

SCRIPT = "benchmarks/references/torus.py"
LONG_TIMES = np.linspace(0.0, 100.0, 51)
BURGERS_TIMES = np.linspace(0.0, 1.0, 6)


def heat_long(modes: int, step: float) -> tuple[list[np.ndarray], np.ndarray]:
    """u on the file's 16 x 12 cell centres at `LONG_TIMES`."""
    inner = np.arange(1, modes + 1) / (modes + 1)
    x, y = np.meshgrid(inner, inner, indexing="ij")
    waves = 5.0 * np.sin(4 * np.pi * x) * np.sin(2 * np.pi * y)
    k = np.pi * np.arange(1, modes + 1)
    linear = -0.001 * np.add.outer(k**2, k**2).ravel()

    def spectrum(u: np.ndarray) -> np.ndarray:
        return fft.dstn(u, type=1, norm="ortho")

    def nonlinear(v: np.ndarray) -> np.ndarray:
        # The last entry is the time.
        u = spectrum(v[:-1].real.reshape(modes, modes))
        pulse = 1.0 + 2.0 * np.sin(np.pi * v[-1].real / 4.0)
        change = spectrum(np.sin(u**2) * waves * pulse)
        return np.append(change.ravel(), 1.0)

    start = spectrum(np.sin(4 * np.pi * x) * np.sin(3 * np.pi * y))
    v = np.append(start.ravel(), 0.0).astype(complex)
    advance = Stepper(np.append(linear, 0.0).astype(complex), nonlinear, step)
    places = [(np.arange(n) + 0.5) / n for n in (16, 12)]
    factor = 2.0 / (modes + 1)
    sines = [np.sin(np.outer(place, k)) for place in places]
    found = []
    between = round((LONG_TIMES[1] - LONG_TIMES[0]) / step)
    for i in range(len(LONG_TIMES)):
        for _ in range(between if i else 0):
            v = advance(v)
        coefficients = factor * v[:-1].real.reshape(modes, modes)
        found.append(sines[0] @ coefficients @ sines[1].T)
    return places, np.stack(found, axis=2)


def burgers2d(points: int, step: float) -> np.ndarray:
    """u and v at every (points / 32)th place of a period and at `BURGERS_TIMES`."""
    import tensorflow as tf
    from pinnacle_cases.burgers import Burgers2D

    places = np.arange(points) / points
    grid = [a.ravel() for a in np.meshgrid(places, places, [0.0], indexing="ij")]
    start = Burgers2D(1.0).start(tf.constant(np.stack(grid, axis=1))).numpy()
    start = start.T.reshape(2, points, points).astype(np.float32)
    kx = fft.fftfreq(points, 1.0 / points)[:, None]
    ky = np.arange(points // 2 + 1)[None, :]
    kept = ((np.abs(kx) < points / 3) & (ky < points / 3)).astype(np.float32)
    slopes = [(2j * np.pi * k * kept).astype(np.complex64) for k in (kx, ky)]
    square = (2 * np.pi) ** 2 * (kx**2 + ky**2)
    factors = _factors(-0.001 * square, step)

    def nonlinear(v: np.ndarray) -> np.ndarray:
        u = fft.irfft2(v, s=(points, points), overwrite_x=False)
        total = 0.0
        for axis in (0, 1):
            total = total - u[axis] * fft.irfft2(
                slopes[axis] * v, s=(points, points), overwrite_x=True
            )
        return kept * fft.rfft2(total, overwrite_x=True)

    v = fft.rfft2(start) * kept
    found, between = [start], round((BURGERS_TIMES[1] - BURGERS_TIMES[0]) / step)
    for _ in BURGERS_TIMES[1:]:
        for _ in range(between):
            v = _advance(v, nonlinear, *factors)
        found.append(fft.irfft2(v, s=(points, points)))
        print(f"  largest {np.abs(found[-1]).max():.4f}", flush=True)
    every = points // 32
    cut = np.stack(found, axis=3)[:, ::every, ::every]
    return cut.transpose(1, 2, 3, 0)


def _factors(linear: np.ndarray, h: float) -> list[np.ndarray]:
    """ETDRK4's factors, by few circles, for they are large arrays."""
    roots = np.exp(2j * np.pi * (np.arange(16) + 0.5) / 16)
    sums = [0.0] * 4
    for root in roots:
        z = h * linear + root
        grown = np.exp(z)
        parts = (
            (np.exp(z / 2) - 1) / z,
            (-4 - z + grown * (4 - 3 * z + z**2)) / z**3,
            (2 + z + grown * (z - 2)) / z**3,
            (-4 - 3 * z - z**2 + grown * (4 - z)) / z**3,
        )
        sums = [s + part.real / len(roots) for s, part in zip(sums, parts)]
    found = [np.exp(h * linear), np.exp(h * linear / 2), *(h * s for s in sums)]
    return [np.asarray(f, np.float32) for f in found]


def _advance(
    v: np.ndarray,
    nonlinear: Callable[[np.ndarray], np.ndarray],
    whole: np.ndarray,
    half: np.ndarray,
    q: np.ndarray,
    f1: np.ndarray,
    f2: np.ndarray,
    f3: np.ndarray,
) -> np.ndarray:
    n_v = nonlinear(v)
    a = half * v + q * n_v
    n_a = nonlinear(a)
    n_b = nonlinear(half * v + q * n_a)
    n_c = nonlinear(half * a + q * (2 * n_b - n_v))
    return whole * v + f1 * n_v + 2 * f2 * (n_a + n_b) + f3 * n_c


def main() -> None:
    """Writes the files that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=("heat_long", "burgers2d"))
    parser.add_argument("--points", type=int, default=1024, help="of Burgers' equation")
    options = parser.parse_args()
    for name in options.names:
        if name == "heat_long":
            (_, coarse), (places, fine) = heat_long(95, 0.04), heat_long(127, 0.02)
            axes, error = [*places, LONG_TIMES], relative(coarse, fine)
            save_values(name, axes, fine, error, SCRIPT)
        else:
            n = options.points
            coarse, fine = burgers2d(n // 2, 0.4 / n), burgers2d(n, 0.4 / n)
            axis = np.arange(32) / 32.0
            error = relative(coarse, fine)
            save_values(name, [axis, axis, BURGERS_TIMES], fine, error, SCRIPT)


if __name__ == "__main__":
    main()
