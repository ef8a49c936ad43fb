"""Gauss-Newton on batches whose number of rows is known only when they come."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki

pytestmark = pytest.mark.filterwarnings("ignore:Your input ran out of data")

ALPHA = 0.7
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 2))
Y = X @ [[1.5], [-0.5]] + 0.1 * RNG.normal(size=(20, 1))


def _model(solver, alpha=ALPHA):
    inputs = keras.Input((2,), dtype="float64")
    layer = keras.layers.Dense(1, use_bias=False, dtype="float64")
    model = ki.ClosureModel(inputs, layer(inputs))
    model.compile(optimizer=ki.ISGD(alpha, inner=solver), loss="mse")
    return model, layer


def _train(model, sizes):
    """Batches of the sizes, one after the other, as a dataset that hides them."""
    ends = np.cumsum(sizes)
    batches = [(X[b - n : b], Y[b - n : b]) for n, b in zip(sizes, ends, strict=True)]
    spec = tuple(tf.TensorSpec((None, k), tf.float64) for k in (2, 1))
    data = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=spec)
    model.fit(data, verbose=0, shuffle=False)
    return batches


def _ridge(w, batches):
    """The implicit steps of a linear model, (I + 2 alpha / n X^T X) w+ = ..."""
    for x, y in batches:
        left = np.eye(2) + 2.0 * ALPHA / len(x) * x.T @ x
        w = np.linalg.solve(left, w + 2.0 * ALPHA / len(x) * x.T @ y)
    return w


@pytest.mark.parametrize("factorisation", ["auto", "gram", "exact", "iterative"])
def test_each_batch_is_solved_whatever_its_size(factorisation):
    # 1 row is fewer than there are weights, the others are more.
    solver = ki.solvers.GaussNewton(factorisation=factorisation, cg_tolerance=1e-12)
    model, layer = _model(solver)
    before = layer.kernel.numpy()
    batches = _train(model, [8, 1, 6])
    np.testing.assert_allclose(layer.kernel.numpy(), _ridge(before, batches), rtol=1e-8)
    assert "an unknown number of rows" in model.optimizer.description
    # The end of the data, which only a fourth step finds, is none.
    assert int(model.optimizer.iterations.numpy()) == 3


def test_the_default_trains_on_a_dataset_with_a_remainder():
    model, _ = _model("auto", None)
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    before = model.evaluate(X, Y, verbose=0)
    model.fit(data, epochs=2, verbose=0, shuffle=False)
    assert model.optimizer.description.startswith("Gauss-Newton, 2 weights, an unknown")
    assert int(model.optimizer.iterations.numpy()) == 6
    assert model.evaluate(X, Y, verbose=0) < 0.1 * before


def test_the_end_of_the_data_is_no_step_of_a_staged_run_either():
    model, _ = _model("auto")
    stages = [ki.ISGD(ALPHA, inner=ki.solvers.Adam(steps=1)), keras.optimizers.SGD()]
    model.compile(optimizer=ki.Staged(stages, [1]), loss="mse")
    _train(model, [4, 3, 5])
    assert int(model.optimizer.iterations.numpy()) == 3


@pytest.mark.parametrize("alpha", [ALPHA, None], ids=["fixed", "controlled"])
@pytest.mark.parametrize("factorisation", ["auto", "gram", "exact"])
def test_a_batch_beyond_the_memory_is_refused_when_it_comes(factorisation, alpha):
    # Enough for four rows of two weights in float64, in four copies.
    memory = 4 * 4 * 2 * 8 / 2**30
    solver = ki.solvers.GaussNewton(factorisation=factorisation, memory=memory)
    model, layer = _model(solver, alpha)
    _train(model, [4, 3])
    before = layer.kernel.numpy()
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=r"(?s)Jacobian of this batch and 2 parameters.*more than.*GiB allowed"
        r".*drop_remainder=True.*larger GaussNewton\(memory",
    ):
        _train(model, [5])
    np.testing.assert_array_equal(layer.kernel.numpy(), before)
    assert int(model.optimizer.iterations.numpy()) == 2
