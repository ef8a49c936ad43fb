r"""
A disk, values below and slopes above
=====================================

.. math:: \Delta u = 0, \qquad u = x^2 - y^2 \text{ for } y < 0, \qquad \frac{\partial u}{\partial n} = 2 (x^2 - y^2) \text{ for } y > 0.

A part of a boundary may be chosen by a function of its points. Normals are those of the
shape.
"""

import keras_isgd as ki


class Disk(ki.Problem):
    """Laplace's equation with two kinds of conditions."""

    coordinates = ("x", "y")
    domain = ki.geometry.Disk((0.0, 0.0), 1.0)

    def residual(self, u, x):
        return u.laplacian()

    def conditions(self):
        return [
            ki.Dirichlet(on=lambda x: x[:, 1] < 0, value=self.exact),
            ki.Neumann(on=lambda x: x[:, 1] > 0, value=lambda x: 2 * self.exact(x)),
        ]

    def exact(self, x):
        return x[:, :1] ** 2 - x[:, 1:2] ** 2


model = ki.solve(Disk(), seconds=20, verbose=0)
print(model.errors())
model.plot(title="Laplace's equation on a disk")
