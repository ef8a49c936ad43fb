"""Rows shared by several devices: the numbers of one device, in another order."""

import json
import subprocess
import sys

import numpy as np
import pytest

import keras_isgd as ki

SCRIPT = """
import json
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
logical = [tf.config.LogicalDeviceConfiguration()] * 3
tf.config.set_logical_device_configuration(cpu, logical)
import keras
import keras_isgd as ki


class Coupled(ki.Problem):
    domain = ki.geometry.Interval(0.0, 1.0)

    def residual(self, u, x):
        return u.d("xx") + u.value**3 + 1.0

    def conditions(self):
        return [ki.Dirichlet(), ki.Integral(of=lambda u, x: u.value**2, value=0.1)]


def model(devices, width=5, **arguments):
    network = ki.networks.mlp(1, width=width, depth=2, seed=0)
    made = ki.PINN(network, Coupled(), devices=devices)
    made.compile(optimizer=ki.ISGD(), **arguments)
    return made


def numbers(made):
    sets = next(iter(made.problem.points(101, seed=0)))
    objective = made.objective(sets)
    w = objective.parameters.read()
    r, j = objective.linearise(w)
    evaluation = objective.evaluate(w)
    products = objective.operators(w)
    return {
        "value": objective.value(w).numpy().tolist(),
        "loss": evaluation.value.numpy().tolist(),
        "gradient": evaluation.gradient.numpy().tolist(),
        "terms": [t.numpy().tolist() for t in evaluation.aux],
        "product": tf.linalg.matvec(j, r, transpose_a=True).numpy().tolist(),
        "normal": tf.matmul(j, j, transpose_a=True).numpy().tolist(),
        "vjp": products.vjp(products.residual).numpy().tolist(),
        "length": tf.norm(products.jvp(w)).numpy().tolist(),
        "rows": int(tf.size(objective.residual(w))),
    }


def trained(devices, **arguments):
    made = model(devices, **arguments)
    made.fit(made.problem.points(101, seed=0), epochs=3, verbose=0)
    return np.concatenate([v.numpy().ravel() for v in made.weights]).tolist()


found = {"numbers": {}, "trained": {}, "xla": {}, "spring": {}}
for name, devices in {"1": None, "2": ["CPU:0", "CPU:2"], "3": "all"}.items():
    found["numbers"][name] = numbers(model(devices))
    if name != "2":
        found["trained"][name] = trained(devices, jit_compile=False)
        found["spring"][name] = trained(devices, width=70, jit_compile=False)
found["xla"]["1"] = found["trained"]["1"]
found["xla"]["2"] = trained(["CPU:0", "CPU:2"], jit_compile=True)
again = trained("all", jit_compile=False)
found["again"] = again == found["trained"]["3"]
shared = model("all", jit_compile=False)
step = tf.function(
    lambda w, x: shared.objective({**x}).linearise(w)[1], autograph=False
)
sets = next(iter(shared.problem.points(101, seed=0)))
w = shared.objective(sets).parameters.read()
graph = step.get_concrete_function(w, sets).graph
devices = {op.device for op in graph.get_operations()}
found["devices"] = sorted({d[-5:] for d in devices if d})
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("count", ["2", "3"])
def test_numbers_are_those_of_one_device(found, count):
    one, several = found["numbers"]["1"], found["numbers"][count]
    for key, value in one.items():
        scale = np.abs(value).max()
        np.testing.assert_allclose(
            several[key], value, rtol=1e-12, atol=1e-12 * scale, err_msg=key
        )


@pytest.mark.parametrize(
    ("kind", "count"),
    [("trained", "3"), ("xla", "2"), ("spring", "3")],
)
def test_first_steps_end_at_the_same_weights(found, kind, count):
    one, several = found[kind]["1"], found[kind][count]
    np.testing.assert_allclose(several, one, rtol=1e-7, atol=1e-9)


def test_a_run_is_repeated_bit_for_bit(found):
    assert found["again"]


def test_each_device_has_a_part_of_the_graph(found):
    assert found["devices"] == ["CPU:0", "CPU:1", "CPU:2"]


def test_devices_that_are_not_there_are_refused():
    def model(devices):
        return ki.PINN(problem=ki.problems.Poisson1D(), devices=devices)

    with pytest.raises(ValueError, match="no device GPU:7; there are CPU:0"):
        model(["CPU:0", "GPU:7"])
    with pytest.raises(ValueError, match="different `devices`"):
        model(["CPU:0", "cpu:0"])
    with pytest.raises(TypeError, match='"all" or a list'):
        model("CPU:0")
