"""What TensorFlow's profiler recorded, as seconds by name scope and by step.

A moment of a step belongs to the scope of the operations that run in it; if those of
several scopes run at once, on several threads, they share it equally. So the seconds of
all scopes never exceed the step's. Where a moment has several claims, they count in
this order:

    operations on an accelerator
    operations on the host, and within XLA's programs their instructions
    calls of functions, whose operations may carry no scope of the caller's
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_isgd import compat

__all__ = ["read_steps"]

_CALL, _HOST, _DEVICE = 0, 1, 2
# How the profiler marks begin and end of an operation that runs as a whole function,
# such as a program of XLA's. An instruction of XLA's that goes on after its event
# has an event "end: ..." of its own. `_p` of a begin is `_c` of its end.
_BEGIN, _END = "ExecutorState::ProcessAsync::Start", "ExecutorState::ProcessAsync::Done"
_END_OF = "end: "
# Instructions of XLA's that run others.
_CONTAINERS = ("while", "conditional", "call")


class _Event(NamedTuple):
    begin: int  # picoseconds
    end: int
    name: str
    stats: dict[str, Any]


class _Claim(NamedTuple):
    """A stretch of time that is a scope's, with its rank among claims."""

    begin: int
    end: int
    rank: int
    scope: str


def read_steps(
    directory: str, marker: str, scopes: Sequence[str]
) -> list[dict[str, float]]:
    """Reads the steps of a profile.

    Args:
        directory: that `tf.profiler.experimental.start` was given; holds one profile.
        marker: name of the `tf.profiler.experimental.Trace` around each step.
        scopes: name scopes (`tf.name_scope`) to tell apart. Of nested ones the
            innermost counts.

    Returns:
        One dictionary of seconds for each step, in order: each scope's, and the whole
        step's under `marker`.
    """
    (path,) = Path(directory).rglob("*.xplane.pb")
    space = compat.xspace(path.read_bytes())
    scope_of = _ScopeOf(scopes)
    instructions = dict(_instructions(space))
    steps: list[_Event] = []
    claims: list[_Claim] = []
    others: list[_Event] = []  # those that may end on another thread
    for plane in space.planes:
        device = plane.name.startswith("/device:")
        for line in plane.lines:
            operations = []
            for event in _events(plane, line):
                if event.name == marker:
                    steps.append(event)
                elif not device and ("_p" in event.stats or "_c" in event.stats):
                    others.append(event)
                else:
                    operations.append(event)
            claims += _of_operations(operations, instructions, scope_of, device)
    claims += _of_others(others, instructions, scope_of)
    return [
        {marker: (step.end - step.begin) / 1e12, **_seconds(step, claims, scopes)}
        for step in sorted(steps, key=lambda step: step.begin)
    ]


class _ScopeOf:
    """Finds the scope in an operation's name, such as "while/jacobian_1/MatMul"."""

    def __init__(self, scopes: Sequence[str]) -> None:
        # TensorFlow numbers scopes that are entered again.
        self._part = re.compile(f"({'|'.join(map(re.escape, scopes))})(_\\d+)?")
        self._known: dict[str, str | None] = {}

    def __call__(self, name: str) -> str | None:
        if name not in self._known:
            # A gradient's operation is named after the forward one, whose scope counts
            # only if the gradient itself was taken in none.
            own, _, forward = name.partition("gradient_tape/")
            self._known[name] = self._innermost(own) or self._innermost(forward)
        return self._known[name]

    def _innermost(self, name: str) -> str | None:
        for part in reversed(name.split(":")[0].split("/")):
            if found := self._part.fullmatch(part):
                return found[1]
        return None


def _events(plane: Any, line: Any) -> Iterator[_Event]:
    for event in line.events:
        begin = line.timestamp_ns * 1000 + event.offset_ps
        metadata = plane.event_metadata[event.metadata_id]
        stats = {
            plane.stat_metadata[stat.metadata_id].name: _value(plane, stat)
            for stat in (*metadata.stats, *event.stats)
        }
        yield _Event(begin, begin + event.duration_ps, metadata.name, stats)


def _value(plane: Any, stat: Any) -> Any:
    kind = stat.WhichOneof("value")
    value = getattr(stat, kind)
    return plane.stat_metadata[value].name if kind == "ref_value" else value


class _Instruction(NamedTuple):
    operation: str  # the full name of the TensorFlow operation that it comes from
    contains: bool  # whether it runs others


def _instructions(space: Any) -> Iterator[tuple[tuple[str, str], _Instruction]]:
    """Yields ((module, name), instruction) of all that XLA compiled."""
    for plane in space.planes:
        for metadata in plane.event_metadata.values():
            for stat in metadata.stats:
                if plane.stat_metadata[stat.metadata_id].name != "Hlo Proto":
                    continue
                module = compat.hlo_module(stat.bytes_value)
                for computation in module.computations:
                    for found in computation.instructions:
                        contains = found.opcode in _CONTAINERS
                        instruction = _Instruction(found.metadata.op_name, contains)
                        yield (module.name, found.name), instruction


def _of_operations(
    events: Iterable[_Event],
    instructions: dict[tuple[str, str], _Instruction],
    scope_of: _ScopeOf,
    device: bool,
) -> Iterator[_Claim]:
    """Yields what the operations of one thread or stream claim; inner ones first."""
    rank = _DEVICE if device else _HOST
    around: list[tuple[int, str]] = []  # end and scope of those in progress
    at = 0
    for event in sorted(events, key=lambda e: (e.begin, -e.end)):
        instruction = _instruction_of(event, instructions)
        name = event.stats.get("tf_op", event.name)
        scope = scope_of(instruction.operation if instruction else name)
        if scope is None:
            continue
        while around and around[-1][0] <= event.begin:
            end, outer = around.pop()
            if end > at:
                yield _Claim(at, end, rank, outer)
                at = end
        if around and event.begin > at:
            yield _Claim(at, event.begin, rank, around[-1][1])
        at = max(at, event.begin)
        around.append((event.end, scope))
    while around:
        end, outer = around.pop()
        if end > at:
            yield _Claim(at, end, rank, outer)
            at = end


def _of_others(
    events: Sequence[_Event],
    instructions: dict[tuple[str, str], _Instruction],
    scope_of: _ScopeOf,
) -> Iterator[_Claim]:
    """Yields what calls and XLA's instructions claim, until their ends elsewhere."""
    ends = {
        (e.stats.get("_ct"), e.stats.get("_c")): e.begin
        for e in events
        if e.name == _END or e.name.startswith(_END_OF)
    }
    for event in events:
        if instruction := _instruction_of(event, instructions):
            name = instruction.operation
            rank = _CALL if instruction.contains else _HOST
        elif event.name == _BEGIN:
            name, rank = event.stats.get("name", ""), _CALL
        else:
            continue
        if scope := scope_of(name):
            key = (event.stats.get("_pt"), event.stats.get("_p"))
            yield _Claim(event.begin, max(event.end, ends.get(key, 0)), rank, scope)


def _instruction_of(
    event: _Event, instructions: dict[tuple[str, str], _Instruction]
) -> _Instruction | None:
    if "hlo_op" not in event.stats:
        return None
    # Those around it stand before it, where the profiler joins them.
    name = event.stats["hlo_op"].split("::")[-1]
    key = (event.stats.get("hlo_module", ""), name)
    return instructions.get(key, _Instruction("", False))


def _seconds(
    step: _Event, claims: Iterable[_Claim], scopes: Sequence[str]
) -> dict[str, float]:
    """Divides a step among the scopes that claim its moments."""
    changes: list[tuple[int, int, int, str]] = []
    for claim in claims:
        begin, end = max(claim.begin, step.begin), min(claim.end, step.end)
        if begin < end:
            changes.append((begin, 1, claim.rank, claim.scope))
            changes.append((end, -1, claim.rank, claim.scope))
    changes.sort()
    active = [dict.fromkeys(scopes, 0) for _ in (_CALL, _HOST, _DEVICE)]
    seconds = dict.fromkeys(scopes, 0.0)
    at = step.begin
    for moment, change, rank, scope in changes:
        for counts in reversed(active):
            if busy := [s for s in scopes if counts[s]]:
                for s in busy:
                    seconds[s] += (moment - at) / len(busy) / 1e12
                break
        active[rank][scope] += change
        at = moment
    return seconds
