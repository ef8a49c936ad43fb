"""The rows of a PINN and how they depend on the weights."""
