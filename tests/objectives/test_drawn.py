"""Rows drawn at random in the place of all."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.objectives.blocks import PointwiseRows
from keras_isgd.objectives.towers import Towers

ROWS = 90


class Plate(ki.Problem):
    """Two equations, a condition on an edge, and rows that mix all points."""

    coordinates = ("x", "y")
    outputs = 2
    domain = ki.Box((0.0, 0.0), (1.0, 2.0))

    def residual(self, u, x):
        one = u[0].laplacian() - x[:, :1] * u[1].value
        other = u[1].laplacian() + u[0].value ** 2 - 1.0
        return tf.concat([one, other], axis=1)

    def conditions(self):
        return [
            ki.Dirichlet(on="x_min", value=0.3, component=0, weight=7.0),
            ki.Integral(of=lambda u, x: u[1].value, value=0.2),
        ]


def loss_of():
    network = ki.networks.mlp(2, outputs=2, width=4, depth=1, seed=0)
    model = ki.PINN(network, Plate())
    points = next(iter(Plate().points(interior=200, boundary=80, seed=1)))
    return model, model.objective(points)


def drawn(loss, seed, rows=ROWS):
    return loss.drawn(rows, tf.constant(seed, tf.int64))


def test_about_so_many_rows_are_drawn_and_know_of_how_many():
    _, loss = loss_of()
    part = drawn(loss, 0)
    assert part.drawn_from == loss.row_count()
    assert ROWS <= part.row_count() <= ROWS + 32
    assert loss.drawn_from is None


def test_the_mean_of_many_draws_is_the_whole():
    model, loss = loss_of()
    w = loss.parameters.read()
    whole = loss.evaluate(w)

    @tf.function
    def at(seed):
        found = loss.drawn(ROWS, seed).evaluate(w)
        return found.value, found.gradient, tf.stack(found.aux)

    found = [at(tf.constant(seed, tf.int64)) for seed in range(400)]
    wanted = whole.value, whole.gradient, tf.stack(whole.aux)
    for several, one in zip(zip(*found, strict=True), wanted, strict=True):
        several = np.array([x.numpy() for x in several])
        error = several.std(axis=0) / np.sqrt(len(several))
        assert np.all(np.abs(several.mean(axis=0) - one) <= 4.5 * error + 1e-14)
    # The terms add up to each draw's own loss.
    omegas = np.array([float(np.mean(w)) for w in model.loss_weights.values()])
    np.testing.assert_allclose(found[0][0], omegas @ found[0][2].numpy(), rtol=1e-12)


def test_the_choice_is_a_function_of_the_seed():
    _, loss = loss_of()
    w = loss.parameters.read()
    rows = {seed: drawn(loss, seed).residual(w).numpy() for seed in (0, 1)}
    np.testing.assert_array_equal(drawn(loss, 0).residual(w), rows[0])
    assert not np.allclose(rows[0], rows[1])
    compiled = tf.function(lambda s: loss.drawn(ROWS, s).residual(w), jit_compile=True)
    np.testing.assert_allclose(compiled(tf.constant(1, tf.int64)), rows[1], rtol=1e-12)


def test_no_point_is_drawn_twice():
    x = tf.range(500.0, dtype=tf.float64)[:, None]
    block = PointwiseRows(lambda i: i, x)
    for seed in range(20):
        part = block.sampled(0.3, tf.constant([seed, 4]))
        numbers = part.rows().numpy()[:, 0] / np.sqrt(500 / 150)
        assert len(set(np.round(numbers).astype(int))) == 150


def test_every_row_has_the_same_chance():
    block = PointwiseRows(lambda i: i, tf.range(64.0, dtype=tf.float64)[:, None])
    count = np.zeros(64)
    for seed in range(600):
        numbers = block.sampled(0.5, tf.constant([seed, -1])).rows().numpy()[:, 0]
        count[np.round(numbers / np.sqrt(2.0)).astype(int)] += 1
    # Binomial: 300 of 600, with a standard deviation of 12.
    assert np.all(np.abs(count - 300) < 5 * 12.3)


def test_devices_share_what_is_drawn():
    _, alone = loss_of()
    w = alone.parameters.read()
    variables = alone.parameters.variables
    shared = Towers(
        lambda: alone.residual(w),
        variables,
        alone._blocks,
        ["CPU:0", "CPU:0"],
        aux_of=alone._aux_of,
    )
    shared.is_sample = True
    part = drawn(shared, 3)
    assert isinstance(part, Towers)
    one, other = part.evaluate(w), drawn(alone, 3).evaluate(w)
    np.testing.assert_allclose(one.value, other.value, rtol=1e-12)
    np.testing.assert_allclose(one.gradient, other.gradient, rtol=1e-9, atol=1e-12)


def test_rows_without_blocks_are_refused():
    w = keras.Variable([1.0, 2.0], dtype="float64")
    loss = ki.LeastSquares(lambda: tf.convert_to_tensor(w), [w])
    assert not loss.can_draw()
    with pytest.raises(ValueError, match="take all rows"):
        loss.drawn(1, tf.constant(0))
