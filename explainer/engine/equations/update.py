"""One step of stochastic gradient descent by hand, with optional clipping of the global norm.

Clipping is that of torch.nn.utils.clip_grad_norm_, its 1e-6 included.
"""

from functools import cache, reduce
from operator import add

import torch
from torch import Tensor

from explainer.engine.quantity import Quantity, equation, leaf

learning_rate = leaf(
    "learning_rate", r"\eta", "", "How far an update moves against the gradient.", role="rate"
)
clip_norm = leaf(
    "clip_norm",
    r"\theta",
    "",
    "The largest norm that all gradients together may have.",
    role="rate",
)


@equation(symbol="s", dims="", role="update")
def scale(clip_norm: Tensor, norm: Tensor) -> Tensor:
    """Clipping: if the gradients' common norm is too large, all are scaled by one factor."""
    return torch.clamp(clip_norm / (norm + 1e-6), max=1.0)


@equation(symbol=r"\Delta L", dims="", role="update")
def predicted_change(learning_rate: Tensor, norm: Tensor) -> Tensor:
    """Change of the loss that the slope predicts: minus learning rate times squared norm."""
    return -learning_rate * (norm * norm)


@equation(symbol=r"\Delta L", dims="", name="predicted_change", role="update")
def predicted_change_clipped(learning_rate: Tensor, scale: Tensor, norm: Tensor) -> Tensor:
    """Change of the loss that the slope predicts, for the gradient after clipping."""
    return -learning_rate * scale * (norm * norm)


def square(d_parameter: Tensor) -> Tensor:
    """The squares of all numbers of one gradient, added up."""
    return (d_parameter * d_parameter).sum()


def global_norm(*squares: Tensor) -> Tensor:
    """Norm of all gradients together, as if they were one long vector."""
    return torch.sqrt(reduce(add, squares))


def times_rate(learning_rate: Tensor, d_parameter: Tensor) -> Tensor:
    """Learning rate times gradient: what is subtracted."""
    return learning_rate * d_parameter


def times_rate_clipped(learning_rate: Tensor, scale: Tensor, d_parameter: Tensor) -> Tensor:
    """Learning rate times the clipped gradient: what is subtracted."""
    return learning_rate * scale * d_parameter


def descend(parameter: Tensor, learning_rate: Tensor, d_parameter: Tensor) -> Tensor:
    """Gradient descent: the parameter moves a little against its gradient."""
    return parameter - learning_rate * d_parameter


def descend_clipped(
    parameter: Tensor, learning_rate: Tensor, scale: Tensor, d_parameter: Tensor
) -> Tensor:
    """Gradient descent: the parameter moves a little against its clipped gradient."""
    return parameter - learning_rate * scale * d_parameter


@cache
def update_equations(parameters: tuple[Quantity, ...], clipped: bool) -> tuple[Quantity, ...]:
    """Return the equations of the update of these parameters, in order."""
    rate = ("learning_rate", "scale") if clipped else ("learning_rate",)
    squares, products, after = [], [], []
    for q in parameters:
        d, dims = f"d_{q.name}", " ".join(q.dims)
        of_square = equation(
            symbol=rf"\|\delta {q.symbol}\|^2",
            dims="",
            name=f"square_{q.name}",
            inputs=(d,),
            role="update",
            part=q.part,
        )
        of_product = equation(
            symbol=rf"\eta\,\delta {q.symbol}",
            dims=dims,
            name=f"lr_{d}",
            inputs=(*rate, d),
            role="update",
            part=q.part,
        )
        of_after = equation(
            symbol=rf"{q.symbol}^{{\mathrm{{new}}}}",
            dims=dims,
            name=f"new_{q.name}",
            inputs=(q.name, *rate, d),
            role=q.role,
            part=q.part,
        )
        squares.append(of_square(square))
        products.append(of_product(times_rate_clipped if clipped else times_rate))
        after.append(of_after(descend_clipped if clipped else descend))
    names = tuple(q.name for q in squares)
    norm = equation(symbol=r"\|g\|", dims="", name="norm", inputs=names, role="update")(global_norm)
    common = (scale, predicted_change_clipped) if clipped else (predicted_change,)
    return (*squares, norm, *common, *products, *after)
