r"""
A plate under load
==================

Plane strain, after Haghighat et al. (2021): the displacements :math:`u, v` of a square that
is held at the bottom and loaded at the top. Stresses on the sides are ``ki.Operator``
conditions, any expression of the outputs, the points and the normals.
"""

import keras_isgd as ki

model = ki.solve(ki.problems.PlaneElasticity(), seconds=30, verbose=0)
print(model.errors())
model.plot(title="A plate under load")
