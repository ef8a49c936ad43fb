"""Hand-over, checkpoints and resumption: the end is that of an unbroken run."""

import functools

import keras
import numpy as np
import pytest
from killing import KillAt, Killed

import keras_isgd as ki

FIRST = {
    "isgd-adam": lambda: ki.ISGD(0.5, inner=ki.solvers.Adam(1e-3, steps=5)),
    "isgd-lbfgs": lambda: ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=3)),
    "lbfgs": lambda: ki.LBFGS(steps=2, memory=5),
    "isgd": lambda: ki.ISGD(),
    "iterative": lambda: ki.ISGD(
        inner=ki.solvers.GaussNewton(factorisation="iterative")
    ),
}
SECOND = {
    "adam": lambda: keras.optimizers.Adam(1e-3),
    "lbfgs": lambda: ki.LBFGS(steps=2, memory=5),
}
K0 = 4
EPOCHS = 4  # of two steps each


def _model(first="isgd-adam", **compile_args):
    problem = ki.problems.SingularPerturbation(0.5)
    model = ki.PINN(ki.networks.mlp(1, width=6, depth=1, seed=1), problem)
    model.compile(optimizer=FIRST[first](), **compile_args)
    return model


def _fit(model, *, second="adam", resample=False, epochs=EPOCHS, extra=()):
    points = model.problem.points(20, resample=resample, seed=3)
    return model.fit(
        points,
        epochs=epochs,
        steps_per_epoch=2,
        verbose=0,
        callbacks=[*extra, ki.callbacks.SwitchOptimizer(SECOND[second](), K0)],
    )


@functools.cache
def _unbroken(first, second, resample):
    model = _model(first)
    _fit(model, second=second, resample=resample)
    return _weights(model)


def _weights(model):
    return np.concatenate([v.numpy().ravel() for v in model.trainable_variables])


@pytest.mark.parametrize("setting", [{}, {"jit_compile": True}, {"run_eagerly": True}])
def test_switches_on_the_exact_step(setting):
    model = _model(**setting)
    _fit(model)
    isgd, adam = model.optimizer.stages
    assert int(isgd.iterations.numpy()) == K0
    assert int(adam.iterations.numpy()) == 2 * EPOCHS - K0
    assert model.optimizer.active is adam
    assert float(model.optimizer.learning_rate) == float(adam.learning_rate)


def test_steps_per_execution_does_not_move_the_switch():
    # 8 steps in executions of 3: the switch after step 4 falls inside the second.
    def train(steps_per_execution):
        model = _model(steps_per_execution=steps_per_execution)
        points = model.problem.points(20, resample=False, seed=3)
        model.fit(
            points,
            steps_per_epoch=9,
            verbose=0,
            callbacks=[ki.callbacks.SwitchOptimizer(keras.optimizers.Adam(1e-3), K0)],
        )
        return model

    one, three = train(1), train(3)
    assert int(three.optimizer.stages[0].iterations.numpy()) == K0
    np.testing.assert_array_equal(_weights(one), _weights(three))


def test_what_follows_the_switch_is_adam_from_there():
    model = _model()
    _fit(model, epochs=K0 // 2)
    reference = _model()
    reference.set_weights(model.get_weights())
    reference.compile(optimizer=SECOND["adam"]())
    points = model.problem.points(20, resample=False, seed=3)
    reference.fit(points, epochs=2, steps_per_epoch=2, verbose=0)
    model.fit(points, epochs=2, steps_per_epoch=2, verbose=0)
    # One is differentiated along one vector, the other along its parts.
    np.testing.assert_allclose(_weights(model), _weights(reference), rtol=1e-9)


def test_two_switches_make_three_stages():
    model = _model()
    points = model.problem.points(20, resample=False, seed=3)
    switches = [
        ki.callbacks.SwitchOptimizer(ki.LBFGS(steps=2), 2),
        ki.callbacks.SwitchOptimizer(keras.optimizers.SGD(1e-6), 5),
    ]
    model.fit(points, epochs=7, verbose=0, callbacks=switches)
    counts = [int(s.iterations.numpy()) for s in model.optimizer.stages]
    assert counts == [2, 3, 2]


@pytest.mark.parametrize(
    ("first", "second", "resample", "kills"),  # kills before or after the switch
    [
        ("isgd-adam", "adam", False, (1,)),
        ("isgd-adam", "lbfgs", True, (3,)),
        ("lbfgs", "adam", False, (3,)),
        ("isgd", "adam", True, (1, 3)),
        ("iterative", "adam", True, (1,)),
    ],
)
def test_a_killed_run_ends_as_an_unbroken_one(first, second, resample, kills, tmp_path):
    whole = _unbroken(first, second, resample)
    for kill_at in kills:
        backup = tmp_path / str(kill_at)

        def attempt(extra=(), backup=backup):
            model = _model(first)
            restore = keras.callbacks.BackupAndRestore(backup)
            _fit(model, second=second, resample=resample, extra=[restore, *extra])
            return model

        with pytest.raises(Killed):
            attempt([KillAt(kill_at)])
        again = attempt()
        np.testing.assert_array_equal(_weights(again), whole)
        assert int(again.optimizer.iterations.numpy()) == 2 * EPOCHS


@pytest.mark.parametrize(
    ("first", "second", "epochs_before", "resample"),
    [
        ("isgd-adam", "lbfgs", 1, True),
        ("isgd-lbfgs", "adam", 3, True),
        ("lbfgs", "adam", 1, False),
        ("isgd", "adam", 1, True),
    ],
)
def test_saved_and_loaded_it_goes_on_bit_for_bit(
    first, second, epochs_before, resample, tmp_path
):
    part = _model(first)
    _fit(part, second=second, resample=resample, epochs=epochs_before)
    part.save(tmp_path / "part.keras")
    loaded = keras.models.load_model(tmp_path / "part.keras")
    assert isinstance(loaded.optimizer, ki.Staged)
    _fit(loaded, second=second, resample=resample, epochs=EPOCHS - epochs_before)
    whole = _unbroken(first, second, resample)
    np.testing.assert_array_equal(_weights(loaded), whole)


def test_model_checkpoint_and_weights_file(tmp_path):
    whole = _model()
    file = str(tmp_path / "{epoch}.weights.h5")
    checkpoint = keras.callbacks.ModelCheckpoint(file, save_weights_only=True)
    _fit(whole, extra=[checkpoint])
    resumed = _model()
    # Before fit: the state of Staged waits for the optimizer to be built.
    switch = ki.callbacks.SwitchOptimizer(SECOND["adam"](), K0)
    switch.set_model(resumed)
    resumed.load_weights(str(tmp_path / "3.weights.h5"))
    points = resumed.problem.points(20, resample=False, seed=3)
    resumed.fit(points, steps_per_epoch=2, verbose=0, callbacks=[switch])
    np.testing.assert_array_equal(_weights(resumed), _weights(whole))


@pytest.mark.parametrize("first", ["isgd", "isgd-adam"])
def test_weights_file_restores_an_optimizer_that_is_not_built(first, tmp_path):
    model = _model(first)
    points = model.problem.points(20, resample=False, seed=3)
    model.fit(points, epochs=3, verbose=0)
    model.save_weights(tmp_path / "a.weights.h5")
    copy = _model(first)
    copy.load_weights(tmp_path / "a.weights.h5")
    for each in (model, copy):
        each.fit(points, epochs=2, verbose=0)
    np.testing.assert_array_equal(_weights(copy), _weights(model))
    assert int(copy.optimizer.iterations.numpy()) == 5
    assert int(copy.optimizer.evaluations.numpy()) == int(
        model.optimizer.evaluations.numpy()
    )


@pytest.mark.parametrize(
    ("saved", "compiled"),
    [
        ("isgd-adam", "isgd-lbfgs"),
        ("isgd-lbfgs", "lbfgs"),
        ("lbfgs", "isgd-adam"),
        ("adam", "isgd-adam"),
    ],
)
def test_state_of_another_optimizer_is_refused(saved, compiled, tmp_path):
    makers = {**FIRST, "adam": SECOND["adam"]}
    model, other = _model(), _model(compiled)
    model.compile(optimizer=makers[saved]())
    model.optimizer.build(model.trainable_variables)
    model.save_weights(tmp_path / "a.weights.h5")
    before = int(other.optimizer.iterations.numpy())
    with pytest.raises(ValueError, match="Expected the saved state of"):
        other.load_weights(tmp_path / "a.weights.h5")
    assert int(other.optimizer.iterations.numpy()) == before


def test_state_of_another_network_is_refused():
    small, large = ki.LBFGS(memory=3), ki.LBFGS(memory=3)
    small.build([keras.Variable([1.0], dtype="float64")])
    large.build([keras.Variable([1.0, 2.0], dtype="float64")])
    store = {}
    small.save_own_variables(store)
    assert {"iterations", "evaluations", "position_deltas"} <= set(store)
    with pytest.raises(ValueError, match="gradient_deltas, position_deltas differ"):
        large.load_own_variables(store)


def test_setting_up_the_switch_refuses_what_cannot_be(tmp_path):
    switch = ki.callbacks.SwitchOptimizer
    with pytest.raises(ValueError, match="after_steps"):
        switch("adam", 0)
    with pytest.raises(TypeError, match="or a ki"):
        switch("adam", 3).set_model(keras.Sequential([keras.layers.Dense(1)]))
    model = _model()
    _fit(model)
    with pytest.raises(ValueError, match="already switches to Adam"):
        switch(keras.optimizers.SGD(), K0).set_model(model)
    with pytest.raises(ValueError, match="beyond"):
        switch(keras.optimizers.SGD(), K0 + 1).set_model(model)
    late = _model()
    points = late.problem.points(20, resample=False, seed=3)
    late.fit(points, epochs=3, verbose=0)
    with pytest.raises(ValueError, match="beyond the 3 steps"):
        switch("adam", 2).set_model(late)


def test_staged_refuses_bad_boundaries():
    adam = keras.optimizers.Adam
    with pytest.raises(ValueError, match="one boundary fewer"):
        ki.Staged([ki.ISGD()], [])
    with pytest.raises(ValueError, match="increasing"):
        ki.Staged([ki.ISGD(), adam(), adam()], [5, 5])


def test_a_callback_sets_the_active_learning_rate():
    model = _model()
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.25 / 2**epoch)
    _fit(model, extra=[scheduler])
    isgd, adam = model.optimizer.stages
    assert float(isgd.learning_rate) == 0.125  # epochs 0 and 1
    assert float(adam.learning_rate) == 0.03125  # epochs 2 and 3
