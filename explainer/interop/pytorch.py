"""Parameters to take away: for PyTorch's own modules, and as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import torch
from safetensors.torch import save
from torch import Tensor

from explainer.batches import output_names, tokenize
from explainer.engine.network import GATES
from explainer.engine.parameters import checked_parameters, real_numbers
from explainer.engine.trace import Array
from explainer.errors import InvalidValueError, must_be
from explainer.interop.array_files import VOCABULARY
from explainer.settings import Settings, must_be_settings

SNIPPET = """\
import torch
from safetensors.torch import load_file

state = load_file("{file}")
V, H = state["head.weight"].shape
D = state["gru.weight_ih_l0"].shape[1]
gru = torch.nn.GRU(D, H, batch_first=True, dtype=torch.float64)
head = torch.nn.Linear(H, V, bias="head.bias" in state, dtype=torch.float64)
network = torch.nn.ModuleDict({{"gru": gru, "head": head}})
network.load_state_dict({{k: v for k, v in state.items() if k != "embedding.weight"}})
ids = torch.tensor([{ids}])  # the text's first tokens
x = {x}  # (B, T, D)
outputs, last = gru(x)
logits = head(outputs)
"""


def state_dict(settings: Settings, parameters: Mapping[str, Tensor | Array]) -> dict[str, Tensor]:
    """Return parameters under the names of torch.nn.GRU, torch.nn.Linear and torch.nn.Embedding.

    PyTorch stacks the gates in the order r, z, n
    (https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html).

    Args:
        settings: the network they belong to.
        parameters: arrays or tensors by name.

    Returns:
        Tensors, float64.

    Raises:
        ValueError: the reset gate comes before the product or the activations are others, which
            torch.nn.GRU can't do, or the parameters don't fit.
    """
    must_be_settings(settings)
    if settings.variant != "reset_after":
        advice = "torch.nn.GRU applies the reset gate after the recurrent product."
        raise InvalidValueError("variant", "'reset_after'", repr(settings.variant), advice)
    if not settings.is_torch_gru:
        expected = "sigmoid at the gates and tanh at the candidate, as torch.nn.GRU has them"
        raise InvalidValueError("activations", expected, " and ".join(settings.activations))
    own = checked_parameters(settings, parameters, len(output_names(settings)))

    def gates(start: str) -> Tensor:
        return torch.cat([own[f"{start}{g}"] for g in GATES])

    state = {
        "gru.weight_ih_l0": gates("W_i"),
        "gru.weight_hh_l0": gates("W_h"),
        "gru.bias_ih_l0": gates("b_i"),
        "gru.bias_hh_l0": gates("b_h"),
        "head.weight": own["W_o"],
    }
    if "b_o" in own:
        state["head.bias"] = own["b_o"]
    if "E" in own:
        state["embedding.weight"] = own["E"]
    return state


def safetensors(tensors: Mapping[str, Tensor | Array], tokens: Sequence[str] = ()) -> bytes:
    """Return arrays or tensors as a safetensors file, which holds numbers (float64) and no code.

    Args:
        tensors: by name.
        tokens: what the rows of an embedding stand for, for whoever reads the file.

    Raises:
        TypeError: something is no array and no tensor, or its numbers are not real.
    """
    must_be("tensors", tensors, Mapping, "a mapping from names to arrays or tensors")
    for name in tensors:
        must_be("name", name, str, "a string")
    said = {VOCABULARY: json.dumps(list(tokens))} if tokens else None
    return save({name: real_numbers(name, v).contiguous() for name, v in tensors.items()}, said)


def snippet(settings: Settings, file: str) -> str:
    """Return Python code that loads the file into PyTorch's modules and reads a few tokens."""
    must_be_settings(settings)
    must_be("file", file, str, "a string")
    if settings.values is not None:
        numbers = settings.values.x[:1, :8].tolist()
        code = SNIPPET.format(file=file, ids=[], x=f"torch.tensor({numbers}).double()")
        return "\n".join(line for line in code.split("\n") if not line.startswith("ids ="))
    rows = 'state["embedding.weight"][ids]'
    if settings.input == "one_hot":
        rows = "torch.nn.functional.one_hot(ids, D).double()"
    return SNIPPET.format(file=file, ids=tokenize(settings)[1][:8].tolist(), x=rows)
