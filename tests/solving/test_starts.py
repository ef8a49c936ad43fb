"""Which random weights a training begins with, without training anything."""

import math
import types

import keras_isgd as ki
from keras_isgd.solving.choices import of_starts
from keras_isgd.solving.maker import Growing
from keras_isgd.solving.starts import Starts


class Model:
    """Weights are the number of the network that they come from."""

    def __init__(self, conditions=()):
        self.weights, self.network = [0], self
        self.problem = types.SimpleNamespace(bound_conditions=lambda: conditions)

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = list(weights)


class Design:
    def network(self, width, seed):
        other = Model()
        other.set_weights([seed // 1000])
        return other


class FakeTrainer:
    """Trains to the losses that it is given, ten seconds each time."""

    def __init__(self, losses, seconds=1000.0, conditions=()):
        self.model, self.losses = Model(conditions), list(losses)
        self.clock = types.SimpleNamespace(left=seconds)
        self.seconds, self.began_with = 0.0, []

    def train(self, seconds=math.inf, steps=None, last=True, enough=0.0, patience=None):
        self.began_with.append(self.model.get_weights()[0])
        self.clock.left -= 10.0
        self.seconds += 10.0
        return self.losses.pop(0)

    def begin_anew(self):
        pass

    @property
    def stopped(self):
        return self.clock.left <= 0.0


def starts_of(trainer, **arguments):
    starts = Starts(trainer, Growing(Design(), 8, 0), **arguments)
    starts.find()
    # Where it goes on from.
    trainer.began_with.append(trainer.model.get_weights()[0])
    return starts


def test_the_best_of_three_goes_on():
    trainer = FakeTrainer([3.0, 1e-3, 2.0])
    starts = starts_of(trainer)
    assert trainer.began_with == [0, 1, 2, 1]
    assert (starts.losses, starts.left) == ([3.0, 1e-3, 2.0], [])


def test_a_run_that_stands_still_far_from_a_solution_is_left():
    trainer = FakeTrainer([3.0, 2.0, 4.0, 0.3, 0.4, 0.05])
    starts = starts_of(trainer)
    assert trainer.began_with == [0, 1, 2, 1, 3, 4, 4]
    assert starts.left == [0.3, 0.4]
    assert "at the losses 0.3, 0.4" in of_starts(starts.losses, starts.left)


def test_where_no_start_gets_away_the_best_one_goes_on():
    trainer = FakeTrainer([3.0, 2.0, 4.0, 0.3, 0.2, 0.4, 0.5, 0.6])
    starts_of(trainer)
    assert trainer.began_with == [0, 1, 2, 1, 3, 4, 5, 6, 3]


def test_no_other_is_begun_without_time_for_it():
    trainer = FakeTrainer([3.0, 2.0, 4.0, 0.3], seconds=45.0)
    starts_of(trainer)
    assert trainer.began_with == [0, 1, 2, 1, 1]


def test_noise_is_no_reason_to_begin_again():
    data = ki.Data([[0.5]], [1.0])
    trainer = FakeTrainer([3.0, 2.0, 4.0, 1.0], conditions=[data])
    assert starts_of(trainer).left == []
    assert trainer.began_with == [0, 1, 2, 1]


def test_steps_of_other_optimizers_are_not_judged():
    trainer = FakeTrainer([3.0, 2.0, 4.0, 1.0])
    assert starts_of(trainer, leaves=False).left == []
    assert trainer.began_with == [0, 1, 2, 1]
