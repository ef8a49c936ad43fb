"""A problem solved in one call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras

from keras_isgd.hosts import hosts_of
from keras_isgd.models.choices import of_network
from keras_isgd.models.default_network import design_for
from keras_isgd.models.design import Design
from keras_isgd.models.pinn import PINN
from keras_isgd.optimizers import ISGD
from keras_isgd.optimizers.auto_control import LARGE
from keras_isgd.problems import Problem
from keras_isgd.solving.choices import (
    of_growth,
    of_march,
    of_noise,
    of_rival,
    of_starts,
)
from keras_isgd.solving.growth import Growth
from keras_isgd.solving.maker import Growing, Maker
from keras_isgd.solving.march import first_windows, march
from keras_isgd.solving.noise import Noise, has_noise
from keras_isgd.solving.rival import Rival
from keras_isgd.solving.starts import Starts
from keras_isgd.solving.training import Clock, Trainer
from keras_isgd.solving.windows import Window, why_not
from keras_isgd.utils.checks import check_count, check_positive

__all__ = ["solve"]

# Units in a layer, and from how many seconds on more of them pay in windows of time.
_NARROW, _WIDE, _LONG = 24, 32, 100.0
# Units where time is the only coordinate: windows cost little, and steps less.
_OF_TIME = 14


def solve(
    problem: Problem,
    seconds: float = 120.0,
    seed: int = 0,
    *,
    network: keras.Model | None = None,
    width: int | None = None,
    loss_weights: Mapping[str, Any] | None = None,
    optimizer: keras.optimizers.Optimizer | None = None,
    points: Any = None,
    candidates: int | None = None,
    windows: int | None = None,
    devices: str | Sequence[str] | None = None,
    hosts: bool = False,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    verbose: int | str = 0,
) -> PINN:
    """Solves a problem in a given time, and chooses what is not given.

    - Scales of inputs and outputs, from the domain, the conditions and the equation;
      coordinates in which the solution is periodic become circles.
    - The weights of the loss's terms: `PINN.balanced_weights`.
    - The first layer's scales, from the frequency of the data along each coordinate.
    - Points: new ones in each step, more of them where the equation holds worst.
    - The start: the best of three after a few steps, and another one where the default
      optimizer stagnates far from a solution.
    - Time: an evolution equation is solved in windows of its time, each of which goes
      on where the last one ends; first roughly, then again and again. A window that
      fails is halved where there is time for it, and so is one that stagnates with
      the largest loss.
    - Kind: with three to five coordinates a sum of products of functions of one each
      is tried where a fully connected network stagnates, or before there are
      windows, and goes on if it does better.
    - Size: a wider network goes on where the loss stagnates and there is time for it,
      unless it is solved in windows, or `width` or an `optimizer` is given.
    - Noise: where all measurements have a `sigma` and no `loss_weights` are given, the
      other terms become heavier until the measurements are met as closely as their
      noise allows, and no closer.
    - The optimizer: `ISGD()`; each training ends with the weights that had the smallest
      loss on points that were new to them. (Other optimizers do not report that loss,
      and end with their last weights.)

    What was chosen, and why, is in `model.choices`, and `model.report()` shows it with
    what the solution is worth.

    Args:
        problem: the `Problem`.
        seconds: wall-clock time of the whole call, compilation included.
        seed: whole number, of the network's weights where none is given.
        network: see `PINN`; it is trained as it is, from its own weights.
        width: units in each of the two layers of the network that is chosen.
        loss_weights: see `PINN`; those of `PINN.balanced_weights` where left out.
        optimizer: `ISGD()` if None.
        points: see `PINN.fit`. They are used as they are, so that there is one window.
        candidates: see `PINN`; 4 if None, or 1 with `points` and for rows that mix
            points.
        windows: how many windows of time at first, 1 for none; one that fails is
            halved. None finds out.
        devices, hosts: see `PINN`.
        callbacks: more Keras callbacks. In windows of time their model is that of one
            window, which knows nothing of other times; where another network goes on,
            it is that of the other one from then on.
        verbose: of `fit`.

    Returns:
        The trained `PINN`, which `model.predict(x)`, `model.errors()` where a solution
        is known, and `ki.export(model, path)` take from there.

    Raises:
        ValueError: an argument out of range, arguments that exclude each other, windows
            for a problem that has none, or a problem, network or points that do not fit
            together.

    Example:

        model = ki.solve(MyProblem(), seconds=60)
        print(model.predict(x))
    """
    hosts_of(hosts)  # before all else that computes
    clock = Clock(check_positive("seconds", seconds))
    if windows is not None:
        check_count("windows", windows)
    if network is not None and (seed != 0 or width is not None):
        raise ValueError(
            "`seed` and `width` are for the network that is built where none is given; "
            "give it to the network, as ki.networks.mlp(width=..., seed=...)."
        )
    design: Design | None = None
    if network is None:
        problem.check()
        design = design_for(problem)
    reason = why_not(problem, design)
    if points is not None:
        reason = reason or "its points were given"
    chosen = width is None
    through_time = reason is None and windows != 1
    if width is None:
        width = _WIDE if through_time and seconds >= _LONG else _NARROW
        if through_time and problem.input_count == 1:
            width = _OF_TIME
    check_count("width", width)
    if design is not None:
        if through_time:
            design = design.in_windows(windows or first_windows(problem))
        network = design.network(width, seed=seed)
    assert network is not None
    if reason and (windows or 1) > 1:
        raise ValueError(
            f"{type(problem).__name__} cannot be solved in windows of time: {reason}. "
            "Leave `windows` out."
        )
    made = Maker(
        network,
        ISGD() if optimizer is None else optimizer,
        loss_weights or {},
        1 if candidates is None and points is not None else candidates,
        devices,
        hosts,
        None if design is None else Growing(design, width, seed),
    )
    # What is said of steps there was measured with Gauss-Newton's.
    default = optimizer is None and network.count_params() <= LARGE
    grows = default and chosen
    if through_time:
        model = _through_time(problem, made, clock, windows, grows, callbacks, verbose)
    else:
        model = made.model(problem)
        trainer = Trainer(model, points, clock, callbacks, verbose)
        if made.growing is None or points is not None:
            trainer.train()
        else:
            noisy = default and not loss_weights and has_noise(problem)
            model = _from_starts(problem, made, trainer, default, noisy, grows)
    if design is not None:
        if reason is not None and problem.time_axis is not None:
            model.choices.append(f"Time: all of it at once, since {reason}.")
        one = model.network if model.network.name == network.name else network
        model.choices = [*of_network(design, one, model), *model.choices]
    return model


def _from_starts(
    problem: Problem,
    made: Maker,
    trainer: Trainer,
    leaves: bool,
    noisy: bool,
    grows: bool,
) -> PINN:
    """Solves a problem from the best of a few starts, all at once."""
    assert made.growing is not None
    starts = Starts(trainer, made.growing, leaves=leaves)
    starts.find()
    said = [of_starts(starts.losses, starts.left)]
    if noisy and not trainer.stopped:
        noise = Noise(trainer)
        noise.train()
        said.append(of_noise(noise.misfit, noise.factor))
    elif not trainer.stopped:
        rival = _rival(problem, made, trainer) if grows else None
        said.extend(_grown(problem, made, trainer, grows, rival))
    trainer.model.choices.extend(said)
    return trainer.model


def _rival(problem: Problem, made: Maker, trainer: Trainer) -> Rival | None:
    """A separable network beside the trainer's, if it suits the problem."""
    other = made.separable(trainer.model)
    return None if other is None else Rival(trainer, other, problem)


def _grown(
    problem: Problem,
    made: Maker,
    trainer: Trainer,
    grows: bool,
    rival: Rival | None = None,
) -> list[str]:
    """Trains to the end of the time, with wider networks; returns what to say of it.

    Args:
        problem: of the network.
        made: what made it.
        trainer: of it, or of the rival that has won.
        grows: whether wider ones go on.
        rival: has won, or may yet.
    """
    assert made.growing is not None
    if rival is not None and rival.won:
        growth = Growth(trainer, rival.wider, rival.width, rival)
    else:
        growth = Growth(trainer, made.wider(problem), made.growing.width, rival)
    growth.train(grows)
    said = [] if rival is None else of_rival(rival.losses, rival.won)
    if len(growth.widths) > 1:
        said.append(of_growth(growth.widths, growth.losses))
    return said


def _through_time(
    problem: Problem,
    made: Maker,
    clock: Clock,
    windows: int | None,
    grows: bool,
    callbacks: Iterable[keras.callbacks.Callback],
    verbose: int | str,
) -> PINN:
    """Solves an evolution equation in as many windows as it takes."""
    axis = problem.time_axis
    assert axis is not None
    window = Window(problem, made.network)
    model = made.model(window.problem)
    points = window.points(model.default_points())
    trainer = Trainer(model, points, clock, callbacks, verbose)
    span = (problem.domain.lower[axis], problem.domain.upper[axis])

    def balance() -> None:
        made.balance(model, window.few_points())

    rival = _rival(problem, made, trainer) if grows and windows is None else None
    found = march(trainer, window, span, windows, made.fresh, balance, rival)
    won = rival is not None and rival.won
    said = [of_march(problem, found, won)]
    if not (found.pays or trainer.stopped):
        said.extend(_grown(problem, made, trainer, grows, rival))
        if trainer.model is not model:
            trainer.model.choices.extend(said)
            return trainer.model
        found.weights = [made.network.get_weights()]
    whole = PINN(
        window.joined(found.weights, found.edges),
        problem,
        dict(model.loss_weights),
        candidates=model.candidates,
    )
    whole.compile(optimizer=made.optimizer.from_config(made.optimizer.get_config()))
    whole.optimizer.iterations.assign(trainer.steps)
    whole.history = getattr(model, "history", None)
    whole.choices.extend(said)
    return whole
