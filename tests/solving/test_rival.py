"""A network of another kind beside the first one."""

import types

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.models.default_network import design_for
from keras_isgd.solving.choices import of_march, of_rival
from keras_isgd.solving.growth import Growth
from keras_isgd.solving.maker import Growing, Maker
from keras_isgd.solving.march import march
from keras_isgd.solving.rival import Rival
from keras_isgd.solving.training import Clock, Trainer
from keras_isgd.solving.windows import Window


class Cube(ki.Problem):
    """Heat in a square, with time the third coordinate."""

    coordinates = ("x", "y", "t")
    domain = ki.geometry.Box([0.0] * 2, [1.0] * 2) * ki.geometry.Interval(0.0, 0.1)

    def first(self, x):
        return tf.sin(np.pi * x[:, :1]) * tf.sin(np.pi * x[:, 1:2])

    def residual(self, u, x):
        return u.d("t") - u.laplacian("x", "y")

    def conditions(self):
        return [ki.Dirichlet(), ki.Initial(self.first)]


@pytest.fixture
def made():
    growing = Growing(design_for(Cube()), 5, 0)
    return Maker(growing.another(), ki.ISGD(), {}, 1, None, growing=growing)


def stand(made, losses, seconds=1000.0, compiling=1.0):
    """A trainer of the first network that comes to the losses that it is given."""
    trainer = Trainer(made.model(Cube()), None, Clock(seconds))
    trainer.steps, trainer.seconds, trainer.seconds_to_compile = 100, 10.0, compiling
    trainer.asked = []

    def train(seconds=np.inf, steps=None, last=True, enough=0.0, patience=None):
        trainer.asked.append((seconds, enough))
        trainer.steps, trainer.seconds = trainer.steps + 50, trainer.seconds + 20.0
        return losses.pop(0)

    trainer.train = train
    return trainer


def rival_of(made, trainer):
    return Rival(trainer, made.separable(trainer.model), Cube())


def test_one_that_does_better_goes_on(made):
    trainer = stand(made, [0.04])
    first = trainer.model
    rival = rival_of(made, trainer)
    assert rival.meets(1.0, 0.1)
    assert rival.won
    assert rival.losses == (1.0, 0.04)
    assert trainer.model is not first
    assert trainer.model.loss_weights == first.loss_weights
    assert "separable" in [layer.name for layer in trainer.model.network.layers]
    assert "loss of 0.04" in of_rival(rival.losses, rival.won)[0]
    (asked,) = trainer.asked
    assert asked == (pytest.approx(125.0, rel=0.05), 0.1)
    wide = rival.wider(rival.width + 2, trainer.model)
    assert wide.count_params() > trainer.model.count_params()


@pytest.mark.parametrize("losses", [[2.0], [0.5, 0.2]])
def test_one_that_does_not_leaves_the_first_as_it_was(made, losses):
    trainer, count = stand(made, list(losses)), len(losses)
    first, pace = trainer.model, trainer.seconds_a_step
    rival = rival_of(made, trainer)
    assert not rival.meets(1.0, 0.1)
    assert trainer.model is first
    assert len(trainer.asked) == count
    assert trainer.seconds_a_step == pytest.approx(pace)
    assert trainer.seconds_to_compile == 1.0
    assert first.optimizer.iterations == trainer.steps == 100 + 50 * count
    assert rival.losses == (1.0, min(losses))
    assert "fully connected" in of_rival(rival.losses, rival.won)[0]


@pytest.mark.parametrize(("seconds", "compiling"), [(20.0, 0.5), (1000.0, 300.0)])
def test_it_is_left_out_where_there_is_no_time_for_it(made, seconds, compiling):
    trainer = stand(made, [], seconds, compiling)
    rival = rival_of(made, trainer)
    assert not rival.meets(1.0, 0.1)
    assert of_rival(rival.losses, rival.won) == []


def test_a_network_that_was_given_has_none(made):
    model = made.model(Cube())
    given = Maker(model.network, ki.ISGD(), {}, 1, None)
    assert given.separable(model) is None


def test_where_a_network_stagnates_the_better_kind_grows():
    calls = []

    class Stands:
        width, won, losses = 14, False, None
        wider = staticmethod(lambda width, model: model)

        def meets(self, loss, part):
            calls.append((loss, part))
            self.won = True
            return True

    losses = [1.0, 0.01, 0.001]
    trainer = types.SimpleNamespace(
        train=lambda last=True: losses.pop(0),
        clock=types.SimpleNamespace(left=100.0),
        model=types.SimpleNamespace(count_params=lambda: 700),
        seconds_a_step=0.5,
        seconds_to_compile=5.0,
        stopped=False,
    )
    growth = Growth(trainer, lambda width, model: model, 24, Stands())
    growth.train()
    assert calls == [(1.0, 0.5)]
    assert (growth.widths, growth.losses) == ([14], [0.001])


def test_before_there_are_windows_a_rival_may_take_their_place(made):
    window = Window(Cube(), made.network)
    trainer = Trainer(made.model(window.problem), None, Clock(1000.0))
    trainer.steps, trainer.seconds = 100, 10.0
    trainer.train = lambda **_: 3.0
    rival = types.SimpleNamespace(met=[], won=True)
    rival.meets = lambda *loss: rival.met.append(loss) or True
    found = march(trainer, window, (0.0, 0.1), None, made.fresh, list, rival)
    assert rival.met == [(3.0, 0.1)]
    assert not found.pays
    assert "another kind" in of_march(Cube(), found, rival.won)


class Winner:
    """A rival that has won."""

    width, won, losses = 14, True, (1.0, 0.1)
    wider = staticmethod(lambda width, model: model)

    def __init__(self):
        self.begun = 0

    def begins_another(self):
        self.begun += 1


def grown(losses, seconds=100.0):
    """A growth of a winner that comes to the losses, weights 0, 1, ... after each."""
    weights = iter(range(len(losses)))
    model = types.SimpleNamespace(count_params=lambda: 5000)
    trainer = types.SimpleNamespace(
        clock=types.SimpleNamespace(left=seconds),
        model=model,
        seconds_a_step=0.5,
        seconds_to_compile=5.0,
        begin_anew=lambda: None,
    )

    def train(last=True):
        model.weights, trainer.stopped = next(weights), len(losses) == 1
        return losses.pop(0)

    trainer.train = train
    model.get_weights = lambda: model.weights
    model.set_weights = lambda values: setattr(model, "weights", values)
    rival = Winner()
    growth = Growth(trainer, rival.wider, rival.width, rival)
    growth.train()
    return growth, rival.begun, model.weights


def test_one_that_is_stuck_begins_with_other_weights():
    growth, begun, weights = grown([2.0, 1e-3, 1e-4])
    assert (begun, weights, growth.losses) == (1, 2, [1e-4])


def test_the_best_of_all_starts_is_kept():
    growth, begun, weights = grown([2.0, 0.5, 3.0])
    assert (begun, weights, growth.losses) == (2, 1, [0.5])
    growth, begun, weights = grown([0.5, 2.0, 3.0])
    assert (begun, weights, growth.losses) == (2, 0, [0.5])
