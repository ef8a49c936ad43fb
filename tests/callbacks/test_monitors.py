"""What monitors record, and the ends of runs by time and by failure."""

import time

import keras
import numpy as np
import pytest
from small_runs import Logged, fit, pinn

import keras_isgd as ki


def _steps(**others):
    return [{"loss": float(k), "status": 0.0, **others} for k in range(4)]


class Wait(keras.callbacks.Callback):
    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_train_batch_begin(self, batch, logs=None):
        time.sleep(self.seconds)


# -- ErrorMonitor ---------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "steps"), [(0.0, [1, 2, 3, 4]), (60.0, [1, 4])])
def test_errors_every_so_many_seconds(seconds, steps):
    model, told = pinn(), []
    monitor = ki.callbacks.ErrorMonitor(seconds, report=told.append)
    fit(model, [monitor])
    assert [r["step"] for r in monitor.records] == steps
    assert told == monitor.records
    last = monitor.records[-1]
    assert last["relative_l2"] == pytest.approx(model.relative_l2())
    assert last["max_error"] == pytest.approx(model.max_error())
    assert last["evaluations"] == 4
    times = [r["seconds"] for r in monitor.records]
    assert times == sorted(times)
    silent = ki.callbacks.ErrorMonitor(seconds)
    fit(model, [silent])
    assert len(silent.records) == len(steps)
    assert len(told) == len(steps)


def test_time_between_records():
    monitor = ki.callbacks.ErrorMonitor(0.15)
    fit(pinn(), [Wait(0.1), monitor], steps=6)
    steps = [r["step"] for r in monitor.records]
    assert steps[0] == 1
    assert steps[-1] == 6
    assert 3 <= len(steps) < 6


def test_a_problem_without_exact_solution_has_no_errors():
    class Unknown(ki.problems.SingularPerturbation):
        exact = None

    model = ki.PINN(ki.networks.mlp(1, width=3, depth=1, seed=0), Unknown(0.5))
    model.compile(optimizer="sgd")
    monitor = ki.callbacks.ErrorMonitor()
    fit(model, [monitor], steps=1)
    assert set(monitor.records[0]) == {"seconds", "step", "evaluations", "loss"}


class Pair(ki.Problem):
    coordinates = ("t",)
    outputs = ("u", "v")
    domain = ki.Box(0.0, 1.0)

    def residual(self, u, x):
        return u.d("t") - u.value

    def exact(self, x):
        return {"u": x, "v": 1.0 + x}


def test_errors_of_each_output_in_records_and_history():
    model = ki.PINN(ki.networks.mlp(1, 2, width=3, depth=1, seed=0), Pair())
    model.compile(optimizer=keras.optimizers.SGD(1e-3))
    monitor, later = ki.callbacks.ErrorMonitor(0.0), ki.callbacks.ErrorMonitor(60.0)
    history = fit(model, [monitor], steps=1, epochs=3).history
    keys = {f"{kind}{of}" for kind in ("relative_l2", "max_error")
            for of in ("", "_u", "_v")}  # fmt: skip
    assert {*monitor.records[-1]} == {"seconds", "step", "evaluations", "loss", *keys}
    for key in keys:
        assert history[key] == [record[key] for record in monitor.records]
        assert len(set(history[key])) == 3
        assert history[key][-1] == pytest.approx(model.errors()[key])
    # Between two records, the newest one.
    history = fit(model, [later], steps=1, epochs=3).history
    assert history["max_error_v"] == [later.records[0]["max_error_v"]] * 3


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), "2"])
def test_refused_seconds_of_a_monitor(seconds):
    with pytest.raises(ValueError, match="every_seconds"):
        ki.callbacks.ErrorMonitor(seconds)


# -- SolverMonitor --------------------------------------------------------------------


@pytest.mark.parametrize("aloud", [True, False])
def test_every_step_and_its_failures(aloud, capsys):
    statuses = [ki.Status.SOLVED, *[ki.Status.NO_DECREASE] * 2, ki.Status.SOLVED]
    statuses += [ki.Status.NO_DECREASE]
    logs = [
        {"loss": 1.0, "status": float(s), "learning_rate": 0.5, "inner_iterations": k}
        for k, s in enumerate(statuses)
    ]
    monitor = ki.callbacks.SolverMonitor(print_failures=aloud)
    Logged(logs).run([monitor])
    assert [s["status"] for s in monitor.steps] == statuses
    assert [s["iteration"] for s in monitor.steps] == [1, 2, 3, 4, 5]
    assert [s["inner_iterations"] for s in monitor.steps] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert {s["learning_rate"] for s in monitor.steps} == {0.5}
    # Once for each run of equal ones.
    printed = capsys.readouterr().out
    assert printed.count(str(ki.Status.NO_DECREASE)) == (2 if aloud else 0)


def test_prints_failures_by_default(capsys):
    logs = [{"loss": 1.0, "status": float(ki.Status.NOT_FINITE)}]
    Logged(logs).run([ki.callbacks.SolverMonitor()])
    assert str(ki.Status.NOT_FINITE) in capsys.readouterr().out


def test_a_run_without_statuses_has_no_records():
    monitor = ki.callbacks.SolverMonitor()
    fit(pinn(), [monitor])
    assert monitor.steps == []


# -- the ends of runs -----------------------------------------------------------------


def test_time_limit_ends_at_a_step():
    stop = ki.callbacks.TimeLimit(0.35)
    model = Logged(_steps() * 5)
    done = model.run([Wait(0.1), stop])
    assert 3 <= done <= 5
    assert Logged(_steps()).run([ki.callbacks.TimeLimit(60.0)]) == 4
    for seconds in (0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="seconds"):
            ki.callbacks.TimeLimit(seconds)


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_with_steps_that_are_not_taken(patience, capsys):
    taken, failed = {"status": 0.0}, {"status": float(ki.Status.NO_DECREASE)}
    logs = [failed] * (patience - 1) + [taken] + [failed] * 6
    stop = ki.callbacks.StopWhenStuck(patience=patience)
    assert Logged(logs).run([stop]) == 2 * patience
    assert str(ki.Status.NO_DECREASE) in stop.reason
    assert stop.reason in capsys.readouterr().out


@pytest.mark.parametrize("only", [True, False])
def test_which_failures_count(only):
    logs = [{"status": float(ki.Status.NO_DECREASE)}] * 4
    stop = ki.callbacks.StopWhenStuck(patience=2, only_not_finite=only)
    assert Logged(logs).run([stop]) == (4 if only else 2)
    logs = [{"status": float(ki.Status.NOT_FINITE_START)}] * 4
    stop = ki.callbacks.StopWhenStuck(patience=2, only_not_finite=only)
    assert Logged(logs).run([stop]) == 2


# -- SwitchOptimizer and LossDecay: also tests/optimizers and tests/diagnostics -------


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("after", [1, 3])
def test_hand_over(named, after):
    to = "adam" if named else keras.optimizers.RMSprop(1e-3)
    model = pinn()
    fit(model, [ki.callbacks.SwitchOptimizer(to, after)])
    assert model.optimizer.boundaries == [after]
    second = model.optimizer.stages[1]
    assert second is to or type(second) is keras.optimizers.Adam
    assert int(second.iterations.numpy()) == 4 - after
    with pytest.raises(ValueError, match="after_steps"):
        ki.callbacks.SwitchOptimizer(to, 0)


def test_loss_decay_watches_its_own_batch():
    model = pinn(keras.optimizers.SGD(1e-5))
    batches = [
        next(iter(model.problem.points(30, resample=False, seed=s))) for s in (3, 4)
    ]
    decays = [ki.callbacks.LossDecay(batch) for batch in batches]
    decays.append(ki.callbacks.LossDecay(batches[0], every=3))
    before = [
        float(model.evaluate(_repeated(b), steps=1, verbose=0)[0]) for b in batches
    ]
    fit(model, decays)
    after = [
        float(model.evaluate(_repeated(b), steps=1, verbose=0)[0]) for b in batches
    ]
    for decay, first, last in zip(decays, before, after):
        changes = [s["change"] for s in decay.steps]
        np.testing.assert_allclose(sum(changes), last - first, rtol=1e-3)  # in float32
    assert [s["iteration"] for s in decays[0].steps] == [1, 2, 3, 4]
    assert [s["iteration"] for s in decays[2].steps] == [1, 4]


def _repeated(batch):
    import tensorflow as tf

    return tf.data.Dataset.from_tensors(batch)
