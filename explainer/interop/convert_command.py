"""`python -m explainer convert`: the GRU layers of a file as another file."""

import argparse
import sys
from collections.abc import Sequence

from explainer.interop.weight_files import load, save


def convert_file(words: Sequence[str]) -> None:
    """Do what the command line says.

    Args:
        words: what stands behind `convert`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m explainer convert",
        description="Read the GRU layers of a .safetensors, .npz, .pt, .onnx, .keras or .h5 file, "
        "and write them as .safetensors or .npz. Nothing in the file is run.",
    )
    parser.add_argument("source", help="the file to read")
    parser.add_argument("target", help="the file to write: .safetensors or .npz")
    parser.add_argument("--layer", help="the only layer wanted (default: all)")
    parser.add_argument(
        "--reset-after",
        choices=("yes", "no"),
        help="where the reset gate stands, if a file of Keras does not say",
    )
    asked = parser.parse_args(words)
    reset_after = None if asked.reset_after is None else asked.reset_after == "yes"
    network = load(asked.source, asked.layer, reset_after)
    save(asked.target, network)
    lines = [f"{layer}: {cell!r}" for layer, cell in network.items()]
    sys.stdout.write("\n".join([*lines, *network.says, asked.target]) + "\n")
