"""Whether a problem can be saved with a model, said when the model is made."""

import inspect
import warnings

from keras_isgd.problems import Problem

__all__ = ["warn_if_not_saved"]


def warn_if_not_saved(problem: Problem, stacklevel: int = 3) -> None:
    """Warns of a problem whose constructor needs what `get_config` does not return.

    A model of it trains, and is exported as a SavedModel, but a `.keras` file of it
    could not be loaded.

    Args:
        problem: the `Problem`.
        stacklevel: whose line the warning names.
    """
    kind = type(problem)
    given = set(problem.get_config())
    parameters = inspect.signature(kind).parameters.values()
    missing = [
        p.name
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and p.name not in given
    ]
    below = kind.__mro__[: kind.__mro__.index(Problem)]
    if missing and not any("from_config" in vars(one) for one in below):
        warnings.warn(
            f"A model of {kind.__name__} cannot be loaded from a .keras file: its "
            f"constructor needs {', '.join(missing)}, which get_config() does not "
            "return. Define get_config(self) in it, or export the model by ki.export.",
            UserWarning,
            stacklevel=stacklevel,
        )
