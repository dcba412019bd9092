"""What hypothesis draws: settings small enough to run often, and settings of any size."""

from dataclasses import fields

from hypothesis import strategies as st

from explainer import Settings

# long enough for every batch below, even after the merges
SENTENCE = "the quick brown fox jumps over the lazy dog and runs away again"
UNICODE = st.text(max_size=12)


def lengths(B, T):
    """None, or one for each sequence of a batch."""
    return st.just(()) | st.lists(st.integers(1, T), min_size=B, max_size=B).map(tuple)


@st.composite
def small_settings(draw, **fixed):
    """Any choice of every field, in a size that runs in milliseconds."""
    batch_size, context_length = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    values = {
        "text": draw(UNICODE) + SENTENCE,
        "tokenizer": draw(st.sampled_from(["characters", "bpe"])),
        "merges": draw(st.integers(0, 3)),
        "ties": draw(st.sampled_from(["first", "alphabetical", "oldest"])),
        "count_overlaps": draw(st.booleans()),
        "min_frequency": draw(st.integers(1, 3)),
        "normalization": draw(st.sampled_from(["as_is", "lower", "letters"])),
        "alphabet": draw(st.sampled_from(["", "zyx"])),
        "end_of_text": draw(st.booleans()),
        "unknown_token": draw(st.booleans()),
        "batch_size": batch_size,
        "context_length": context_length,
        "batch_index": draw(st.integers(0, 2)),
        "windows": draw(st.sampled_from(["in_order", "sequential", "random", "shuffled"])),
        "carry_state": draw(st.booleans()),
        "lengths": draw(lengths(batch_size, context_length)),
        "answers": draw(st.sampled_from(["every", "last"])),
        "input": draw(st.sampled_from(["embedding", "one_hot"])),
        "embedding_size": draw(st.integers(1, 4)),
        "hidden_size": draw(st.integers(1, 4)),
        "dropout": draw(st.sampled_from([0.0, 0.1, 0.5, 0.9])),
        "dropout_kind": draw(st.sampled_from(["element", "locked"])),
        "training": draw(st.booleans()),
        "redraw_masks": draw(st.booleans()),
        "variant": draw(st.sampled_from(["reset_after", "reset_before"])),
        "gate_activation": draw(
            st.sampled_from(["sigmoid", "hard_sigmoid_6", "hard_sigmoid_5", "tanh"])
        ),
        "candidate_activation": draw(
            st.sampled_from(["tanh", "sigmoid", "hard_sigmoid_6", "relu", "linear"])
        ),
        "initial": draw(st.sampled_from(["constant", "normal", "uniform", "orthogonal"])),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "head_bias": draw(st.booleans()),
        "learning_rate": draw(st.sampled_from([0.0, 0.01, 1.0, 5.0])),
        "clip_norm": draw(st.sampled_from([None, 0.01, 1.0, 100.0])),
    }
    return Settings(**(values | fixed))


@st.composite
def any_settings(draw):
    """Any settings, over the whole range that each field allows."""
    values = {}
    for f in fields(Settings):
        meta = f.metadata
        if meta["kind"] is bool:
            drawn = st.booleans()
        elif "options" in meta:
            drawn = st.sampled_from(list(meta["options"]))
        elif meta["kind"] is str:
            # some texts are longer than a link carries
            long = st.text(max_size=60) | UNICODE.map(lambda t: t + "long " * 500)
            drawn = (UNICODE | long).filter(bool) if f.name == "text" else UNICODE
        elif f.name in ("lengths", "values"):
            continue  # they go by the size of a batch; the others of text
        elif meta["kind"] is int:
            drawn = st.integers(meta["low"], meta["high"])
        else:
            drawn = st.floats(meta["low"], meta["high"])
        if meta.get("optional"):
            drawn = st.none() | drawn
        values[f.name] = draw(drawn)
    T = values["context_length"]
    if values["batch_size"] <= 8:
        values["lengths"] = draw(lengths(values["batch_size"], T))
    return Settings(**values)
