"""Measurements are met as closely as their noise allows."""

import types

import numpy as np
import pytest

import keras_isgd as ki
from keras_isgd.solving.choices import of_noise
from keras_isgd.solving.noise import Noise, has_noise


class Decay(ki.Problem):
    """u' = -k u with measured values of u, or without."""

    coordinates = ("t",)
    domain = ki.Box(0.0, 2.0)
    coefficients = {"k": 0.5}

    def __init__(self, *sigmas):
        self.sigmas = sigmas

    def residual(self, u, x):
        return u.d("t") + u.coefficient("k") * u.value

    def conditions(self):
        t = np.linspace(0.0, 2.0, 40)[:, None]
        rng = np.random.default_rng(0)
        found = [ki.Initial(1.0, 0)]
        for number, sigma in enumerate(self.sigmas):
            values = np.exp(-t) + (sigma or 0.0) * rng.standard_normal(t.shape)
            found.append(ki.Data(t, values, sigma=sigma, name=f"data_{number}"))
        return found


class FakeTrainer:
    """Leaves the mean squares that it is given, two measurements to one."""

    def __init__(self, misfits, stops_after=100):
        self.misfits, self.patiences, self.stops_after = list(misfits), [], stops_after
        data = [
            ki.Data(np.zeros((n, 1)) + 0.5, np.zeros(n), sigma=0.1, name=name)
            for n, name in ((20, "many"), (10, "few"))
        ]
        problem = types.SimpleNamespace(
            bound_conditions=lambda: [*data, ki.Initial(0.0)],
            points=lambda n, resample: None,
        )
        self.model = types.SimpleNamespace(
            problem=problem,
            evaluate=lambda *_, **__: self.misfit,
            loss_weights={"many": 1.0, "few": 1.0, "residual": 2.0, "both": (3.0, 4.0)},
        )

    def train(self, last, patience):
        self.patiences.append(patience)
        self.misfit = self.misfits.pop(0)

    def begin_anew(self):
        pass

    @property
    def stopped(self):
        return len(self.patiences) >= self.stops_after


def misfits(*values):
    return [{"many": many, "few": few} for many, few in values]


def noise_of(trainer):
    noise = Noise(trainer)
    noise.train()
    return noise


def test_the_equation_becomes_heavier_until_the_misfit_is_one():
    trainer = FakeTrainer(misfits((0.8, 0.9), (1.0, 0.9), (1.1, 0.9)))
    noise = noise_of(trainer)
    assert noise.misfit == pytest.approx((2 * 1.1 + 0.9) / 3)
    assert noise.factor == pytest.approx(100.0)
    assert trainer.model.loss_weights == {
        "many": 1.0,
        "few": 1.0,
        "residual": pytest.approx(200.0),
        "both": pytest.approx([300.0, 400.0]),
    }
    assert "met to 1.03" in of_noise(noise.misfit, noise.factor)


def test_it_does_not_become_so_for_ever():
    trainer = FakeTrainer(misfits(*[(0.5, 0.5)] * 20))
    assert noise_of(trainer).factor == pytest.approx(1e6)


def test_nothing_follows_the_end_of_the_time():
    trainer = FakeTrainer(misfits(*[(0.5, 0.5)] * 3), stops_after=2)
    assert noise_of(trainer).factor == pytest.approx(10.0)
    assert len(trainer.patiences) == 2


@pytest.mark.parametrize(
    ("sigmas", "expected"),
    [((), False), ((None,), False), ((0.1,), True), ((0.1, None), False)],
)
def test_every_measurement_needs_a_sigma(sigmas, expected):
    assert has_noise(Decay(*sigmas)) == expected


def test_a_rate_is_found_within_its_interval():
    model = ki.solve(Decay(0.02), seconds=12, width=8)
    assert any(text.startswith("Noise: ") for text in model.choices)
    ends = model.intervals()
    assert ends.lower["k"] < 1.0 < ends.upper["k"]
    assert ends.upper["k"] - ends.lower["k"] < 0.1
