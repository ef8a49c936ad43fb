"""Damped least squares: no Keras, no solver."""
