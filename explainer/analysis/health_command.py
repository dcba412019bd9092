"""`python -m explainer health`: what stands out in a network that was trained elsewhere."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from explainer.analysis.health import health
from explainer.errors import ExplainerError
from explainer.interop.head_loss import head_loss
from explainer.interop.weight_files import load
from explainer.number_table import read_table


def tell_health(words: Sequence[str]) -> None:
    """Do what the command line says: 0 where nothing is wrong, 1 where something is, 2 if it can't.

    Args:
        words: what stands behind `health`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m explainer health",
        description="Run the GRU layers of a file on numbers, and say what stands out.",
    )
    parser.add_argument("weights", help="a .safetensors, .npz, .pt, .onnx, .keras or .h5 file")
    parser.add_argument(
        "numbers", help="a .csv file: a row is a time step; columns sequence and target are special"
    )
    parser.add_argument("--module", help="which module of the file, where there are several")
    asked = parser.parse_args(words)
    try:
        network = load(asked.weights)
        table = read_table(Path(asked.numbers).read_bytes())
        loss = head_loss(network, table, asked.module)
        recording = network.record(table.x, table.lengths, asked.module, loss, table.labels)
        found = health(recording)
    except (ExplainerError, ImportError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    if recording.loss is not None:
        sys.stdout.write(f"mean squared error {recording.loss:.4g}\n")
    sys.stdout.write(f"{found}\n")
    sys.exit(0 if found.ok else 1)
