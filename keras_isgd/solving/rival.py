"""A network of another kind, which takes the place of one that does worse."""

from collections.abc import Callable

from keras_isgd.models.pinn import PINN
from keras_isgd.problems import Problem
from keras_isgd.solving.maker import Maker
from keras_isgd.solving.training import Trainer

__all__ = ["Rival"]

# It has such a part of the time that is left, if that is so many steps at least and not
# most of it goes by for compiling.
_SHARE, _STEPS, _COMPILING = 0.25, 60, 1.0


class Rival:
    """A separable network beside a fully connected one.

    It is trained with the same loss, and goes on if it comes to less in a part of the
    time that is left; else the first network goes on as it was. Half of that time has
    to bring it as far as the first network is.

    Args:
        trainer: of the first network.
        made: what makes separable networks.
        problem: theirs.

    Attributes:
        width: of the separable network.
        losses: of the first network and of this one, once they have met.
        won: whether it goes on.
    """

    def __init__(self, trainer: Trainer, made: Maker, problem: Problem) -> None:
        assert made.growing is not None
        self._trainer, self._made, self._problem = trainer, made, problem
        self.width = made.growing.width
        self.losses: tuple[float, float] | None = None
        self.won = False

    @property
    def wider(self) -> Callable[[int, PINN], PINN]:
        """What makes a wider one, see `Growth`."""
        return self._made.wider(self._problem)

    def begins_another(self) -> None:
        """Goes on with other random weights."""
        assert self._made.growing is not None
        other = self._made.growing.another(self.width)
        self._trainer.model.network.set_weights(other.get_weights())
        self._trainer.begin_anew()

    def meets(self, loss: float, part: float) -> bool:
        """Lets it train, and go on if it comes to a part of the first one's loss.

        Args:
            loss: what the first network has come to.
            part: of it, at most one.
        """
        trainer, share = self._trainer, _SHARE * self._trainer.clock.left
        compiling = _COMPILING * trainer.seconds_to_compile
        if share < max(_STEPS * trainer.seconds_a_step, compiling):
            return False
        back = trainer.way_back()
        trainer.go_on_with(self._made.model(self._problem))
        goal = part * loss
        own = trainer.train(0.5 * share, last=False, enough=goal)
        if goal < own <= loss and not trainer.stopped:
            own = min(own, trainer.train(0.5 * share, last=False, enough=goal))
        self.losses = (loss, own)
        self.won = own <= goal
        if not self.won:
            back()
        return self.won
