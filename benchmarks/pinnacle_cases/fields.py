"""Coefficients that PINNacle draws at random, and tables as smooth functions."""

import numpy as np
import tensorflow as tf

__all__ = ["CubicTable", "gaussian_field", "linear", "nearest"]


def gaussian_field(size: int = 256) -> np.ndarray:
    """Returns the random field of mean 0 and deviation 1, `(size, size)`: y, then x.

    Its Fourier coefficients fall as 1 / |k|^2; the seed is the benchmark's own.
    """
    random = np.random.RandomState(20220722)
    noise = random.normal(size=(size, size)) + 1j * random.normal(size=(size, size))
    waves = np.fft.fftfreq(size, 1.0 / size)
    square = waves[:, None] ** 2 + waves**2
    square[0, 0] = np.inf
    field = np.fft.ifft2(noise / square).real
    return (field - field.mean()) / field.std()


def nearest(table: np.ndarray, unit: tf.Tensor) -> tf.Tensor:
    """Returns the entry in whose cell each point lies, `(n, 1)`.

    Args:
        table: `(rows, columns)`: y, then x.
        unit: points in the unit square, `(n, 2)`.
    """
    size = np.array(table.shape[::-1])
    index = tf.cast(tf.floor(unit * tf.constant(size, unit.dtype)), tf.int32)
    index = tf.clip_by_value(index, 0, tf.constant(size - 1, tf.int32))
    return tf.gather_nd(tf.constant(table, unit.dtype), index[:, ::-1])[:, None]


def linear(table: np.ndarray, unit: tf.Tensor) -> tf.Tensor:
    """Returns the bilinear interpolation between entries at cell centres, `(n, 1)`.

    See `nearest`.
    """
    size = np.array(table.shape[::-1])
    places = unit * tf.constant(size, unit.dtype) - 0.5
    places = tf.clip_by_value(places, 0.0, tf.constant(size - 1.0, unit.dtype))
    low = tf.minimum(tf.floor(places), tf.constant(size - 2.0, unit.dtype))
    share = places - low
    corner = tf.cast(low, tf.int32)
    values = tf.constant(table, unit.dtype)
    total = tf.zeros_like(share[:, :1])
    for i, j in np.ndindex(2, 2):
        weight = (share[:, :1] if i else 1.0 - share[:, :1]) * (
            share[:, 1:] if j else 1.0 - share[:, 1:]
        )
        found = tf.gather_nd(values, (corner + tf.constant([i, j]))[:, ::-1])
        total += weight * found[:, None]
    return total


class CubicTable:
    """The periodic cubic spline through the entries of a table, at cell centres.

    Args:
        table: `(size, size)`: y, then x, over the unit square.
    """

    def __init__(self, table: np.ndarray) -> None:
        self._size = len(table)
        waves = np.fft.fftfreq(self._size)
        through = (2.0 + np.cos(2.0 * np.pi * waves)) / 3.0
        spectrum = np.fft.fft2(table) / (through[:, None] * through)
        self._coefficients = np.fft.ifft2(spectrum).real

    def __call__(self, unit: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the spline and its slopes along x and y at points, `(n, 1)` each."""
        places = unit * self._size - 0.5
        low = tf.floor(places)
        shares = [_weights(places[:, i : i + 1] - low[:, i : i + 1]) for i in (0, 1)]
        corner = tf.cast(low, tf.int32)
        steps = tf.constant(np.arange(-1, 3), tf.int32)
        columns, rows = (
            tf.math.floormod(corner[:, i : i + 1] + steps, self._size) for i in (0, 1)
        )
        flat = tf.reshape(tf.constant(self._coefficients, unit.dtype), (-1,))
        around = tf.gather(flat, rows[:, :, None] * self._size + columns[:, None, :])
        (x, dx), (y, dy) = shares

        def contracted(of_y: tf.Tensor, of_x: tf.Tensor) -> tf.Tensor:
            inner = tf.reduce_sum(around * of_x[:, None, :], axis=2)
            return tf.reduce_sum(inner * of_y, axis=1, keepdims=True)

        value = contracted(y, x)
        return value, self._size * contracted(y, dx), self._size * contracted(dy, x)


def _weights(s: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The four cubic B-splines at a share of a cell, and their slopes, `(n, 4)`."""
    r = 1.0 - s
    values = [
        r**3,
        3.0 * s**3 - 6.0 * s**2 + 4.0,
        3.0 * r**3 - 6.0 * r**2 + 4.0,
        s**3,
    ]
    slopes = [
        -0.5 * r**2,
        1.5 * s**2 - 2.0 * s,
        -1.5 * r**2 + 2.0 * r,
        0.5 * s**2,
    ]
    return tf.concat(values, axis=1) / 6.0, tf.concat(slopes, axis=1)
