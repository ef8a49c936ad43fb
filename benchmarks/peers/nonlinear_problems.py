"""Nonlinear problems as the peers see them: formulas that run in JAX and PyTorch.

In each, the network's outputs are changed so that they meet all conditions, as the
authors of these optimizers do: nothing is left but the residual, and no weights are
chosen. One more problem is one more class in `PROBLEMS`, its name and seconds in
nonlinear_settings.py, and the same problem for keras_isgd in untuned.py.
"""

import math
from collections.abc import Callable
from typing import Any

__all__ = ["PROBLEMS"]

PI = math.pi


class Burgers:
    """u_t + u u_x = 0.01/pi u_xx, u = -sin(pi x) at first, u = 0 at x = -1 and 1."""

    lower, upper = (-1.0, 0.0), (1.0, 1.0)
    inputs, outputs, equations = 2, 1, 1

    def features(self, np: Any, x: Any, t: Any) -> list:
        """What the network gets."""
        return [x, 2.0 * t - 1.0]

    def solution(self, np: Any, x: Any, t: Any, raw: list) -> list:
        """The outputs that meet the conditions, from the network's."""
        return [-np.sin(PI * x) + t * (1.0 - x**2) * raw[0]]

    def residual(self, np: Any, x: Any, t: Any, d: Callable) -> list:
        """The equation; `d(i, "xt")` is a derivative of output i."""
        return [d(0, "t") + d(0) * d(0, "x") - 0.01 / PI * d(0, "xx")]


class AllenCahn(Burgers):
    """u_t = 0.0001 u_xx + 5 (u - u^3) on a circle, u = x^2 cos(pi x) at first.

    The initial value has a jump in its slope where the period ends, which points inside
    never see: a form that kept it would converge to another solution, off by 1e-3. So
    the form smooths it in time as diffusion does.
    """

    inputs = 3

    def features(self, np: Any, x: Any, t: Any) -> list:
        return [np.cos(PI * x), np.sin(PI * x), 2.0 * t - 1.0]

    def solution(self, np: Any, x: Any, t: Any, raw: list) -> list:
        distance = (1.0 + np.cos(PI * x)) / 2.0  # from x = -1 and 1, squared
        smoothed = (distance + 1e-4 * PI * t) ** 0.5 - distance**0.5
        return [x**2 * np.cos(PI * x) + 4.0 / PI * smoothed + t * raw[0]]

    def residual(self, np: Any, x: Any, t: Any, d: Callable) -> list:
        u = d(0)
        return [d(0, "t") - 1e-4 * d(0, "xx") - 5.0 * (u - u**3)]


class KortewegDeVries(AllenCahn):
    """u_t + u u_x + 0.022^2 u_xxx = 0 on a circle, u = cos(pi x) at first."""

    def solution(self, np: Any, x: Any, t: Any, raw: list) -> list:
        return [np.cos(PI * x) + t * raw[0]]

    def residual(self, np: Any, x: Any, t: Any, d: Callable) -> list:
        return [d(0, "t") + d(0) * d(0, "x") + 0.022**2 * d(0, "xxx")]


class Kovasznay:
    """Steady flow behind a grid at Re = 40; the pressure is free of a constant."""

    lower, upper = (-0.5, -0.5), (1.0, 1.5)
    inputs, outputs, equations = 2, 3, 3
    reynolds = 40.0

    def features(self, np: Any, x: Any, y: Any) -> list:
        return [(x - 0.25) / 0.75, y - 0.5]

    def solution(self, np: Any, x: Any, y: Any, raw: list) -> list:
        (x0, y0), (x1, y1) = self.lower, self.upper
        inside = (x - x0) * (x1 - x) * (y - y0) * (y1 - y)
        found = []
        for output, value in enumerate((self._along_x, self._along_y)):
            # The boundary's values, carried inwards along both coordinates.
            r, s = (x - x0) / (x1 - x0), (y - y0) / (y1 - y0)
            ends = (1.0 - r) * value(np, x0 + 0 * x, y) + r * value(np, x1 + 0 * x, y)
            sides = (1.0 - s) * value(np, x, y0 + 0 * y) + s * value(np, x, y1 + 0 * y)
            corners = sum(
                a * b * value(np, px + 0 * x, py + 0 * y)
                for a, px in ((1.0 - r, x0), (r, x1))
                for b, py in ((1.0 - s, y0), (s, y1))
            )
            found.append(ends + sides - corners + inside * raw[output])
        return [*found, raw[2]]

    def residual(self, np: Any, x: Any, y: Any, d: Callable) -> list:
        u, v, nu = d(0), d(1), 1.0 / self.reynolds
        return [
            u * d(0, "x") + v * d(0, "y") + d(2, "x") - nu * (d(0, "xx") + d(0, "yy")),
            u * d(1, "x") + v * d(1, "y") + d(2, "y") - nu * (d(1, "xx") + d(1, "yy")),
            d(0, "x") + d(1, "y"),
        ]

    @property
    def _rate(self) -> float:
        half = self.reynolds / 2.0
        return half - math.sqrt(half**2 + 4.0 * PI**2)

    def _along_x(self, np: Any, x: Any, y: Any) -> Any:
        return 1.0 - np.exp(self._rate * x) * np.cos(2.0 * PI * y)

    def _along_y(self, np: Any, x: Any, y: Any) -> Any:
        rate = self._rate
        return rate / (2.0 * PI) * np.exp(rate * x) * np.sin(2.0 * PI * y)


PROBLEMS = {
    "burgers": Burgers(),
    "allen-cahn": AllenCahn(),
    "kdv": KortewegDeVries(),
    "kovasznay": Kovasznay(),
}
