"""Keras features with each optimizer, as the table in the documentation says."""

from pathlib import Path

import keras_matrix
import pytest

TABLE = Path(__file__).parents[1] / "docs" / "keras_matrix.md"


def _table():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TABLE.read_text().splitlines()
        if line.startswith("|")
    ]
    names = [name.strip("`") for name in rows[0][1:]]
    return {
        (optimizer, row[0]): cell
        for row in rows[2:]
        for optimizer, cell in zip(names, row[1:])
    }


def test_the_table_is_complete():
    assert set(_table()) == {
        (o, s) for o in keras_matrix.OPTIMIZERS for s in keras_matrix.SETTINGS
    }


@pytest.mark.parametrize(("optimizer", "setting"), keras_matrix.SOME)
def test_as_the_table_says(optimizer, setting):
    found = keras_matrix.outcome(optimizer, setting)
    assert _table()[optimizer, setting].startswith(
        "works" if found == "works" else "refused"
    )
