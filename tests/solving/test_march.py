"""In which order windows of time are trained, without training anything."""

import types

import pytest

from keras_isgd.solving.choices import of_march
from keras_isgd.solving.march import march


class Network:
    def __init__(self):
        self.weights = ["random"]

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = list(weights)


class FakeWindow:
    seconds_to_join = 0.0

    def __init__(self, only_time=False):
        self.moves = []
        self.only_time = only_time

    def move(self, low, high, earlier=None):
        self.moves.append((low, high, earlier))

    def halves(self, weights, low, high):
        return [f"low half of {weights[0]}"], [f"high half of {weights[0]}"]


class FakeTrainer:
    """Trains to the losses that it is given, ten seconds each time."""

    stood = False

    def __init__(self, losses, seconds=1000.0, steps_a_second=10.0, each=30):
        self.model = types.SimpleNamespace(network=Network(), loss_weights={})
        self.steps, self._each = 0, each
        self.losses, self.asked = list(losses), []
        self.began_with, self.alphas = [], []
        self.clock = types.SimpleNamespace(left=seconds, keep=self._keep)
        self._rate = steps_a_second
        self.begun, self.stands = 0, []

    def _keep(self, seconds):
        self.clock.left -= seconds

    def train(self, seconds=None, steps=None, last=True, enough=0.0):
        self.asked.append((seconds, enough))
        self.began_with.append(self.model.network.get_weights())
        self.clock.left -= 10.0
        self.steps += self._each
        if self.stands:
            self.stood = self.stands.pop(0)
        self.model.network.weights = [f"after {len(self.asked)}"]
        return self.losses.pop(0)

    alpha = 3.0

    def begin_anew(self, alpha=None):
        self.begun += 1
        self.alphas.append(alpha)

    @property
    def steps_left(self):
        return self.clock.left * self._rate

    @property
    def stopped(self):
        return self.clock.left <= 0.0 or not self.losses


def fresh():
    return ["fresh"]


def balance():
    raise AssertionError("Weights of the terms are those of the whole time.")


def test_each_window_goes_on_where_the_last_one_ends():
    trainer, window = FakeTrainer([1e-3] * 6), FakeWindow()
    found = march(trainer, window, (2.0, 5.0), 3, fresh, balance)
    ends = [move[:2] for move in window.moves]
    assert ends == [(2.0, 3.0), (3.0, 4.0), (4.0, 5.0)] * 2
    earlier = [move[2] for move in window.moves]
    assert earlier[:3] == [None, ["after 1"], ["after 2"]]
    # The second time they continue what the second time has made of the one before.
    assert earlier[3:] == [None, ["after 4"], ["after 5"]]
    assert found.edges == [3.0, 4.0]
    assert found.finished
    assert found.weights == [["after 4"], ["after 5"], ["after 6"]]
    assert trainer.begun == 6
    assert trainer.alphas == [None] * 3 + [3.0] * 3
    # Equal shares of what is left; a small loss is enough the first time.
    assert [round(s) for s, _ in trainer.asked[:3]] == [333, 495, 980]
    assert all(enough > 0.0 for _, enough in trainer.asked[:3])
    assert all(enough == 0.0 for _, enough in trainer.asked[3:])


def test_it_ends_when_no_loss_falls_any_more():
    trainer = FakeTrainer([1e-3, 1e-3, 1e-4, 1e-4, 0.9e-4, 0.9e-4, 7.0, 7.0])
    found = march(trainer, FakeWindow(), (0.0, 1.0), 2, fresh, balance)
    assert found.times == 3
    assert found.losses == [0.9e-4, 0.9e-4]


@pytest.mark.parametrize(("other", "kept"), [(1e-6, "after 5"), (0.9, "after 4")])
def test_a_window_that_loses_its_way_begins_where_the_last_one_ends(other, kept):
    trainer, window = FakeTrainer([1e-5, 1e-5, 1e-6, 0.5, other]), FakeWindow()
    found = march(trainer, window, (0.0, 2.0), 2, fresh, balance)
    # First from its own weights, then from those of the window before it.
    assert trainer.began_with[3:] == [["after 2"], ["after 3"]]
    assert window.moves[3:] == [(1.0, 2.0, ["after 3"])] * 2
    assert trainer.alphas[3:] == [3.0, None]
    assert found.weights == [["after 3"], [kept]]
    assert found.losses == [1e-6, min(0.5, other)]


def test_a_window_that_fails_is_halved():
    trainer, window = FakeTrainer([1e-3, 5e-2, 1e-3, 1e-3, 1e-3]), FakeWindow()
    found = march(trainer, window, (0.0, 2.0), 2, fresh, balance)
    assert window.moves[:5] == [
        (0.0, 1.0, None),
        (1.0, 2.0, ["after 1"]),
        (1.0, 1.5, ["after 1"]),
        (1.5, 2.0, ["after 3"]),
        (0.0, 1.0, None),
    ]
    assert found.halved == 1
    assert found.edges == [1.0, 1.5]


@pytest.mark.parametrize(("loss", "moves"), [(5e-2, 1), (0.5, 2)])
def test_without_time_for_halves_a_window_has_its_share_twice(loss, moves):
    trainer = FakeTrainer([1e-3, loss, 1e-3, 1e-3], seconds=60.0, steps_a_second=2.0)
    window = FakeWindow()
    found = march(trainer, window, (0.0, 3.0), 3, fresh, balance)
    # One that is stuck begins anew.
    assert (trainer.began_with[2] == ["fresh"]) == (moves == 2)
    assert [move[0] for move in window.moves].count(1.0) == moves
    # Half of what is left each time, so that the last window has the other half.
    assert [seconds for seconds, _ in trainer.asked[1:3]] == [25.0, 20.0]
    assert found.halved == 0


def test_of_two_tries_the_better_one_is_kept():
    trainer = FakeTrainer([1e-3, 0.5, 0.9, 1e-3], seconds=60.0, steps_a_second=2.0)
    trainer.losses.append(1e-3)
    found = march(trainer, FakeWindow(), (0.0, 3.0), 3, fresh, balance)
    assert found.losses[1] == 0.5
    assert found.weights[1] == ["after 2"]


def test_few_steps_are_for_one_window():
    trainer, window = FakeTrainer([1.0, 1e-2], 100.0, 1.0), FakeWindow()
    found = march(trainer, window, (0.0, 1.0), None, fresh, balance)
    assert (found.edges, found.losses) == ([], [1e-2])
    assert window.moves == []


def test_the_whole_time_goes_on_as_long_as_its_loss_falls_fast():
    trainer, window = FakeTrainer([3.0, 1e-3, 1e-7]), FakeWindow()
    found = march(trainer, window, (0.0, 1.0), None, fresh, balance)
    assert (found.edges, found.losses) == ([], [1e-7])
    assert (found.pays, found.soon) == (False, True)
    assert window.moves == []


@pytest.mark.parametrize(("windows", "taken"), [(1e-12, True), (1e-7, False)])
def test_without_space_windows_follow_a_whole_time_that_stands_still(windows, taken):
    losses = [3.0, 1e-3, 1e-7, 1e-7] + [windows] * 40
    trainer, window = FakeTrainer(losses), FakeWindow()
    window.only_time = True
    whole = {"residual": 1.0}
    trainer.model.loss_weights = dict(whole)

    def balance():
        trainer.model.loss_weights = {"residual": 64.0}

    found = march(trainer, window, (0.0, 1.0), None, fresh, balance)
    assert (len(found.weights) > 1) == taken
    if not taken:
        # What the whole time came to, and nothing that windows changed.
        assert (found.edges, found.losses) == ([], [1e-7])
        assert found.weights == [["after 4"]]
        assert trainer.model.network.get_weights() == ["after 4"]
        assert window.moves[-1] == (0.0, 1.0, None)
        assert trainer.model.loss_weights == whole


def test_windows_are_as_many_as_there_are_steps_for():
    trainer, window = FakeTrainer([1.0, 1.0] + [1e-3] * 40, 300.0, 0.5), FakeWindow()
    found = march(trainer, window, (0.0, 1.0), None, fresh, balance)
    assert len(found.weights) == 2
    assert window.moves[0] == (0.0, 0.5, None)
    # The trial of the whole time leaves no trace.
    assert trainer.begun > 0


def test_a_march_that_is_stopped_says_so():
    trainer = FakeTrainer([1e-3, 1e-3], seconds=25.0)
    trainer.losses = [1e-3]
    found = march(trainer, FakeWindow(), (0.0, 1.0), 4, fresh, balance)
    assert not found.finished
    assert len(found.weights) == 1


def test_better_windows_have_less_of_the_time():
    """The second time through; a window has the loss of those before it, at least."""
    first = [1e-8, 1e-4, 1e-12, 1e-4]
    trainer, window = FakeTrainer([*first, *first], seconds=1040.0), FakeWindow()
    march(trainer, window, (0.0, 1.0), 4, fresh, balance)
    asked = [seconds for seconds, _ in trainer.asked[4:]]
    # 1,000 seconds: parts 0.01, 0.1, 0.1 and 0.1, of which ten seconds are used.
    assert asked[0] == pytest.approx(1000.0 * 0.01 / 0.31)
    assert asked[1] == pytest.approx(990.0 / 3)
    assert asked[2] == pytest.approx(980.0 / 2)
    assert asked[3] == pytest.approx(970.0)


@pytest.mark.parametrize(
    ("windows", "each", "ends"),
    [
        # Eight parts at first. One that fails is halved; few steps double the next.
        (None, 30, [(0, 1), (0, 0.5), (0.5, 1), (1, 1.5), (1.5, 2)]),
        (None, 5, [(0, 1), (0, 0.5), (0.5, 1.5), (1.5, 3.5), (3.5, 7.5)]),
        # None is longer than one of as many as were asked for.
        (4, 5, [(0, 2), (0, 1), (1, 3), (3, 5), (5, 7)]),
    ],
)
def test_without_space_windows_are_as_long_as_they_can_be(windows, each, ends):
    pilots = [3.0, 2.9] if windows is None else []
    trainer = FakeTrainer([*pilots, 0.5, *[1e-5] * 40], each=each)
    window, lengths = FakeWindow(only_time=True), []

    def note():
        low, high, _ = window.moves[-1]
        lengths.append(high - low)

    found = march(trainer, window, (0.0, 8.0), windows, fresh, note)
    moves = [move[:2] for move in window.moves]
    assert moves[: len(ends)] == ends
    assert found.halved == 1
    assert found.finished
    # Not from where the long window led.
    assert trainer.began_with[len(pilots) + 1] == trainer.began_with[len(pilots)]
    # Weights of the terms are chosen anew for each other length, at first.
    first = [high - low for low, high in moves[: 1 + len(found.weights)]]
    expected = [b for a, b in zip([8.0, *first], first, strict=False) if a != b]
    assert lengths == expected


@pytest.mark.parametrize(("first", "second", "count"), [(0.09, [], 4), (0.2, 0.02, 16)])
def test_windows_follow_where_the_first_one_is_much_easier(first, second, count):
    losses = [1.0, 1.0, first, *([second] if second else []), *[1e-3] * 99]
    trainer, window = FakeTrainer(losses, seconds=5000.0), FakeWindow()
    found = march(trainer, window, (0.0, 16.0), None, fresh, balance)
    assert found.pays
    begun = 3 if not second else 4
    ends = [move[1] for move in window.moves[begun - 2 : begun - 2 + count]]
    assert ends == [16.0 * (n + 1) / count for n in range(count)]
    # There is much time, so that all are halved after the first time through.
    assert len(found.edges) == 2 * count - 1
    said = of_march(types.SimpleNamespace(time="t"), found)
    assert f"Time: {2 * count} windows" in said
    assert "All were halved after the first time" in said
    # The trial and the training of the first window begin at the same weights.
    assert trainer.began_with[2] == ["random"]
    assert trainer.began_with[3 if not second else 4] != ["random"]


@pytest.mark.parametrize("steps_a_second", [1.0, 1000.0])
def test_where_no_window_is_easier_the_whole_time_goes_on(steps_a_second):
    losses = [1.0, 1.0, 0.2, 0.03, 5.0]
    trainer = FakeTrainer(losses, seconds=400.0, steps_a_second=steps_a_second)
    window = FakeWindow()
    found = march(trainer, window, (0.0, 16.0), None, fresh, balance)
    assert not found.pays
    assert (found.weights, found.losses) == ([["after 2"]], [1.0])
    assert trainer.model.network.get_weights() == ["after 2"]
    assert window.moves[-1] == (0.0, 16.0, None)
    # Sixteen windows are not tried where there would be few steps for each.
    assert len(trainer.asked) == (3 if steps_a_second == 1.0 else 4)


def test_where_the_time_ends_in_the_first_window_the_whole_time_is_kept():
    trainer = FakeTrainer([1.0, 1.0, 1e-3, 1e-3], seconds=30.0, steps_a_second=100.0)
    found = march(trainer, FakeWindow(), (0.0, 16.0), None, fresh, balance)
    assert trainer.stopped
    assert (found.weights, found.edges) == ([["after 2"]], [])
    assert trainer.model.network.get_weights() == ["after 2"]


def test_windows_that_stand_still_with_the_largest_losses_are_halved():
    losses = [3.0, 2.9, 1e-3, *[1e-3] * 4, *[1e-5] * 4, *[1e-7] * 99]
    trainer = FakeTrainer(losses, steps_a_second=1.0)
    trainer.stood = True
    window = FakeWindow()
    found = march(trainer, window, (0.0, 8.0), None, fresh, balance)
    # After two trials of the whole time and one of a window: four windows, then eight.
    first = [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 8.0)]
    assert [move[:2] for move in window.moves[1:9]] == [*first, *first]
    assert [move[:2] for move in window.moves[9:17]] == [
        (float(low), low + 1.0) for low in range(8)
    ]
    assert trainer.began_with[11:14] == [
        ["low half of after 8"], ["high half of after 8"], ["low half of after 9"]
    ]  # fmt: skip
    assert trainer.alphas[10:14] == [3.0] * 4
    # And so on, as long as there is time and something to gain.
    assert found.halvings[:2] == [1e-5, 1e-7]
    assert len(found.weights) == len(found.losses) == len(found.edges) + 1


@pytest.mark.parametrize(("windows", "loss"), [(2, 1e-4), (None, 1e-21)])
def test_windows_are_not_halved_where_they_were_told_or_no_digits_are_left(
    windows, loss
):
    pilots = [3.0, 2.9, 1e-3] if windows is None else []
    losses = [*pilots, *[1e-3] * 2, *[loss] * 99]
    trainer = FakeTrainer(losses, steps_a_second=1.0)
    trainer.stood = True
    found = march(trainer, FakeWindow(), (0.0, 8.0), windows, fresh, balance)
    assert found.halvings == []
    assert len(found.weights) == (windows or 4)


@pytest.mark.parametrize("stood", [True, False])
def test_a_window_that_stands_far_behind_begins_once_more(stood):
    losses = [1e-5, 1e-5, 1e-9, 1e-7, 2e-9, 1e-10, 1e-7, 1e-10, 1e-7]
    trainer, window = FakeTrainer(losses), FakeWindow()
    trainer.stood = stood
    found = march(trainer, window, (0.0, 2.0), 2, fresh, balance)
    if not stood:
        # The next pass follows, from the first window on.
        assert window.moves[3:5] == [(1.0, 2.0, ["after 3"]), (0.0, 1.0, None)]
        assert found.renewed == set()
        return
    # From its own weights, then from those of the window before it; only once.
    assert trainer.began_with[3:5] == [["after 2"], ["after 3"]]
    assert window.moves[3:5] == [(1.0, 2.0, ["after 3"])] * 2
    assert trainer.alphas[3:5] == [3.0, None]
    assert found.renewed == {1}
    # Both stand still now, and nothing changes that they begin with.
    assert window.moves[5:] == []


def test_windows_that_stand_still_wait_for_what_they_begin_with():
    trainer, window = FakeTrainer([1e-3] * 3 + [1e-5] * 3 + [1e-6] * 9), FakeWindow()
    trainer.stands = [False] * 3 + [True, False, True] + [True] * 9
    found = march(trainer, window, (0.0, 3.0), 3, fresh, balance)
    begun = [move[0] for move in window.moves]
    # The third time, the first is left as it is; the last one has another start.
    assert begun == [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 1.0, 2.0]
    assert found.losses == [1e-5, 1e-6, 1e-6]
    assert found.stood == [True] * 3


def test_only_windows_that_limit_the_others_are_halved():
    losses = [3.0, 2.9, 1e-3, *[1e-3] * 4, 1e-9, 1e-8, 1e-5, 2e-6, *[1e-7] * 99]
    trainer, window = FakeTrainer(losses, steps_a_second=1.0), FakeWindow()
    trainer.stood = True
    march(trainer, window, (0.0, 8.0), None, fresh, balance)
    assert [move[:2] for move in window.moves[9:13]] == [
        (4.0, 5.0), (5.0, 6.0), (6.0, 7.0), (7.0, 8.0)
    ]  # fmt: skip
