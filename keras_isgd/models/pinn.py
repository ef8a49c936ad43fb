"""Physics-informed neural networks."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.hosts import hosts_of
from keras_isgd.models.balance import balanced_weights
from keras_isgd.models.choices import of_network
from keras_isgd.models.closure_model import ClosureTraining
from keras_isgd.models.default_network import design_for
from keras_isgd.models.design import Design
from keras_isgd.models.errors import Measured
from keras_isgd.models.examined import Examined
from keras_isgd.models.point_training import PointTraining
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
class PINN(
    ResidualLoss, Measured, Examined, PointTraining, ClosureTraining, keras.Model
):
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
        hosts: whether the processes that `ki.connect_hosts` connected, or those of
            TF_CONFIG, share the rows of the loss; `devices` then share those of each
            process. It is not saved.

    Raises:
        ValueError: no problem, a seed beside a network, network and problem do not fit
            together, an unknown derivative or term, `candidates` for rows that mix
            points, a mixed-precision network, or `hosts` where no processes are known.
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
        hosts: bool = False,
    ) -> None:
        shared = hosts_of(hosts)
        if not isinstance(problem, Problem):
            raise ValueError(
                "Expected a ki.Problem, such as ki.PINN(network, problem) or "
                f"ki.PINN(problem=problem); got {problem!r}."
            )
        network, design = _network_for(problem, network, seed)
        dtype = check_network(network, problem)
        warn_if_not_saved(problem)
        super().__init__(name=name, dtype=dtype)
        self.choices = []
        self.network = network
        self.problem = problem
        self.derivatives = derivatives
        self.candidates = check_count("candidates", candidates)
        self._devices = devices_of(devices)
        self._hosts = shared
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

    def balanced_weights(
        self, points: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Returns omegas with which each term of the loss counts the same.

            model.loss_weights = model.balanced_weights()

        omega = 1000 / mean |row of J|^2, J being the derivatives of a term's residuals
        in the network's weights as they are now: the traces of the terms' parts in the
        neural tangent kernel are equal then (Wang, Yu and Perdikaris, J. Comput. Phys.
        449, 2022). Units and factors on equations do not matter with them. Conditions
        with a weight of their own and measurements with a `sigma` are left out.

        Args:
            points: dictionary of point sets `(n_i, d)` at which residuals are looked
                at; some of the whole domain if None.
        """
        return balanced_weights(
            self.problem, self._terms, self.network, self._coefficients, points
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


def _network_for(
    problem: Problem, network: keras.Model | None, seed: int | None
) -> tuple[keras.Model, Design | None]:
    """The network that is given, or one that is built, and its design.

    Raises:
        ValueError: a seed beside a network.
    """
    if network is None:
        problem.check()
        design = design_for(problem)
        return design.network(seed=0 if seed is None else seed), design
    if seed is not None:
        raise ValueError(
            "`seed` is for the network that is built where none is given; give it "
            "to the network, as ki.networks.mlp(seed=...)."
        )
    return network, None


def _start(value: float, shape: tuple[int, ...], dtype: str) -> tf.Tensor:
    # Keras's initializers.Constant rounds to float32 on its way to float64.
    return tf.constant(value, dtype, shape)


def _in_file(name: str) -> str:
    return _LOSS_WEIGHT + quote(name, safe="")
