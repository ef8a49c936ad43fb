"""Which engine computes a network's derivatives: Taylor mode or nested tapes."""

from keras_isgd.derivatives import tape, taylor

__all__ = ["ENGINES", "choose"]

ENGINES = ("auto", "taylor", "tape")


def choose(network, requests, wanted="auto"):
    """Returns the module that serves derivatives, `taylor` or `tape`.

    Args:
        network: a built `keras.Model` from `(n, d)` to `(n, outputs)`.
        requests: `(component, indices)` pairs.
        wanted: "taylor", "tape", or "auto": Taylor mode where every layer has a
            rule, else tapes.

    Raises:
        ValueError: an unknown word, or "taylor" for a network that it cannot pass.
    """
    if wanted not in ENGINES:
        raise ValueError(
            f"Expected `derivatives` to be one of {', '.join(ENGINES)}; got {wanted!r}."
        )
    if wanted == "tape":
        return tape
    reason = taylor.why_not(network, requests)
    if reason is None:
        return taylor
    if wanted == "auto":
        return tape
    raise ValueError(
        f'derivatives="taylor" is not possible: {reason}. Register a rule '
        "(ki.derivatives.register_rule, register_activation), or leave "
        '`derivatives` at "auto".'
    )
