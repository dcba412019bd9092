"""Runs the benchmarks that are named, or all of them, and prints what they measured."""

import argparse
import importlib

from benchmarks.table import markdown

NAMES = ("engine", "training", "web_engine", "server", "stage", "touch")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(NAMES)}")
    names = parser.parse_args().names or NAMES
    if wrong := [n for n in names if n not in NAMES]:
        parser.error(f"no benchmark {wrong[0]!r}; possible: {', '.join(NAMES)}")
    for name in names:
        rows = importlib.import_module(f"benchmarks.{name}").measure()
        print(f"## {name}\n\n{markdown(rows)}\n", flush=True)


if __name__ == "__main__":
    main()
