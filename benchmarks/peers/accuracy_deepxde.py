"""A PINN in DeepXDE on PyTorch: Adam for a third of the time, then another optimizer.

Run by accuracy.py. The method is "lbfgs:RATE", PyTorch's L-BFGS after Adam with that
rate, or "nncg:RATE", the Nystroem-Newton method with conjugate gradients.
"""

import contextlib
import os
import sys

import accuracy_common as common
import numpy as np

os.environ["DDE_BACKEND"] = "pytorch"


def main():
    """Trains and prints the records."""
    task, method = common.task()
    with contextlib.redirect_stdout(sys.stderr):
        import deepxde as dde

        dde.config.set_default_float("float64")
        second, _, rate = method.partition(":")
        model = _model(dde, task, float(rate))
        share = {"lbfgs": "L-BFGS", "nncg": "NNCG"}[second]
        _train(dde, task, model, task.seconds / 3.0)
        dde.optimizers.set_LBFGS_options(maxcor=50, maxiter=10**8, gtol=0)
        weights = [1.0, task.boundary_weight]
        model.compile(share, loss_weights=weights)
        try:
            _train(dde, task, model, task.seconds)
        except RuntimeError as error:  # NNCG's Cholesky factorisation may fail
            print(f"{share} stopped: {error}", file=sys.stderr)
        task.record(lambda: model.predict(task.test), _loss(model), force=True)
    task.finish()


def _model(dde, task, rate):
    d = task.interior.shape[1]
    sources = {}

    def residual(x, u):
        value = task.zeroth * u - _source(task, sources, x)
        for i in range(d):
            value = value + task.second * dde.grad.hessian(u, x, i=i, j=i)
        return value + task.first * dde.grad.jacobian(u, x, i=0, j=0)

    geometry = (
        dde.geometry.Interval(0, 1)
        if d == 1
        else dde.geometry.Rectangle([0, 0], [1, 1])
    )
    data = dde.data.PDE(
        geometry,
        residual,
        dde.icbc.PointSetBC(task.boundary, 0.0),
        anchors=task.interior,
    )
    sizes = [d] + [len(bias) for _, bias in task.weights]
    activation = {"sine": "sin", "tanh": "tanh"}[task.activation]
    network = dde.nn.FNN(sizes, activation, "Glorot uniform")
    model = dde.Model(data, network)
    model.compile("adam", lr=rate, loss_weights=[1.0, task.boundary_weight])
    import torch

    with torch.no_grad():
        for linear, (kernel, bias) in zip(network.linears, task.weights):
            linear.weight.copy_(torch.as_tensor(kernel.T))
            linear.bias.copy_(torch.as_tensor(bias))
    return model


def _source(task, cache, x):
    """f at the training points, which DeepXDE hands over in an order of its own."""
    import torch

    key = x.shape[0]
    if key not in cache:
        known = {tuple(p): f for p, f in zip(task.interior, task.source)}
        rows = [known.get(tuple(p), np.zeros(1)) for p in x.detach().numpy()]
        cache[key] = torch.as_tensor(np.array(rows))
    return cache[key]


def _train(dde, task, model, until):
    class Watch(dde.callbacks.Callback):
        def on_epoch_end(self):
            task.record(lambda: model.predict(task.test), _loss(model))
            if task.elapsed > until:
                model.stop_training = True

    model.stop_training = False
    model.train(iterations=10**8, display_every=10**8, callbacks=[Watch()])


def _loss(model):
    losses = model.train_state.loss_train
    return float("nan") if losses is None else float(np.sum(losses))


if __name__ == "__main__":
    main()
