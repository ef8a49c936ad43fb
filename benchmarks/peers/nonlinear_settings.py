"""What is compared on nonlinear problems: problems, seconds, peers, their settings."""

import dataclasses

__all__ = ["METHODS", "PROBLEMS", "Method"]

# Seconds for each problem, a name of both untuned.py and nonlinear_problems.py.
PROBLEMS = {"burgers": 60.0, "allen-cahn": 60.0, "kovasznay": 30.0, "kdv": 60.0}


@dataclasses.dataclass(frozen=True)
class Method:
    """A way to train.

    Attributes:
        label: its name in tables and pictures.
        settings: what its script is given after a colon; the first seed tries all of
            them, and the other seeds have the one that ended best there.
        size: width and number of hidden layers of a peer's network.
    """

    label: str
    settings: tuple[str, ...] = ("",)
    size: tuple[int, int] = (30, 3)


# By the script of this folder and the method that it is given. Networks of 30 units in
# three layers are those of Urban, Stefanou and Pons; dense steps on all weights cost
# their third power, so these have fewer.
METHODS = {
    "keras_isgd solve": Method("keras_isgd, ki.solve"),
    "jax ssbroyden": Method("JAX, self-scaled Broyden"),
    "jax lbfgs": Method("JAX, L-BFGS of Optax"),
    "scimba dsgnar": Method("scimba, DSGNAR", ("2048", "4096"), (24, 2)),
    "scimba eng": Method("scimba, energy natural gradient", ("1e-6", "1e-9"), (24, 2)),
    "jinns ngd": Method("jinns, natural gradient", ("1e-5", "1e-8"), (24, 2)),
    "jax engd": Method("JAX, energy natural gradient", ("1e-5", "1e-8"), (24, 2)),
    "jax spring": Method("JAX, SPRING", ("0.9,1e-5", "0.9,1e-8", "0.99,1e-8")),
    "deepxde adam-lbfgs": Method("DeepXDE, Adam then L-BFGS", ("1e-3", "5e-3")),
    "jax adam": Method("JAX, Adam", ("1e-3", "3e-3", "1e-2")),
}
