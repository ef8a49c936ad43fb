"""Problems in a user's file, which have no recipe."""

import importlib.util
import inspect
import os
import sys
import types
from typing import Any

from keras_isgd.app.recipe import DefaultRecipe
from keras_isgd.problems import Problem

__all__ = ["OwnRecipe", "is_file", "load", "short_name"]


def is_file(text: str) -> bool:
    """Tells whether a problem on the command line is one in a file."""
    path = text.rpartition(":")[0] or text
    return path.endswith(".py") or text.endswith(".py")


def short_name(text: str) -> str:
    """Returns what to call a problem: the last name of `my_file.py:MyProblem`."""
    return text.rpartition(":")[2] if is_file(text) else text


def load(text: str) -> Problem:
    """Returns the problem that a class or an instance in a file stands for.

    Args:
        text: such as `my_file.py:MyProblem`.

    Raises:
        ValueError: no such file, a file that cannot be run, no such name in it, what
            is no `Problem`, or a class whose constructor needs arguments.
    """
    path, _, name = text.rpartition(":")
    if not path.endswith(".py"):
        path, name = text, ""
    module = _module(path)
    problems = [n for n, value in vars(module).items() if _is_own(value, module)]
    known = f"It has {', '.join(problems)}." if problems else "It has no ki.Problem."
    if not name:
        raise ValueError(
            f"Say which problem of {path} to solve, as "
            f"{path}:{problems[0] if problems else 'MyProblem'}. {known}"
        )
    if not hasattr(module, name):
        raise ValueError(f"{path} has no {name!r}. {known}")
    return _problem(getattr(module, name), path, name, known)


def _problem(found: Any, path: str, name: str, known: str) -> Problem:
    if isinstance(found, Problem):
        return found
    if not (isinstance(found, type) and issubclass(found, Problem)):
        kind = "another class" if isinstance(found, type) else type(found).__name__
        raise ValueError(
            f"Expected {name} in {path} to be a subclass of ki.Problem or an instance "
            f"of one; it is {kind}. {known}"
        )
    try:
        inspect.signature(found).bind()
    except TypeError as error:
        raise ValueError(
            f"{name} in {path} needs arguments ({error}). Make an instance in that "
            f"file, such as problem = {name}(...), and solve {path}:problem."
        ) from None
    return found()


def _module(path: str) -> types.ModuleType:
    if not os.path.isfile(path):
        raise ValueError(f"There is no file {path}.")
    directory, file = os.path.split(os.path.abspath(path))
    name = file.removesuffix(".py")
    if name in sys.modules:
        # Not in the place of a package that is in use, such as numpy.
        name = f"{name}_of_the_command_line"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # As for `python my_file.py`, whose neighbours can be imported.
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ValueError(
            f"{path} cannot be run: {type(error).__name__}: {error}"
        ) from error
    return module


def _is_own(value: Any, module: types.ModuleType) -> bool:
    if isinstance(value, type):
        return issubclass(value, Problem) and value.__module__ == module.__name__
    return isinstance(value, Problem)


class OwnRecipe(DefaultRecipe):
    """The network, points and weights of a problem that has no recipe.

    Args:
        problem: the `Problem`.
    """

    def __init__(self, problem: Problem) -> None:
        problem.check()
        super().__init__(lambda: problem)
