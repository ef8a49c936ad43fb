"""Refusing what would not fit, before it is allocated."""

__all__ = ["require_memory"]


def require_memory(size: float, budget: float, what: str, remedy: str) -> None:
    """Lets pass what fits a budget.

    Args:
        size: bytes that are about to be allocated.
        budget: GiB.
        what: what they are for, the begin of a sentence.
        remedy: what to do instead, a sentence.

    Raises:
        ValueError: it does not fit; with both figures.
    """
    gib = size / 2**30
    if gib > budget:
        raise ValueError(
            f"{what} would take {gib:.3g} GiB, more than the {budget:.3g} GiB allowed. "
            f"{remedy}"
        )
