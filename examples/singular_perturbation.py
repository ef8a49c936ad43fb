"""Singularly perturbed ODE with a boundary layer (Eq. 19, Figure 2)."""

import common

import keras_isgd as ki


def main(arguments=None):
    """Trains "ISGD, Adam" (Algorithm 1) with the paper's settings."""
    parser = common.parser(
        __doc__,
        learning_rate=0.5,
        k0=1000,
        k1=100,
        k2=2000,
        adam_rate=1e-3,
        width=50,
        depth=4,
    )
    parser.add_argument(
        "--eps", type=float, default=2.0, help="2 and 0.01 in the paper"
    )
    options = parser.parse_args(arguments)

    problem = ki.problems.SingularPerturbation(options.eps)
    network = ki.networks.mlp(
        inputs=len(problem.coordinates),
        width=options.width,
        depth=options.depth,
        seed=options.seed,
    )
    model = ki.PINN(network, problem)
    points = problem.points(400, resample=False, seed=options.seed)
    inner = ki.solvers.Adam(options.adam_rate, steps=options.k1)
    optimizer = ki.ISGD(options.learning_rate, inner=inner)
    common.train("singular_perturbation", model, optimizer, points, options)


if __name__ == "__main__":
    main()
