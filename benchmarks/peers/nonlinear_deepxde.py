"""Nonlinear problems in DeepXDE on PyTorch: Adam, then L-BFGS.

Run by nonlinear.py. The method is "adam-lbfgs:RATE", Adam with that rate for a third of
the time, then PyTorch's L-BFGS with 50 pairs.
"""

import contextlib
import os
import sys
from typing import Any

import numpy as np
from nonlinear_common import Task, task

os.environ["DDE_BACKEND"] = "pytorch"

_POINTS, _ITERATIONS = 4000, 50


def main() -> None:
    """Trains and prints the records."""
    given = task()
    with contextlib.redirect_stdout(sys.stderr):
        import deepxde as dde

        dde.config.set_default_float("float64")
        dde.config.set_random_seed(given.seed)
        model = _model(dde, given)
        _train(dde, given, model, given.seconds / 3.0)
        dde.optimizers.set_LBFGS_options(maxcor=50, maxiter=10**8, gtol=0)
        # Or the clock is looked at every thousand iterations.
        options = dde.optimizers.config.LBFGS_options
        options.update(iter_per_step=_ITERATIONS, fun_per_step=2 * _ITERATIONS)
        model.compile("L-BFGS")
        _train(dde, given, model, given.seconds)
        loss = float(np.sum(model.train_state.loss_train))
        given.record(lambda: model.predict(given.test), loss, force=True)
        _begin(model.net, given)
        rows = model.predict(given.points, operator=model.data.pde)
    given.finish(float(np.mean(np.square(rows))))


def _model(dde: Any, given: Task) -> Any:
    import torch

    problem = given.problem

    def residual(x: Any, u: Any) -> list:
        found: dict[tuple[int, str], Any] = {}

        def d(output: int, name: str = "") -> Any:
            if (output, name) not in found:
                if name:
                    axis = 0 if name[-1] == "x" else 1
                    lower = d(output, name[:-1])
                    value = dde.grad.jacobian(lower, x, i=0, j=axis)
                else:
                    value = u[:, output : output + 1]
                found[output, name] = value
            return found[output, name]

        return problem.residual(torch, x[:, :1], x[:, 1:], d)

    def features(x: Any) -> Any:
        return torch.cat(problem.features(torch, x[:, :1], x[:, 1:]), dim=1)

    def solution(x: Any, raw: Any) -> Any:
        columns = [raw[:, i : i + 1] for i in range(problem.outputs)]
        return torch.cat(problem.solution(torch, x[:, :1], x[:, 1:], columns), dim=1)

    rng = np.random.default_rng(1000 + given.seed)
    data = dde.data.PDE(
        dde.geometry.Rectangle(problem.lower, problem.upper),
        residual,
        [],
        anchors=given.uniform(rng, _POINTS),
    )
    sizes = [problem.inputs, *(len(bias) for _, bias in given.layers)]
    network = dde.nn.FNN(sizes, "tanh", "Glorot normal")
    network.apply_feature_transform(features)
    network.apply_output_transform(solution)
    _begin(network, given)
    model = dde.Model(data, network)
    model.compile("adam", lr=given.options[0])
    return model


def _begin(network: Any, given: Task) -> None:
    """Gives the network the weights of the task."""
    import torch

    with torch.no_grad():
        for linear, (kernel, bias) in zip(network.linears, given.layers):
            linear.weight.copy_(torch.as_tensor(kernel.T))
            linear.bias.copy_(torch.as_tensor(bias))


def _train(dde: Any, given: Task, model: Any, until: float) -> None:
    class Watch(dde.callbacks.Callback):
        def on_epoch_end(self) -> None:
            # Adam does not tell its loss in each step.
            now = model.opt_name == "L-BFGS"
            losses = model.train_state.loss_train if now else np.nan
            given.record(lambda: model.predict(given.test), float(np.sum(losses)))
            if given.elapsed > until:
                model.stop_training = True

    model.stop_training = False
    model.train(iterations=10**8, display_every=10**8, callbacks=[Watch()])


if __name__ == "__main__":
    main()
