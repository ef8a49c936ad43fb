"""The end of a run, on logs by hand."""

import math

import pytest
from small_runs import Logged, fit, pinn

import keras_isgd as ki


def _logs(loss=0.5, before=1.0, step=0.1, gradient=1.0, status=ki.Status.SOLVED):
    return {
        "loss_after": loss,
        "loss_before": before,
        "relative_step": step,
        "gradient_norm": gradient,
        "status": int(status),
    }


def _steps(stop, *logs):
    return Logged(list(logs)).run([stop])


MET = {
    "ftol": _logs(loss=1.0 - 1e-3),
    "xtol": _logs(step=1e-3),
    "gtol": _logs(gradient=1e-3),
}
MISSED = {
    "ftol": _logs(loss=1.0 - 1.001e-3),
    "xtol": _logs(step=1.001e-3),
    "gtol": _logs(gradient=1.001e-3),
}


@pytest.mark.parametrize("test", MET)
def test_each_tolerance(test, capsys):
    stop = ki.callbacks.StopWhenConverged(**{test: 1.0000001e-3}, patience=2)
    first, met, missed = _logs(), MET[test], MISSED[test]
    assert _steps(stop, first, met, missed, met, met, met) == 5
    assert f"({test})" in stop.reason
    assert "0.001" in stop.reason
    assert capsys.readouterr().out.count(stop.reason) == 1
    # The other tolerances leave it alone.
    for other in set(MET) - {test}:
        stop = ki.callbacks.StopWhenConverged(**{other: 1e-3}, patience=2)
        assert _steps(stop, first, met, met, met) == 4
        assert stop.reason is None


@pytest.mark.parametrize("patience", [1, 3, 4])
def test_patience(patience):
    stop = ki.callbacks.StopWhenConverged(ftol=1e-2, patience=patience)
    assert _steps(stop, _logs(), *[MET["ftol"]] * 6) == 1 + patience
    assert _steps(ki.callbacks.StopWhenConverged(ftol=1e-2), *[MET["ftol"]] * 6) == 3


def test_by_default_a_step_that_changes_nothing():
    same = _logs(loss=1.0)
    assert _steps(ki.callbacks.StopWhenConverged(), *[same] * 6) == 3
    still = _logs(step=0.0)
    assert _steps(ki.callbacks.StopWhenConverged(), *[still] * 6) == 3
    almost = _logs(loss=1.0 - 1e-15, step=1e-17, gradient=1e-300)
    assert _steps(ki.callbacks.StopWhenConverged(), _logs(), *[almost] * 5) == 6


def test_the_gradient_is_measured_by_the_first():
    stop = ki.callbacks.StopWhenConverged(gtol=0.1, patience=1)
    logs = [_logs(gradient=g) for g in (math.nan, 50.0, 6.0, 4.0, 4.0)]
    assert _steps(stop, *logs) == 4


def test_an_explicit_step_gains_what_is_not_known():
    explicit = _logs(loss=1.0, status=ki.Status.EXPLICIT)
    assert _steps(ki.callbacks.StopWhenConverged(patience=1), *[explicit] * 4) == 4
    still = _logs(loss=1.0, step=0.0, status=ki.Status.EXPLICIT)
    assert _steps(ki.callbacks.StopWhenConverged(patience=2), *[still] * 4) == 2


def test_negative_losses():
    stop = ki.callbacks.StopWhenConverged(ftol=1e-2, patience=1)
    assert _steps(stop, _logs(-11.0, -10.0), _logs(-10.01, -10.0), _logs()) == 2


@pytest.mark.parametrize(
    "logs",
    [
        _logs(loss=math.nan),
        _logs(loss=math.inf, before=math.inf),
        _logs(loss=-math.inf),
        _logs(loss=2.0),  # rose: new points, say
        _logs(loss=1.0, step=0.0, gradient=0.0, status=ki.Status.NO_DECREASE),
        _logs(loss=1.0, step=0.0, gradient=0.0, status=ki.Status.NOT_FINITE),
    ],
)
def test_what_never_counts(logs):
    stop = ki.callbacks.StopWhenConverged(ftol=0.6, patience=1)
    assert _steps(stop, *[logs] * 5) == 5
    # And it breaks a row.
    stop = ki.callbacks.StopWhenConverged(ftol=1e-2, patience=2)
    assert _steps(stop, MET["ftol"], logs, MET["ftol"], MET["ftol"], _logs()) == 4


def test_status_converged_ends_at_once(capsys):
    status = ki.Status.CONVERGED
    stop = ki.callbacks.StopWhenConverged()
    assert _steps(stop, _logs(), _logs(status=status), _logs()) == 2
    assert str(status) in stop.reason
    assert "\nStopped: Converged" in capsys.readouterr().out
    not_finite = _logs(loss=math.nan, status=status)
    assert _steps(ki.callbacks.StopWhenConverged(), *[not_finite] * 5) == 5


def test_each_fit_begins_anew():
    stop = ki.callbacks.StopWhenConverged(ftol=1e-2, gtol=0.1, patience=3)
    assert _steps(stop, *[MET["ftol"]] * 2) == 2
    assert _steps(stop, *[MET["ftol"]] * 2) == 2
    assert _steps(stop, *[MET["ftol"]] * 3) == 3
    assert stop.reason is not None
    assert _steps(stop, _logs(), _logs(gradient=0.5)) == 2
    assert stop.reason is None


@pytest.mark.parametrize("name", ["ftol", "xtol", "gtol"])
@pytest.mark.parametrize("value", [-1e-9, math.nan, math.inf, "1"])
def test_refused_tolerances(name, value):
    with pytest.raises(ValueError, match=name):
        ki.callbacks.StopWhenConverged(**{name: value})


def test_refused_patience_and_optimizers():
    with pytest.raises(ValueError, match="patience"):
        ki.callbacks.StopWhenConverged(patience=0)
    with pytest.raises(ValueError, match="EarlyStopping"):
        fit(pinn(), [ki.callbacks.StopWhenConverged()])


def test_a_run_of_several_steps_in_an_epoch():
    """Keras's "loss" is a mean there, and in float32."""
    stop = ki.callbacks.StopWhenConverged(ftol=0.1, patience=1)
    monitor = ki.callbacks.SolverMonitor(print_failures=False)
    fit(pinn(ki.LBFGS(steps=3)), [monitor, stop], steps=60)
    assert "(ftol)" in stop.reason
    gains = [
        (s["loss_before"] - s["loss_after"]) / s["loss_before"] for s in monitor.steps
    ]
    assert 0.0 <= gains[-1] <= 0.1 < min(gains[:-1])
