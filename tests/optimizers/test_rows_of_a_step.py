"""How many rows `ISGD()` works on in a step of a large network."""

import keras
import numpy as np
import pytest

import keras_isgd as ki
from keras_isgd.optimizers.auto_control import FEW_ROWS, LARGE

POINTS = 1500


def trained(optimizer, points=POINTS, steps=2, width=70, callbacks=()):
    network = ki.networks.mlp(1, width=width, depth=2, seed=0)
    model = ki.PINN(network, ki.problems.Poisson1D())
    model.compile(optimizer=optimizer)
    data = model.problem.points(interior=points - 2, seed=0)
    model.fit(
        data, epochs=1, steps_per_epoch=steps, callbacks=list(callbacks), verbose=0
    )
    return model


def test_a_large_network_works_on_some_of_many_rows():
    model = trained(ki.ISGD(), steps=3)
    assert model.count_params() > LARGE
    assert model.optimizer.description.endswith(
        f"{FEW_ROWS + 2} of {POINTS:,} rows, in their space, with momentum"
    )


@pytest.mark.parametrize(
    ("optimizer", "points", "width"),
    [
        (lambda: ki.ISGD(step_control=ki.SPRING()), POINTS, 70),
        (ki.ISGD, 2 * FEW_ROWS, 70),
        (ki.ISGD, POINTS, 10),
        (lambda: ki.ISGD(0.5), POINTS, 70),
    ],
    ids=["SPRING", "few rows", "a small network", "alpha as given"],
)
def test_others_take_all_rows(optimizer, points, width):
    model = trained(optimizer(), points, 1, width)
    assert f"{points:,} rows" in model.optimizer.description
    assert " of " not in model.optimizer.description


def test_each_step_has_other_rows():
    class Losses(keras.callbacks.Callback):
        seen = []

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append((logs["loss_before"], logs["loss_after"]))

    trained(ki.ISGD(), steps=4, callbacks=[Losses()])
    before, after = np.array(Losses.seen, float).T
    assert np.all(after <= before)
    # On the same rows a step begins where the last one ended.
    assert np.all(before[1:] != after[:-1])


def test_a_run_goes_on_with_the_rows_that_it_would_have_had(tmp_path):
    whole = trained(ki.ISGD(), steps=4)
    half = trained(ki.ISGD(), steps=2)
    half.save(tmp_path / "model.keras")
    half = keras.saving.load_model(tmp_path / "model.keras")
    points = half.problem.points(interior=POINTS - 2, seed=0)
    half.fit(points, epochs=4, initial_epoch=2, verbose=0)
    for one, other in zip(whole.weights, half.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_the_stage_behind_it_has_all_points():
    staged = ki.Staged([ki.ISGD(), keras.optimizers.Adam(1e-4)], [2])
    model = trained(staged, steps=2)
    points = next(iter(model.problem.points(interior=POINTS - 2, seed=0)))
    data = {name: x.numpy() for name, x in points.items()}
    loss = float(model.evaluate(data, verbose=0, return_dict=True)["loss"])
    logs = model.fit(data, epochs=3, initial_epoch=2, verbose=0).history
    np.testing.assert_allclose(logs["loss"][0], loss, rtol=1e-9)
