"""What the chapters from the loss to the update say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from explainer.analysis.time_contributions import norms, too_many
from explainer.engine.batch_run import Run
from explainer.plots.tables import parameters_changed
from explainer.presets import PRESETS
from explainer.stage.influence_maps import InfluenceMap, influence_maps
from explainer.stage.prose.blocks import (
    NOTHING,
    Bars,
    Block,
    Figures,
    Heading,
    Note,
    Sheet,
    Stage,
    Text,
    equal_head,
    equal_logits,
    token_labels,
)
from explainer.stage.prose.inline_markup import escape_markdown


def squared_error_story(run: Run, sequence: int) -> list[Block]:
    """Tell of the squared error of outputs that are numbers."""
    trace, loss = run.trace, float(run.trace["loss"])
    title = "third term: each time step's part of the loss"
    return [
        Stage(),
        Text(
            "The answers are numbers, so the loss is the **mean squared error**: the difference "
            "between what comes out and what should, squared; the mean over the outputs; the mean "
            "over the answers that count. It is computed in three steps, so that each can be "
            "checked."
        ),
        Bars("se_3", title, token_labels(run, sequence), trace["se_3"]),
        Note(f"Of {trace['counted'].size:,} answers **{int(trace['answers']):,}** count."),
        Heading("The loss"),
        Figures((("mean squared error", f"{loss:.4g}"), ("its root", f"{math.sqrt(loss):.4g}"))),
    ]


def loss_story(run: Run, sequence: int) -> list[Block]:
    """Tell of the three terms of cross-entropy and their mean."""
    trace = run.trace
    if "se_3" in trace:
        return squared_error_story(run, sequence)
    some = "counted" in trace
    numbers = "values" in trace
    right = "the class that is right" if numbers else "the token that actually came next"
    choices, each = ("classes", "answer") if numbers else ("vocabulary", "token")
    mean = (
        "take minus the mean over the answers that count"
        if some
        else "take minus the mean over the sequences"
    )
    part = "each time step's part of the loss" if some else "the mean loss at each time step"
    loss, V = float(trace["loss"]), len(run.batch.vocabulary)
    counts = (
        f"Of {trace['counted'].size:,} answers **{int(trace['answers']):,}** count: where "
        "`counted` is 0, nothing is added to the loss and no gradient comes back. Change "
        "a number of `counted` on the stage to see it."
        if some
        else "The tutorial calls these numbers the loss of each *sequence*. But after the mean "
        "over the sequences, the axis that remains is the **time step**: one number for each "
        "position."
    )
    story: list[Block] = [
        Stage(),
        Text(
            f"Cross-entropy looks only at the probability of {right}. It is computed here in the "
            "“three terms” of the tutorial *GRUs explained with matrices*. They are three "
            "**steps**, each made from the one before: pick ln p of the target, add up over the "
            f"{choices}, {mean}. Taken apart, each step can be checked by itself, and the loss of "
            f"every single {each} can be seen before it is averaged."
        ),
        Bars("ce_3", f"third term: {part}", token_labels(run, sequence), trace["ce_3"]),
        Note(counts),
        Heading("The loss"),
        Figures(
            (
                ("loss", f"{loss:.4f}"),
                ("perplexity exp(loss)", f"{math.exp(min(loss, 700.0)):.2f}"),
                ("uniform guessing, ln V", f"{math.log(V):.4f}"),
            )
        ),
    ]
    if equal_logits(run):
        story.append(
            Note(
                "Whatever dropout does, the loss is ln V: all logits are equal at each time step, "
                f"so every {'class' if numbers else 'token'} gets the probability 1/V."
            )
        )
    return story


def largest_gradient(run: Run, sequence: int) -> str:
    """Say which parameter has the largest gradient, and which time step contributes most to it."""
    trace = run.trace
    norm = {n: float(np.sqrt((trace[f"d_{n}"] ** 2).sum())) for n in run.update.before}
    name = max(norm, key=lambda n: norm[n])
    words = f"The largest gradient is that of `{name}`: its norm is **{norm[name]:.4f}**."
    if norm[name] >= NOTHING and not too_many(trace, name):
        lengths = norms(trace[f"d_{name}_t"])
        t = int(lengths.argmax())
        token = escape_markdown(token_labels(run, sequence)[t])
        words += (
            f" The largest part of it comes from time step {token}: "
            f"that contribution alone has the norm {lengths[t]:.4f}."
        )
    return words


def fading(maps: tuple[InfluenceMap, ...]) -> str:
    """Say by what a time step back multiplies the gradient, in both networks."""
    factors = [f"**{m.factor:.2f}** in the {m.title}" for m in maps if m.factor is not None]
    if not factors:
        return ""
    return f"Each time step back multiplies the gradient by {' and by '.join(factors)}."


def gradients_answer(run: Run, sequence: int, maps: tuple[InfluenceMap, ...]) -> list[Block]:
    """Tell which gradient is largest, how it fades, and where all of them vanish."""
    answer = f"{largest_gradient(run, sequence)} {fading(maps)}".strip()
    story: list[Block] = [Text(answer, measured=True)]
    if equal_head(run):
        story.append(
            Note(
                "**Everything below the head is exactly zero**, and that is correct: all rows of "
                "the head are equal, so a change in the state changes all logits alike, and no "
                "probability. Only the head learns in this update. (A number such as 1e−17 is the "
                "rounding error of a sum that is zero.) Choose random initial values to break the "
                "symmetry."
            )
        )
    return story


BACKWARD_PASS = Text(
    "The backward pass asks of every number: if it grew a little, how much would the loss grow? It "
    "runs from the loss back to the input, and through time from the last time step to the first. "
    "Every formula here is derived by hand and checked against autograd."
)


def gradients_story(run: Run, sequence: int) -> list[Block]:
    """Tell of the gradients: the answer first, then the backward pass."""
    maps = influence_maps(run, sequence, beside=not run.settings.updates)
    return [*gradients_answer(run, sequence, maps), Stage(), BACKWARD_PASS]


def second_pass(run: Run) -> Text:
    """Tell whether the update helped, and what the slope promised."""
    before, after = float(run.trace["loss"]), float(run.second["loss"])
    promised = float(run.update["predicted_change"])
    change = (after - before) / before if before else 0.0
    words = (
        f"On the same batch the loss changes from {before:.4f} to {after:.4f}, by "
        f"**{change:+.1%}**. The slope alone promised {before + promised:.4f}."
    )
    return Text(words.replace("-", "−"), measured=True)


def chance(run: Run) -> list[Block]:
    """Tell of masks that the second pass draws anew."""
    if not (run.settings.redraw_masks and float(run.trace["dropout"])):
        return []
    return [Text("The second pass draws new dropout masks, so part of the difference is chance.")]


DESCENT = Text(
    "Gradient descent moves every parameter a little against its gradient, all at once. The "
    "learning rate sets how far."
)


def clipping(run: Run) -> Text:
    """Tell by what clipping multiplies the gradients."""
    norm, scale = float(run.update["norm"]), float(run.update["scale"])
    so = (
        f"so every gradient is multiplied by **{scale:.4f}**"
        if scale < 1
        else "so nothing is clipped"
    )
    limit = float(run.update["clip_norm"])
    long = f"All gradients together have the norm {norm:.4f}; the limit is {limit:g}, {so}."
    return Text(long, measured=True)


def update_notes(run: Run) -> list[Block]:
    """Point out what the sources say of this update."""
    settings, story = run.settings, list[Block]()
    notebook, tutorial = PRESETS["linear_algebra"], PRESETS["math"]
    if replace(settings, hidden_size=notebook.hidden_size) == notebook:
        story.append(
            Note(
                "The notebook that this preset follows says that the loss falls “by about 6 %”. "
                "With its own code and H = 2 it falls by **3.0 %** (3.5835 to 3.4771 without "
                "dropout); with H = 4 by 5.2 %, with 8 by 8.1 %, with 32 by 13 %. Move the "
                "**hidden size** to see it."
            )
        )
    if equal_head(run):
        story.append(
            Note(
                "Only the head changes: every gradient below it is exactly zero, because all rows "
                "of the head are equal."
            )
        )
    if replace(settings, batch_index=0, updates=0) == tutorial:
        story.append(
            Note(
                "The training log printed in the tutorial that this preset follows (0.0619 to "
                "0.0575) is not that of the first 100 epochs. From its initial weights, epoch 1 "
                "ends at 1.3024 and epoch 91 at 1.0163; the log fits epochs 2,797 to 2,887, so the "
                "notebook cell had been run about 28 times."
            )
        )
    return story


def update_story(run: Run, _sequence: int) -> list[Block]:
    """Tell of every parameter before and after, and the loss of the second pass."""
    update = run.update
    clipped: list[Block] = [Heading("Clipping"), clipping(run)] if "scale" in update else []
    return [
        Stage(),
        Heading("Did it help? The second pass"),
        *(second_pass(run), *chance(run), DESCENT),
        Heading("Every parameter"),
        Sheet(parameters_changed(update, dict(update.after)), named=False),
        *clipped,
        *update_notes(run),
    ]
