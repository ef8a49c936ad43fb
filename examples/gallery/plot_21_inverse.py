r"""
Two unknown numbers from noisy values
=====================================

.. math:: x'' + \mu x' + k x = 0

with :math:`\mu` and :math:`k` unknown, from 40 values with a standard deviation of 0.04.
``model.intervals()`` says how far the numbers can be trusted.
"""

import numpy as np

import keras_isgd as ki

rng = np.random.default_rng(0)
times = np.linspace(0.0, 1.0, 40)[:, None]
w = np.sqrt(396.0)
clean = np.exp(-2.0 * times) * (np.cos(w * times) + 2.0 / w * np.sin(w * times))
noisy = clean + 0.04 * rng.normal(size=clean.shape)


class Spring(ki.Problem):
    """A spring that was measured."""

    coordinates = ("t",)
    domain = ki.geometry.Interval(0.0, 1.0)
    coefficients = {
        "mu": ki.Coefficient(2.0, lower=0.0),
        "k": ki.Coefficient(300.0, log=True),
    }

    def residual(self, u, t):
        mu, k = u.coefficient("mu"), u.coefficient("k")
        return u.d("tt") + mu * u.d("t") + k * u.value

    def conditions(self):
        return [ki.Data(times, noisy, sigma=0.04, weight=0.01)]


model = ki.solve(Spring(), seconds=25, verbose=0)
print("mu = 4 and k = 400 made the values. Found:")
print(model.intervals())
model.plot(title="A spring that was measured")
