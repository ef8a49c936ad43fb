"""Physics-informed neural networks."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.models.balance import balanced_weights
from keras_isgd.models.choices import of_network
from keras_isgd.models.closure_model import ClosureTraining
from keras_isgd.models.coefficient_value import CoefficientValue
from keras_isgd.models.default_network import design_for
from keras_isgd.models.errors import Measured
from keras_isgd.models.identification import intervals_of
from keras_isgd.models.intervals import Intervals
from keras_isgd.models.point_training import PointTraining
from keras_isgd.models.report import Report, Trained, report_of
from keras_isgd.models.residual_loss import ResidualLoss
from keras_isgd.models.saved_problem import warn_if_not_saved
from keras_isgd.networks.checks import check_network
from keras_isgd.problems import Problem
from keras_isgd.residuals.terms import terms_of
from keras_isgd.utils.checks import check_count
from keras_isgd.utils.devices import devices_of

__all__ = ["PINN"]

# How the weights of the loss are named in files, beside a model's own variables.
_LOSS_WEIGHT = "loss_weight_"


@keras.saving.register_keras_serializable(package="keras_isgd")
class PINN(ResidualLoss, Measured, PointTraining, ClosureTraining, keras.Model):
    """A network trained to satisfy a differential equation.

        L(w) = sum over terms of omega / n sum_i |r(x_i)|^2              (Eq. 6)

    of Li, Chen and Huang (AAAI 2023): the equation's residual on the interior
    points and one term for each condition. Each term, without its weight, is a
    metric in `History`. The model computes in its network's dtype.

    `fit` takes `problem.points(...)` or a dictionary of arrays `(n_i, d)`, one
    for each of `problem.point_sets()`. With endless points, an epoch is one step
    unless `steps_per_epoch` says otherwise. With `compile(jit_compile="auto")`,
    Keras's default, XLA compiles runs that are long enough for it to pay.

    Args:
        network: a built `keras.Model` from `(n, d + q)` to `(n, outputs)`, float32 or
            float64, each row by itself (no batch statistics, no dropout). None builds
            one of two layers of tanh units with the problem's own scales.
        problem: the `Problem`.
        loss_weights: dictionary of omegas, each a number or one for each column of the
            term, by the terms' names ("residual", or the
            equations' names, and the conditions' names); the conditions' own weights,
            and 1 for the residual, where left out. Without a network, those of
            `balanced_weights`.
        derivatives: "taylor" (layer by layer in one pass, orders 1 to 4), "tape"
            (nested GradientTapes, any network and order), or "auto": Taylor mode for
            each term that it can serve.
        name: the model's name.
        seed: of the network that is built where none is given.
        candidates: how many points inside are looked at for each one that a step is
            trained on. Above 1, those where the equation holds worst are the more
            likely ones (see `models.adaptive`), and `fit` without points draws as many
            more; give that many yourself if you give points. 1 takes all, as an
            equation needs it whose rows mix points.
        devices: what shares the rows of the loss: None for one device; "all" for all
            GPUs, or all logical CPUs where there is no GPU; or names such as
            `["GPU:0", "GPU:1"]`. Optimizers of this package compute residual, gradient
            and Jacobian there, and factorise on the first. It is not saved.

    Raises:
        ValueError: no problem, a seed beside a network, network and problem do not fit
            together, an unknown derivative or term, `candidates` for rows that mix
            points, or a mixed-precision network.
    """

    def __init__(
        self,
        network: keras.Model | None = None,
        problem: Problem | None = None,
        loss_weights: Mapping[str, Any] | None = None,
        derivatives: str = "auto",
        name: str | None = None,
        seed: int | None = None,
        candidates: int = 1,
        devices: str | Sequence[str] | None = None,
    ) -> None:
        if not isinstance(problem, Problem):
            raise ValueError(
                "Expected a ki.Problem, such as ki.PINN(network, problem) or "
                f"ki.PINN(problem=problem); got {problem!r}."
            )
        design = None
        if network is None:
            problem.check()
            design = design_for(problem)
            network = design.network(seed=0 if seed is None else seed)
        elif seed is not None:
            raise ValueError(
                "`seed` is for the network that is built where none is given; give it "
                "to the network, as ki.networks.mlp(seed=...)."
            )
        dtype = check_network(network, problem)
        warn_if_not_saved(problem)
        super().__init__(name=name, dtype=dtype)
        self.choices = []
        self.network = network
        self.problem = problem
        self.derivatives = derivatives
        self.candidates = check_count("candidates", candidates)
        self._devices = devices_of(devices)
        # Now, and not in a graph: a problem's conditions may compute with TensorFlow.
        self._sets = problem.sets
        # A tuple: Keras would wrap a list to track it.
        self._terms = tuple(
            terms_of(problem, loss_weights or {}, dtype, network, derivatives)
        )
        if self.candidates > 1 and not self.chooses_points:
            raise ValueError(
                f"The rows of the equation of {type(problem).__name__} mix points, so "
                "that none can be left out: leave `candidates` at 1."
            )
        self._term_metrics = [
            keras.metrics.Mean(name=name, dtype="float64")
            for term in self._terms
            for name in term.names
        ]
        self._coefficients = {
            coefficient: self.add_weight(
                shape=(),
                dtype=dtype,
                name=coefficient,
                initializer=functools.partial(_start, unknown.start),
            )
            for coefficient, unknown in problem.unknowns.items()
        }
        if design is not None:
            self.loss_weights = {**self.balanced_weights(), **(loss_weights or {})}
            self.choices = of_network(design, network, self)
        # Built, and called once as Keras's own export demands.
        self(keras.KerasTensor((None, problem.input_count), dtype))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Returns u at points `(n, d + q)`, `(n, outputs)`."""
        u = self.network(x)
        return self.problem.chosen_outputs(x, u) if self.problem.subdomains else u

    @property
    def coefficients(self) -> dict[str, keras.Variable | CoefficientValue]:
        """The equation's trainable coefficients by name.

        Variables `()`; those with bounds or on a logarithmic scale are functions of
        what is trained, and are read and assigned in the same way.
        """
        unknowns = self.problem.unknowns
        return {
            name: z
            if unknowns[name].free
            else CoefficientValue(name, unknowns[name], z)
            for name, z in self._coefficients.items()
        }

    def balanced_weights(self) -> dict[str, Any]:
        """Returns omegas with which each term of the loss counts the same.

            model.loss_weights = model.balanced_weights()

        omega = 1000 / mean |row of J|^2, J being the derivatives of a term's residuals
        in the network's weights as they are now: the traces of the terms' parts in the
        neural tangent kernel are equal then (Wang, Yu and Perdikaris, J. Comput. Phys.
        449, 2022). Units and factors on equations do not matter with them. Conditions
        with a weight of their own and measurements with a `sigma` are left out.
        """
        return balanced_weights(
            self.problem, self._terms, self.network, self._coefficients
        )

    def intervals(self, level: float = 0.95, points: Any = None) -> Intervals:
        """Returns intervals for the coefficients, and bands for u, from `ki.Data`.

        The measured values are taken to be u(x_i) + sigma_i noise, with u a solution
        of the equation and of all other conditions, to first order about the present
        weights. Each interval is that of classical least squares with the equation as
        a constraint, mapped through a coefficient's bounds. Regularisers count for
        nothing in it. Call it at the end of a training.

        Args:
            level: the probability with which an interval covers, in (0, 1).
            points: where the equation holds, as for `fit`: a dictionary of point sets,
                or a dataset whose first one is taken. 1,000 points inside, or three
                for each trained number, if None.

        Returns:
            `Intervals`. A warning says if the data do not determine a coefficient, if
            the standard errors depend on how well the equation holds, or if the
            training is too far from its end.

        Raises:
            ValueError: no `ki.Data` among the conditions, a level out of range, as
                many free numbers as values without `sigma`, or too many points for
                the memory.
        """
        if points is None:
            count = max(1000, 3 * self.count_params())
            points = self.problem.points(count, resample=False, method="sobol")
        if isinstance(points, tf.data.Dataset):
            points = next(iter(points))
        return intervals_of(
            self.problem,
            self._terms,
            self.network,
            self._coefficients,
            self._cast(points),
            level,
        )

    @property
    def choices(self) -> list[str]:
        """Sentences about what was chosen for the user, and why; see `report`.

        None where the network was given. They are saved with the model.
        """
        return self._choices

    @choices.setter
    def choices(self, sentences: Iterable[str]) -> None:
        # Keras would track, and wrap, a list.
        object.__setattr__(self, "_choices", [str(s) for s in sentences])

    def plot(self, path: Any = None, title: str = "") -> Any:
        """Draws the prediction, and the exact solution and the error if known.

        See `ki.figures.plot`; `ki.figures.animate` writes a solution in time as a GIF.

        Args:
            path: PNG, SVG or PDF file to write, or None.
            title: heading.

        Returns:
            The `matplotlib.figure.Figure`, which a notebook shows.

        Raises:
            ValueError: a problem in more dimensions than can be drawn.
        """
        from keras_isgd import figures  # with matplotlib, which costs a second

        return figures.plot(self, path, title)

    def report(self, points: Any = None) -> Report:
        """Returns what is known of the model: print it, or `report.to_html(path)`.

        It has what was chosen and why; the residual of each equation and condition on
        points that were not trained on, relative to a natural size, and where it is
        largest; the errors where a solution is known; an estimate of the error that
        remains, from one Gauss-Newton step; the coefficients; what limits the run; and
        what to try next. It takes seconds, and changes nothing.

        Args:
            points: as for `fit`: a dictionary of point sets, or a dataset whose first
                one is taken. 4,096 points inside and 1,024 of each condition that no
                training has by itself, if None.

        Raises:
            TypeError, ValueError: points that do not fit the problem.
        """
        log = getattr(getattr(self, "history", None), "history", {})
        trained = Trained(
            problem=self.problem,
            terms=self._terms,
            network=self.network,
            call=self.call,
            coefficients=self._coefficients,
            values={name: float(c.numpy()) for name, c in self.coefficients.items()},
            choices=self.choices,
            history=log.get("loss", ()),
            penalty=float(sum(self.losses)),
            dtype=self.compute_dtype,
        )
        return report_of(trained, points)

    # -- saving -------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "network": keras.saving.serialize_keras_object(self.network),
            "problem": keras.saving.serialize_keras_object(self.problem),
            "loss_weights": {
                name: list(omega) if isinstance(omega, tuple) else omega
                for name, omega in self.loss_weights.items()
            },
            "derivatives": self.derivatives,
            "candidates": self.candidates,
            **({"choices": list(self.choices)} if self.choices else {}),
        }

    def save_own_variables(self, store: Any) -> None:
        super().save_own_variables(store)
        for name, omega in self.loss_weights.items():
            store[_in_file(name)] = np.asarray(omega, np.float64)

    def load_own_variables(self, store: Any) -> None:
        own = [key for key in store.keys() if not key.startswith(_LOSS_WEIGHT)]  # noqa: SIM118
        super().load_own_variables({key: store[key] for key in own})
        for name in self.loss_weights:
            # Files of version 0.1 have none.
            if _in_file(name) in store.keys():  # noqa: SIM118
                self.loss_weights[name] = np.asarray(store[_in_file(name)]).tolist()

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict | None = None
    ) -> "PINN":
        config = dict(config)
        choices = config.pop("choices", ())
        for key in ("network", "problem"):
            config[key] = keras.saving.deserialize_keras_object(
                config[key], custom_objects=custom_objects
            )
        model = cls(**config)
        model.choices = choices
        return model


def _start(value: float, shape: tuple[int, ...], dtype: str) -> tf.Tensor:
    # Keras's initializers.Constant rounds to float32 on its way to float64.
    return tf.constant(value, dtype, shape)


def _in_file(name: str) -> str:
    return _LOSS_WEIGHT + quote(name, safe="")
