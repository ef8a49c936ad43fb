r"""
A plate with a hole
===================

Heat is made in a plate of 2 by 1. Its edges are kept at zero, and a fluid in a hole takes
some of it away:

.. math:: -\Delta u = 1, \qquad u = 0 \text{ on the edges}, \qquad \frac{\partial u}{\partial n} + 2 u = 0 \text{ on the hole}.

Shapes are added and subtracted, and conditions hold on parts by their names.
"""

import keras_isgd as ki

plate = ki.geometry.Rectangle((0.0, 0.0), (2.0, 1.0))
hole = ki.geometry.Disk((0.7, 0.5), 0.25, name="hole")


class Plate(ki.Problem):
    """Heat in a plate with a cooled hole."""

    coordinates = ("x", "y")
    domain = plate - hole

    def residual(self, u, x):
        return u.laplacian() + 1.0

    def conditions(self):
        return [
            ki.Dirichlet(on=("left", "right", "bottom", "top"), value=0.0),
            ki.Robin(on="hole", a=2.0, b=1.0, value=0.0),
        ]


model = ki.solve(Plate(), seconds=25, verbose=0)
model.plot(title="A plate with a hole")
print(model.report().brief())

# %%
# Polygons (``ki.geometry.Polygon``) and meshes (``ki.geometry.Mesh``, from an STL file) are
# used in the same way; they need ``pip install keras_isgd[geometry]``.
