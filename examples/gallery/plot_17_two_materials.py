r"""
Two materials
=============

Heat through brick and steel. The solution has a kink where they meet:

.. math:: \nabla \cdot (k \nabla u) = 0, \qquad k = 1 \text{ below}, \quad k = 40 \text{ above}.

Each part of the domain has a solution of its own, and ``ki.Interface`` joins value and flux.
"""

import keras_isgd as ki

brick = ki.geometry.Rectangle((0.0, -1.0), (1.0, 0.0))
steel = ki.geometry.Rectangle((0.0, 0.0), (1.0, 1.0))


class Wall(ki.Problem):
    """Brick below, steel above."""

    coordinates = ("x", "y")
    domain = ki.geometry.Rectangle((0.0, -1.0), (1.0, 1.0))
    subdomains = {"brick": brick, "steel": steel}
    k = {"brick": 1.0, "steel": 40.0}

    def residual(self, u, x):
        return self.k[u.subdomain] * u.laplacian()

    def conditions(self):
        return [
            ki.Dirichlet("bottom", 20.0),
            ki.Dirichlet("top", 90.0),
            ki.Neumann("left"),
            ki.Neumann("right"),
            ki.Interface(("brick", "steel"), k=(1.0, 40.0)),
        ]


model = ki.solve(Wall(), seconds=40, verbose=0)
model.plot(title="Brick and steel")
print(model.report().brief())
