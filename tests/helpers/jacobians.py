"""Rows and Jacobians of an objective, by one backward pass for each row."""

import numpy as np
import tensorflow as tf

__all__ = ["assert_close", "rows_and_jacobian"]


def rows_and_jacobian(objective, w):
    """Rows `(m,)` and Jacobian `(m, p)`; a loop over rows is traced once."""

    @tf.function(autograph=False)
    def by_rows(w):
        with tf.GradientTape() as tape:
            tape.watch(w)
            rows = objective.residual(w)
        return rows, tape.jacobian(rows, w, experimental_use_pfor=False)

    rows, jacobian = by_rows(w)
    return rows.numpy(), jacobian.numpy()


def assert_close(found, expected, tolerance=1e-11):
    """The norm of the difference, relative to what is expected."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    assert np.linalg.norm(found - expected) <= tolerance * np.linalg.norm(expected)
