"""Many runs in processes, of which some are killed."""

import json
import os
import signal

import joblib
import numpy as np
import pytest

import keras_isgd as ki


class Line(ki.Problem):
    """u'' = 0 between 0 and an end; the worker of a fatal one dies, once."""

    domain = ki.geometry.Interval(0.0, 1.0)

    def __init__(self, end=1.0, fatal=None):
        self.end, self.fatal = end, fatal

    def residual(self, u, x):
        if self.fatal and not os.path.exists(self.fatal):
            with open(self.fatal, "w"):
                os.kill(os.getpid(), signal.SIGKILL)
        return u.d("xx")

    def conditions(self):
        return [ki.Dirichlet("x_min"), ki.Dirichlet("x_max", self.end)]

    def exact(self, x):
        return self.end * x


def test_runs_are_those_of_solve_and_are_not_made_again(tmp_path):
    problems = {"one": Line(), "two": Line(2.0)}
    found = ki.sweep(problems, 3.0, seeds=[3], folder=tmp_path, width=4)
    assert [run["problem"] for run in found.runs] == ["one", "two"]
    assert all(run["relative_l2"] < 1.0 for run in found.runs)
    assert found.best()["relative_l2"] == min(r["relative_l2"] for r in found.runs)
    head, *rows = str(found).splitlines()
    assert head.split()[:3] == ["problem", "seed", "loss"]
    assert len(rows) == 2
    assert all(os.path.isfile(run["weights"]) for run in found.runs)
    path = tmp_path / "one-seed3.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "loss": 7.0}))
    again = ki.sweep(problems, 3.0, seeds=[3], folder=tmp_path, width=4)
    assert [run["loss"] for run in again.runs] == [7.0, found.runs[1]["loss"]]


def test_the_run_of_a_worker_that_dies_begins_again(tmp_path):
    problem = Line(fatal=str(tmp_path / "died"))
    found = ki.sweep(problem, 3.0, seeds=2, workers=2, folder=tmp_path, width=4)
    assert (tmp_path / "died").exists()
    assert [run["seed"] for run in found.runs] == [0, 1]
    assert all(np.isfinite(run["loss"]) for run in found.runs)


def test_it_runs_on_a_dask_cluster(tmp_path):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        found = ki.sweep(Line(), 3.0, seeds=1, folder=tmp_path, width=4)
    assert found.runs[0]["relative_l2"] < 1.0


def test_bad_arguments_are_refused(tmp_path):
    for given, word in (
        ({"seconds": 0.0}, "seconds"),
        ({"seeds": 0}, "seeds"),
        ({"seeds": [-1]}, "seed"),
        ({"seeds": []}, "at least one"),
        ({"workers": 0}, "workers"),
    ):
        with pytest.raises(ValueError, match=word):
            ki.sweep(Line(), folder=tmp_path, **given)


def test_runs_of_a_sweep_share_no_loss():
    with pytest.raises(ValueError, match="leave `hosts` out"):
        ki.sweep(Line(), hosts=True)
