"""Computed solutions for problems without a closed form.

Each `.npz` file here is a solution on a box or on a union of boxes, as a sum of
products of functions of one coordinate (see `Table`). It holds the accuracy, found by
refining the computation, and the name of the script in `benchmarks/references/` that
made it: running that script writes the file again.
"""

from keras_isgd.problems.references.table import Table, load

__all__ = ["Table", "load"]
