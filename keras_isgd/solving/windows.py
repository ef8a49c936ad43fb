"""A problem in a window of time, which moves without a new compilation."""

import copy
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.hosts import clock
from keras_isgd.models.design import Design
from keras_isgd.models.scales import few_points
from keras_isgd.networks.periodic import PeriodicFeatures
from keras_isgd.networks.time_windows import in_windows
from keras_isgd.networks.unit_box import UnitBox
from keras_isgd.problems import Condition, Problem
from keras_isgd.problems.conditions import Data, Integral
from keras_isgd.problems.conditions.continued import Continued

__all__ = ["Weights", "Window", "why_not"]

# Those of a network, in its order.
Weights = list[np.ndarray]


def why_not(problem: Problem, design: Design | None) -> str | None:
    """Returns why a problem cannot be solved window by window; None if it can.

    Args:
        problem: the `Problem`.
        design: of its network, None for one that was given.
    """
    if problem.time_axis is None:
        return "it has no time"
    if design is None:
        return "its network was given"
    if design.elsewhere is not None:
        return (
            f"the term {design.elsewhere!r} needs the solution at other points than "
            "its own, which may be at other times"
        )
    if problem.unknowns:
        return "it has unknown numbers, which hold at all times"
    if problem.subdomains:
        return "it has subdomains"
    conditions = problem.bound_conditions()
    if not any(_begins(problem, condition) for condition in conditions):
        return "it has no initial condition"
    ends = {f"{problem.time}_min", f"{problem.time}_max"}
    for condition in conditions:
        if isinstance(condition, Data | Integral):
            return f"the condition {condition.name!r} holds at all times together"
        if condition.fixed_points(problem) is not None or condition.on is None:
            return f"the condition {condition.name!r} has points of its own"
        several = condition.on if isinstance(condition.on, tuple) else [condition.on]
        at_an_end = any(isinstance(on, str) and on in ends for on in several)
        if at_an_end and not _begins(problem, condition):
            return f"the condition {condition.name!r} holds at one end of the time"
    return None


def _begins(problem: Problem, condition: Condition) -> bool:
    """Whether a condition says something of the solution at the first time alone."""
    on, first = condition.on, f"{problem.time}_min"
    alone = isinstance(on, str | tuple) and on in (first, (first,))
    return alone and type(condition).places is Condition.places


class Window:
    """A problem in the part of its time between two times, which can be moved.

    Args:
        problem: a `Problem` for which `why_not` is None.
        network: its network, with a `UnitBox`.

    Attributes:
        problem: the same equation, whose conditions at the first time are those of the
            problem in the first window, and in later ones what the network was before
            `move`.
        only_time: whether time is the only coordinate.
        seconds_to_join: about what each window adds to the time of `joined` and of
            making a `PINN` of it.
    """

    def __init__(self, problem: Problem, network: keras.Model) -> None:
        self._network = network
        axis = problem.time_axis
        assert axis is not None
        self._axis = axis
        self.only_time = problem.input_count == 1
        self._span = (problem.domain.lower[axis], problem.domain.upper[axis])
        self._box = next(x for x in network.layers if isinstance(x, UnitBox))
        circles = [x for x in network.layers if isinstance(x, PeriodicFeatures)]
        # Of the first layer's kernel: circles come behind the plain coordinates.
        self._row = circles[0].plain.index(axis) if circles else axis
        begun = clock.now()
        earlier = keras.models.clone_model(network)
        # `joined` takes that long for each window, and tracing the result three times.
        self.seconds_to_join = 4.0 * (clock.now() - begun)
        earlier.trainable = False
        self._earlier = earlier
        self._first = tf.Variable(True, trainable=False)
        self._ends = tf.Variable(self._span, dtype=tf.float64, trainable=False)
        self.problem = copy.copy(problem)
        conditions: list[Condition] = [
            Continued.of(c, self._earlier, self._first) if _begins(problem, c) else c
            for c in problem.bound_conditions()
        ]
        self.problem.conditions = lambda: list(conditions)  # type: ignore
        # The solution is known at all times, where the network is not yet.
        self.problem.in_window = True

    def few_points(self) -> dict[str, tf.Tensor]:
        """Returns some points of each set in the present window."""
        few = tf.data.Dataset.from_tensors(few_points(self.problem))
        return next(iter(self.points(few)))

    def points(self, points: tf.data.Dataset) -> tf.data.Dataset:
        """Returns a dataset with the times of a problem's points moved into the window.

        An iterator takes the window that is there when an element is made.
        """
        low, high = self._span
        axis = self._axis

        @tf.autograph.experimental.do_not_convert
        def moved(sets: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            found = {}
            for name, x in sets.items():
                share = (x[:, axis : axis + 1] - low) / (high - low)
                begin, end = self._ends[0], self._ends[1]
                t = begin + share * (end - begin)
                found[name] = tf.concat([x[:, :axis], t, x[:, axis + 1 :]], axis=1)
            return found

        return points.map(moved)

    def move(self, low: float, high: float, earlier: Weights | None = None) -> None:
        """Goes to another window.

        Args:
            low, high: the ends.
            earlier: weights of the network that it continues, None for the first one,
                which begins where the problem does.
        """
        if earlier is not None:
            self._earlier.set_weights(earlier)
        self._first.assign(earlier is None)
        self._ends.assign([low, high])
        self._box.move(self._axis, low, high)

    def halves(
        self, weights: Weights, low: float, high: float
    ) -> tuple[Weights, Weights]:
        """Returns weights for both halves of a window, which are the same function.

        Args:
            weights: of the network in the whole.
            low, high: the ends of the whole.
        """
        network, middle = self._network, 0.5 * (low + high)
        first = network.get_layer("mlp").get_layer("hidden_1")
        found = []
        for begin, end in ((low, middle), (middle, high)):
            network.set_weights(weights)
            self._box.move(self._axis, begin, end)
            # Of t in the whole, on (0, 1), k t + b is (k / 2) s + b + k (begin - low) /
            # (high - low) of s in a half.
            kernel, bias = first.kernel.numpy(), first.bias.numpy()
            slopes = kernel[self._row].copy()
            kernel[self._row] = 0.5 * slopes
            first.kernel.assign(kernel)
            first.bias.assign(bias + slopes * (begin - low) / (high - low))
            found.append(network.get_weights())
        return found[0], found[1]

    def joined(self, weights: Sequence[Weights], edges: Sequence[float]) -> keras.Model:
        """Returns the networks of several windows as one; see `in_windows`.

        Args:
            weights: of each.
            edges: the times between them.
        """
        networks = []
        for number, values in enumerate(weights):
            network = keras.models.clone_model(self._network)
            network.set_weights(values)
            network.name = f"window_{number}"
            networks.append(network)
        return in_windows(networks, self._axis, edges)
