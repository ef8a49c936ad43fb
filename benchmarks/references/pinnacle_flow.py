"""Writes pinnacle_{cavity,back_step,channel}.npz.

Spectral elements (`elements.py`), graded towards corners where the flow is singular;
the channel in time by backward differences of third order. Where the flow leaves, v = 0
and the stress along x vanishes, which is p = 0. The accuracy is the difference to a
coarser grid with a lower degree, and for the channel twice the step.
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from elements import Flow, Mesh
from flow import evaluate
from tables import relative, save_values

SCRIPT = "benchmarks/references/pinnacle_flow.py"
TIMES = np.arange(1, 11) * 0.5


def _graded(end: float, ratio: float, count: int) -> np.ndarray:
    """Lines from 0 to `end` that get closer towards 0."""
    return end * np.concatenate([[0.0], ratio ** np.arange(count - 1, -1, -1)])


def _at(a: np.ndarray, b: float) -> np.ndarray:
    return np.abs(a - b) < 1e-9


def cavity(finer: bool) -> Flow:
    """A square under a lid of speed 4 x (1 - x), p = 0 at (0, 0)."""
    half = _graded(0.5, 0.3, 6 if finer else 5)
    x = np.concatenate([half, 1.0 - half[-2::-1]])
    mesh = Mesh([x, np.concatenate([[0.0, 0.25], 1.0 - half[::-1]])], lambda x, y: True)

    def given(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = points.T
        walls = _at(x * (1.0 - x), 0.0) | _at(y * (1.0 - y), 0.0)
        values = np.zeros((len(points), 2))
        values[:, 0] = np.where(_at(y, 1.0), 4.0 * x * (1.0 - x), 0.0)
        return values, np.stack([walls, walls], axis=1)

    return Flow(mesh, 10 if finer else 8, 0.01, given, pin=True)


def back_step(finer: bool) -> Flow:
    """A channel that doubles its width at x = 2."""
    near = _graded(1.0, 0.3, 6 if finer else 5)
    x = np.concatenate([[0.0], 2.0 - near[::-1], 2.0 + near[1:], [3.5, 4.0]])
    y = np.concatenate([1.0 - near[:0:-1], 1.0 + near])
    mesh = Mesh([x, y], lambda x, y: x > 2.0 or y < 1.0)

    def given(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = points.T
        inlet, outlet = _at(x, 0.0), _at(x, 4.0)
        walls = _at(y * (2.0 - y), 0.0) | (_at(y, 1.0) & (x < 2.0 + 1e-9))
        walls |= _at(x, 2.0) & (y > 1.0 - 1e-9)
        values = np.zeros((len(points), 2))
        values[:, 0] = np.where(inlet, 4.0 * y * (1.0 - y), 0.0)
        return values, np.stack([walls | inlet, walls | inlet | outlet], axis=1)

    return Flow(mesh, 9 if finer else 7, 0.01, given, pin=False)


class Driven(Flow):
    """The flow in a channel whose inlet pulses, with a force."""

    def __init__(self, finer: bool) -> None:
        x = np.linspace(0.0, 2.0, 9 if finer else 7)
        y = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
        mesh = Mesh([x, y], lambda x, y: True)
        super().__init__(mesh, 8 if finer else 7, 0.01, self._given, pin=False)
        self._inlet = 2 * np.flatnonzero(_at(self.points[:, 0], 0.0))
        x, y = self.points.T
        self._shape = -np.sin(np.pi * x) * np.sin(np.pi * y)
        self._rate, self._past, self._time = 0.0, 0.0, 0.0

    @staticmethod
    def _given(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = points.T
        inlet, outlet = _at(x, 0.0), _at(x, 2.0)
        walls = _at(y * (1.0 - y), 0.0) | inlet
        return np.zeros((len(points), 2)), np.stack([walls, walls | outlet], axis=1)

    def _linearise(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        matrices, rests = super()._linearise(state)
        area = 0.25 * self.mesh.sizes.prod(axis=1)
        mass = self._v.T @ (self._w[:, None] * self._v)
        count = mass.shape[0]
        force = np.sin(np.pi * self._time) * self._shape
        for axis in (0, 1):
            mine = slice(axis * count, (axis + 1) * count)
            numbers = 2 * self.velocity + axis
            matrices[:, mine, mine] += self._rate * area[:, None, None] * mass
            change = (self._rate * state + self._past)[numbers]
            if axis == 1:
                change = change - force[self.velocity]
            rests[:, mine] += area[:, None] * (change @ mass)
        return matrices, rests

    def run(self, step: float) -> list[np.ndarray]:
        """The states at `TIMES`, from rest."""
        steps = round(TIMES[0] / step)
        states, found = [self.start.copy() for _ in range(3)], []
        for k in range(1, steps * len(TIMES) + 1):
            self._time = t = k * step
            # The flow is at rest before, and begins smoothly but for a slope.
            self._rate = 11.0 / 6.0 / step
            self._past = (-3.0 * states[0] + 1.5 * states[1] - states[2] / 3.0) / step
            pulses = sum(np.sin(m * np.pi * t) for m in (1, 3, 5))
            self.start = 3.0 * states[0] - 3.0 * states[1] + states[2]
            y = self.points[self._inlet // 2, 1]
            self.start[self._inlet] = np.sin(np.pi * y) * pulses
            states = [self.solve(1e-8), *states[:2]]
            if k % steps == 0:
                found.append(states[0])
        return found


def _grid(
    low: Sequence[float], high: Sequence[float], counts: Sequence[int]
) -> tuple[list[np.ndarray], np.ndarray]:
    axes = [np.linspace(a, b, n) for a, b, n in zip(low, high, counts)]
    points = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)
    return axes, points


def _solved(flow: Flow) -> np.ndarray:
    """The unknowns, by way of more viscous flows, for Newton's method may diverge."""
    aimed = flow.viscosity
    for factor in (8.0, 3.0, 1.5, 1.0):
        flow.viscosity = factor * aimed
        flow.start = flow.solve(1e-4 if factor > 1.0 else 1e-11)
    return flow.start


def _steady(
    name: str,
    make: Callable[[bool], Flow],
    axes: list[np.ndarray],
    points: np.ndarray,
    kept: np.ndarray,
) -> None:
    found = []
    for finer in (False, True):
        flow = make(finer)
        values = np.full((len(points), 3), np.nan)
        coefficients = flow.coefficients(_solved(flow))
        values[kept] = evaluate(flow.mesh, coefficients, points[kept])
        found.append(values)
    for c in range(3):
        print(f"  {'uvp'[c]}: {relative(found[0][:, c], found[1][:, c]):.1e}")
    error = max(relative(*found), 3e-8)
    save_values(name, axes, found[1], error, SCRIPT)


def _channel(axes: list[np.ndarray], points: np.ndarray) -> None:
    found = []
    for finer, step in ((False, 0.01), (True, 0.005)):
        flow = Driven(finer)
        states = flow.run(step)
        values = [
            evaluate(flow.mesh, flow.coefficients(state), points) for state in states
        ]
        found.append(np.stack(values, axis=1))
        print(f"  step {step}: largest {np.abs(found[-1]).max(axis=(0, 1))}")
    save_values("channel", [*axes, TIMES], found[1], relative(*found), SCRIPT)


def main() -> None:
    """Writes the files that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    every = ("cavity", "back_step", "channel")
    parser.add_argument("names", nargs="*", default=every, help="of the files")
    for name in parser.parse_args().names:
        if name == "cavity":
            axes, points = _grid((0.0, 0.0), (1.0, 1.0), (51, 51))
            # The pressure is infinite in the upper corners.
            corner = _at(points[:, 1], 1.0) & _at(
                points[:, 0] * (1 - points[:, 0]), 0.0
            )
            _steady(name, cavity, axes, points, ~corner)
        elif name == "back_step":
            axes, points = _grid((0.0, 0.0), (4.0, 2.0), (81, 41))
            inside = (points[:, 0] > 2.0 - 1e-9) | (points[:, 1] < 1.0 + 1e-9)
            # The pressure is infinite in the corner.
            corner = _at(points[:, 0], 2.0) & _at(points[:, 1], 1.0)
            _steady(name, back_step, axes, points, inside & ~corner)
        else:
            _channel(*_grid((0.0, 0.0), (2.0, 1.0), (33, 17)))


if __name__ == "__main__":
    main()
