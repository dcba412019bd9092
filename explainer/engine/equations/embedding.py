"""From token ids to the GRU's input: a row of the embedding for each token, then dropout."""

from torch import Tensor
from torch.nn import functional as F

from explainer.engine.quantity import equation, leaf

ids = leaf(
    "ids",
    r"\mathrm{ids}",
    "B T",
    "Token ids: the position of each token in the vocabulary.",
    role="index",
)
one_hot = leaf(
    "one_hot",
    r"o_t",
    "B T V",
    "Each token as a one-hot vector: a 1 at its id, 0 elsewhere.",
    role="one_hot",
)
mask_x = leaf(
    "mask_x",
    r"m^x_t",
    "B T D",
    "Dropout mask of the input: 1 keeps a number, 0 drops it.",
    role="mask",
    part="x",
)
dropout = leaf(
    "dropout",
    "q",
    "",
    "The probability that dropout sets a number to 0; 0 in evaluation mode.",
    role="rate",
)


@equation(symbol="e_t", dims="B T D")
def e(ids: Tensor, E: Tensor) -> Tensor:
    """Embedding: the row of E at the token's id, equal to its one-hot vector times E."""
    return F.embedding(ids, E)


@equation(symbol="e_t", dims="B T D", name="e")
def e_one_hot(one_hot: Tensor) -> Tensor:
    """One-hot input: no embedding, one feature for each token of the vocabulary."""
    return one_hot


@equation(symbol="x_t", dims="B T D", part="x")
def x(mask_x: Tensor, e: Tensor, dropout: Tensor) -> Tensor:
    """Input of the GRU: e after dropout, with the kept numbers scaled up by 1 / (1 - q)."""
    return mask_x * e / (1 - dropout)


EMBEDDING = (e, x)
ONE_HOT = (e_one_hot, x)
