"""Sobol points against SciPy's."""

import numpy as np
import pytest
from scipy.stats import qmc

from keras_isgd.sampling import sobol, sobol_points


@pytest.mark.parametrize("d", range(1, sobol.LARGEST + 1))
@pytest.mark.parametrize("seed", [None, 0, 7, 2**40 + 3])
def test_the_points_are_those_of_scipy(d, seed):
    for count, power in ((1, 1), (100, 7), (512, 9)):
        engine = qmc.Sobol(
            d, scramble=seed is not None, rng=np.random.default_rng(seed)
        )
        expected = engine.random_base2(power)[:count]
        np.testing.assert_array_equal(sobol.sobol(d, count, seed), expected)


def test_more_coordinates_come_from_scipy():
    d = sobol.LARGEST + 1
    expected = qmc.Sobol(d, rng=np.random.default_rng(3)).random_base2(4)
    np.testing.assert_array_equal(sobol_points(d, 16, seed=3), expected)
