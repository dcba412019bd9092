"""The page of one's own network, run without a browser, and files for it."""

import json
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

APP = str(Path(__file__).parent.parent / "app.py")


def module(**options):
    torch.manual_seed(2)
    return nn.GRU(3, 4, **{"batch_first": True, "dtype": torch.float64, **options})


def saved(network, tmp_path):
    save_file({n: v.contiguous() for n, v in network.items()}, tmp_path / "own.safetensors")
    return (tmp_path / "own.safetensors").read_bytes()


def command(*words):
    """What the command line answers."""
    return subprocess.run(
        [sys.executable, "-m", "explainer", "health", *map(str, words)],
        cwd=Path(APP).parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def words(app):
    kinds = ("markdown", "caption", "success", "error")
    return " ".join(element.value for kind in kinds for element in app.get(kind))


def upload(app, tmp_path, weights, numbers=None):
    """Choose files of one's own."""
    app.get("button_group")[0].set_value("files").run()
    app.file_uploader(key="own-weights").set_value(("own.safetensors", weights, "")).run()
    if numbers is not None:
        app.file_uploader(key="own-numbers").set_value(("own.csv", numbers, "")).run()
    assert not app.exception


def texts(tmp_path, **said):
    """A module with an embedding of five letters as a file."""
    torch.manual_seed(0)
    own = nn.ModuleDict({"emb": nn.Embedding(5, 3), "rnn": nn.GRU(3, 4), "out": nn.Linear(4, 5)})
    path = tmp_path / "text.safetensors"
    save_file(own.state_dict(), path, {n: json.dumps(v) for n, v in said.items()})
    return own, path
