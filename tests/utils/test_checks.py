"""Checks of arguments: what passes comes back, the rest is a sentence."""

from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf

from keras_isgd.utils import checks
from keras_isgd.utils.memory import require_memory


def test_numbers_of_numpy_count_as_numbers():
    assert checks.check_count("n", np.int64(3)) == 3
    assert checks.check_order("n", np.uint8(0)) == 0
    assert checks.check_positive("x", np.float32(0.5)) == 0.5
    assert checks.check_positive("x", Fraction(1, 4)) == 0.25
    assert checks.check_seed(np.int32(7)) == 7
    assert 0 <= checks.check_seed(None) < 2**31
    assert checks.check_choice("c", "a", ("a", "b")) == "a"


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        *((checks.check_count, value) for value in (0, 1.0, True, "1", None)),
        *((checks.check_order, value) for value in (-1, 1.0, True, "1", None)),
        *((checks.check_positive, value) for value in (0.0, -1, True, "1", 1j, np.inf)),
        (lambda name, value: checks.check_choice(name, value, ("a", "b")), "c"),
    ],
)
def test_the_rest_is_named(check, wrong):
    with pytest.raises(ValueError, match=f"`some` .*got {wrong!r}"):
        check("some", wrong)


@pytest.mark.parametrize(
    "value", [[1, 2], (1.0, 2.0), np.array([1, 2], "u1"), tf.constant([1.0, 2.0])]
)
def test_arrays_are_float64(value):
    array = checks.check_array("It", value)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, [1.0, 2.0])


def test_arrays_of_other_things():
    brain = tf.constant([0.5, 2.0], tf.bfloat16)
    np.testing.assert_array_equal(checks.check_array("It", brain), [0.5, 2.0])
    assert checks.check_array("It", []).shape == (0,)
    assert np.isnan(checks.check_array("It", [np.nan], finite=False)).all()
    for wrong, words in (
        ([1, 2j], "It is complex"),
        (["a"], "It has to be made of real numbers, got dtype <U1"),
        ([None], "got dtype object"),
        ([True], "got dtype bool"),
        ([[1], [1, 2]], "rows of different lengths"),
        ([np.nan], "It has NaN"),
    ):
        with pytest.raises(ValueError, match=words):
            checks.check_array("It", wrong)


def test_what_exceeds_a_budget_is_refused_with_both_figures():
    require_memory(2**30, 1.0, "It", "Do less.")
    with pytest.raises(ValueError, match=r"It would take 3 GiB, .* 1 GiB .*Do less\."):
        require_memory(3 * 2**30, 1.0, "It", "Do less.")
