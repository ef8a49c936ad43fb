"""Time of loss and gradient of a PINN for Eq. 20 in keras_isgd.

    .venv/bin/python benchmarks/peers/gradient_keras_isgd.py --xla

The function timed is the one that its inner solvers call, Taylor mode in front.
"""

import gradient_common as common
import tensorflow as tf

import keras_isgd as ki


def main():
    """Prints the measurement."""
    parser = common.make_parser(__doc__.splitlines()[0])
    parser.add_argument("--xla", action="store_true", help="compile with XLA")
    parser.add_argument("--engine", choices=("taylor", "tape"), default="taylor")
    arguments = parser.parse_args()
    problem = ki.problems.Poisson2D()
    network = ki.networks.mlp(
        2,
        width=arguments.width,
        depth=arguments.depth,
        activation=arguments.activation,
        dtype=arguments.dtype,
    )
    network.set_weights([a for pair in common.make_weights(arguments) for a in pair])
    weights = {"dirichlet_boundary": common.BOUNDARY_WEIGHT}
    model = ki.PINN(network, problem, weights, derivatives=arguments.engine)
    interior, boundary = common.make_points(arguments)

    @tf.function(autograph=False, jit_compile=arguments.xla or None)
    def value_and_gradient(w, interior, boundary):
        objective = model.objective({"interior": interior, "boundary": boundary})
        return objective.value_and_gradient(w)

    inputs = tf.constant(interior), tf.constant(boundary)
    w = model.objective(dict(zip(("interior", "boundary"), inputs))).parameters.read()

    def evaluate():
        value, gradient = value_and_gradient(w, *inputs)
        return value.numpy(), [gradient.numpy()]

    name = f"keras_isgd {arguments.engine}" + (" XLA" if arguments.xla else "")
    common.report(name, arguments, evaluate)


if __name__ == "__main__":
    main()
