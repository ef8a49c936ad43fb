"""Physics-informed neural networks."""

import keras
import tensorflow as tf

from keras_isgd.models.closure_model import ClosureTraining
from keras_isgd.models.errors import measure
from keras_isgd.models.point_training import PointTraining
from keras_isgd.networks.checks import check_network
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Objective
from keras_isgd.residuals.term import terms_of
from keras_isgd.residuals.term_blocks import block_of, layouts_of

__all__ = ["PINN"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class PINN(PointTraining, ClosureTraining, keras.Model):
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
        network: a built `keras.Model` from `(n, d)` to `(n, outputs)`, float32 or
            float64, each row by itself (no batch statistics, no dropout).
        problem: the `Problem`.
        loss_weights: dictionary of omegas by the terms' names ("residual" and the
            conditions' names); the conditions' own weights, and 1 for the
            residual, where left out.
        derivatives: "taylor" (layer by layer in one pass, orders 1 to 4), "tape"
            (nested GradientTapes, any network and order), or "auto": Taylor mode for
            each term that it can serve.
        name: the model's name.

    Raises:
        ValueError: network and problem do not fit together, an unknown derivative
            or term, or a mixed-precision network.
    """

    def __init__(
        self, network, problem, loss_weights=None, derivatives="auto", name=None
    ):
        dtype = check_network(network, problem)
        super().__init__(name=name, dtype=dtype)
        self.network = network
        self.problem = problem
        self.loss_weights = dict(loss_weights or {})
        self.derivatives = derivatives
        self._terms = terms_of(problem, self.loss_weights, dtype, network, derivatives)
        self._term_metrics = [
            keras.metrics.Mean(name=term.name, dtype="float64") for term in self._terms
        ]
        self._coefficients = {
            coefficient: self.add_weight(
                shape=(),
                dtype=dtype,
                name=coefficient,
                initializer=keras.initializers.Constant(value),
            )
            for coefficient, value in problem.coefficients.items()
        }
        self._layouts = None
        # Built, and called once as Keras's own export demands.
        self(keras.KerasTensor((None, len(problem.coordinates)), dtype))

    def call(self, x):
        return self.network(x)

    # -- loss -------------------------------------------------------------------

    def closure(self, data):
        """Returns `(loss, losses)`: the loss of Eq. 6 and its unweighted terms."""
        losses = [_mean_square(rows) for rows in self._rows(data)]
        weighted = [t.weight * loss for t, loss in zip(self._terms, losses)]
        return tf.add_n(weighted + list(self.losses)), losses

    def _rows(self, data):
        return [t.rows(self.network, data, self._coefficients) for t in self._terms]

    def residual(self, x):
        """Returns the equation's residual at points `(n, d)`, a tensor `(n, k)`."""
        x = tf.convert_to_tensor(x, self.compute_dtype)
        return self._terms[0].rows(self.network, {"interior": x}, self._coefficients)

    def log(self, data, loss, aux):
        self._loss_tracker.update_state(loss)
        for metric, value in zip(self._term_metrics, aux):
            metric.update_state(value)
        return self.get_metrics_result()

    def objective(self, data):
        """Returns the loss of a batch of points as an `Objective`.

        It is a `LeastSquares` unless the network has regularisers: the rows of
        each term times sqrt(omega / n).

        Args:
            data: dictionary of point sets.
        """
        data = self._cast(data)
        state = self._frozen_state()
        if self.losses or any(
            getattr(layer, "activity_regularizer", None) is not None
            for layer in self._flatten_layers()
        ):
            return Objective(
                lambda: self.closure(data), self.trainable_variables, state
            )

        def function():
            rows = self._rows(data)
            scaled = [
                tf.reshape(term.scale(data) * r, [-1])
                for term, r in zip(self._terms, rows)
            ]
            return tf.concat(scaled, axis=0), [_mean_square(r) for r in rows]

        blocks = aux_of = None
        layouts = self._find_layouts()
        if None not in layouts:
            blocks = [
                block_of(term, layout, self.network, data, self._coefficients)
                for term, layout in zip(self._terms, layouts, strict=True)
            ]

            def aux_of(sums):
                return [s / t.weight for s, t in zip(sums, self._terms, strict=True)]

        return LeastSquares(
            function,
            self.trainable_variables,
            state,
            blocks,
            self._jit_parts(),
            aux_of=aux_of,
        )

    def _find_layouts(self):
        if self._layouts is None:
            # A tuple: Keras would wrap a list to track it.
            self._layouts = layouts_of(self._terms, self.network, self._coefficients)
        return self._layouts

    def explicit_step(self, data):
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

    def test_step(self, data):
        return self.log(data, *self.closure(self._cast(data)))

    def _cast(self, data):
        # train_on_batch wraps the point sets in (x, y, sample_weight)
        sets, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return {name: tf.cast(x, self.compute_dtype) for name, x in sets.items()}

    def engines(self):
        """Returns the module that serves derivatives, for each term of the loss."""
        return [term.engine for term in self._terms]

    # -- errors -------------------------------------------------------------------

    @property
    def coefficients(self):
        """The equation's trainable coefficients, variables `()`, by name."""
        return dict(self._coefficients)

    def errors(self, points=None):
        """Measures the errors against `problem.exact`.

        Args:
            points: `(n, d)`; `problem.test_points()`, a fixed fine grid, if None.

        Returns:
            `{"relative_l2": ..., "max_error": ...}`: |u - exact|_2 / |exact|_2 and
            the largest absolute error over the points.

        Raises:
            ValueError: the problem has no exact solution.
        """
        return measure(self.network, self.problem, self.compute_dtype, points)

    def relative_l2(self, points=None):
        """Returns the relative L2 error; see `errors`."""
        return self.errors(points)["relative_l2"]

    def max_error(self, points=None):
        """Returns the maximum error; see `errors`."""
        return self.errors(points)["max_error"]

    # -- saving -------------------------------------------------------------------

    def get_config(self):
        return {
            "name": self.name,
            "network": keras.saving.serialize_keras_object(self.network),
            "problem": keras.saving.serialize_keras_object(self.problem),
            "loss_weights": dict(self.loss_weights),
            "derivatives": self.derivatives,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for key in ("network", "problem"):
            config[key] = keras.saving.deserialize_keras_object(
                config[key], custom_objects=custom_objects
            )
        return cls(**config)


def _mean_square(rows):
    return tf.reduce_mean(tf.reduce_sum(tf.square(rows), axis=1))
