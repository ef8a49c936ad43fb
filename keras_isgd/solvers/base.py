"""What every inner solver is: a configuration, and one function `solve`."""

import abc
from typing import Any, NamedTuple

from keras_isgd.objectives.objective import Objective

__all__ = [
    "Candidates",
    "Configured",
    "NoMemory",
    "Search",
    "Solver",
    "SolverResult",
]


class SolverResult(NamedTuple):
    """Where an inner solve ended; all entries are tensors.

    Attributes:
        w: the end, `(p,)`.
        value: the objective there, `()`; never above the start's.
        gradient: its gradient there, `(p,)`.
        iterations: updates made, int32.
        evaluations: values (with gradient) computed beyond the start's, int32.
        status: a `Status` as int32.
        memory: what the solver may go on from in its next call, of the structure
            of `initial_memory`.
    """

    w: Any
    value: Any
    gradient: Any
    iterations: Any
    evaluations: Any
    status: Any
    memory: Any


class Candidates(NamedTuple):
    """The alphas that a search may try.

    Attributes:
        alphas: decreasing, `(g,)`.
        first: index of the one to begin with, int32.
        top: index of the largest that may be tried, int32.
        scaled: whether |w - w_n| is measured in the solver's `metric`.
    """

    alphas: Any
    first: Any
    top: Any
    scaled: bool


class Search(NamedTuple):
    """What a search over several alphas found.

    Attributes:
        result: `SolverResult` of the implicit step with the chosen alpha.
        alpha: the chosen alpha, `()`; the smallest one if none was good.
        ratio: actual over predicted decrease of the loss, `()`.
        start: the `Evaluation` that the step began from.
    """

    result: Any
    alpha: Any
    ratio: Any
    start: Any


class NoMemory(NamedTuple):
    """The memory of a solver that remembers nothing."""


class Configured(abc.ABC):
    """Base class of what is nothing but its constructor's arguments."""

    @abc.abstractmethod
    def get_config(self):
        """Returns the constructor's arguments as a serializable dictionary."""

    @classmethod
    def from_config(cls, config):
        """Builds the object from what `get_config` returned."""
        return cls(**config)

    def __repr__(self):
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class Solver(Configured):
    """Base class of inner solvers.

    A solver is stateless: its attributes are its configuration, and everything
    that changes is in tensors, in a memory that the caller keeps. `solve` is
    called while a graph is traced.

    Attributes:
        needs: the type of objective it can work on.
        supports_jit: whether XLA can compile a step.
        measures_pieces: whether its steps say how long their pieces take; see
            `stopwatch.lap`.
    """

    needs = Objective
    supports_jit = True
    measures_pieces = False

    @abc.abstractmethod
    def initial_memory(self, size, dtype):
        """Returns the memory of a solver that was never called.

        Args:
            size: p, the length of the vectors.
            dtype: their dtype.

        Returns:
            A NamedTuple of tensors.
        """

    def memory_for_new_alpha(self, memory):
        """Returns what of a memory still holds when alpha has changed: all of it.

        Args:
            memory: the memory of the last result.
        """
        return memory

    @abc.abstractmethod
    def solve(self, objective, start, memory):
        """Minimises `objective` from `start`.

        Args:
            objective: has `value_and_gradient(w)`.
            start: `Evaluation` of that objective at the starting point.
            memory: `initial_memory(...)`, or the memory of the last result.

        Returns:
            `SolverResult`.
        """

    def searches(self, objective):
        """Whether `search` is defined: several alphas at the price of one.

        Args:
            objective: L, an instance of `needs`.
        """
        return False

    def linearises(self, objective):
        """Whether a step comes from a linear model of the objective's residual.

        The ratio of actual to predicted decrease alone then says how far alpha
        may go; other solvers must also keep up with a larger alpha.

        Args:
            objective: L, an instance of `needs`.
        """
        return False

    def metric(self, objective, w):
        """Returns weights `(p,)` for |w - w_n|^2 in which steps go further.

        Args:
            objective: L, one that the solver linearises.
            w: where, `(p,)`.
        """
        raise TypeError(f"{type(self).__name__} has no Jacobian to take a metric from.")

    def search(self, problem_of, objective, start, candidates, target):
        """Takes a large alpha whose step keeps what it promises.

        A step is good if the loss falls by at least `target` times what the
        solver's model of the loss predicts. Larger and larger alphas are tried
        as long as their steps are good; if the first is not, smaller ones until
        one is.

        Args:
            problem_of: function from alpha and a metric to the `ProximalProblem`.
            objective: L.
            start: its `Evaluation` at w_n.
            candidates: `Candidates`.
            target: least ratio of actual to predicted decrease, `()`.

        Returns:
            `Search`.
        """
        raise TypeError(f"{type(self).__name__} tries one alpha in a step.")
