"""Backups: whole or not at all, and found out when damaged."""

import os
import shutil

import keras
import numpy as np
import pytest
from killing import KillAt, Killed

import keras_isgd as ki


def _run(backup, *, extra=(), epochs=6, seed=1, width=6, optimizer=None, **arguments):
    problem = ki.problems.SingularPerturbation(0.5)
    model = ki.PINN(ki.networks.mlp(1, width=width, depth=1, seed=seed), problem)
    model.compile(optimizer=optimizer or ki.LBFGS(steps=2, memory=5))
    restore = ki.callbacks.BackupAndRestore(backup, **arguments)
    points = problem.points(20, resample=True, seed=3)
    model.fit(points, epochs=epochs, verbose=0, callbacks=[restore, *extra])
    return model


def _weights(model):
    return np.concatenate([v.numpy().ravel() for v in model.weights])


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory):
    backup = str(tmp_path_factory.mktemp("killed") / "backup")
    with pytest.raises(Killed):
        _run(backup, extra=[KillAt(4)])
    return backup


@pytest.fixture
def killed(left_behind, tmp_path):
    return shutil.copytree(left_behind, str(tmp_path / "backup"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return _weights(_run(str(tmp_path_factory.mktemp("whole"))))


def _paths(backup):
    return ki.callbacks.BackupAndRestore(backup).backups()


def test_goes_on_from_the_newest_and_cleans_up(killed, whole):
    paths = _paths(killed)
    assert [os.path.basename(p)[:15] for p in paths] == [
        "epoch-000000004",
        "epoch-000000003",
    ]
    again = _run(killed)
    assert int(again.optimizer.iterations.numpy()) == 6
    np.testing.assert_array_equal(_weights(again), whole)
    assert not os.path.exists(killed)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_backup_is_passed_over(damage, killed, whole):
    newest = _paths(killed)[0]
    with open(newest, "rb") as file:
        content = bytearray(file.read())
    content[len(content) // 2] ^= 1
    content = {"cut": content[:-100], "flip": content, "empty": b""}[damage]
    with open(newest, "wb") as file:
        file.write(content)
    with pytest.warns(UserWarning, match=f"{os.path.basename(newest)} is damaged"):
        again = _run(killed)
    np.testing.assert_array_equal(_weights(again), whole)


def test_when_all_are_damaged_it_says_which(killed):
    for path in _paths(killed):
        with open(path, "ab") as file:
            file.write(b"x")
    with (
        pytest.warns(UserWarning, match="damaged"),
        pytest.raises(ValueError, match=r"Every backup .*epoch-000000004.*start over"),
    ):
        _run(killed)


def test_half_a_backup_is_never_seen(killed, whole):
    with open(os.path.join(killed, "partial.weights.h5"), "wb") as file:
        file.write(b"half")
    np.testing.assert_array_equal(_weights(_run(killed)), whole)


def test_state_of_another_optimizer_or_network_is_refused(killed):
    with pytest.raises(ValueError, match="Expected the saved state of"):
        _run(killed, optimizer=ki.ISGD(0.5, inner="lbfgs"))
    with pytest.raises(ValueError, match="could not be loaded"):
        _run(killed, width=7)


def test_every_so_many_epochs_and_kept(tmp_path):
    backup = str(tmp_path / "b")
    _run(backup, every_epochs=2, keep=3, delete_checkpoint=False)
    assert [os.path.basename(p)[6:15] for p in _paths(backup)] == [
        "000000006",
        "000000004",
        "000000002",
    ]
    with pytest.raises(ValueError, match="keep"):
        ki.callbacks.BackupAndRestore(backup, keep=1)
    with pytest.raises(ValueError, match="backup_dir"):
        ki.callbacks.BackupAndRestore("")


def test_a_later_fit_begins_at_its_beginning(killed):
    model = _run(killed)
    epochs = []
    seen = keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, _: epochs.append(e))
    points = model.problem.points(20, resample=True, seed=3)
    model.fit(points, epochs=2, verbose=0, callbacks=[seen])
    assert epochs == [0, 1]


def test_the_directory_stays_where_asked(tmp_path):
    for delete, stays in ((True, False), (False, True)):
        backup = tmp_path / str(delete)
        sgd = keras.optimizers.SGD(1e-6)
        _run(str(backup), epochs=2, delete_checkpoint=delete, optimizer=sgd)
        assert backup.exists() == stays
