"""The problems that every library shows: one file a family.

Each has a solution, `exact`, in closed form or computed; where it is less accurate than
rounding, `reference_accuracy` is the largest error to be expected of it.
"""

from keras_isgd.problems.library.allen_cahn import AllenCahn
from keras_isgd.problems.library.burgers import Burgers
from keras_isgd.problems.library.channel import BackwardFacingStep, LidDrivenCavity
from keras_isgd.problems.library.dynamics import SIR, Lorenz, LotkaVolterra
from keras_isgd.problems.library.elasticity import EulerBeam, PlaneElasticity
from keras_isgd.problems.library.flow import Kovasznay, Stokes
from keras_isgd.problems.library.heat import Heat
from keras_isgd.problems.library.kdv import KortewegDeVries, Solitons
from keras_isgd.problems.library.kuramoto_sivashinsky import KuramotoSivashinsky
from keras_isgd.problems.library.poisson import (
    PoissonDisk,
    PoissonHoles,
    PoissonLShape,
    PoissonND,
)
from keras_isgd.problems.library.schroedinger import Schroedinger
from keras_isgd.problems.library.stationary import Eigenvalue, FokkerPlanck
from keras_isgd.problems.library.transport import Convection, Reaction
from keras_isgd.problems.library.two_materials import TwoMaterials
from keras_isgd.problems.library.wave import KleinGordon, Wave

__all__ = [
    "SIR",
    "AllenCahn",
    "BackwardFacingStep",
    "Burgers",
    "Convection",
    "Eigenvalue",
    "EulerBeam",
    "FokkerPlanck",
    "Heat",
    "KleinGordon",
    "KortewegDeVries",
    "Kovasznay",
    "KuramotoSivashinsky",
    "LidDrivenCavity",
    "Lorenz",
    "LotkaVolterra",
    "PlaneElasticity",
    "PoissonDisk",
    "PoissonHoles",
    "PoissonLShape",
    "PoissonND",
    "Reaction",
    "Schroedinger",
    "Solitons",
    "Stokes",
    "TwoMaterials",
    "Wave",
]
