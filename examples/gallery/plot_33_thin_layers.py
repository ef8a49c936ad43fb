r"""
The wind over the ground, in a layer of a hundredth
====================================================

.. math:: E \, u_{zz} + v = 0, \qquad E \, v_{zz} - (u - 1) = 0, \qquad u = v = 0
          \text{ on the ground}, \quad E = 10^{-5}.

On a turning earth the wind changes its direction towards the ground: Ekman's spiral
(1905), in a layer of the thickness :math:`\sqrt{2 E}`, here 0.0045 of the domain. Where
a small number multiplies the highest derivatives, few points fall into such a layer,
and a network would have to become as steep as it is. How thick it is, the equations
say: ``ki.solve`` reads that from them, gives the network functions that decay and
oscillate as fast for further inputs, and draws half of its points there.
``model.choices`` says where.
"""

import numpy as np
from matplotlib import pyplot as plt

import keras_isgd as ki

E = 1e-5


class Wind(ki.Problem):
    """Friction, the earth's turning, and the pressure that drives the wind."""

    coordinates = ("z",)
    outputs = ("u", "v")
    domain = ki.geometry.Interval(0.0, 1.0)

    def residual(self, u, z):
        return {
            "along": E * u["u"].d("zz") + u["v"].value,
            "across": E * u["v"].d("zz") - (u["u"].value - 1.0),
        }

    def conditions(self):
        return [
            ki.Dirichlet("z_min", value=0.0),
            ki.Dirichlet("z_max", value=1.0, component="u"),
            ki.Dirichlet("z_max", value=0.0, component="v"),
        ]


model = ki.solve(Wind(), seconds=20, verbose=0)
print(*[said for said in model.choices if said.startswith("Boundary layers")])

k = np.sqrt(0.5 / E)
z = np.linspace(0.0, 0.05, 400)[:, None]
found = model.predict(z, verbose=0)
exact = np.hstack([1 - np.exp(-k * z) * np.cos(k * z), np.exp(-k * z) * np.sin(k * z)])
print(f"The largest error within the layer is {np.abs(found - exact).max():.1e}.")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.plot(found, z, label=["u", "v"])
left.set(xlabel="wind", ylabel="height z", title="Profiles")
left.legend()
right.plot(*found.T)
right.set(xlabel="u", ylabel="v", title="The spiral", aspect="equal")
plt.show()

# %%
# **What to change.** ``E = 1e-9`` takes no longer. A flow that leaves through a cold
# face, ``u.d("x") - 0.001 * u.laplacian()``, and a reaction with slow diffusion,
# ``u.value - 1e-4 * u.laplacian()``, have such layers in the plane, on faces of boxes.
