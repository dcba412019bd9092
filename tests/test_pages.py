"""Every page, run without a browser: what it shows, for which settings, and what it says of errors.

What only a browser can tell (layout, drawing, components, the address) is in test_browser.py.
"""

import base64
import json
import re
from dataclasses import fields, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explainer import PRESETS, Settings, explain
from explainer.chapters import CHAPTERS, HOME
from explainer.figures import SCALES
from explainer.links import fingerprint, read_query
from explainer.text import read
from explainer.views.runs import kept_run

pytestmark = pytest.mark.page
APP = str(Path(__file__).parent.parent / "app.py")
SECONDS = 60
VARIANTS = ("reset_after", "reset_before")
WITHOUT_PICTURES = ("tokens", "batches")
TIMED = [c for c in CHAPTERS if c.timed]


def page_of(slug):
    return f"pages/{slug}.py"


def visit(slug="home", theme="light", **query):
    """A new reader who opens a link."""
    at = AppTest.from_file(APP, default_timeout=SECONDS)
    at.query_params.update(query)
    at.context["theme"] = theme
    return at.switch_page(page_of(slug)).run()


def run_of(at):
    assert not at.exception, at.exception[0].value
    if "run" in at.session_state:
        return at.session_state["run"]
    return kept_run(at.session_state["last_good"])  # too large to stay with its reader


def sentences(at):
    """The errors as they are read: without backslashes and word joiners, which can't be seen."""
    return [re.sub(r"\\(.)", r"\1", e.value.replace("\u2060", "")) for e in at.error]


def notes(at):
    return " ".join(note.value for note in at.info)


def figures(at):
    """Every picture of the page by its key."""
    return {c.key: json.loads(c.proto.spec) for c in at.get("plotly_chart")}


def array(encoded):
    """Numbers as Plotly packs them."""
    if not isinstance(encoded, dict):
        return np.array(encoded, dtype=float)
    found = np.frombuffer(base64.b64decode(encoded["bdata"]), encoded["dtype"])
    return found.reshape([int(n) for n in encoded.get("shape", str(len(found))).split(",")])


def matrices(figure):
    """Every matrix of a picture by its name, from left to right, from top to bottom."""
    found = [trace for trace in figure["data"] if trace["type"] == "heatmap"]
    return [(f["hovertext"][0][0].split("<br>")[0], array(f["z"])) for f in found]


def ribbon(at, key="ribbon"):
    """The tokens of a row, as its component gets them."""
    rows = {row.key: json.loads(row.proto.json) for row in at.get("bidi_component")}
    return rows[key]


def texts(message):
    """Every text in a message that goes to the browser, with the name of its field."""
    for field, value in message.ListFields():
        for part in value if field.is_repeated else [value]:
            if field.message_type is not None and not hasattr(value, "items"):
                yield from texts(part)
            elif isinstance(part, str):
                yield field.name, part


def parts(value):
    """Every text in what a JSON says."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from parts(part)


# Every chapter.


@pytest.fixture(scope="module", params=product(PRESETS, VARIANTS), ids="-".join)
def reader(request):
    """Someone who goes through the whole story with one preset and one variant."""
    preset, variant = request.param
    at = AppTest.from_file(APP, default_timeout=SECONDS)
    at.query_params.update({"preset": preset, "variant": variant})
    at.expected = replace(PRESETS[preset], variant=variant)
    return at


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_chapter_shows_what_it_promises(reader, chapter):
    at = reader.switch_page(page_of(chapter.slug)).run()
    assert run_of(at).settings == at.expected
    assert [t.value for t in at.title] == [
        chapter.title if chapter is not HOME else "GRU Explainer"
    ]
    assert any(chapter.question in m.value for m in at.markdown)
    assert any(chapter.task in s.value for s in at.success) or chapter is HOME
    assert not at.error
    assert not at.warning
    drawn = figures(at)
    assert bool(drawn) == (chapter.slug not in WITHOUT_PICTURES)
    for key, figure in drawn.items():
        for name, value in matrices(figure):
            assert value.size, f"{name} in {key} is empty"
            assert np.isfinite(value).all(), f"{name} in {key}"
    assert all(c.proto.alt for c in at.get("plotly_chart"))
    lines = [c.value for c in at.caption if c.value.startswith("**Proof, in this run**")]
    assert len(lines) == (chapter is not HOME)
    for line in lines:
        differences = re.findall(r": \*\*(.+?)\*\* from ", line)
        assert differences
        assert all(0 <= float(d) < 1e-10 for d in differences), line


@pytest.mark.parametrize("chapter", [c for c in CHAPTERS if c.shows], ids=lambda c: c.slug)
def test_a_chapter_shows_its_equations_and_the_code_that_ran(chapter):
    at = visit(chapter.slug, variant="reset_before")
    result = run_of(at)
    shown = [n for n in chapter.shows if n in result.trace or n in result.update]
    assert at.selectbox(key=f"table-{chapter.slug}").options == shown
    named, captions = [m.value for m in at.markdown], [c.value for c in at.caption]
    sources = []
    for name in shown:
        q = (result.trace if name in result.trace else result.update).quantities[name]
        assert f"**`{name}`**" in named
        assert any(q.why in c for c in captions), q.why
        sources += [q.source.strip()] if q.source else []
    assert [c.value for c in at.code if c.language == "python"] == sources
    assert sources or chapter.slug == "batches"


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_chapter_has_colours_of_its_own_in_the_dark(chapter):
    at = visit(chapter.slug, theme="dark")
    run_of(at)
    for figure in figures(at).values():
        for drawn in figure["data"]:
            if drawn["type"] == "heatmap":
                colours = [tuple(step) for step in drawn["colorscale"]]
                assert colours in SCALES["dark"].values()
                assert colours not in SCALES["light"].values()


def test_the_story_is_told_in_order():
    at = visit()
    links = at.get("page_link")
    told = [link.proto.page for link in links]
    assert told == [c.slug for c in CHAPTERS]


# Settings.

MATH, START, STORY = PRESETS["math"], PRESETS["start"], PRESETS["story"]
DRAWN = {
    "every preset's opposite": replace(
        START,
        text="Ä tröt & mehr: 100 % (ja), $x$ " * 3,
        tokenizer="characters",
        merges=0,
        normalization="as_is",
        end_of_text=False,
        unknown_token=True,
        carry_state=True,
        input="one_hot",
        dropout=0.35,
        dropout_kind="locked",
        training=False,
        redraw_masks=True,
        variant="reset_before",
        initial="orthogonal",
        seed=2**32 - 1,
        head_bias=True,
        learning_rate=0.3,
        clip_norm=0.05,
    ),
    "off the sliders' steps": replace(
        MATH, hidden_size=23, learning_rate=0.015, seed=0, batch_index=1, alphabet="tah"
    ),
    "smallest": replace(
        MATH, batch_size=1, context_length=1, hidden_size=1, learning_rate=0.0, clip_norm=1e-6
    ),
    "largest": replace(
        START, hidden_size=256, embedding_size=256, learning_rate=1000.0, dropout=0.95, merges=256,
        context_length=4, clip_norm=1000.0,
    ),
    "no clipping in a preset that clips": replace(STORY, clip_norm=None),
    "clipping in a preset that does not": replace(START, clip_norm=0.3),
    "own text in lines": replace(START, text="one\ntwo\n\n\tthree,  four \n" * 3, merges=2),
    "own text in another preset": replace(STORY, text="hello world and more " * 30, batch_size=2),
    "own text with the plus and percent signs": replace(
        PRESETS["your_text"], text="a+b%20c&d=e#f;g" * 4
    ),
}  # fmt: skip


@pytest.mark.parametrize("settings", DRAWN.values(), ids=DRAWN.keys())
def test_a_link_gives_exactly_its_settings(settings):
    at = visit("batches", **settings.to_query())
    assert not at.error
    assert run_of(at).settings == settings


def test_a_link_may_spell_numbers_in_another_way():
    at = visit("batches", hidden_size="+3", learning_rate="15e-1", dropout="2e-1", seed="007")
    assert not at.error
    expected = replace(START, hidden_size=3, learning_rate=1.5, dropout=0.2, seed=7)
    assert run_of(at).settings == expected
    at.number_input(key="batch_size").set_value(1).run()
    assert run_of(at).settings == replace(expected, batch_size=1)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_every_widget(preset):
    # not the preset that leaves least to say, which may be the one to be chosen
    base = START if preset != "start" else MATH
    at = visit("batches", **DRAWN["every preset's opposite"].to_query(base))
    at.selectbox(key="preset").set_value(preset).run()
    assert run_of(at).settings == PRESETS[preset]
    assert not at.error
    for f in fields(Settings):
        if f.name != "text":
            value = (
                0.0
                if f.name == "clip_norm" and PRESETS[preset].clip_norm is None
                else (getattr(PRESETS[preset], f.name))
            )
            assert at.session_state[f.name] == value, f.name


@pytest.mark.parametrize("preset", PRESETS)
def test_home_begins_with_a_preset(preset):
    at = visit(hidden_size="7", variant="reset_before")
    at.button(key=f"begin-{preset}").click().run()
    assert run_of(at).settings == PRESETS[preset]
    assert at.selectbox(key="preset").value == preset


def test_a_widget_changes_one_setting():
    at = visit("update", preset="math")
    for key, value in {"hidden_size": 5, "learning_rate": 0.5}.items():
        at.select_slider(key=key).set_value(value).run()
    at.number_input(key="clip_norm").set_value(0.25).run()
    at.radio(key="variant").set_value("reset_after").run()
    at.toggle(key="head_bias").set_value(False).run()
    expected = replace(
        MATH,
        hidden_size=5,
        learning_rate=0.5,
        clip_norm=0.25,
        variant="reset_after",
        head_bias=False,
    )
    assert run_of(at).settings == expected
    assert any("Clipping" in s.value for s in at.subheader)
    at.number_input(key="clip_norm").set_value(0.0).run()
    assert run_of(at).settings == replace(expected, clip_norm=None)


def test_settings_stay_from_chapter_to_chapter():
    at = visit("cell", preset="math", seed="5", clip_norm="0.5", text="Mathe" * 5)
    at.slider(key="t").set_value(2).run()
    at.number_input(key="sequence").set_value(1).run()
    settings = run_of(at).settings
    for chapter in (HOME, *CHAPTERS):
        at.switch_page(page_of(chapter.slug)).run()
        assert run_of(at).settings == settings
        if chapter.timed:
            assert (at.slider(key="t").value, at.number_input(key="sequence").value) == (2, 1)
            assert ribbon(at)["current"] == 2


# What is wrong with a link or a setting, in a sentence.

BAD = {
    "too large": ("hidden_size", "999"),
    "much too large": ("hidden_size", "9" * 400),
    "larger than Python reads": ("merges", "9" * 5000),
    "infinite, where it is whole": ("seed", "inf"),
    "nan, where it is whole": ("batch_index", "nan"),
    "too small": ("batch_size", "0"),
    "not a number": ("context_length", "eight"),
    "not whole": ("hidden_size", "3.5"),
    "left empty": ("embedding_size", ""),
    "nan": ("learning_rate", "nan"),
    "infinite": ("dropout", "inf"),
    "negative": ("clip_norm", "-1"),
    "no such choice": ("variant", "lstm"),
    "no such preset": ("preset", "epynn"),
    "not yes or no": ("carry_state", "yes"),
    "too long": ("alphabet", "y" * 1001),
    "too long for a link": ("text", "y" * 2001),
}


@pytest.mark.parametrize(("name", "value"), BAD.values(), ids=BAD.keys())
def test_a_bad_part_of_a_link_is_named_and_the_rest_works(name, value):
    at = visit("batches", **({"learning_rate": "3"} | {name: value}))
    expected = START if name == "learning_rate" else replace(START, learning_rate=3.0)
    assert run_of(at).settings == expected
    (said,) = sentences(at)
    assert [said] == read_query({name: value})[1]
    assert said.startswith(name)
    assert said.endswith("is shown.")
    assert len(at.dataframe) > 1


def test_the_sentence_about_a_link_goes_when_the_reader_takes_over():
    at = visit("loss", hidden_size="999", variant="lstm")
    assert len(at.error) == 2
    at.select_slider(key="hidden_size").set_value(3).run()
    assert not at.error
    assert run_of(at).settings == replace(START, hidden_size=3)


def test_a_text_that_is_too_short_leaves_the_last_good_picture():
    at = visit("cell", hidden_size="3", seed="7")
    before, good = figures(at), run_of(at).settings
    at.text_area(key="text").set_value("too short").run()
    assert sentences(at) == [
        "text has 6 tokens; batch size 2 × context length 8 + 1 needs 17. Write a longer text or "
        "choose a smaller batch."
    ]
    assert any("the last settings that worked" in c.value for c in at.caption)
    assert run_of(at).settings == good
    assert figures(at) == before
    # what the reader chose is still there, and counts as soon as it is possible
    assert at.text_area(key="text").value == "too short"
    at.number_input(key="context_length").set_value(2).run()
    assert not at.error
    assert run_of(at).settings == replace(good, text="too short", context_length=2)


def test_a_text_that_is_too_short_in_a_link_says_so():
    at = visit("cell", hidden_size="3", text="too short", context_length="7")
    (said,) = sentences(at)
    assert said.startswith("text has 6 tokens; batch size 2 × context length 7 + 1 needs 15.")
    assert run_of(at).settings == START
    at.text_area(key="text").set_value("now it is long enough").run()
    assert not at.error
    assert run_of(at).settings == replace(
        START, text="now it is long enough", context_length=7, hidden_size=3
    )


TOO_MANY = (
    "batch size 64 × context length 65 is 4,160 tokens; at most 4,096 are possible, so that every "
    "number can be shown. Choose a smaller batch or a shorter context."
)


def test_too_many_tokens_leave_the_last_good_picture():
    at = visit("time", preset="story", hidden_size="3", batch_size="64", context_length="64")
    before, good = figures(at), run_of(at).settings
    assert not at.error
    at.number_input(key="context_length").set_value(65).run()
    assert sentences(at) == [TOO_MANY]
    assert run_of(at).settings == good
    assert figures(at) == before
    at.number_input(key="batch_size").set_value(63).run()
    assert not at.error
    assert run_of(at).settings == replace(good, batch_size=63, context_length=65)


def test_too_many_tokens_in_a_link_are_said_once():
    at = visit("time", preset="story", batch_size="64", context_length="65")
    assert len(sentences(at)) == 1
    assert sentences(at)[0].startswith(TOO_MANY)
    assert run_of(at).settings == STORY


def test_a_batch_that_the_text_does_not_have():
    at = visit("batches", batch_index="32")
    (said,) = sentences(at)
    assert said.startswith("batch_index is 32; the text has 32 batches of 2 × 8 tokens, possible:")
    at.number_input(key="batch_index").set_value(31).run()
    assert not at.error
    assert run_of(at).batch.index == 31


# Time.


def test_back_and_next_walk_through_time():
    at = visit("time", preset="math")
    back, forward = at.button[0], at.button[1]
    assert (back.label, forward.label) == ("previous time step", "next time step")
    assert back.disabled
    for t in (1, 2):
        at.button[1].click().run()
        assert at.slider(key="t").value == t
        assert ribbon(at)["current"] == t
    assert at.button[1].disabled
    at.button[0].click().run()
    assert at.slider(key="t").value == 1


def test_a_time_step_beyond_the_end_becomes_the_last_one():
    at = visit("cell", t="7", sequence="1")
    assert ribbon(at)["current"] == 7
    at.number_input(key="context_length").set_value(4).run()
    assert not at.error
    assert at.slider(key="t").value == 3
    assert ribbon(at)["current"] == 3
    at.number_input(key="batch_size").set_value(1).run()
    assert run_of(at).settings == replace(START, context_length=4, batch_size=1)
    at.number_input(key="context_length").set_value(1).run()
    assert ribbon(at)["current"] == 0


@pytest.mark.parametrize("t", ["8", "99", "-1", "abc", "1e9", ""])
def test_a_link_with_an_impossible_time_step_opens(t):
    at = visit("embedding", t=t, hidden_size="3")
    assert run_of(at).settings == replace(START, hidden_size=3)
    assert 0 <= ribbon(at)["current"] <= 7
    assert ribbon(at)["current"] == at.slider(key="t").value


def test_a_time_step_that_is_left_on_a_chapter_without_time_is_kept():
    at = visit("cell", t="5")
    for slug in ("tokens", "home", "update"):
        at.switch_page(page_of(slug)).run()
    at.switch_page(page_of("loss")).run()
    assert at.slider(key="t").value == 5


# Numbers: what the pictures and tables show is what the run computed.


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_cell_shows_the_run_at_the_chosen_place(variant):
    at = visit("cell", variant=variant, sequence="1", t="5")
    trace = run_of(at).trace
    drawn = [m for figure in figures(at).values() for m in matrices(figure)]
    names = {name for name, _ in drawn}
    assert {"x", "h_prev", "r", "z", "n", "h", "W_iz", "W_hn"} <= names
    for name, value in drawn:
        if "T" in trace.quantities[name].dims:
            expected = trace[name][1, 5]
        else:  # a parameter, turned so that the product of row vectors can be seen
            expected = np.atleast_2d(trace[name]).T if name.startswith("W") else trace[name]
        np.testing.assert_array_equal(value.squeeze(), expected.squeeze(), err_msg=name)


@pytest.mark.parametrize("names", [("r", "z"), ("n", "h")], ids="-".join)
def test_through_time_shows_every_time_step(names):
    at = visit("time", preset="story", sequence="3")
    drawn = matrices(figures(at)["over-time-" + "-".join(names)])
    for name in names:
        pieces = [value for found, value in drawn if found == name]
        np.testing.assert_array_equal(np.hstack(pieces), run_of(at).trace[name][3].T)


def test_every_token_has_its_label_above_the_embedding():
    at = visit("embedding", text="the next text, the last test " * 3, tokenizer="characters")
    _, ids = read(run_of(at).settings)
    vocabulary = run_of(at).batch.vocabulary
    assert len(ids) > len(vocabulary)
    labels = [trace for trace in figures(at)["E"]["data"] if trace["type"] == "scatter"]
    written = [text for trace in labels for text in trace["text"]]
    for token in vocabulary:
        if len(token) == 1 and token != " ":
            assert any(token in label.split() for label in written), f"{token!r} has no label"


OPENED = {
    "first pass": ("trace", "z", (1, 5, 2), "2"),
    "update": ("update", "new_W_hz", (0, 1), "4"),
    "second pass": ("second", "logits", (0, 3, 11), "full"),
}


@pytest.mark.parametrize("where", OPENED)
def test_any_number_can_be_opened(where):
    attribute, name, index, digits = OPENED[where]
    at = visit("time", digits=digits)
    at.radio(key="where").set_value(where).run()
    at.selectbox(key=f"open-{where}").set_value(name).run()
    for i, place in enumerate(index):
        at.number_input(key=f"open-{name}-{i}-0").set_value(place)
    at.run()
    trace = getattr(run_of(at), attribute)
    opened = explain(trace, name, index, digits=None if digits == "full" else 4)
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


def test_tokens_are_the_text_in_order():
    at = visit("tokens", **DRAWN["own text in lines"].to_query())
    text = "".join(ribbon(at, "ribbon-text")["tokens"])
    for sign, character in (("␣", " "), ("⏎", "\n"), ("⇥", "\t")):
        text = text.replace(sign, character)
    assert text.replace("<|endoftext|>", "") == run_of(at).settings.text
    at.slider(key="merge").set_value(1).run()
    before, after = (ribbon(at, f"ribbon-{when}")["tokens"] for when in ("before", "after"))
    assert "".join(before) == "".join(after)
    assert len(after) < len(before)


def test_the_tokenizer_can_be_tried_with_characters_it_does_not_know():
    at = visit("tokens", preset="math")
    at.text_input(key="try").set_value("Mathe!").run()
    assert ribbon(at, "ribbon-try")["tokens"] == ["M", "a", "t", "h"]
    assert any("2 characters are not in the vocabulary" in c.value for c in at.caption)
    assert "'e' × 1 '!' × 1" in [c.value for c in at.code]


def test_the_other_convention_changes_words_and_formulas_and_no_state():
    at = visit("cell", t="3")
    first = dict(matrices(figures(at)["state"])), [x.value for x in at.latex]
    words = [m.value for m in at.markdown]
    states = run_of(at).trace["h"].copy()
    at.toggle(key="convention").set_value(True).run()
    second = dict(matrices(figures(at)["state"])), [x.value for x in at.latex]
    assert [m.value for m in at.markdown] != words
    assert first[1] != second[1]
    np.testing.assert_array_equal(second[0]["h"], first[0]["h"])
    np.testing.assert_array_equal(run_of(at).trace["h"], states)
    np.testing.assert_allclose(run_of(at).trace["h_other"], states, atol=1e-15)
    np.testing.assert_allclose(second[0]["z_other"], 1 - first[0]["z"], atol=1e-15)


@pytest.mark.parametrize("digits", ["2", "4", "full"])
def test_cells_have_as_many_digits_as_the_reader_wants(digits):
    at = visit("time", digits=digits)
    figure = figures(at)["over-time-r-z"]
    written = {text for trace in figure["data"] for text in trace.get("text", ())}
    for _, value in matrices(figure):
        for number in value.ravel().tolist():
            expected = repr(number) if digits == "full" else f"{number:.{digits}f}"
            assert expected in written


def test_the_colours_reach_as_far_as_the_reader_wants():
    ends = {}
    for reach in ("matrix", "time", "run"):
        at = visit("cell", range=reach)
        (h,) = [
            trace
            for trace in figures(at)["state"]["data"]
            if trace["type"] == "heatmap" and trace["hovertext"][0][0].startswith("h<")
        ]
        assert h["zmin"] == -h["zmax"]
        ends[reach] = h["zmax"]
    states = np.abs(run_of(at).trace["h"])
    assert ends["matrix"] == states[0, 0].max()
    assert ends["time"] == states.max()
    assert ends["matrix"] <= ends["time"] <= ends["run"]


# What the reader is told about surprises and slips in the sources.

NOTES = {
    "loss per time step": ("loss", {"preset": "math"}, "the **time step**"),
    "loss is ln V": ("loss", {"preset": "linear_algebra"}, "the loss is ln V"),
    "zero gradients": ("gradients", {"preset": "linear_algebra"}, "exactly zero"),
    "3 percent": ("update", {"preset": "linear_algebra"}, "3.0 %"),
    "28 times": ("update", {"preset": "math"}, "2,797"),
    "not reproducible": ("tokens", {"preset": "math"}, "can't be reproduced"),
    "twice": ("tokens", {"preset": "linear_algebra"}, "stands twice"),
    "embedding of ones": ("embedding", {"preset": "linear_algebra"}, "embedding of ones"),
    "run twice": ("dropout", {"preset": "linear_algebra"}, "1.2346"),
    "not locked": ("dropout", {"preset": "linear_algebra"}, "element by element"),
    "reset after": ("cell", {"preset": "linear_algebra"}, "applied **after**"),
    "reset before": ("cell", {"preset": "math"}, "applied **before**"),
    "equal rows": ("time", {"preset": "linear_algebra"}, "all rows are equal"),
    "1 in V": ("prediction", {"preset": "linear_algebra"}, "exactly 1 in V"),
    "skips text": ("batches", {"preset": "math"}, "skips the text in between"),
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
    shown = {m.label: m.value for m in at.metric}
    assert shown["loss before"] == "3.5835"
    assert shown["loss after"] == "3.4771"
    assert any("**−3.0%**" in m.value for m in at.markdown)


# A text of the reader's is text.

HOSTILE = "<script>alert(1)</script> **bold** ![x](http://127.0.0.1/x) $x$ :smile: [a](b) <b>&amp;"
MARKS = ("<script", "**bold", "![x]", "$x$", ":smile:", "[a](b)", "<b>&amp;")


def hostile_settings():
    """The hostile text several times, merged until it is one token."""
    settings = replace(START, text=HOSTILE * 5, normalization="as_is", batch_size=1)
    for merges in range(20, 256):
        settings = replace(settings, merges=merges, context_length=2)
        if HOSTILE in read(settings)[0].ids:
            return settings
    raise AssertionError


@pytest.fixture(scope="module")
def hostile():
    at = AppTest.from_file(APP, default_timeout=SECONDS)
    at.query_params.update(hostile_settings().to_query())
    return at


MAY_HOLD_TEXT = {
    "bidi_component": {"json"},
    "code": {"code_text"},
    "text_area": {"default", "value"},
    "text_input": {"default", "value"},
}
"""Elements that show a text as it is, and the field that holds it. Dataframes hold bytes."""


def assert_text_stays_text(at):
    for node in at:
        if not hasattr(getattr(node, "proto", None), "ListFields"):
            continue
        for field, text in texts(node.proto):
            if field in MAY_HOLD_TEXT.get(node.type, ()):
                continue
            if node.type == "plotly_chart" and field == "spec":
                for part in parts(json.loads(text)):  # Plotly reads some HTML
                    assert "<" not in re.sub(r"</?b>|<br>", "", part), f"{node.key}: {part}"
                continue
            unescaped = re.sub(r"\\.", "", text)
            for mark in MARKS:
                assert mark not in unescaped, f"{mark} in {node.type}.{field}: {text[:200]}"


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_text_with_markup_stays_text(hostile, chapter):
    at = hostile.switch_page(page_of(chapter.slug)).run()
    assert HOSTILE in run_of(at).batch.vocabulary
    assert not at.error
    if chapter.timed:
        assert HOSTILE.replace(" ", "␣") in ribbon(at)["tokens"]
    assert_text_stays_text(at)


def test_a_text_with_markup_stays_text_when_it_is_tried():
    at = visit("tokens")
    at.text_input(key="try").set_value(HOSTILE).run()
    run_of(at)
    assert_text_stays_text(at)


@pytest.mark.parametrize("name", ["hidden_size", "variant", "preset", "training", "fingerprint"])
def test_a_link_with_markup_is_shown_as_it_is(name):
    for start in range(0, len(HOSTILE), 30):  # a sentence quotes the first 40 characters
        at = visit("batches", **{name: HOSTILE[start:]})
        run_of(at)
        assert HOSTILE[start : start + 12] in sentences(at)[0]
        assert_text_stays_text(at)


# A text that is too long for a link.

LONG = "It was a dark and stormy night; " * 100


def upload(at, data, name="text.txt"):
    return at.file_uploader(key="upload").set_value((name, data, "text/plain")).run()


def test_a_long_text_is_uploaded_and_the_link_knows_it():
    at = upload(visit("batches"), LONG.encode("utf-8-sig"))
    assert not at.error
    assert run_of(at).settings == replace(START, text=LONG)
    assert at.session_state["fingerprint"] == fingerprint(LONG)
    query = run_of(at).settings.to_query()
    other = visit("batches", **query)
    assert fingerprint(LONG) in sentences(other)[0]
    upload(other, LONG.encode())
    assert not other.error
    assert run_of(other).settings == run_of(at).settings


def test_another_text_than_the_link_asks_for():
    at = visit("batches", fingerprint=fingerprint(LONG))
    assert "this link needs a text" in sentences(at)[0]
    upload(at, b"another text, which is long enough for a batch")
    assert not at.error
    assert run_of(at).settings.text.startswith("another text")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\xff\xfe\x00", "the file is not UTF-8 text; possible: plain text. Save it as UTF-8"),
        (b"", "the file has 0 characters; possible: 1 to 200,000. Upload another text."),
        (b"x" * 200_001, "the file has 200,001 characters; possible: 1 to 200,000. Upload a short"),
    ],
    ids=["not text", "empty", "too long"],
)
def test_a_file_that_can_not_be_used(data, sentence):
    at = upload(visit("batches", seed="7"), data)
    (said,) = sentences(at)
    assert said.startswith(sentence)
    assert run_of(at).settings == replace(START, seed=7)


def test_a_preset_takes_the_place_of_an_uploaded_text():
    at = upload(visit("batches"), LONG.encode())
    at.selectbox(key="preset").set_value("math").run()
    shown = run_of(at).settings
    # either the preset's own text is shown, or the link says which text it is
    assert shown == MATH or at.session_state["fingerprint"] == fingerprint(shown.text)


def test_a_run_is_computed_once_for_all_readers():
    first, second = (run_of(visit("loss", seed="11")) for _ in range(2))
    assert first is second
    assert first is kept_run(replace(START, seed=11))
