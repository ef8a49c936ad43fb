"""Files: those of earlier versions load, hostile and damaged ones are refused."""

import contextlib
import io
import json
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import keras_isgd as ki

SAMPLES = Path(__file__).parent / "samples"
FILES = sorted(SAMPLES.glob("*/*.keras"))
sys.path.insert(0, str(SAMPLES))
import make  # noqa: E402


def test_there_is_a_sample_of_each_optimizer():
    first = {path.stem for path in FILES if path.parent.name == "0.1"}
    assert first == set(make.OPTIMIZERS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name} {p.stem}")
def test_a_file_of_an_earlier_version_loads_and_goes_on(path):
    model = keras.models.load_model(path)
    assert int(model.optimizer.iterations.numpy()) == 2
    answers = json.loads((path.parent / "answers.json").read_text())
    # Other machines round differently.
    np.testing.assert_allclose(
        make.go_on(model), answers[path.stem], rtol=1e-5, atol=1e-7
    )


def _changed(path, tmp_path, config=None, weights=None, extra=()):
    """A copy of a .keras file with another config.json or other weights."""
    copy = tmp_path / "changed.keras"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json" and config:
                tree = json.loads(content)
                config(tree)
                content = json.dumps(tree).encode()
            if name == "model.weights.h5" and weights:
                buffer = io.BytesIO(content)
                with h5py.File(buffer, "r+") as file:
                    weights(file)
                content = buffer.getvalue()
            new.writestr(name, content)
        for name, content in extra:
            new.writestr(name, content)
    return copy


def _datasets(file, part):
    found = []
    file.visititems(
        lambda name, item: (
            found.append(name)
            if isinstance(item, h5py.Dataset) and part in name
            else None
        )
    )
    return sorted(found)


def _replace(part, value):
    def change(file):
        name = _datasets(file, part)[0]
        del file[name]
        if value is not None:
            file[name] = value

    return change


SAMPLE = SAMPLES / "0.1" / "isgd.keras"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("optimizer/vars/signature", None),
        ("optimizer/vars/signature", np.frombuffer(b"Another", np.uint8)),
        ("optimizer/vars/control_cap", None),
        ("optimizer/vars/control_before", np.zeros(3)),
        ("optimizer/vars/control_before", np.zeros((2, 2))),
        ("layers/dense/vars", np.zeros((100, 100))),
        ("layers/dense/vars", None),
    ],
)
def test_wrong_or_missing_entries_are_refused(part, value, tmp_path):
    path = _changed(SAMPLE, tmp_path, weights=_replace(part, value))
    with pytest.raises((ValueError, KeyError, OSError)) as raised:
        keras.models.load_model(path)
    assert len(str(raised.value)) > 10


@pytest.mark.parametrize("shape", [(2**40,), (2**20, 2**20)])
def test_a_huge_entry_is_refused_before_it_is_read(shape, tmp_path):
    def change(file):
        name = _datasets(file, "optimizer/vars/control_before")[0]
        del file[name]
        file.create_dataset(name, shape, np.float64, chunks=True)  # takes no space

    with pytest.raises(ValueError, match="control_before"):
        keras.models.load_model(_changed(SAMPLE, tmp_path, weights=change))


def _edit(path, value):
    def change(tree):
        *parents, last = path
        for key in parents:
            tree = tree[key]
        tree[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("config", "loss_weights"), {"nowhere": 1.0}),
        (("config", "loss_weights"), {"residual": -1.0}),
        (("config", "derivatives"), "finite"),
        (("config", "problem", "config"), {"eps": -1.0}),
        (("config", "problem", "registered_name"), "keras_isgd>Unheard"),
        (
            ("compile_config", "optimizer", "config", "inner", "config"),
            {"iterations": 0},
        ),
        (("compile_config", "optimizer", "config", "learning_rate"), -3.0),
    ],
)
def test_a_config_that_cannot_be_is_refused(path, value, tmp_path):
    with pytest.raises((ValueError, TypeError)) as raised:
        keras.models.load_model(_changed(SAMPLE, tmp_path, config=_edit(path, value)))
    assert len(str(raised.value)) > 10


def test_code_in_a_file_is_not_run(tmp_path):
    def change(tree):
        layer = tree["config"]["network"]["config"]["layers"][2]
        layer.update(
            module="keras.layers",
            class_name="Lambda",
            config={
                "name": layer["name"],
                "function": {
                    "class_name": "__lambda__",
                    "config": {
                        "code": "4wAAAAAAAAAA",
                        "defaults": None,
                        "closure": None,
                    },
                },
            },
        )

    with pytest.raises((ValueError, TypeError), match=r"(?i)lambda|safe|deserializ"):
        keras.models.load_model(_changed(SAMPLE, tmp_path, config=change))


def test_a_path_out_of_the_archive_writes_nothing(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    path = _changed(
        SAMPLE, inner, extra=[("../escaped.txt", b"x"), ("/tmp/escaped_isgd.txt", b"x")]
    )
    with contextlib.suppress(ValueError, OSError):
        keras.models.load_model(path)
    assert not (tmp_path / "escaped.txt").exists()
    assert not Path("/tmp/escaped_isgd.txt").exists()


@pytest.mark.parametrize("keep", [0, 10, 1000, -200])
def test_a_file_cut_short_is_refused(keep, tmp_path):
    path = tmp_path / "cut.keras"
    path.write_bytes(SAMPLE.read_bytes()[:keep])
    with pytest.raises((ValueError, OSError, zipfile.BadZipFile)):
        keras.models.load_model(path)


def test_another_network_or_problem_is_refused(tmp_path):
    model = make.model_of()
    model.compile(optimizer=ki.ISGD())
    make.go_on(model)
    model.save_weights(tmp_path / "a.weights.h5")
    other = ki.PINN(
        ki.networks.mlp(1, width=5, depth=2, seed=0),
        ki.problems.SingularPerturbation(0.5),
    )
    other.compile(optimizer=ki.ISGD())
    with pytest.raises(ValueError):  # noqa: PT011  Keras's own sentence
        other.load_weights(tmp_path / "a.weights.h5")
