r"""
Hares and foxes
===============

A system of two equations in its own numbers, which run over two orders of magnitude:

.. math:: r' = 2 r - 0.04\, r p, \qquad p' = 0.02\, r p - 1.06\, p, \qquad r(0) = 100,\ p(0) = 15.

Outputs and equations have names. Solutions that oscillate for long are found window by
window of time; ``ki.solve`` decides that.
"""

import keras_isgd as ki


class LotkaVolterra(ki.Problem):
    """Predators and prey."""

    coordinates = ("t",)
    outputs = ("hares", "foxes")
    domain = ki.geometry.Interval(0.0, 6.0)

    def residual(self, u, t):
        r, p = u["hares"].value, u["foxes"].value
        return {
            "hares": u["hares"].d("t") - 2.0 * r + 0.04 * r * p,
            "foxes": u["foxes"].d("t") - 0.02 * r * p + 1.06 * p,
        }

    def conditions(self):
        return [ki.Initial([100.0, 15.0])]


model = ki.solve(LotkaVolterra(), seconds=30, verbose=0)
model.plot(title="Hares and foxes")

# %%
# Without a known solution the report is what to look at: the residual of each equation on
# new points, and an estimate of the error that remains.
print(model.report().brief())
