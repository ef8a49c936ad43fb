"""Physics-informed neural networks."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import keras
import numpy as np
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.derivatives.channels import Request
from keras_isgd.models.closure_model import ClosureTraining
from keras_isgd.models.coefficient_value import CoefficientValue
from keras_isgd.models.default_network import CONDITION_WEIGHT, default_network
from keras_isgd.models.errors import Measured
from keras_isgd.models.identification import intervals_of
from keras_isgd.models.intervals import Intervals
from keras_isgd.models.point_training import PointTraining
from keras_isgd.models.regularisers import penalties_of
from keras_isgd.networks.checks import check_network
from keras_isgd.objectives.blocks import Block
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Objective
from keras_isgd.objectives.weight_rows import WeightRows
from keras_isgd.problems import Problem
from keras_isgd.problems.subdomains import subdomain_of
from keras_isgd.residuals.loss_weights import LossWeights
from keras_isgd.residuals.not_finite import explain
from keras_isgd.residuals.term_blocks import blocks_of
from keras_isgd.residuals.terms import terms_of

__all__ = ["PINN"]

# How the weights of the loss are named in files, beside a model's own variables.
_LOSS_WEIGHT = "loss_weight_"


@keras.saving.register_keras_serializable(package="keras_isgd")
class PINN(Measured, PointTraining, ClosureTraining, keras.Model):
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
            one of two layers of 24 units with the problem's own scales.
        problem: the `Problem`.
        loss_weights: dictionary of omegas by the terms' names ("residual", or the
            equations' names, and the conditions' names); the conditions' own weights,
            and 1 for the residual, where left out. Without a network conditions weigh
            100 times their own weights.
        derivatives: "taylor" (layer by layer in one pass, orders 1 to 4), "tape"
            (nested GradientTapes, any network and order), or "auto": Taylor mode for
            each term that it can serve.
        name: the model's name.
        seed: of the network that is built where none is given.

    Raises:
        ValueError: no problem, a seed beside a network, network and problem do not fit
            together, an unknown derivative or term, or a mixed-precision network.
    """

    def __init__(
        self,
        network: keras.Model | None = None,
        problem: Problem | None = None,
        loss_weights: Mapping[str, float] | None = None,
        derivatives: str = "auto",
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        if not isinstance(problem, Problem):
            raise ValueError(
                "Expected a ki.Problem, such as ki.PINN(network, problem) or "
                f"ki.PINN(problem=problem); got {problem!r}."
            )
        if network is None:
            problem.check()
            network = default_network(problem, seed=0 if seed is None else seed)
            heavier = {
                c.name: CONDITION_WEIGHT * c.weight for c in problem.bound_conditions()
            }
            loss_weights = {**heavier, **(loss_weights or {})}
        elif seed is not None:
            raise ValueError(
                "`seed` is for the network that is built where none is given; give it "
                "to the network, as ki.networks.mlp(seed=...)."
            )
        dtype = check_network(network, problem)
        super().__init__(name=name, dtype=dtype)
        self.network = network
        self.problem = problem
        self.derivatives = derivatives
        # Now, and not in a graph: a problem's conditions may compute with TensorFlow.
        self._sets = problem.sets
        # A tuple: Keras would wrap a list to track it.
        self._terms = tuple(
            terms_of(problem, loss_weights or {}, dtype, network, derivatives)
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
        # Built, and called once as Keras's own export demands.
        self(keras.KerasTensor((None, problem.width), dtype))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Returns u at points `(n, d + q)`, `(n, outputs)`."""
        u = self.network(x)
        return self.problem.chosen_outputs(x, u) if self.problem.subdomains else u

    # -- loss -------------------------------------------------------------------

    @property
    def loss_weights(self) -> LossWeights:
        """The omegas by the terms' names; a new value holds from the next step on.

            model.loss_weights["initial"] = 100.0

        They are saved and restored with the weights.
        """
        return self._terms[0].weights

    @loss_weights.setter
    def loss_weights(self, values: Mapping[str, float]) -> None:
        self.loss_weights.update(values)

    def _rows(self, data: Mapping[str, tf.Tensor]) -> list[tf.Tensor]:
        """Each term's rows `(n_i, k_i)`, scaled: their squares sum up to Eq. 6."""
        rows = []
        for term in self._terms:
            x = term.inputs(data)
            found = term.rows_at(x, self.network, self._coefficients)
            rows.append(term.scale(x) * found)
        return rows

    def _unweighted(self, squares: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """The terms without their omegas, one for each metric."""
        pairs = zip(squares, self._terms)
        return [value for s, term in pairs for value in term.unweighted(s)]

    def _squares(self, rows: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        return [term.squares(r) for r, term in zip(rows, self._terms, strict=True)]

    def closure(
        self, data: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Returns `(loss, losses)`: the loss of Eq. 6 and its unweighted terms."""
        squares = self._squares(self._rows(data))
        parts = [tf.reduce_sum(s) for s in squares]
        return tf.add_n(parts + list(self.losses)), self._unweighted(squares)

    @property
    def equations(self) -> dict[str, int]:
        """How many columns of `residual` each equation has by its name, in their order.

        It is "residual" where `Problem.residual` names none.
        """
        parts = self.problem.subdomains or [""]
        found = [
            {n.removesuffix(f"_{part}"): k for n, k in term.equations.items()}
            for part, term in zip(parts, self._terms)
        ]
        if any(other != found[0] for other in found):
            raise ValueError(
                f"The equations of {type(self.problem).__name__} differ from one "
                "subdomain to another, so that there is no one residual."
            )
        return found[0]

    def residual(self, x: Any) -> tf.Tensor:
        """Returns the equation's residual at points `(n, d + q)`, `(n, k)`.

        Raises:
            ValueError: other equations in one subdomain than in another.
        """
        x = tf.convert_to_tensor(x, self.compute_dtype)
        parts = max(len(self.problem.subdomains), 1)
        columns = sum(self.equations.values())
        rows = [
            term.rows_at(x, self.network, self._coefficients)
            for term in self._terms[:parts]
        ]
        if parts == 1:
            return rows[0]
        several = tf.reshape(tf.concat(rows, axis=1), [-1, parts, columns])
        return tf.gather(several, subdomain_of(self.problem, x), axis=1, batch_dims=1)

    def log(self, data: Any, loss: tf.Tensor, aux: Sequence[tf.Tensor]) -> dict:
        compat.loss_tracker(self).update_state(loss)
        for metric, value in zip(self._term_metrics, aux, strict=True):
            metric.update_state(value)
        return self.get_metrics_result()

    def objective(self, data: Any) -> Objective:
        """Returns the loss of a batch of points as an `Objective`.

        It is a `LeastSquares`: the rows of each term times sqrt(omega / n), and
        sqrt(l2) w for weights with an L2 regulariser. With other regularisers it is an
        `Objective` with its `reason`.

        Args:
            data: dictionary of point sets.
        """
        data = self._cast(data)
        state = self._frozen_state()
        penalties = penalties_of(self)
        if penalties.reason is not None:
            objective = Objective(
                lambda: self.closure(data),
                self.trainable_variables,
                state,
                self._jit_parts(),
            )
            objective.reason = penalties.reason
            return objective
        of_weights: list[Block] = (
            [WeightRows(penalties.squares)] if penalties.squares else []
        )

        def function() -> tuple[tf.Tensor, list[tf.Tensor]]:
            rows = self._rows(data)
            squares = self._squares(rows)
            rows += [block.rows() for block in of_weights]
            vector = tf.concat([tf.reshape(r, [-1]) for r in rows], axis=0)
            return vector, self._unweighted(squares)

        blocks = blocks_of(self._terms, self.network, data, self._coefficients)
        return LeastSquares(
            function,
            self.trainable_variables,
            # Blocks assign nothing: check_network has seen to that.
            state if blocks is None else (),
            None if blocks is None else blocks + of_weights,
            self._jit_parts(),
            aux_of=None if blocks is None else self._unweighted,
        )

    def explicit_step(self, data: Any) -> dict:
        with tf.GradientTape() as tape:
            loss, losses = self.closure(self._cast(data))
        gradients = tape.gradient(
            loss,
            self.trainable_variables,
            # A residual made of derivatives alone has no path to the last bias.
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.log(data, loss, losses)

    def test_step(self, data: Any) -> dict:
        return self.log(data, *self.closure(self._cast(data)))

    def explain_not_finite(self, data: Any) -> str | None:
        """Says where the loss of a batch, or its gradient, is NaN or infinite.

        Args:
            data: dictionary of point sets.

        Returns:
            A sentence with the term, the equation, the point and a remedy; None if
            all is finite.
        """
        return explain(self._terms, self.network, self._cast(data), self._coefficients)

    def _cast(self, data: Any) -> dict[str, tf.Tensor]:
        # train_on_batch wraps the point sets in (x, y, sample_weight)
        sets, targets, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if targets is not None or sample_weight is not None:
            what = "targets" if targets is not None else "sample_weight"
            raise ValueError(
                f"A PINN trains on point sets alone and cannot use `{what}`. To weigh "
                "a term of the loss, set model.loss_weights; to weigh points, multiply "
                "the rows that `residual` returns by a function of x."
            )
        sets = {name: tf.cast(x, self.compute_dtype) for name, x in sets.items()}
        return self._with_normals(sets)

    def _with_normals(self, sets: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        width = self.problem.width
        missing = [
            name
            for name in self._sets.with_normals
            if name in sets and sets[name].shape[-1] == width
        ]
        if not missing:
            return sets
        if not all(
            isinstance(sets[name], tf.__internal__.EagerTensor) for name in missing
        ):
            raise ValueError(
                f"The points {', '.join(missing)} come without the outward normals "
                "that a condition needs, as d further columns. Draw them by "
                "problem.points(...), or hand them through problem.with_normals(sets)."
            )
        found = self._sets.completed({n: sets[n].numpy() for n in missing})
        return {**sets, **{n: tf.convert_to_tensor(x) for n, x in found.items()}}

    def engines(self) -> list:
        """Returns the module that serves derivatives, for each term of the loss."""
        return [term.engine for term in self._terms]

    def requests(self) -> set[Request]:
        """Returns all derivatives that the loss uses, as `derivatives` names them."""
        return {r for term in self._terms for asked in term.requests for r in asked}

    # -- coefficients ---------------------------------------------------------------

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

    # -- saving -------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "network": keras.saving.serialize_keras_object(self.network),
            "problem": keras.saving.serialize_keras_object(self.problem),
            "loss_weights": dict(self.loss_weights),
            "derivatives": self.derivatives,
        }

    def save_own_variables(self, store: Any) -> None:
        super().save_own_variables(store)
        for name, omega in self.loss_weights.items():
            store[_in_file(name)] = np.float64(omega)

    def load_own_variables(self, store: Any) -> None:
        own = [key for key in store.keys() if not key.startswith(_LOSS_WEIGHT)]  # noqa: SIM118
        super().load_own_variables({key: store[key] for key in own})
        for name in self.loss_weights:
            # Files of version 0.1 have none.
            if _in_file(name) in store.keys():  # noqa: SIM118
                self.loss_weights[name] = float(np.asarray(store[_in_file(name)]))

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict | None = None
    ) -> "PINN":
        config = dict(config)
        for key in ("network", "problem"):
            config[key] = keras.saving.deserialize_keras_object(
                config[key], custom_objects=custom_objects
            )
        return cls(**config)


def _start(value: float, shape: tuple[int, ...], dtype: str) -> tf.Tensor:
    # Keras's initializers.Constant rounds to float32 on its way to float64.
    return tf.constant(value, dtype, shape)


def _in_file(name: str) -> str:
    return _LOSS_WEIGHT + quote(name, safe="")
