"""What the noise of PINNacle's PInv allows, whatever the method.

    python benchmarks/noise_limit.py

The unknown conductivity is the right one plus waves sin(i pi x) sin(j pi y), i and j up
to K, which vanish where it is prescribed. Linearised there, the 2,500 values with their
noise leave these coefficients the covariance of least squares (the inverse of Fisher's
information), and so u and a an expected error: no unbiased estimate of so many waves is
better. It prints the relative L2 errors of a, and of u and a together, as the benchmark
measures them.
"""

import numpy as np
import scipy.sparse as sp
from scipy.interpolate import RectBivariateSpline
from scipy.sparse.linalg import splu

# Points of the grid inside along each edge, of the measurements, and their noise.
GRID, MEASURED, NOISE = 99, 50, 0.1


class Conduction:
    """-div(a grad u) = f on the unit square by finite volumes, u = 0 on the boundary.

    Args:
        count: points inside along each edge.
    """

    def __init__(self, count: int = GRID) -> None:
        self.axis = np.linspace(0.0, 1.0, count + 2)
        x, y = np.meshgrid(self.axis, self.axis, indexing="ij")
        self.a = 1.0 / (1.0 + x**2 + (x - 1.0) ** 2 + y**2 + (y - 1.0) ** 2)
        self.u = np.sin(np.pi * x) * np.sin(np.pi * y)
        self.x, self.y = x, y
        self._step = self.axis[1]
        self._solve = splu(self.matrix(self.a)).solve

    def matrix(self, a: np.ndarray) -> sp.csc_matrix:
        """Returns -div(a grad .) on the points inside."""
        inside = np.array(a.shape) - 2
        number = np.arange(inside.prod()).reshape(inside)
        east = 0.5 * (a[1:, 1:-1] + a[:-1, 1:-1])
        north = 0.5 * (a[1:-1, 1:] + a[1:-1, :-1])
        whole = east[1:] + east[:-1] + north[:, 1:] + north[:, :-1]
        rows, columns, values = [number.ravel()], [number.ravel()], [whole.ravel()]
        for one, other, face in (
            (number[1:], number[:-1], east[1:-1]),
            (number[:, 1:], number[:, :-1], north[:, 1:-1]),
        ):
            rows += [one.ravel(), other.ravel()]
            columns += [other.ravel(), one.ravel()]
            values += [-face.ravel()] * 2
        entries = np.concatenate(values) / self._step**2
        places = np.concatenate(rows), np.concatenate(columns)
        return sp.csc_matrix((entries, places))

    def answer(self, change: np.ndarray) -> np.ndarray:
        """Returns how u changes with a, to first order, on the whole grid."""
        right = -self.matrix(change) @ self.u[1:-1, 1:-1].ravel()
        found = np.zeros_like(self.u)
        found[1:-1, 1:-1] = self._solve(right).reshape(found[1:-1, 1:-1].shape)
        return found


def expected_errors(conduction: Conduction, waves: int) -> tuple[float, float]:
    """Returns the relative L2 errors of a, and of u and a together.

    Args:
        conduction: the equation.
        waves: K, along each coordinate.
    """
    places = np.linspace(0.0, 1.0, MEASURED)
    changes, answers, seen = [], [], []
    for i in range(1, waves + 1):
        for j in range(1, waves + 1):
            change = np.sin(i * np.pi * conduction.x) * np.sin(j * np.pi * conduction.y)
            answer = conduction.answer(change)
            spline = RectBivariateSpline(conduction.axis, conduction.axis, answer)
            changes.append(change.ravel())
            answers.append(answer.ravel())
            seen.append(spline(places, places).ravel())
    jacobian = np.array(seen).T / NOISE
    covariance = np.linalg.inv(jacobian.T @ jacobian)
    of_a, of_u = (
        np.einsum("in,ij,jn->", fields, covariance, fields)
        for fields in (np.array(changes), np.array(answers))
    )
    size_a, size_u = np.sum(conduction.a**2), np.sum(conduction.u**2)
    together = np.sqrt((of_a + of_u) / (size_a + size_u))
    return float(np.sqrt(of_a / size_a)), float(together)


def main() -> None:
    """Prints the errors for a few numbers of waves."""
    conduction = Conduction()
    print("| unknown waves | a | u and a |\n|---|---|---|")
    for waves in (1, 2, 3, 4, 5):
        of_a, together = expected_errors(conduction, waves)
        print(f"| {waves**2} | {of_a:.1e} | {together:.1e} |")


if __name__ == "__main__":
    main()
