r"""
Conditions by construction
==========================

A network that is zero on a circle whatever its weights are:

.. math:: -\Delta u = 1 \text{ on the unit disk}, \qquad u = 0 \text{ on its edge.}

``ki.networks.dirichlet`` multiplies by the distance; ``ki.networks.transform`` takes any
function of the coordinates and the network.
"""

import keras_isgd as ki

disk = ki.geometry.Disk((0.0, 0.0), 1.0)


class Torsion(ki.Problem):
    """A twisted shaft."""

    coordinates = ("x", "y")
    domain = disk

    def residual(self, u, x):
        return u.laplacian() + 1.0

    def conditions(self):
        return []

    def exact(self, x):
        return 0.25 * (1.0 - x[:, :1] ** 2 - x[:, 1:2] ** 2)


network = ki.networks.mlp(
    inputs=2, width=16, depth=2, input_scale=2.0, domain=disk, seed=0
)
hard = ki.networks.dirichlet(network, disk, value=0.0)
model = ki.PINN(hard, Torsion())
model.compile(optimizer=ki.ISGD())
model.fit(epochs=25, verbose=0)
print(model.errors())
model.plot(title="A twisted shaft")
