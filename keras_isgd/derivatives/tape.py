"""Derivatives of any network by nested GradientTapes."""

from collections.abc import Callable, Iterable

import tensorflow as tf

from keras_isgd.derivatives.channels import Request, is_laplacian

__all__ = ["derivatives"]


def derivatives(
    network: Callable[[tf.Tensor], tf.Tensor],
    x: tf.Tensor,
    requests: Iterable[Request],
) -> dict[Request, tf.Tensor]:
    """Returns the requested derivatives of a network at points.

    One forward pass; each order adds one tape around those of lower order, and
    each derivative one backward pass. Coordinates stay in one tensor and only
    results are sliced.

    Args:
        network: maps `(n, d)` to `(n, outputs)`, each row by itself.
        x: points, `(n, d)`.
        requests: `(component, indices)` pairs; `indices` is a sorted tuple of
            coordinate numbers, `()` for the value, or `laplacian(axes)`.

    Returns:
        A dictionary from those pairs to tensors `(n, 1)`.
    """
    sums = {request for request in requests if is_laplacian(request[1])}
    ends = set(requests) - sums
    ends.update((component, (i, i)) for component, axes in sums for i in axes[1:])
    wanted = set(ends)
    for component, indices in ends:
        wanted.update((component, indices[:k]) for k in range(len(indices)))
    order = max((len(indices) for _, indices in wanted), default=0)
    results: dict[Request, tf.Tensor] = {}

    def compute(level: int) -> None:
        if level == 0:
            u = network(x)
            for component in {component for component, _ in wanted}:
                results[component, ()] = u[:, component : component + 1]
            return
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(x)
            compute(level - 1)
        gradients = {}
        for component, indices in sorted(wanted):
            if len(indices) != level:
                continue
            parent = component, indices[:-1]
            if parent not in gradients:
                gradients[parent] = tape.gradient(
                    results[parent],
                    x,
                    # of a network that is linear in x, say
                    unconnected_gradients=tf.UnconnectedGradients.ZERO,
                )
            axis = indices[-1]
            results[component, indices] = gradients[parent][:, axis : axis + 1]

    compute(order)
    for component, axes in sums:
        results[component, axes] = tf.add_n(
            [results[component, (i, i)] for i in axes[1:]]
        )
    return results
