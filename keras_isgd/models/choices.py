"""Sentences that say what was chosen for a model, and why."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_isgd.models.design import Design

__all__ = ["of_network"]


def of_network(design: Design, network: keras.Model, model: Any) -> list[str]:
    """Returns what was chosen of a network and its loss.

    Args:
        design: what the network was made from.
        network: the network, or that of one window of time.
        model: the `PINN`.
    """
    problem, names, found = design.problem, design.problem.names, []
    found.append(
        f"Network: {_what(network)}, on inputs mapped to the unit box, so that units "
        "do not matter."
    )
    if design.periodic:
        axes = ", ".join(problem.coordinates[axis] for axis in design.periodic)
        found.append(
            f"{axes} on a circle: the conditions make the solution periodic in it, "
            "which the network is by construction."
        )
    fast = ", ".join(
        f"{name} {design.frequencies[axis]:.3g}"
        for axis, name in enumerate(names.inputs)
        if design.is_fast(axis)
    )
    if fast:
        found.append(
            "First layer: finer than usual where the data vary fast, in radians over "
            f"the length that the network covers: {fast}."
        )
    found += _of_features(design)
    ranges = ", ".join(
        f"{name} = {middle:.3g} +- {size:.3g}"
        for name, middle, size in zip(
            names.outputs, design.middles, design.sizes, strict=True
        )
    )
    found.append(
        f"Outputs: {ranges}, from the values that the conditions prescribe, and from "
        "the equation where they say nothing."
    )
    omegas = ", ".join(
        f"{name} {_numbers(value)}" for name, value in model.loss_weights.items()
    )
    found.append(
        f"Weights of the terms: {omegas}; with them each has the same effect on the "
        "network's weights at the start."
    )
    if model.candidates > 1:
        found.append(
            f"Points: new ones in each step, chosen from {model.candidates} times as "
            "many, more of them where the equation holds worst."
        )
    return found


def _what(network: keras.Model) -> str:
    """What kind of network it is, and how large."""
    names = [layer.name for layer in network.layers]
    if "separable" in names:
        inner = network.get_layer("separable")
        count, weights = inner.get_layer("hidden_0").units, inner.count_params()
        return (
            f"a sum of {count} products of functions of one coordinate each, "
            f"{weights:,} weights"
        )
    inner = network.get_layer("mlp")
    width, weights = inner.get_layer("hidden_1").units, inner.count_params()
    return f"two layers of {width} tanh units, {weights:,} weights"


def _of_features(design: Design) -> list[str]:
    """What the network has beside the coordinates."""
    names, found = design.problem.names, list[str]()
    if design.holes:
        found.append(
            f"Holes: {len(design.holes)}. The network has coordinates that are spread "
            "out around each of them for further inputs."
        )
    if design.corners:
        places = "; ".join(
            ", ".join(
                f"{names.inputs[axis]} = {at:.3g}"
                for axis, at in zip(corner.axes, corner.at, strict=True)
            )
            + f" (exponent {corner.exponent:.3g})"
            for corner in design.corners
        )
        found.append(
            "Corners: solutions are singular where the domain has more than 180 "
            "degrees or the kind of its conditions changes, at "
            f"{places}. The network has functions that are so, too, for further "
            "inputs, and residuals close to it weigh less."
        )
    if design.layers:
        places = "; ".join(
            f"{names.inputs[layer.axis]} = {layer.at:.3g} "
            f"(thickness {1.0 / layer.rate:.2g})"
            for layer in design.layers
        )
        found.append(
            "Boundary layers: the equation has solutions that decay within a small "
            f"part of the domain, at {places}. The network has functions that decay so "
            "for further inputs, half of the points lie there, and residuals there "
            "weigh less."
        )
    if design.jumps.jumps:
        places = "; ".join(
            " and ".join(
                f"{names.inputs[axis]} = {at:.3g}"
                if axis >= 0
                else f"the boundary of {design.jumps.shapes[-1 - axis]}"
                for axis, at in sorted(zip(jump.axes, jump.at, strict=True))
            )
            for jump in design.jumps.jumps
        )
        found.append(
            "Jumps: what is prescribed, values or slopes, differs where it meets, at "
            f"{places}. The network has functions that jump there for further inputs, "
            "and residuals close to it weigh less."
        )
    if design.jumps.poles:
        growing = ", ".join(names.outputs[output] for output in design.jumps.poles)
        found.append(
            f"Poles: where values jump in a corner, {growing} grows as one over the "
            "distance from it, and has a sum of such functions beside the network."
        )
    return found


def _numbers(value: float | Sequence[float]) -> str:
    if isinstance(value, float):
        return f"{value:.2g}"
    return "(" + ", ".join(f"{v:.2g}" for v in value) + ")"
