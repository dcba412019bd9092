"""Cross-entropy in three steps and a mean, as the tutorial GRUs explained with matrices has it."""

from torch import Tensor

from explainer.engine.quantity import equation, leaf

targets = leaf(
    "targets",
    r"\mathrm{targets}",
    "B T",
    "Ids of the tokens that actually come next.",
    role="index",
)
y = leaf(
    "y",
    "y_t",
    "B T V",
    "Each target as a one-hot vector: a 1 at its id, 0 elsewhere.",
    role="one_hot",
)

counted = leaf(
    "counted",
    "c_t",
    "B T",
    "1 where the answer counts in the loss, 0 where it does not.",
    role="mask",
)


@equation(symbol=r"\mathrm{ce}^1_t", dims="B T V")
def ce_1(y: Tensor, log_p: Tensor) -> Tensor:
    """First term: the one-hot target times ln p; only the target's entry remains."""
    return y * log_p


@equation(symbol=r"\mathrm{ce}^2_t", dims="B T")
def ce_2(ce_1: Tensor) -> Tensor:
    """Second term: the sum over all V outputs, one number for each answer."""
    return ce_1.sum(-1)


@equation(symbol=r"\mathrm{ce}^3_t", dims="T")
def ce_3(ce_2: Tensor) -> Tensor:
    """Third term: minus the mean over the sequences, one number for each time step."""
    return -ce_2.mean(0)


@equation(symbol="L", dims="")
def loss(ce_3: Tensor) -> Tensor:
    """Loss: the mean over the time steps."""
    return ce_3.mean()


# Where only some answers count, as with `ignore_index` of F.cross_entropy.


@equation(symbol="N", dims="")
def answers(counted: Tensor) -> Tensor:
    """How many answers count."""
    return counted.sum()


@equation(symbol=r"\mathrm{ce}^3_t", dims="T", name="ce_3")
def ce_3_counted(counted: Tensor, ce_2: Tensor, answers: Tensor) -> Tensor:
    """Third term: minus the time step's part of the mean over the answers that count."""
    return -(counted * ce_2).sum(0) / answers


@equation(symbol="L", dims="", name="loss")
def loss_counted(ce_3: Tensor) -> Tensor:
    """Loss: the parts of all time steps together."""
    return ce_3.sum()


LOSS = (ce_1, ce_2, ce_3, loss)
LOSS_COUNTED = (ce_1, ce_2, answers, ce_3_counted, loss_counted)
