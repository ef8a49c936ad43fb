"""Time of loss and gradient of a PINN for Eq. 20 in DeepXDE.

    .venv-peers/bin/python benchmarks/peers/gradient_deepxde.py --backend tensorflow

What is timed is DeepXDE's train step without the optimizer's update: the gradient of
the sum of the losses of `Model.outputs_losses_train`.
"""

import contextlib
import os
import sys

import gradient_common as common
import numpy as np

_ACTIVATIONS = {"sine": "sin", "tanh": "tanh"}
_UNSUPPORTED = ("tensorflow", "forward", "float64")


def main():
    """Prints the measurement."""
    parser = common.make_parser(__doc__.splitlines()[0])
    parser.add_argument(
        "--backend", choices=("tensorflow", "pytorch"), default="tensorflow"
    )
    parser.add_argument(
        "--xla",
        action="store_true",
        help="compile with XLA, which DeepXDE does by default on a GPU only",
    )
    arguments = parser.parse_args()
    if arguments.xla and arguments.backend != "tensorflow":
        parser.error("--xla needs --backend tensorflow")
    if (arguments.backend, arguments.derivatives, arguments.dtype) == _UNSUPPORTED:
        parser.error("DeepXDE's forward mode with TensorFlow is float32 only")
    # DeepXDE prints its settings to stdout.
    with contextlib.redirect_stdout(sys.stderr):
        dde = _import_deepxde(arguments)
        model = _make_model(dde, arguments)
    make = {"tensorflow": _evaluate_tensorflow, "pytorch": _evaluate_pytorch}
    evaluate = make[arguments.backend](dde, model, common.make_weights(arguments))
    peer = f"deepxde-{arguments.backend}" + ("-xla" if arguments.xla else "")
    common.report(peer, arguments, evaluate)


def _import_deepxde(arguments):
    # Read at import.
    os.environ["DDE_BACKEND"] = arguments.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import deepxde as dde

    dde.config.set_default_float(arguments.dtype)
    dde.config.set_default_autodiff(arguments.derivatives)
    if arguments.xla:
        dde.config.enable_xla_jit()
    return dde


def _make_model(dde, arguments):
    sin = dde.backend.sin

    def residual(x, u):
        second = [dde.grad.hessian(u, x, i=i, j=i) for i in range(2)]
        if arguments.derivatives == "forward":
            # In this mode each is a pair of the value and the function.
            second = [value for value, _ in second]
        source = sum(
            2
            * (k * np.pi) ** 2
            * a
            * sin(k * np.pi * x[:, 0:1])
            * sin(k * np.pi * x[:, 1:2])
            for k, a in common.MODES
        )
        return second[0] + second[1] + source

    interior, boundary = common.make_points(arguments)
    # Boundary points of the geometry would enter the residual's mean too.
    data = dde.data.PDE(
        dde.geometry.Rectangle([0, 0], [1, 1]),
        residual,
        dde.icbc.PointSetBC(boundary, 0.0),
        anchors=interior,
    )
    network = dde.nn.FNN(
        common.layer_sizes(arguments),
        _ACTIVATIONS[arguments.activation],
        "Glorot uniform",
    )
    model = dde.Model(data, network)
    model.compile("adam", lr=1e-3, loss_weights=[1.0, common.BOUNDARY_WEIGHT])
    return model


def _evaluate_tensorflow(dde, model, weights):
    import tensorflow as tf

    points = tf.constant(model.data.train_x)
    model.net(points)
    model.net.set_weights([array for pair in weights for array in pair])

    @tf.function(jit_compile=dde.config.xla_jit)
    def loss_and_gradients(points):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model.outputs_losses_train(points, None, None)[1])
        return loss, tape.gradient(loss, model.net.trainable_variables)

    def evaluate():
        loss, gradients = loss_and_gradients(points)
        return loss.numpy(), [g.numpy() for g in gradients]

    return evaluate


def _evaluate_pytorch(dde, model, weights):
    import torch

    points = torch.as_tensor(model.data.train_x)
    parameters = list(model.net.parameters())
    with torch.no_grad():
        for linear, (kernel, bias) in zip(model.net.linears, weights):
            linear.weight.copy_(torch.as_tensor(kernel.T))
            linear.bias.copy_(torch.as_tensor(bias))

    def evaluate():
        loss = torch.sum(model.outputs_losses_train(points, None, None)[1])
        gradients = torch.autograd.grad(loss, parameters)
        return loss.item(), [g.cpu().numpy() for g in gradients]

    return evaluate


if __name__ == "__main__":
    main()
