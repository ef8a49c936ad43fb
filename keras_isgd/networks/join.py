"""Networks of several parts: unknown functions beside the solution."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from keras_isgd.derivatives.rules import is_layered
from keras_isgd.networks.checks import Size, size_of
from keras_isgd.networks.layers import Columns, Positive

__all__ = ["Part", "join"]


@dataclasses.dataclass(frozen=True)
class Part:
    """One part of `join`: a network, and what it is a function of.

    Args:
        network: a built `keras.Model` from `(n, len(of))` to `(n, outputs)`.
        of: names of inputs, or of other parts' outputs; all inputs if None.
        positive: whether its outputs pass a softplus, so that they stay positive.
        start: with `positive`: what the outputs are where the network is zero, and so
            nearly at first if it starts small, as `mlp(input_scale=...)` does: a
            positive number, or one for each output; ln 2 if None.
    """

    network: keras.Model
    of: str | Sequence[str] | None = None
    positive: bool = False
    start: float | Sequence[float] | None = None


@dataclasses.dataclass(frozen=True)
class _Placed:
    """A part with its names and sizes."""

    part: Part
    names: tuple[str, ...]
    of: tuple[str, ...]
    size: Size


def join(
    inputs: Sequence[str],
    parts: Mapping[str | tuple[str, ...], keras.Model | Part],
) -> keras.Model:
    """Returns one network of several parts, each a function of its own.

        ki.networks.join(
            ("x", "t"),
            {
                "u": ki.networks.mlp(2, 1),
                "k": Part(ki.networks.mlp(1, 1), of=("x",), positive=True),
                "b": Part(ki.networks.mlp(1, 1), of=("u",)),
            },
        )

    has the outputs u(x, t), k(x) > 0 and b(u(x, t)), in this order. With "u", "k", "b"
    as a problem's outputs, its residual takes derivatives of each.

    Args:
        inputs: names of the coordinates, d.
        parts: dictionary from the name of an output, or a tuple of names for a network
            of several outputs, to a network of all inputs or a `Part`.

    Returns:
        A functional `keras.Model` from `(n, d)` to `(n, outputs)`, with the layers of
        the parts' networks.

    Raises:
        ValueError: names twice or unknown, parts that are functions of each other in a
            circle, networks of the wrong size or of different dtypes.
    """
    names = _names(inputs)
    placed = [_placed(key, part, names) for key, part in parts.items()]
    if not placed:
        raise ValueError("Expected at least one part, got none.")
    _check_names(names, placed)
    dtypes = sorted({p.size.dtype for p in placed})
    if len(dtypes) > 1:
        raise ValueError(f"Expected parts of one dtype, got {' and '.join(dtypes)}.")

    x = keras.Input((len(names),), dtype=dtypes[0], name="inputs")
    made: dict[int, Any] = {}
    for number in _in_order(placed, names):
        tensor = _input_of(placed[number], number, x, names, placed, made)
        made[number] = _applied(placed[number], number, tensor)
    outputs = [made[number] for number in range(len(placed))]
    return keras.Model(x, _side_by_side(outputs, "outputs"), name="joined")


def _names(inputs: Sequence[str]) -> tuple[str, ...]:
    names = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"Expected names of inputs and outputs, got {inputs!r}.")
    return names


def _placed(key: Any, part: Any, inputs: tuple[str, ...]) -> _Placed:
    """A part with its names, of the right size.

    Raises:
        ValueError: otherwise.
    """
    part = part if isinstance(part, Part) else Part(part)
    names = _names(key)
    of = inputs if part.of is None else _names(part.of)
    shown = ", ".join(map(repr, names))
    try:
        size = size_of(part.network)
    except ValueError as error:
        raise ValueError(f"In the part {shown}: {error}") from error
    if (size.inputs, size.outputs) != (len(of), len(names)):
        raise ValueError(
            f"The part {shown} is {len(names)} outputs of {', '.join(of)}, which needs "
            f"a network from (n, {len(of)}) to (n, {len(names)}), got one from (n, "
            f"{size.inputs}) to (n, {size.outputs})."
        )
    if part.start is not None and not part.positive:
        raise ValueError(
            f"The part {shown} has a `start`, which is for positive=True; give other "
            "networks their start by mlp(output_offset=...)."
        )
    return _Placed(part, names, of, size)


def _check_names(inputs: tuple[str, ...], placed: Sequence[_Placed]) -> None:
    known = [*inputs, *(name for p in placed for name in p.names)]
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise ValueError(
            f"Expected different names for all inputs and outputs; {', '.join(twice)} "
            "comes twice."
        )
    for p in placed:
        unknown = [name for name in p.of if name not in known]
        if unknown or len(set(p.of)) < len(p.of):
            raise ValueError(
                f"The part {', '.join(p.names)} is a function of {', '.join(p.of)}; "
                f"expected different names out of {', '.join(known)}."
            )


def _in_order(placed: Sequence[_Placed], inputs: tuple[str, ...]) -> list[int]:
    """The parts' numbers, each after those that it is a function of.

    Raises:
        ValueError: a circle.
    """
    known, order = set(inputs), list[int]()
    while len(order) < len(placed):
        ready = [
            number
            for number, p in enumerate(placed)
            if number not in order and known.issuperset(p.of)
        ]
        if not ready:
            circle = [
                f"{', '.join(p.names)} of {', '.join(p.of)}"
                for number, p in enumerate(placed)
                if number not in order
            ]
            raise ValueError(
                "Expected parts that can be computed one after the other, got a circle "
                f"in {'; '.join(circle)}."
            )
        order += ready
        known.update(name for number in ready for name in placed[number].names)
    return order


def _input_of(
    wanted: _Placed,
    number: int,
    x: keras.KerasTensor,
    inputs: tuple[str, ...],
    placed: Sequence[_Placed],
    made: Mapping[int, Any],
) -> keras.KerasTensor:
    """What a part is a function of, `(n, len(of))`."""
    sources = [(x, inputs), *((made[i], placed[i].names) for i in sorted(made))]
    place_of = {
        name: (source, column)
        for source, (_, names) in enumerate(sources)
        for column, name in enumerate(names)
    }
    # Neighbours out of one tensor are taken at once.
    pieces: list[keras.KerasTensor] = []
    for source, group in itertools.groupby(
        (place_of[name] for name in wanted.of), key=lambda place: place[0]
    ):
        (tensor, names), columns = sources[source], [column for _, column in group]
        if columns != list(range(len(names))):
            name = f"columns_{number}_{len(pieces)}"
            tensor = Columns(columns, dtype=x.dtype, name=name)(tensor)
        pieces.append(tensor)
    return _side_by_side(pieces, f"inputs_{number}")


def _applied(placed: _Placed, number: int, tensor: keras.KerasTensor) -> Any:
    part, network = placed.part, placed.part.network
    if is_layered(network):
        # Under a name of its own: all networks of `mlp` have the same one.
        ends = network.inputs[0], network.outputs[0]
        network = keras.Model(*ends, name=f"part_{number}")
    u = network(tensor)
    if part.positive:
        positive = Positive(
            part.start, dtype=placed.size.dtype, name=f"positive_{number}"
        )
        u = positive(u)
    return u


def _side_by_side(tensors: Sequence[Any], name: str) -> Any:
    if len(tensors) == 1:
        return tensors[0]
    return keras.layers.Concatenate(axis=1, dtype=tensors[0].dtype, name=name)(tensors)
