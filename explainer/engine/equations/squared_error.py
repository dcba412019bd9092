"""Mean squared error in three steps, and its gradient: for answers that are numbers."""

from torch import Tensor

from explainer.engine.equations.backward import d_h_out, unchanged
from explainer.engine.quantity import equation, leaf

y = leaf("y", "y_t", "B T V", "The numbers that should come out; 0 where no answer is asked for.")


@equation(symbol=r"\varepsilon_t", dims="B T V")
def error(logits: Tensor, y: Tensor) -> Tensor:
    """Error: what the head puts out, minus what should come out."""
    return logits - y


@equation(symbol=r"\mathrm{se}^1_t", dims="B T V")
def se_1(error: Tensor) -> Tensor:
    """First term: the squared error of each output."""
    return error * error


@equation(symbol=r"\mathrm{se}^2_t", dims="B T")
def se_2(se_1: Tensor) -> Tensor:
    """Second term: the mean over the outputs, one number for each time step."""
    return se_1.mean(-1)


@equation(symbol=r"\mathrm{se}^3_t", dims="T")
def se_3(counted: Tensor, se_2: Tensor, answers: Tensor) -> Tensor:
    """Third term: the time step's part of the mean over the answers that count."""
    return (counted * se_2).sum(0) / answers


@equation(symbol="L", dims="", name="loss")
def squared_loss(se_3: Tensor) -> Tensor:
    """Loss: the parts of all time steps together."""
    return se_3.sum()


@equation(symbol=r"\delta\mathrm{se}^3_t", dims="T", role="gradient")
def d_se_3(d_loss: Tensor, se_3: Tensor) -> Tensor:
    """A sum passes its gradient on to every part unchanged."""
    return d_loss.expand_as(se_3)


@equation(symbol=r"\delta\mathrm{se}^2_t", dims="B T", role="gradient")
def d_se_2(d_se_3: Tensor, counted: Tensor, answers: Tensor) -> Tensor:
    """Each answer that counts has an equal weight in the mean."""
    return d_se_3 * counted / answers


@equation(symbol=r"\delta\mathrm{se}^1_t", dims="B T V", role="gradient")
def d_se_1(d_se_2: Tensor, se_1: Tensor) -> Tensor:
    """Each output has an equal weight in the mean."""
    return d_se_2.unsqueeze(-1).expand_as(se_1) / se_1.size(-1)


@equation(symbol=r"\delta\varepsilon_t", dims="B T V", role="gradient")
def d_error(d_se_1: Tensor, error: Tensor) -> Tensor:
    """The slope of a square is twice what is squared."""
    return 2 * error * d_se_1


d_logits = equation(
    symbol=r"\delta l_t", dims="B T V", name="d_logits", inputs=("d_error",), role="gradient"
)(unchanged)

ERROR = (error, se_1, se_2)
SQUARED_LOSS = (se_3, squared_loss)
FROM_SQUARES = (d_se_3, d_se_2, d_se_1, d_error, d_logits, d_h_out)
"""From the loss to the states, in the place of `TO_STATES`."""
