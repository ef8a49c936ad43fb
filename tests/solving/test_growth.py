"""When a network becomes wider, without training anything."""

import types

from keras_isgd.solving.choices import of_growth
from keras_isgd.solving.growth import Growth


class FakeTrainer:
    """Trains to the losses that it is given, ten seconds each time."""

    seconds_to_compile = 5.0

    def __init__(self, losses, seconds=1000.0, seconds_a_step=0.01, weights=700):
        self.losses, self.seconds_a_step = list(losses), seconds_a_step
        self.clock, self.lasts = types.SimpleNamespace(left=seconds), []
        self.model = types.SimpleNamespace(count_params=lambda: weights)
        self.stopped = False

    def train(self, last=True):
        self.lasts.append(last)
        self.clock.left -= 10.0
        self.stopped = self.clock.left <= 0.0
        return self.losses.pop(0)

    def go_on_with(self, model):
        self.model = model


def growth_of(trainer, grows=True):
    def wider(width, model):
        count = 700 * width**2 // 24**2
        return types.SimpleNamespace(count_params=lambda: count)

    growth = Growth(trainer, wider, 24)
    growth.train(grows)
    return growth


def test_a_network_that_stagnates_grows_up_to_the_largest_size():
    growth = growth_of(FakeTrainer([1.0, 0.5, 0.2, 0.3]))
    assert growth.widths == [24, 34, 48]
    assert growth.losses == [1.0, 0.5, 0.2]
    assert "24, 34, 48 units" in of_growth(growth.widths, growth.losses)


def test_it_does_not_grow_where_too_few_steps_would_be_left():
    trainer = FakeTrainer([1.0, 0.5], seconds=60.0, seconds_a_step=0.1)
    assert growth_of(trainer).widths == [24]
    assert trainer.lasts == [False, True]


def test_it_does_not_grow_at_the_end_of_the_digits():
    trainer = FakeTrainer([1e-22, 1e-23])
    growth = growth_of(trainer)
    assert (growth.widths, growth.losses) == ([24], [1e-23])


def test_it_stays_as_it_is_where_its_size_was_given():
    trainer = FakeTrainer([1.0])
    growth = growth_of(trainer, grows=False)
    assert (growth.widths, growth.losses, trainer.lasts) == ([24], [1.0], [True])


def test_nothing_follows_the_end_of_the_time():
    trainer = FakeTrainer([1.0], seconds=5.0)
    assert growth_of(trainer).widths == [24]
    assert trainer.lasts == [False]
