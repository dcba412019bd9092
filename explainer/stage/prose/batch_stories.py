"""What the chapter about batches says."""

from __future__ import annotations

from explainer.engine.batch_run import Run
from explainer.number_table import NumberTable
from explainer.plots import tables
from explainer.stage.prose.blocks import Block, Caption, Heading, Note, Sheet, Text

WINDOWS = {
    "in_order": (
        "The text is read in windows of B·T + 1 = {B} · {T} + 1 = **{window}** tokens. Each window "
        "fills the rows of its batch one after the other."
    ),
    "sequential": (
        "The text is cut into B = {B} parts of equal length. From batch to batch, each row goes "
        "on reading in its own part (sequential partitioning)."
    ),
    "random": (
        "Each row starts at a random position in the text, drawn with replacement for every batch: "
        "an epoch reads some tokens more than once and others not at all."
    ),
    "shuffled": (
        "The text is cut into adjacent windows of T = {T} tokens, which are drawn into batches "
        "without replacement: an epoch reads each window once. The next epoch cuts the text in "
        "other places and draws them in another order."
    ),
}


def batches_story(run: Run, sequence: int) -> list[Block]:
    """Tell of what goes in and what should come out."""
    return [*batch_words(run), *batch_rows(run, sequence)]


def batch_words(run: Run) -> list[Block]:
    """Tell of the windows and of the shift by one, for all sequences."""
    batch, settings = run.batch, run.settings
    B, T = batch.ids.shape
    if settings.values is not None:
        return value_words(run, settings.values)
    return [
        Text(
            f"A batch is B = {B} {'rows' if B > 1 else 'row'} of T = {T} "
            f"{'tokens' if T > 1 else 'token'}: the **inputs**. The **targets** are the same text, "
            "shifted by one: for every token, the one that actually comes next. "
            + WINDOWS[settings.windows].format(B=B, T=T, window=B * T + 1)
        ),
        Caption(part_of_text(run)),
        Heading("Inputs: token (id)"),
        Sheet(tables.batch_table(batch, batch.ids)),
        Heading("Targets: the same tokens, shifted by one"),
        Sheet(tables.batch_table(batch, batch.targets)),
        Heading("Each row gives T training examples"),
    ]


def batch_rows(run: Run, sequence: int) -> list[Block]:
    """Tell of one sequence, and of the state that it begins with."""
    if run.settings.values is not None:
        return value_rows(run, sequence)
    return [
        Text(
            "At each time step the network has read the row up to that point and must predict the "
            "next token. So one row of T tokens gives a triangle of T training examples."
        ),
        Sheet(tables.next_token_pairs(run.batch, sequence)),
        *counted_rows(run),
        first_state(run),
    ]


def part_of_text(run: Run) -> str:
    """Return which batch this is, of how many, and which part of the text it covers."""
    batch, windows = run.batch, run.settings.windows
    B, T = batch.ids.shape
    if windows == "shuffled":
        epoch, nth = divmod(batch.index, batch.count)
        return f"Batch {batch.index:,}: batch {nth:,} of 0–{batch.count - 1:,} in epoch {epoch:,}."
    if windows == "random":
        return f"Batch {batch.index}, drawn at random; an epoch has {batch.count:,} batches."
    length, of = (T, " of each part") if windows == "sequential" else (B * T, "")
    return (
        f"Batch {batch.index:,} of 0–{batch.count - 1:,}: tokens "
        f"{batch.index * length:,} to {(batch.index + 1) * length:,}{of}."
    )


def value_words(run: Run, values: NumberTable) -> list[Block]:
    """Tell of a batch of numbers."""
    batch = run.batch
    B, T = batch.ids.shape
    out = "the values of the next row"
    if values.targets is not None:
        out = "the class in the column `target`" if values.classes else "the column `target`"
    return [
        Text(
            f"A batch is B = {B} {'sequences' if B > 1 else 'sequence'} of up to T = {T} time "
            "steps: each sequence of the table, cut into pieces where it is longer. At each time "
            f"step the features go in, and what should come out is {out}."
        ),
        Caption(f"Batch {batch.index:,} of 0–{batch.count - 1:,}."),
    ]


def value_rows(run: Run, sequence: int) -> list[Block]:
    """Tell of one sequence of numbers."""
    batch, trace = run.batch, run.trace
    return [
        Heading("What goes in"),
        Sheet(tables.matrix(trace, "values", batch, sequence)),
        Heading("What should come out"),
        Sheet(tables.wanted(batch, sequence)),
        Note(
            f"{int(trace['answers']):,} of {trace['counted'].size:,} answers count in the loss: "
            "none where a target is missing, or after the end of a sequence (·)."
        ),
    ]


def counted_rows(run: Run) -> list[Block]:
    """Tell which answers count, where not all of them do."""
    settings, story = run.settings, list[Block]()
    if settings.lengths:
        story.append(
            Note(
                f"The rows are {', '.join(map(str, settings.lengths))} time steps long. What comes "
                "after (·) is padding: it is computed with the others, as in a padded tensor, but "
                "no answer counts there and no gradient comes back."
            )
        )
    if settings.answers == "last":
        story.append(
            Note(
                "Only the answer at each row's last time step counts in the loss: one target for "
                "each."
            )
        )
    return story


def first_state(run: Run) -> Block:
    """Tell which state the batch starts with."""
    settings = run.settings
    B, T = run.batch.ids.shape
    carried = (
        "The state is carried over: each row starts with the state that the same row of the "
        "previous batch ended with"
    )
    if settings.carry_state and settings.windows == "in_order":
        return Note(
            f"{carried}. But batches are filled row by row here, so the same row of the next batch "
            f"starts B · T = {B * T:,} tokens further on: with more than one row, the carried "
            "state skips the text in between. With *sequential* windows it does not."
        )
    if settings.carry_state and settings.windows == "sequential":
        return Note(f"{carried}, and its text continues exactly there.")
    return Text("Every batch starts with a state of zeros.")
