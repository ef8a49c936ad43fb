"""Several processes: the numbers of one process, and sentences when one is lost."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

import keras_isgd as ki
from keras_isgd.hosts import connection, waiting_room

pytestmark = pytest.mark.slow

BEGIN = """
import json
import os
import keras_isgd as ki
hosts = ki.connect_hosts(timeout=120.0)
import keras
import numpy as np
import tensorflow as tf

class Coupled(ki.Problem):
    domain = ki.geometry.Interval(0.0, 1.0)

    def residual(self, u, x):
        return u.d("xx") + u.value**3 + 1.0

    def conditions(self):
        return [ki.Dirichlet(), ki.Integral(of=lambda u, x: u.value**2, value=0.1)]

def model(shared=True, width=5, seed=0):
    network = ki.networks.mlp(1, width=width, depth=1, seed=seed)
    return ki.PINN(network, Coupled(), hosts=shared)

def trained(optimizer, shared=True, width=5, jit=False, seed=0, callbacks=list):
    made = model(shared, width, seed)
    made.compile(optimizer=optimizer, jit_compile=jit)
    points = made.problem.points(101, seed=0)
    made.fit(points, epochs=3, verbose=0, callbacks=callbacks())
    return np.concatenate([v.numpy().ravel() for v in made.weights]).tolist()

def refused(**arguments):
    try:
        trained(ki.ISGD(0.5, inner=ki.solvers.Adam(steps=2)), **arguments)
    except Exception as error:
        return type(error).__name__, str(error)

found = {"trained": {}, "alone": {}}
"""

SAME = (
    BEGIN
    + """
def numbers(shared):
    made = model(shared)
    objective = made.objective(next(iter(made.problem.points(101, seed=0))))
    w = objective.parameters.read()
    r, j = objective.linearise(w)
    evaluation = objective.evaluate(w)
    products = objective.operators(w)
    gram = objective.gram(w)
    return {
        "rows": objective.row_count(),
        "value": objective.value(w).numpy().tolist(),
        "loss": evaluation.value.numpy().tolist(),
        "gradient": evaluation.gradient.numpy().tolist(),
        "slope": objective.value_and_gradient(w)[1].numpy().tolist(),
        "terms": [t.numpy().tolist() for t in evaluation.aux],
        "product": tf.linalg.matvec(j, r, transpose_a=True).numpy().tolist(),
        "normal": tf.matmul(j, j, transpose_a=True).numpy().tolist(),
        "vjp": products.vjp(products.residual).numpy().tolist(),
        "length": tf.norm(products.jvp(w)).numpy().tolist(),
        "gram": gram and tf.linalg.matvec(gram.gram, r).numpy().sum().tolist(),
    }

CASES = {
    "auto": dict(optimizer=lambda: ki.ISGD()),
    "SPRING": dict(optimizer=lambda: ki.ISGD(step_control=ki.SPRING()), width=40),
    "Adam inside": dict(
        optimizer=lambda: ki.ISGD(0.5, inner=ki.solvers.Adam(steps=3)), jit=True
    ),
    "switched": dict(
        optimizer=lambda: ki.LBFGS(steps=2),
        callbacks=lambda: [
            ki.callbacks.SwitchOptimizer(keras.optimizers.Adam(1e-3), after_steps=1)
        ],
    ),
    "L-BFGS inside": dict(optimizer=lambda: ki.ISGD(0.5, inner="lbfgs")),
    "SSBroyden": dict(optimizer=lambda: ki.SSBroyden(steps=2)),
    "Keras": dict(optimizer=lambda: keras.optimizers.Adam(1e-3), jit=True),
}

found["numbers"] = [numbers(True), hosts.is_chief and numbers(False)]
for name, case in CASES.items():
    optimizer = case.pop("optimizer")
    found["trained"][name] = trained(optimizer(), **case)
    if hosts.is_chief:
        found["alone"][name] = trained(optimizer(), False, **case)
found["unequal"] = refused(seed=hosts.index)
print(json.dumps(found))
"""
)

LOST = (
    BEGIN
    + """
from keras_isgd.hosts import clock

class Leave(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if hosts.index == 1:
            os._exit(7)

found["trained"]["auto"] = trained(ki.ISGD())
begun = clock.now()
found["clocks"] = float(hosts.maximum(tf.constant(begun, tf.float64), "a") - begun)
points = next(iter(Coupled().points(4)))  # without a seed
found["common"] = float(hosts.maximum(tf.math.abs(
    points["interior"] - hosts.of_chief(points["interior"], "points")
), "difference")[0, 0])
found["lost"] = refused(callbacks=lambda: [Leave()])
print(json.dumps(found))
"""
)


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("localhost", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def _configuration(ports, index):
    workers = [f"localhost:{port}" for port in ports]
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": workers}, "task": task})


def _run(script, count=2):
    """What each of some processes prints last, and its exit status."""
    ports = _free_ports(count)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env={**os.environ, "TF_CONFIG": _configuration(ports, i)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(count)
    ]
    try:
        ended = [process.communicate(timeout=500) for process in running]
    finally:
        for process in running:
            process.kill()
    return [(p.returncode, *out) for p, out in zip(running, ended, strict=True)]


@pytest.fixture(scope="module")
def same():
    ended = _run(SAME)
    for status, _, errors in ended:
        assert status == 0, errors[-3000:]
    return [json.loads(out.splitlines()[-1]) for _, out, _ in ended]


@pytest.fixture(scope="module")
def lost():
    (status, out, errors), (other, said, _) = _run(LOST)
    assert (status, other) == (0, 7), f"{said[-2000:]}\n{errors[-3000:]}"
    return json.loads(out.splitlines()[-1])


def test_numbers_are_those_of_one_process(same):
    several, one = same[0]["numbers"]
    assert one["rows"] == 104
    for key, value in one.items():
        if value is None:
            assert several[key] is None
            continue
        scale = np.abs(value).max()
        np.testing.assert_allclose(
            several[key], value, rtol=1e-12, atol=1e-12 * scale, err_msg=key
        )


def test_first_steps_end_at_the_same_weights(same):
    for name, one in same[0]["alone"].items():
        several, scale = same[0]["trained"][name], np.abs(one).max()
        np.testing.assert_allclose(
            several, one, rtol=0.0, atol=1e-10 * scale, err_msg=name
        )


def test_all_processes_have_the_same_bits(same):
    assert same[0]["trained"] == same[1]["trained"]
    assert same[0]["numbers"][0] == same[1]["numbers"][0]


def test_a_run_is_repeated_bit_for_bit(same, lost):
    assert lost["trained"]["auto"] == same[0]["trained"]["auto"]


def test_clocks_and_seeds_are_common(lost):
    assert lost["common"] == 0.0
    assert lost["clocks"] == 0.0


def test_unequal_weights_are_refused_in_all_processes(same):
    for found in same:
        kind, sentence = found["unequal"]
        assert kind == "ValueError"
        assert sentence.startswith("The weights differ from one process to another.")


def test_a_lost_process_ends_the_others_with_a_sentence(lost):
    kind, sentence = lost["lost"]
    assert kind == "ConnectionError"
    assert sentence.startswith("Another process of this run has ended, or has not")


def _refused(monkeypatch, match, config=None, kind=ValueError, **arguments):
    monkeypatch.setattr(connection, "_connected", None)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config is not None:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(kind, match=match):
        ki.connect_hosts(**arguments)


def test_what_cannot_be_connected_is_refused(monkeypatch):
    two = ["localhost:1", "localhost:2"]
    _refused(monkeypatch, "Set TF_CONFIG to")
    _refused(monkeypatch, "cannot be read", config="{")
    _refused(monkeypatch, "cannot be read", config="{}")
    other = '{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}'
    _refused(monkeypatch, "only have tasks of type worker", config=other)
    _refused(monkeypatch, "Give both", workers=two)
    _refused(monkeypatch, '"host:port"', workers=["localhost"], task=0)
    _refused(monkeypatch, '"host:port"', workers=two[:1] * 2, task=0)
    _refused(monkeypatch, "from 0 to 1", workers=two, task=2)
    _refused(monkeypatch, "timeout", workers=two, task=0, timeout=0.0)
    ki.networks.mlp(1, width=2)
    _refused(monkeypatch, "right after the imports", workers=two, task=0)
    with pytest.raises(TypeError, match="`hosts` as True or False"):
        ki.PINN(problem=ki.problems.Poisson1D(), hosts="all")


def test_one_process_alone_needs_nobody(monkeypatch):
    monkeypatch.setattr(connection, "_connected", None)
    monkeypatch.setenv("TF_CONFIG", _configuration([12345], 0))
    hosts = ki.connect_hosts()
    assert (hosts.count, hosts.index, hosts.is_chief) == (1, 0, True)
    assert ki.connect_hosts() is hosts
    assert ki.PINN(problem=ki.problems.Poisson1D(), hosts=True)._hosts is None


def test_a_process_that_does_not_come_is_not_waited_for():
    workers = [f"localhost:{port}" for port in _free_ports(2)]
    with pytest.raises(ConnectionError, match=f"{workers[1]} has not come within 0.3"):
        waiting_room.wait_for_all(workers, 0, 0.3)
    with socket.socket() as taken:
        taken.bind(("", int(workers[0].rpartition(":")[2])))
        taken.listen()
        with pytest.raises(ConnectionError, match="cannot be used"):
            waiting_room.wait_for_all(workers, 0, 0.3)
