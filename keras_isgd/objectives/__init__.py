"""A loss as a function of the flat vector of weights."""
