"""What Keras hands to a callback at the end of a step or an epoch."""

from typing import Any

__all__ = ["Logs"]

# Metrics and what a step reports, by name: numbers, or scalar tensors.
Logs = dict[str, Any] | None
