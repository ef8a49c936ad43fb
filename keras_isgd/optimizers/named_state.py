"""Optimizer state saved and loaded by name."""

from typing import Any

import numpy as np

__all__ = ["NamedState"]

# What an optimizer has before `build`, if it has it at all.
_BEFORE_BUILD = {"iterations", "evaluations", "status", "learning_rate"}


class NamedState:
    """Mix-in that saves a Keras optimizer's state by name.

    Keras saves variables by position, loads those of any optimizer that has as
    many, and skips them with a warning otherwise: a run goes on from nonsense, or
    starts over. Here the names and the algorithm must agree.

    The optimizer defines `signature()`, which names the algorithm, and `state()`,
    a dictionary of variables, complete once it is built, and `forget()`. State that
    was saved before `build` loads as that of a run that has not begun.
    """

    built: bool

    def signature(self) -> str:
        """Names the algorithm."""
        raise TypeError(f"{type(self).__name__} must define signature().")

    def state(self) -> dict[str, Any]:
        """Returns the variables to save, by name."""
        raise TypeError(f"{type(self).__name__} must define state().")

    def forget(self) -> None:
        """Puts what `build` added to the state back to where it began."""
        raise TypeError(f"{type(self).__name__} must define forget().")

    _pending_state: dict[str, np.ndarray] | None = None

    def save_own_variables(self, store: Any) -> None:
        """Writes all state by name, with the algorithm's signature."""
        store["signature"] = np.frombuffer(self.signature().encode(), np.uint8)
        for name, variable in self.state().items():
            store[name] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Reads state by name; before `build`, it is kept until then.

        Raises:
            ValueError: the state of another optimizer or inner solver, or of
                weights with other shapes.
        """
        names = list(store.keys())  # Keras's store has no items()
        saved = {name: np.asarray(store[name]) for name in names}
        if "signature" not in saved:
            raise ValueError(
                f"Expected the saved state of {self.signature()}, got that of a "
                "gradient optimizer or no optimizer state at all. Compile the model "
                "with the optimizer that it was saved with, or load the weights "
                "before compiling."
            )
        signature = bytes(saved.pop("signature")).decode()
        if signature != self.signature():
            raise ValueError(
                f"Expected the saved state of {self.signature()}, got that of "
                f"{signature}. Compile the model with the optimizer and inner solver "
                "that it was saved with, or load the weights before compiling."
            )
        self._pending_state = saved
        if self.built:
            self.assign_pending_state()

    def assign_pending_state(self) -> None:
        """Assigns state that was loaded before `build`, if there is any.

        Raises:
            ValueError: state of weights with other shapes.
        """
        if self._pending_state is None:
            return
        saved, self._pending_state = self._pending_state, None
        state = self.state()
        if set(saved) <= _BEFORE_BUILD:
            self.forget()
            state = {name: state[name] for name in state if name in _BEFORE_BUILD}
        shapes = {name: tuple(variable.shape) for name, variable in state.items()}
        found = {name: value.shape for name, value in saved.items()}
        if shapes != found:
            differing = sorted(
                name
                for name in {*shapes, *found}
                if shapes.get(name) != found.get(name)
            )
            raise ValueError(
                f"The saved state of {self.signature()} does not fit: "
                f"{', '.join(differing)} differ in presence or shape. Was it saved "
                "for another network or with other optimizer arguments?"
            )
        for name, variable in state.items():
            variable.assign(saved[name])
