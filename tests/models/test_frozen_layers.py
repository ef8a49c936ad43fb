"""Layers that are not trained, as in transfer learning."""

import numpy as np
import pytest

import keras_isgd as ki


@pytest.mark.parametrize(
    "optimizer",
    [ki.ISGD(), ki.ISGD(0.5, inner=ki.solvers.Adam(1e-2, 3))],
    ids=["isgd", "adam"],
)
def test_a_pinn_with_a_frozen_layer_trains_the_others(optimizer):
    network = ki.networks.mlp(1, width=3, depth=2, seed=0)
    network.layers[1].trainable = False
    model = ki.PINN(network, ki.problems.SingularPerturbation(0.5))
    model.compile(optimizer=optimizer)
    frozen = [v.numpy() for v in network.non_trainable_variables]
    assert frozen
    points = model.problem.points(10, resample=False, seed=0)
    history = model.fit(points, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss_before"][0]
    for before, after in zip(frozen, network.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(before, after.numpy())
