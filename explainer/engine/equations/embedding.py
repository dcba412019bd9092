"""From token ids to the GRU's input: a row of the embedding for each token, then dropout."""

from torch import Tensor
from torch.nn import functional as F

from explainer.engine.quantity import equation, leaf

ids = leaf("ids", r"\mathrm{ids}", "B T", "Token ids: the place of each token in the vocabulary.")
one_hot = leaf("one_hot", r"o_t", "B T V", "Each token as a row of zeros with one 1 at its id.")
mask_x = leaf("mask_x", r"m^x_t", "B T D", "Dropout mask of the input: 1 keeps, 0 drops.")
dropout = leaf("dropout", "q", "", "Share of numbers that dropout sets to 0; 0 when evaluating.")


@equation(symbol="e_t", dims="B T D")
def e(ids: Tensor, E: Tensor) -> Tensor:
    """Embedding: the row of E at the token's id, which is the one-hot row times E."""
    return F.embedding(ids, E)


@equation(symbol="e_t", dims="B T D", name="e")
def e_one_hot(one_hot: Tensor) -> Tensor:
    """One-hot input: no embedding, every token has an axis of its own."""
    return one_hot


@equation(symbol="x_t", dims="B T D")
def x(mask_x: Tensor, e: Tensor, dropout: Tensor) -> Tensor:
    """Input of the GRU: some numbers dropped, the survivors scaled up to keep the mean."""
    return mask_x * e / (1 - dropout)


EMBEDDING = (e, x)
ONE_HOT = (e_one_hot, x)
