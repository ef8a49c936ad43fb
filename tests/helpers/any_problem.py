"""A problem written down in one expression."""

import keras_isgd as ki


class Any(ki.Problem):
    """Any equation with given conditions."""

    def __init__(self, equation, *conditions, **attributes):
        self.residual = equation
        self.conditions = lambda: list(conditions)
        vars(self).update(attributes)
