"""Every argument of a public callable is known to a test.

An argument that is not in the lists below has come without a test that fails when it
is ignored: write that test, then add the name.
"""

import inspect
import types

import pytest
from argument_tables import names_of
from public_rooms import ROOMS

import keras_isgd as ki

# Their tables, two values and two outcomes each, are in test_optimizer_arguments,
# test_solver_arguments, test_objective_arguments and test_closure_arguments, which
# hold them against the signatures.
IN_TABLES = {
    "ClosureModel",
    "LeastSquares",
    "Objective",
    "optimizers.ClosureOptimizer",
    "optimizers.DecreaseRatio",
    "optimizers.ISGD",
    "optimizers.LBFGS",
    "optimizers.SPRING",
    "optimizers.SSBroyden",
    "optimizers.Staged",
    "solvers.Adam",
    "solvers.GaussNewton",
    "solvers.LBFGS",
    "solvers.SSBroyden",
}
# Tested in the tests of their own rooms.
ELSEWHERE = """
callbacks.BackupAndRestore = backup_dir every_epochs keep delete_checkpoint
callbacks.CostMonitor = count skip
callbacks.ErrorMonitor = every_seconds report
callbacks.FieldImages = log_dir every
callbacks.KeepBest = monitor
callbacks.LossDecay = data every
callbacks.SolverMonitor = print_failures
callbacks.StopWhenConverged = ftol xtol gtol patience
callbacks.StopWhenStuck = patience only_not_finite
callbacks.SwitchOptimizer = to after_steps
callbacks.TimeLimit = seconds
problems.Condition = on weight name
problems.Coefficient = initial lower upper log
problems.Data = points values component weight name sigma operator
problems.Dirichlet = on value component weight name
problems.Helmholtz2D = k modes lower
problems.Initial = value order time component weight name
problems.Integral = over of value nodes weight name
problems.Interface = between k value flux component weight name
problems.Neumann = on value component weight name
problems.Operator = on residual weight name
problems.Periodic = coordinate orders component weight name factor phase
problems.Poisson1D = solution
problems.Poisson2D = frequencies amplitudes
problems.SingularPerturbation = eps
problems.Robin = on a b value component weight name
problems.StiffQuadratic = curvatures minimum start
problems.SIR = measurements guess
problems.BackwardFacingStep = reynolds
problems.Burgers = viscosity
problems.Convection = speed
problems.Eigenvalue = guess
problems.EulerBeam = load
problems.FokkerPlanck = linear cubic noise
problems.Heat = diffusivity mode
problems.KleinGordon = frequency
problems.KortewegDeVries = dispersion
problems.Kovasznay = reynolds
problems.KuramotoSivashinsky = regime
problems.LidDrivenCavity = reynolds lid
problems.Lorenz = measurements guess
problems.LotkaVolterra = growth hunting feeding death start
problems.PlaneElasticity = first shear load
problems.PoissonHoles = centres radius
problems.PoissonLShape = solution
problems.PoissonND = dimension
problems.Reaction = rate
problems.Solitons = wave_numbers shifts
problems.Stokes = viscosity
problems.TwoMaterials = conductivities flux
problems.Wave = speed modes amplitudes
figures.animate = model path output frames fps title
figures.plot = model path title
figures.prediction_points = problem
figures.save_curves = runs path title colours
figures.save_predictions = problem predictions path title colours
figures.save_solution = model path title
networks.Columns = columns **kwargs
networks.FourierFeatures = frequencies trainable **kwargs
networks.BoundaryLayerFeatures = layers **kwargs
networks.CornerFeatures = corners **kwargs
networks.HoleFeatures = holes columns **kwargs
networks.JumpFeatures = jumps shapes columns **kwargs
networks.Part = network of positive start
networks.PeriodicFeatures = periods harmonics **kwargs
networks.Positive = start **kwargs
networks.TrainableSine = initial **kwargs
networks.Transform = function **kwargs
networks.dirichlet = network geometry value coordinates component
networks.initial = network value axis start velocity names component
networks.in_precision = network dtype
networks.input_scale_for = frequency domain depth
networks.join = inputs parts
networks.mlp = inputs outputs width depth activation input_scale output_scale
    features domain steep dtype seed output_offset
networks.periodic = inputs periods harmonics dtype
networks.separable = inputs outputs width input_scale groups dtype seed
networks.sine = x
networks.transform = network function
derivatives.Field = lookup coordinates outputs coefficients components time points
    elsewhere subdomain
derivatives.Jet = channels plan record
derivatives.derivatives = network x requests
derivatives.laplacian = axes
derivatives.register_activation = activation formulas
derivatives.register_rule = layer_class
derivatives.requests_of = function sizes coordinates outputs coefficients dtype
    columns time
diagnostics.extreme_eigenvalues = objective w steps tolerance seed
diagnostics.gram_matrix = objective w memory
diagnostics.hessian = objective w memory
diagnostics.hessian_spectrum = objective w memory
diagnostics.hessian_vector_product = objective
diagnostics.limit_gram_matrix = x slope outer_square order
diagnostics.theorem_bound = loss alpha smallest steps
diagnostics.two_layer_gram_matrix = x weights outer slope
solvers.get = identifier
Sweep = runs
sweep = problem seconds seeds workers folder **settings
PINN = network problem loss_weights derivatives name seed candidates devices hosts
connect_hosts = workers task timeout
geometry.Annulus = centre inner outer name
geometry.Ball = centre radius name
geometry.BoundaryPart = geometry names where boundary_of
geometry.Box = lower upper name
geometry.Cylinder = base height radius name
geometry.Disk = centre radius name
geometry.Ellipse = centre semi_axes angle name
geometry.Faces = box faces
geometry.Geometry = *args **kwargs
geometry.Interval = a b name
geometry.Mesh = source name
geometry.Piece = names measure unit_dimension place keeps
geometry.PointCloud = points normals name
geometry.Polygon = vertices name
geometry.Rectangle = lower upper name
geometry.Segment = a b name
geometry.Shell = centre inner outer name
geometry.Triangle = a b c name
export = model path overwrite
solve = problem seconds seed network width loss_weights optimizer points candidates
    windows devices hosts callbacks verbose
"""


def _listed():
    """The arguments in `ELSEWHERE` by callable; indented lines go on."""
    joined = ELSEWHERE.strip().replace("\n    ", " ").splitlines()
    return {k: v.split() for k, v in (line.split(" = ") for line in joined)}


def _public():
    """The public callables with arguments by name, each once."""
    modules = [(f"{room}.", getattr(ki, room)) for room in ROOMS] + [("", ki)]
    found, seen = {}, set()
    for prefix, module in modules:
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, types.ModuleType) or not callable(value):
                continue
            # Results, which are fields rather than arguments.
            if inspect.isclass(value) and issubclass(value, (tuple, int)):
                continue
            if names_of(value) and id(value) not in seen:
                seen.add(id(value))
                found[prefix + name] = value
    return found


PUBLIC = _public()


def test_every_public_callable_is_listed():
    assert set(PUBLIC) == {*IN_TABLES, *_listed()}


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - IN_TABLES))
def test_every_argument_is_listed(name):
    assert names_of(PUBLIC[name]) == _listed().get(name, [])


@pytest.mark.parametrize("name", ["catalogue", "cli", "runs"])
def test_modules_under_their_old_names_warn_and_work(name):
    with pytest.warns(DeprecationWarning, match=f"keras_isgd.app.{name} now"):
        module = getattr(ki, name)
    assert module.__name__ == f"keras_isgd.app.{name}"
    with pytest.raises(AttributeError, match="no attribute 'figure'"):
        _ = ki.figure
