"""Profiles as seconds by name scope, on profiles whose answer is known."""

import pytest
from profiles import STEP, Profile

from keras_isgd.callbacks.profile import read_steps

SCOPES = ("jacobian", "probes")
BEGIN = "ExecutorState::ProcessAsync::Start"
END = "ExecutorState::ProcessAsync::Done"


def _read(profile, tmp_path):
    """Milliseconds of the only step: jacobian, probes."""
    (step,) = read_steps(profile.write(tmp_path), STEP, SCOPES)
    return [1e3 * step[scope] for scope in SCOPES]


def _profile(*operations):
    profile = Profile()
    profile.event("python", STEP, 0, 100)
    for operation in operations:
        profile.event(*operation)
    return profile


def test_steps_in_order_and_whole(tmp_path):
    profile = Profile()
    for begin in (50, 0):  # and operations across their ends
        profile.event("python", STEP, begin, begin + 30)
    profile.event("a", "jacobian/Add:Add", 20, 60)
    steps = read_steps(profile.write(tmp_path), STEP, SCOPES)
    milliseconds = [{k: round(1e3 * v, 9) for k, v in s.items()} for s in steps]
    assert milliseconds == [
        {STEP: 30.0, "jacobian": 10.0, "probes": 0.0},
        {STEP: 30.0, "jacobian": 10.0, "probes": 0.0},
    ]


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("jacobian/MatMul:MatMul", "jacobian"),
        ("StatefulPartitionedCall/while/body/_3/jacobian_12/x/Mul:Mul", "jacobian"),
        ("jacobian/probes/Mul:Mul", "probes"),
        ("my_jacobian/Mul:Mul", None),
        ("jacobians/Mul:Mul", None),
        ("jacobian_x/Mul:Mul", None),
        ("jacobian:Mul", "jacobian"),
        ("Mul:jacobian", None),
        ("probes/gradient_tape/jacobian/MatMul:MatMul", "probes"),
        ("gradient_tape/jacobian/MatMul:MatMul", "jacobian"),
    ],
)
def test_scope_of_a_name(name, scope, tmp_path):
    expected = [10.0 if s == scope else 0.0 for s in SCOPES]
    found = _read(_profile(("a", name, 0, 10)), tmp_path)
    assert found == pytest.approx(expected)


def test_inner_operations_count_as_their_own(tmp_path):
    profile = _profile(
        ("a", "jacobian/While:While", 0, 40),
        ("a", "probes/Mul:Mul", 10, 30),
        ("a", "jacobian/Mul:Mul", 15, 20),
        ("a", "Sum:Sum", 50, 60),
    )
    assert _read(profile, tmp_path) == pytest.approx([25.0, 15.0])


def test_threads_share_a_moment(tmp_path):
    profile = _profile(
        ("a", "jacobian/Mul:Mul", 0, 40),
        ("b", "probes/Mul:Mul", 20, 60),
        ("c", "probes/Mul_1:Mul", 30, 35),
    )
    assert _read(profile, tmp_path) == pytest.approx([30.0, 30.0])


def test_a_call_claims_what_its_operations_do_not(tmp_path):
    profile = _profile(("b", "Mul:Mul", 20, 30), ("b", "probes/Mul:Mul", 40, 45))
    call = {"name": "jacobian/PartitionedCall"}
    profile.event("a", BEGIN, 10, 11, **call, _pt=2, _p=7)
    profile.event("b", END, 50, 51, **call, _ct=2, _c=7)
    profile.event("b", END, 90, 91, **call, _ct=2, _c=8)  # of another call
    assert _read(profile, tmp_path) == pytest.approx([35.0, 5.0])


def test_a_device_goes_before_the_host(tmp_path):
    """The host hands the probes over while the GPU still forms the Jacobian."""
    profile = _profile(
        ("a", "jacobian/Mul:Mul", 0, 10), ("a", "probes/Mul:Mul", 10, 20)
    )
    gpu = {"plane": "/device:GPU:0 (NVIDIA H100)"}
    profile.event("stream", "gemm", 5, 45, **gpu, tf_op="jacobian/Mul:Mul")
    profile.event("stream", "gemm", 50, 60, **gpu, tf_op="probes/Mul:Mul")
    profile.event("stream", "memcpy", 60, 70, **gpu)
    assert _read(profile, tmp_path) == pytest.approx([45.0, 10.0])


@pytest.mark.parametrize("device", [False, True])
def test_programs_of_xla(device, tmp_path):
    profile = _profile()
    profile.program(
        "m",
        fusion=("fusion", "jacobian/Mul"),
        loop=("while", "probes/while"),
        dot=("dot", "other/MatMul"),
    )
    profile.program("n", fusion=("fusion", "probes/Mul"))
    plane = {"plane": "/device:GPU:0"} if device else {}

    def event(thread, name, begin, end, module="m", **stats):
        stats = {"hlo_op": name, "hlo_module": module, **stats, **plane}
        profile.event(thread, name.split("::")[-1], begin, end, **stats)

    ids = {} if device else {"_pt": 0}
    event("a", "fusion", 0, 10, **ids, **({} if device else {"_p": 1}))
    event("a", "dot", 30, 40, **ids, **({} if device else {"_p": 2}))
    event("a", "loop::fusion", 50, 60, "n", **ids, **({} if device else {"_p": 3}))
    expected = [10.0, 10.0]
    if not device:
        # It went on, on another thread; and a loop around the first instruction.
        profile.event("b", "end: fusion", 15, 15, _ct=0, _c=1)
        event("a", "loop", 0, 1, _pt=0, _p=4)
        profile.event("b", "end: loop", 25, 25, _ct=0, _c=4)
        expected = [15.0, 20.0]
    assert _read(profile, tmp_path) == pytest.approx(expected)
