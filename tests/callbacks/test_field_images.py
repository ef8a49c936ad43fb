"""Pictures for TensorBoard, read back from its event files."""

import io

import keras
import matplotlib.image
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

import keras_isgd as ki


@pytest.fixture
def model():
    model = ki.PINN(ki.networks.mlp(width=5, depth=1, seed=0), ki.problems.Poisson1D())
    model.compile(optimizer=ki.ISGD())
    return model


def test_pictures_of_the_start_of_some_epochs_and_of_the_end(model, tmp_path):
    model.fit(
        epochs=5,
        verbose=0,
        callbacks=[
            keras.callbacks.TensorBoard(tmp_path, histogram_freq=1),
            ki.callbacks.FieldImages(tmp_path, every=2),
        ],
    )
    events = EventAccumulator(str(tmp_path / "fields"))
    events.Reload()
    found = events.Tensors("solution")
    assert [event.step for event in found] == [0, 2, 4, 5]
    pictures = []
    for event in found:
        width, height, png = tensor_util.make_ndarray(event.tensor_proto)
        picture = matplotlib.image.imread(io.BytesIO(png), format="png")
        assert picture.shape[:2] == (int(height), int(width))
        pictures.append(picture)
    assert not np.array_equal(pictures[0], pictures[1])  # the curve has moved
    scalars = EventAccumulator(str(tmp_path / "train"))
    scalars.Reload()
    losses = [event.step for event in scalars.Tensors("epoch_loss")]
    assert losses == list(range(5))
    assert any("kernel" in tag for tag in scalars.Tags()["tensors"])


def test_arguments_and_models_that_cannot_be_drawn(tmp_path):
    with pytest.raises(ValueError, match="every"):
        ki.callbacks.FieldImages(tmp_path, every=0)
    net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    net.compile(loss="mse")
    with pytest.raises(ValueError, match="Sequential"):
        net.fit(
            np.ones((4, 1)),
            np.ones(4),
            verbose=0,
            callbacks=[ki.callbacks.FieldImages(tmp_path)],
        )
    many = ki.PINN(
        ki.networks.mlp(inputs=5, width=4, depth=1), ki.problems.PoissonND(dimension=5)
    )
    many.compile(optimizer=ki.ISGD())
    with pytest.raises(ValueError, match="coordinates"):
        many.fit(epochs=1, verbose=0, callbacks=[ki.callbacks.FieldImages(tmp_path)])
