"""Learn every task with many seeds and write docs/tasks.md: `python -m docs.tasks`.

One core, some minutes.
"""

import time
from pathlib import Path
from textwrap import fill

import numpy as np
import torch

from explainer.analysis import tasks
from explainer.analysis.tasks import CLEAR, TASKS, Examples, Kind, Learned, Measure, Task

LENGTHS = (5, 20, 40)
SEEDS = range(10)
EXAMPLES = 200


def learn(task: Task, kind: Kind, length: int) -> tuple[list[Learned], float]:
    """Return one network for each seed, and the median of their seconds of processor time."""
    networks, seconds = [], []
    for seed in SEEDS:
        start = time.process_time()
        networks.append(tasks.learn(task, kind, length, seed))
        seconds.append(time.process_time() - start)
    return networks, float(np.median(seconds))


def measures(task: Task, gate: str, grus: list[Learned], examples: Examples) -> list[Measure]:
    """Return the measure of a gate in every network that solved its task."""
    return [tasks.measure(task, g, examples, gate) for g in grus if g.solved]


def gate_row(task: Task, gate: str, length: int, found: list[Measure]) -> str:
    """Return one line of the table of gates."""
    begin = f"| {task.name} | {length} | {gate} | {len(found)} |"
    if not found:
        return f"{begin} | | | |"
    value, other = (np.mean([getattr(m, side) for m in found]) for side in ("value", "other"))
    differences = np.array([m.difference for m in found])
    clear = int((differences * task.expected >= CLEAR).sum())
    spread = f"{differences.mean():+.2f} ({differences.min():+.2f} to {differences.max():+.2f})"
    return f"{begin} {value:.2f} | {other:.2f} | {spread} | {clear} |"


def main() -> None:
    """Learn, measure, write."""
    torch.set_num_threads(1)
    tasks.learn(TASKS["store"], "gru", 5, 0, updates=1)  # what PyTorch only does once
    solved, gates = [], []
    for task in TASKS.values():
        for length in LENGTHS:
            grus, gru_seconds = learn(task, "gru", length)
            rnns, rnn_seconds = learn(task, "rnn", length)
            counts = [sum(n.solved for n in networks) for networks in (grus, rnns)]
            means = [np.mean([n.accuracy for n in networks]) for networks in (grus, rnns)]
            solved.append(
                f"| {task.name} | {length} | {counts[0]} | {counts[1]} | {means[0]:.3f} | "
                f"{means[1]:.3f} | {1 / len(task.answers):.3f} | {gru_seconds:.1f} | "
                f"{rnn_seconds:.1f} |"
            )
            examples = tasks.make(task, length, EXAMPLES, seed=0)
            for gate in task.claims:
                found = measures(task, gate, grus, examples)
                gates.append(gate_row(task, gate, length, found))
    Path(__file__).with_suffix(".md").write_text(report(solved, gates), "utf-8")


def report(solved: list[str], gates: list[str]) -> str:
    """Return the whole page."""
    words = "\n".join(
        f"- **{t.name}**: {t.question} Marked: time steps {t.steps[0]}; others: those "
        f"{t.steps[1]}; expected where marked: {'higher' if t.expected > 0 else 'lower'}."
        for t in TASKS.values()
    )
    made = fill(
        f"Each task was learned with {len(SEEDS)} seeds ({SEEDS[0]} to {SEEDS[-1]}) by a GRU and "
        f"by a tanh RNN: {tasks.HIDDEN} hidden units, one-hot input, a linear head on the last "
        f"state, {tasks.UPDATES} updates by Adam with learning rate {tasks.LEARNING_RATE:g} on "
        f"{tasks.BATCH} fresh examples each, gradient norm clipped at {tasks.CLIP_NORM:g}. "
        f"Numbers are float64. Parameters begin uniform up to 1 / sqrt({tasks.HIDDEN}); the GRU's "
        f"update gate begins with {tasks.KEEP_BIAS:g} added to its bias, for which a tanh RNN has "
        f"no counterpart. "
        f"Solved means: {tasks.SOLVED:.0%} or more of {tasks.FRESH:,} fresh examples are answered "
        f"rightly.",
        100,
    )
    measured = fill(
        f"Means over units, time steps and {EXAMPLES} sequences, then over networks; difference = "
        f"marked - others, in brackets the least and the greatest of any network. As expected: "
        f"networks whose difference has the expected sign and is {CLEAR:g} or more. A difference "
        f"says what a gate does there, not that the network could not do without it.",
        100,
    )
    return f"""# What gates are for, measured

Written by `python -m docs.tasks` with PyTorch {torch.__version__.split("+")[0]}, on one core.

{words}

{made}

| Task | Length | GRU solved | RNN solved | GRU accuracy | RNN accuracy | Chance | GRU s | RNN s |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
{chr(10).join(solved)}

Solved: of {len(SEEDS)}. Accuracy: mean over seeds. Seconds: median of a training's processor time.

## The gates of the GRUs that solved their task

{measured}

| Task | Length | Gate | Networks | Marked | Others | Difference | As expected |
|---|---:|---|---:|---:|---:|---|---:|
{chr(10).join(gates)}
"""


if __name__ == "__main__":
    main()
