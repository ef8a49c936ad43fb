"""A small equation that the tests of Gauss-Newton share."""

import keras_isgd as ki


def model_of(eps=0.5, width=6, activation="tanh", dtype="float64", seed=1, **network):
    problem = ki.problems.SingularPerturbation(eps)
    network = ki.networks.mlp(
        1, width=width, depth=2, activation=activation, dtype=dtype, seed=seed,
        **network,
    )  # fmt: skip
    return ki.PINN(network, problem, loss_weights={"dirichlet_boundary": 3.0})


def points_of(model, interior=15, **arguments):
    return next(iter(model.problem.points(interior, seed=3, **arguments)))


def compiled(model, optimizer=None, **arguments):
    model.compile(optimizer=optimizer or ki.ISGD(), **arguments)
    return model


def step_of(optimizer, data=None, **arguments):
    """One step; returns the move, the objective at the start and the report."""
    model = compiled(model_of(**arguments), optimizer)
    objective = model.objective(data or points_of(model))
    before = objective.parameters.read()
    optimizer.build(model.trainable_variables)
    report = optimizer.minimize(objective)
    return (objective.parameters.read() - before).numpy(), objective, before, report
