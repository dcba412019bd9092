"""What pictures, tables and notes of a page say is what the run computed."""

import numpy as np
import pytest
from app_pages import DRAWN, VARIANTS, at_place, notes, ribbon, run_of, stage, visit

from explainer import PRESETS, explain
from explainer.batches import tokenize
from explainer.url import write_query

pytestmark = pytest.mark.page


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_cell_shows_every_gate(variant):
    at = visit("cell", variant=variant, sequence="1", t="5")
    sent = stage(at)
    assert at_place(at) == (1, 5)
    assert {"x", "h_prev", "r", "z", "n", "h", "W_iz", "W_hn"} <= set(sent.named())
    assert ("h_reset" in sent.named()) == (variant == "reset_before")
    weights = [r for lane in sent.meta["scene"] for b in lane["bands"] for r in b["rows"]]
    # turned, so that the product of row vectors can be seen
    assert all(r["turned"] == r["name"].startswith("W") for r in weights)


def test_a_chapter_says_what_stands_over_time():
    for slug, names in (("time", ["r", "z", "n", "h"]), ("gradients", ["d_h"])):
        assert stage(visit(slug, preset="story")).meta["over_time"] == names
    assert stage(visit("cell")).meta["over_time"] == []


def test_every_token_has_its_label():
    at = visit("embedding", text="the next text, the last test " * 3, tokenizer="characters")
    batch, sent = run_of(at).batch, stage(at)
    assert len(tokenize(run_of(at).settings)[1]) > len(batch.vocabulary)
    assert [t.replace("␣", " ") for t in sent.meta["tokens"]] == list(batch.vocabulary)
    for name in ("ids", "targets"):
        expected = getattr(batch, name)
        np.testing.assert_array_equal(
            sent.decode(sent.meta["given"][name], expected.shape), expected
        )


OPENED = {
    "first pass": ("trace", "z", (1, 5, 2)),
    "update": ("update", "new_W_hz", (0, 1)),
    "second pass": ("second", "logits", (0, 3, 11)),
}


@pytest.mark.parametrize("where", OPENED)
def test_any_number_can_be_opened(where):
    attribute, name, index = OPENED[where]
    at = visit("time")
    at.radio(key="where").set_value(where).run()
    at.selectbox(key=f"open-{where}").set_value(name).run()
    for i, place in enumerate(index):
        at.number_input(key=f"open-{name}-{i}-0").set_value(place)
    at.run()
    trace = getattr(run_of(at), attribute)
    opened = explain(trace, name, index)
    assert opened.value == trace[name][index]
    code = [c.value for c in at.code if c.language != "python"]
    assert code == [opened.symbols, opened.shapes, opened.numbers, opened.latex]
    assert list(at.dataframe[0].value["value"]) == [t.value for t in opened.terms]


def test_every_quantity_of_the_run_can_be_opened():
    at = visit("time", preset="math")
    trace = run_of(at).trace
    assert at.selectbox(key="open-first pass").options == list(trace)
    for name in ("ids", "W_hn", "h_reset", "a_n", "d_h_next", "d_W_hn_t", "d_loss", "ce_2"):
        at.selectbox(key="open-first pass").set_value(name).run()
        run_of(at)
        opened = explain(trace, name, tuple(0 for _ in trace.shape(name)))
        assert opened.numbers in [c.value for c in at.code]


@pytest.mark.parametrize("name", ["a_iz", "h", "r"])
def test_a_quantity_as_a_table(name):
    at = visit("cell", sequence="1")
    at.selectbox(key="table-cell").set_value(name).run()
    table = at.dataframe[-1].value
    trace, batch = run_of(at).trace, run_of(at).batch
    np.testing.assert_array_equal(table.to_numpy(), trace[name][1])
    for i, label in enumerate(table.index):
        number, token = label.split(" ", 1)
        assert int(number) == i
        assert token.replace("␣", " ") == batch.vocabulary[batch.ids[1, i]]
    assert at.download_button(key="download-cell").label == "Download as CSV"


def test_batches_are_the_text_and_the_text_shifted_by_one():
    at = visit("batches")
    batch = run_of(at).batch
    inputs, targets = (
        [[cell.rsplit("  (", 1) for cell in row] for row in at.dataframe[i].value.to_numpy()]
        for i in (0, 1)
    )
    assert [[int(cell[1][:-1]) for cell in row] for row in inputs] == batch.ids.tolist()
    assert [[int(cell[1][:-1]) for cell in row] for row in targets] == batch.targets.tolist()
    assert [cell for row in inputs for cell in row][1:] == [c for row in targets for c in row][:-1]


WINDOWS = {
    "in_order": "Batch 2 of 0–31: tokens 32 to 48.",
    "sequential": "Batch 2 of 0–31: tokens 16 to 24 of each part.",
    "random": "Batch 2, drawn at random; an epoch has 32 batches.",
}


@pytest.mark.parametrize("windows", WINDOWS)
def test_batches_say_where_they_stand_in_the_text(windows):
    at = visit("batches", windows=windows, batch_index="2")
    assert not at.exception
    assert any(c.value == WINDOWS[windows] for c in at.caption)
    batch, ids = run_of(at).batch, tokenize(PRESETS["start"])[1].tolist()
    where = {"in_order": [32, 40], "sequential": [16, (len(ids) - 1) // 2 + 16]}.get(windows)
    if where:
        assert batch.ids.tolist() == [ids[s : s + 8] for s in where]


def test_tokens_are_the_text_in_order():
    at = visit("tokens", **write_query(DRAWN["own text in lines"]))
    text = "".join(ribbon(at, "ribbon-text")["tokens"])
    for sign, character in (("␣", " "), ("⏎", "\n"), ("⇥", "\t")):
        text = text.replace(sign, character)
    assert text.replace("<|endoftext|>", "") == run_of(at).settings.text
    at.slider(key="merge").set_value(1).run()
    before, after = (ribbon(at, f"ribbon-{when}")["tokens"] for when in ("before", "after"))
    assert "".join(before) == "".join(after)
    assert len(after) < len(before)


def test_a_merge_says_what_is_counted():
    at = visit(
        "tokens",
        preset="your_text",
        text="aaaaaaaa bc",
        end_of_text="false",
        merges="4",
        batch_size="1",
        context_length="1",
    )
    for merge, line in (
        (1, "a + a → aa   side by side 7 times, merged 4 times"),
        (2, "aa + aa → aaaa   side by side 3 times, merged 2 times"),
        (3, "aaaa + aaaa → aaaaaaaa   side by side once, merged once"),
    ):
        at.slider(key="merge").set_value(merge).run()
        assert line in [c.value for c in at.code]
        overlap = any("overlap" in c.value for c in at.caption)
        assert overlap == (merge < 3)


def test_the_tokenizer_can_be_tried_with_characters_it_does_not_know():
    at = visit("tokens", preset="math")
    at.text_input(key="try-text").set_value("Mathe!").run()
    assert ribbon(at, "ribbon-try")["tokens"] == ["M", "a", "t", "h"]
    assert "Not in the vocabulary, and left out (2 in all):" in [c.value for c in at.caption]
    assert "'e' × 1 '!' × 1" in [c.value for c in at.code]


def test_the_other_convention_has_the_same_states():
    trace = run_of(visit("cell", convention="true")).trace
    np.testing.assert_allclose(trace["h_other"], trace["h"], atol=1e-15)
    np.testing.assert_allclose(trace["z_other"], 1 - trace["z"], atol=1e-15)


# What the reader is told about surprises and slips in the sources.

NOTES = {
    "loss per time step": ("loss", {"preset": "math"}, "the **time step**"),
    "loss is ln V": ("loss", {"preset": "linear_algebra"}, "the loss is ln V"),
    "zero gradients": ("gradients", {"preset": "linear_algebra"}, "exactly zero"),
    "3 percent": ("update", {"preset": "linear_algebra"}, "3.0 %"),
    "28 times": ("update", {"preset": "math"}, "2,797"),
    "not reproducible": ("tokens", {"preset": "math"}, "can't be reproduced"),
    "twice": ("tokens", {"preset": "linear_algebra"}, "occurs twice"),
    "embedding of ones": ("embedding", {"preset": "linear_algebra"}, "embedding of ones"),
    "run twice": ("dropout", {"preset": "linear_algebra"}, "1.2346"),
    "not locked": ("dropout", {"preset": "linear_algebra"}, "element by element"),
    "reset after": ("cell", {"preset": "linear_algebra"}, "applied **after**"),
    "reset before": ("cell", {"preset": "math"}, "applied **before**"),
    "equal rows": ("time", {"preset": "linear_algebra"}, "all rows are equal"),
    "1 in V": ("prediction", {"preset": "linear_algebra"}, "exactly 1 in V"),
    "skips text": ("batches", {"preset": "math"}, "skips the text in between"),
    "goes on": ("batches", {"preset": "math", "windows": "sequential"}, "continues exactly there"),
}


@pytest.mark.parametrize(("slug", "query", "words"), NOTES.values(), ids=NOTES.keys())
def test_a_note_stands_where_the_reader_meets_the_surprise(slug, query, words):
    assert words in notes(visit(slug, **query))


def test_notes_about_constants_are_not_shown_with_random_weights():
    for slug in ("embedding", "time", "prediction", "gradients", "update"):
        at = visit(slug)
        run_of(at)
        assert "constant" not in notes(at)
        assert "exactly zero" not in notes(at)


def test_the_update_page_agrees_with_its_note():
    at = visit("update", preset="linear_algebra", dropout="0", redraw_masks="false")
    assert any("from 3.5835 to 3.4771, by **−3.0%**" in m.value for m in at.markdown)
