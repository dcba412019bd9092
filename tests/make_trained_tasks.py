"""Writes the trained networks that come with the package: `python -m tests.make_trained_tasks`."""

from pathlib import Path

import numpy as np

from explainer.analysis.tasks import KINDS, TASKS, learn
from explainer.analysis.trained_tasks import STATE, TRAINED

DATA = Path(__file__).parent.parent / "explainer" / "data"


def main():
    name, length, seed = TRAINED
    for kind in KINDS:
        learned = learn(TASKS[name], kind, length, seed)
        state = {f"{STATE}{n}": v.numpy() for n, v in learned.state.items()}
        losses = np.array(learned.losses)
        np.savez(DATA / f"{name}_{kind}.npz", losses=losses, accuracy=learned.accuracy, **state)


if __name__ == "__main__":
    main()
