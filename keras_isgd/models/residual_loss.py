"""The loss of a PINN, Eq. 6, and what is made of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.derivatives.channels import Request
from keras_isgd.hosts import Hosts
from keras_isgd.models.adaptive import choose_points
from keras_isgd.models.agreement import agree
from keras_isgd.models.regularisers import penalties_of
from keras_isgd.objectives.blocks import Block
from keras_isgd.objectives.host_rows import HostRows
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Objective
from keras_isgd.objectives.towers import Towers
from keras_isgd.objectives.weight_rows import WeightRows
from keras_isgd.problems import Problem
from keras_isgd.problems.point_sets import PointSets
from keras_isgd.problems.subdomains import subdomain_of
from keras_isgd.residuals.loss_weights import LossWeights
from keras_isgd.residuals.not_finite import explain
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.term_blocks import blocks_of
from keras_isgd.residuals.terms import equation_terms

__all__ = ["ResidualLoss"]


class ResidualLoss:
    """Mix-in of `PINN`: the terms of its loss, as a number and as least squares."""

    network: keras.Model
    problem: Problem
    compute_dtype: str
    losses: list[tf.Tensor]
    optimizer: Any
    trainable_variables: list[keras.Variable]
    get_metrics_result: Callable[[], dict]
    candidates: int
    _coefficients: dict[str, keras.Variable]
    _devices: tuple[str, ...]
    _hosts: Hosts | None
    _frozen_state: Callable[[], Any]
    _jit_parts: Callable[[], bool]
    _sets: PointSets
    _term_metrics: list[keras.metrics.Mean]
    _terms: Sequence[Term]

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
            rows.append(term.scale(x) * term.weighed(found, x))
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
        columns = sum(self.equations.values())
        rows = [
            term.rows_at(x, self.network, self._coefficients)
            for term in equation_terms(self._terms)
        ]
        if len(rows) == 1:
            return rows[0]
        several = tf.reshape(tf.concat(rows, axis=1), [-1, len(rows), columns])
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

        variables, jit = self.trainable_variables, self._jit_parts()
        blocks = blocks_of(self._terms, self.network, data, self._coefficients)
        if blocks is None:
            return LeastSquares(function, variables, state, jit_compile=jit)
        blocks += of_weights
        # Blocks assign nothing: check_network has seen to that.
        more: dict[str, Any] = {"jit_compile": jit, "aux_of": self._unweighted}
        loss: LeastSquares
        if self._hosts is not None:
            shared = (self._hosts, self._devices)
            loss = HostRows(function, variables, blocks, *shared, **more)
        elif len(self._devices) > 1:
            loss = Towers(function, variables, blocks, self._devices, **more)
        else:
            loss = LeastSquares(function, variables, (), blocks, **more)
        loss.is_sample = True
        return loss

    @property
    def chooses_points(self) -> bool:
        """Whether the equation's rows allow to leave points out; see `candidates`."""
        equations = equation_terms(self._terms)
        return all(t.pointwise and t.row_count is None for t in equations)

    def _compiles_whole_step(self) -> bool:
        # XLA knows no other processes.
        return self._hosts is None and super()._compiles_whole_step()  # type: ignore[misc]

    def train_step(self, data: Any) -> dict:
        if self._hosts is not None:
            data = self._cast(data)
            steps = self.optimizer.iterations
            agree(self._hosts, self.trainable_variables, data, steps)
        if self.candidates > 1:
            data = choose_points(
                self._terms,
                self._cast(data),
                self.network,
                self._coefficients,
                self.candidates,
                self.optimizer.iterations,
            )
        return super().train_step(data)  # type: ignore[misc]

    def explicit_step(self, data: Any) -> dict:
        if self._hosts is not None:
            return self._shared_step(data)
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

    def _shared_step(self, data: Any) -> dict:
        """The step of an ordinary Keras optimizer, its gradient by all processes."""
        objective = self.objective(data)
        parameters = objective.parameters
        found = objective.evaluate(parameters.read())
        gradients = parameters.unpack(found.gradient)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.log(data, found.value, found.aux)

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
        width = self.problem.input_count
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

    def operations(self) -> dict[str, frozenset[str]]:
        """Returns the types of TensorFlow's operations in each term, by its name."""
        return {term.name: term.operations for term in self._terms}

    def requests(self) -> set[Request]:
        """Returns all derivatives that the loss uses, as `derivatives` names them."""
        return {r for term in self._terms for asked in term.requests for r in asked}

    # -- coefficients ---------------------------------------------------------------
