"""Every page, run without a browser: what it shows, for which settings, and what it says of errors.

What only a browser can tell (layout, drawing, components, the address) is in test_browser.py.
"""

import base64
import json
import re
import weakref
from dataclasses import fields, replace
from itertools import pairwise, product
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest
from test_payload import STAGED, Sent, assert_sent_as_computed

from explainer import PRESETS, Settings, edits_from_link, explain, run
from explainer.analysis.checks import verify
from explainer.app import current_run
from explainer.app.cache import BUDGET, CACHE, weigh_again
from explainer.app.current_run import kept_run
from explainer.app.panels import export_panel
from explainer.batches import tokenize
from explainer.engine.batch_run import run_batch
from explainer.fingerprints import text_hash
from explainer.plots.colours import SCALES
from explainer.stage import payload
from explainer.stage.chapters import CHAPTERS, HOME
from explainer.url import read_query, write_query

pytestmark = pytest.mark.page
APP = str(Path(__file__).parent.parent / "app.py")
SECONDS = 60
VARIANTS = ("reset_after", "reset_before")
PARTS = ("open-number", "open-table", "open-export", "open-sources")
"""What is at the end of a page, made only for who opens it."""
PICTURES = ("time", "prediction", "loss", "training", "gates")


def page_of(slug):
    return f"pages/{slug}.py"


def newcomer(**query):
    """A new reader with a link, for whom every part of a page is open."""
    at = AppTest.from_file(APP, default_timeout=SECONDS)
    at.query_params.update(query)
    for part in PARTS:
        at.session_state[part] = True
    return at


def visit(slug="home", theme="light", **query):
    """A new reader who opens a link."""
    at = newcomer(**query)
    at.context["theme"] = theme
    return at.switch_page(page_of(slug)).run()


def run_of(at):
    assert not at.exception, at.exception[0].value
    return kept_run(*at.session_state["session"].shown)


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


def components(at):
    """What each component gets, by its key."""
    return {c.key: json.loads(c.proto.json) for c in at.get("bidi_component")}


def ribbon(at, key):
    """The tokens of a row, as its component gets them."""
    return components(at)[key]


def stage(at):
    """What the stage was sent; only one has a description."""
    (data,) = (data for data in components(at).values() if "meta" in data)
    return Sent(data)


def at_place(at):
    """The sequence and the time step that the stage was sent."""
    place = json.loads(stage(at).data["place"])
    return place["sequence"], place["t"]


def say(at, event, value):
    """The stage says something in its browser."""
    (component,) = (c for c in at.get("bidi_component") if c.key == "stage")
    states = at._tree.get_widget_states()
    said = json.dumps([{"event": event, "value": value}])
    states.widgets.add(id=_make_trigger_id(component.proto.id, "events"), json_trigger_value=said)
    return at._run(states)


def ask(at, **wish):
    """The reader goes to another place."""
    return say(at, "ask", {"t": 0, "sequence": 0} | wish)


@pytest.mark.parametrize("event", ["ask", "edit", "keep", "pair", "failed"])
def test_a_stage_that_has_left_may_still_say_something(event):
    """Its page was left while what it said was on the way."""
    at = visit("cell")
    (component,) = (c for c in at.get("bidi_component") if c.key == "stage")
    values = at.session_state._state._state
    values._new_widget_state.states.pop(component.proto.id, None)
    values._old_state.pop(component.proto.id, None)
    say(at, event, {"t": 1, "sequence": 0} if event == "ask" else None)
    assert not at.exception, at.exception[0].value


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
    at = newcomer(preset=preset, variant=variant)
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
    if chapter.slug != "own":  # what stands out in the network of the other pages
        assert [w.value for w in at.warning] == []
    drawn = figures(at)
    assert bool(drawn) == (chapter.slug in PICTURES)
    for key, figure in drawn.items():
        for trace in figure["data"]:
            assert np.isfinite(array(trace["y"])).all(), key
    assert all(c.proto.alt for c in at.get("plotly_chart"))
    lines = [c.value for c in at.caption if c.value.startswith("**Checked in this run**")]
    assert len(lines) == (chapter is not HOME)
    for line in lines:
        differences = re.findall(r": \*\*(.+?)\*\* from ", line)
        assert differences
        assert all(0 <= float(d) < 1e-10 for d in differences), line


@pytest.mark.parametrize("slug", [HOME.slug, *(c.slug for c in CHAPTERS)])
def test_a_stage_has_the_numbers_of_the_run(reader, slug):
    at = reader.switch_page(page_of(slug)).run()
    result = run_of(at)
    staged = slug in (*STAGED, HOME.slug)
    assert ("stage" in components(at)) == staged
    if staged:
        sent = stage(at)
        assert sent.meta["slug"] == slug
        assert sent.meta["backwards"] == (slug == "gradients")
        assert sent.named()
        assert_sent_as_computed(sent, result)


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
        assert any(q.description in c for c in captions), q.description
        sources += [q.source.strip()] if q.source else []
    assert [c.value for c in at.code if c.language == "python"] == sources
    assert sources or chapter.slug == "batches"


def test_a_chart_has_colours_of_its_own_in_the_dark():
    for theme in SCALES:
        (bars,) = figures(visit("time", theme=theme))["mean-z"]["data"]
        assert bars["marker"]["color"] == SCALES[theme]["signed"][3][1]


@pytest.mark.parametrize("slug", [c.slug for c in CHAPTERS if c.shows])
def test_a_part_of_a_page_is_made_when_it_is_opened(slug):
    at = AppTest.from_file(APP, default_timeout=SECONDS).switch_page(page_of(slug)).run()
    run_of(at)
    assert not at.code
    assert not any((box.key or "").startswith(("open-", "table-")) for box in at.selectbox)
    at.session_state["open-sources"] = True
    at.run()
    assert any(c.language == "python" for c in at.code) == (slug != "batches")


def test_the_story_is_told_in_order():
    at = visit()
    links = at.get("page_link")
    told = [link.proto.page for link in links]
    assert told == ["tour", *(c.slug for c in CHAPTERS)]


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
    at = visit("batches", **write_query(settings))
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
    at = visit("batches", **write_query(DRAWN["every preset's opposite"], base))
    at.selectbox(key="preset").set_value(preset).run()
    assert run_of(at).settings == PRESETS[preset]
    assert not at.error
    assert (at.session_state["lengths"], at.session_state["values"]) == ("", "")
    for f in fields(Settings):
        if f.name not in ("text", "lengths", "values"):
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
    ask(at, t=2, sequence=1)
    settings = run_of(at).settings
    for chapter in (HOME, *CHAPTERS):
        at.switch_page(page_of(chapter.slug)).run()
        assert run_of(at).settings == settings
        if chapter.slug in STAGED:
            assert at_place(at) == (1, 2)


# What is wrong with a link or a setting, in a sentence.

BAD = {
    "too large": ("hidden_size", "999999"),
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
    assert [said] == list(map(str, read_query({name: value})[1]))
    assert said.startswith(name)
    assert said.endswith("is shown.")
    assert len(at.dataframe) > 1


def test_the_sentence_about_a_link_goes_when_the_reader_takes_over():
    at = visit("loss", hidden_size="999999", variant="lstm")
    assert len(at.error) == 2
    at.select_slider(key="hidden_size").set_value(3).run()
    assert not at.error
    assert run_of(at).settings == replace(START, hidden_size=3)


def test_a_text_that_is_too_short_leaves_the_last_good_picture():
    at = visit("cell", hidden_size="3", seed="7")
    before, good = figures(at), run_of(at).settings
    at.text_area(key="text").set_value("too short").run()
    assert sentences(at) == [
        "The text has 6 tokens; batch size 2 × context length 8 needs at least 17. "
        "Use a longer text or a shorter context. The last settings that worked are shown."
    ]
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
    assert said.startswith(
        "The text has 6 tokens; batch size 2 × context length 7 needs at least 15."
    )
    assert run_of(at).settings == START
    at.text_area(key="text").set_value("now it is long enough").run()
    assert not at.error
    assert run_of(at).settings == replace(
        START, text="now it is long enough", context_length=7, hidden_size=3
    )


TOO_MANY = (
    "Batch size 64 × context length 65 makes 4,160 tokens; a page lists them all, and has room for "
    "4,096. Use a smaller batch or a shorter context, or call run() in a notebook."
)


def test_too_many_tokens_leave_the_last_good_picture():
    at = visit("time", preset="story", hidden_size="3", batch_size="64", context_length="64")
    before, good = figures(at), run_of(at).settings
    assert not at.error
    at.number_input(key="context_length").set_value(65).run()
    assert sentences(at) == [f"{TOO_MANY} The last settings that worked are shown."]
    assert run_of(at).settings == good
    assert figures(at) == before
    at.number_input(key="batch_size").set_value(63).run()
    assert not at.error
    assert run_of(at).settings == replace(good, batch_size=63, context_length=65)


def test_too_many_tokens_in_a_link_are_said_once():
    at = visit("time", preset="story", batch_size="64", context_length="65")
    assert len(sentences(at)) == 1
    assert sentences(at)[0].startswith(TOO_MANY)
    assert run_of(at).settings == START


def test_a_batch_that_the_text_does_not_have():
    at = visit("batches", batch_index="32")
    (said,) = sentences(at)
    assert said.startswith("batch_index must be an integer from 0 to 31; got 32. The text has 32")
    at.number_input(key="batch_index").set_value(31).run()
    assert not at.error
    assert run_of(at).batch.index == 31


# Time.


def test_pictures_and_tables_follow_the_sequence_on_the_stage():
    at = visit("time")
    for sequence in (0, 1, 0):
        ask(at, t=3, sequence=sequence)
        trace = run_of(at).trace
        assert at_place(at) == (sequence, 3)
        mean = array(figures(at)["mean-z"]["data"][0]["y"])
        np.testing.assert_allclose(mean, trace["z"][sequence].mean(-1))
        np.testing.assert_array_equal(at.dataframe[-1].value.to_numpy(), trace["r"][sequence])


def test_a_time_step_beyond_the_end_becomes_the_last_one():
    at = visit("cell", t="7", sequence="1")
    assert at_place(at) == (1, 7)
    at.number_input(key="context_length").set_value(4).run()
    assert not at.error
    assert at_place(at) == (1, 3)
    at.number_input(key="batch_size").set_value(1).run()
    assert run_of(at).settings == replace(START, context_length=4, batch_size=1)
    assert at_place(at) == (0, 3)
    at.number_input(key="context_length").set_value(1).run()
    assert at_place(at) == (0, 0)


@pytest.mark.parametrize("value", ["8", "99", "-1", "abc", "1e9", "", "nan", "9" * 5000])
def test_a_link_with_an_impossible_place_opens(value):
    at = visit("embedding", t=value, sequence=value, hidden_size="3")
    assert run_of(at).settings == replace(START, hidden_size=3)
    assert not at.error
    sequence, t = at_place(at)
    assert sequence in (0, 1)
    assert 0 <= t <= 7


def test_a_time_step_that_is_left_on_a_chapter_without_time_is_kept():
    at = ask(visit("cell"), t=5)
    for slug in ("tokens", "home", "update"):
        at.switch_page(page_of(slug)).run()
    at.switch_page(page_of("loss")).run()
    assert at_place(at) == (0, 5)


NONSENSE = {
    "no wish": None,
    "a text": "t=3",
    "a list": [1, 2],
    "other kinds": {"t": [3], "sequence": {"a": 1}},
    "no such place": {"t": 10**30, "sequence": -4},
    "infinite": {"t": 1e400, "sequence": -1e400},
}


@pytest.mark.parametrize("wish", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_from_a_browser_changes_nothing(wish):
    at = say(visit("cell"), "ask", wish)
    assert run_of(at).settings == START
    assert not at.error
    sequence, t = at_place(at)
    assert sequence in (0, 1)
    assert 0 <= t <= 7
    assert_sent_as_computed(stage(at), run_of(at))


def test_a_large_run_is_sent_with_what_adds_its_sequences_up():
    at = visit("cell", preset="story", hidden_size="256", context_length="128")
    ask(at, t=100, sequence=3)
    assert at_place(at) == (3, 100)
    assert "million products" in stage(at).meta["large"]
    assert_sent_as_computed(stage(at), run_of(at))


def test_a_run_that_can_not_be_sent_is_shown_in_tables(monkeypatch):
    monkeypatch.setattr(payload, "MOST_GIVEN", 1_000)
    at = visit("cell", preset="story", hidden_size="256", context_length="128")
    assert "too large to be sent to a browser" in at.warning[0].value
    assert len(at.dataframe) >= 20


@pytest.mark.parametrize("slug", STAGED)
def test_where_a_stage_can_not_be_drawn_there_are_tables(slug):
    at = visit(slug)
    tables = len(at.dataframe)
    say(at, "failed", "TypeError: root is null")
    run_of(at)
    assert "could not be drawn in this browser" in at.warning[0].value
    assert len(at.dataframe) == tables + len(stage(at).named())


# Numbers: what the pictures and tables show is what the run computed.


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


# A text of the reader's is text.

HOSTILE = "<script>alert(1)</script> **bold** ![x](http://127.0.0.1/x) $x$ :smile: [a](b) <b>&amp;"
MARKS = ("<script", "**bold", "![x]", "$x$", ":smile:", "[a](b)", "<b>&amp;")


def hostile_settings():
    """The hostile text several times, merged until it is one token."""
    settings = replace(START, text=HOSTILE * 5, normalization="as_is", batch_size=1)
    for merges in range(20, 256):
        settings = replace(settings, merges=merges, context_length=2)
        if HOSTILE in tokenize(settings)[0].ids:
            return settings
    raise AssertionError


@pytest.fixture(scope="module")
def hostile():
    return newcomer(**write_query(hostile_settings()))


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
                    rest = re.sub(r"</?b>|<br>|<extra></extra>", "", part)
                    assert "<" not in rest, f"{node.key}: {part}"
                continue
            unescaped = re.sub(r"\\.", "", text)
            for mark in MARKS:
                assert mark not in unescaped, f"{mark} in {node.type}.{field}: {text[:200]}"


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_text_with_markup_stays_text(hostile, chapter):
    at = hostile.switch_page(page_of(chapter.slug)).run()
    assert HOSTILE in run_of(at).batch.vocabulary
    assert not at.error
    if chapter.slug in STAGED:
        assert HOSTILE.replace(" ", "␣") in stage(at).meta["tokens"]
    assert_text_stays_text(at)


def test_a_text_with_markup_stays_text_when_it_is_tried():
    at = visit("tokens")
    at.text_input(key="try-text").set_value(HOSTILE).run()
    run_of(at)
    assert_text_stays_text(at)


@pytest.mark.parametrize("tokenizer", ["characters", "bpe"])
def test_no_cell_of_a_table_is_a_formula_to_a_spreadsheet(tokenizer):
    """Streamlit's own export writes cells as they are, and spreadsheets run what begins so."""
    text = "=1+1 @SUM(A1) +2 -3 \t=4 " * 8
    query = {"preset": "your_text", "text": text, "tokenizer": tokenizer, "merges": "20"}
    at = newcomer(**query, context_length="4", batch_size="2", head_bias="true")
    tables = 0
    for chapter in CHAPTERS:
        at.switch_page(page_of(chapter.slug)).run()
        assert "=" in run_of(at).batch.vocabulary
        for table in at.dataframe:
            tables += 1
            shown = [*table.value.columns, *table.value.index, *table.value.to_numpy().ravel()]
            for cell in shown:
                parts = cell if isinstance(cell, tuple) else [cell]
                for part in (part for part in parts if isinstance(part, str)):
                    assert not re.match(r"[=+@\t\r]|-(?!\d)", part), (chapter.slug, part)
    assert tables > len(CHAPTERS)


@pytest.mark.parametrize("name", ["hidden_size", "variant", "preset", "training", "fingerprint"])
def test_a_link_with_markup_is_shown_as_it_is(name):
    for start in range(0, len(HOSTILE), 25):  # a sentence quotes a text's beginning
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
    assert at.session_state["fingerprint"] == text_hash(LONG)
    query = write_query(run_of(at).settings)
    other = visit("batches", **query)
    assert text_hash(LONG) in sentences(other)[0]
    upload(other, LONG.encode())
    assert not other.error
    assert run_of(other).settings == run_of(at).settings


def test_another_text_than_the_link_asks_for():
    at = visit("batches", fingerprint=text_hash(LONG))
    assert "This link needs the text" in sentences(at)[0]
    assert sentences(at)[0].endswith("Until then the preset's text is shown.")
    upload(at, b"another text, which is long enough for a batch")
    assert not at.error
    assert run_of(at).settings.text.startswith("another text")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            b"a\xff\xfe",
            "file must be text in UTF-8; got a byte that is not, at position 1. Save it",
        ),
        (b"", "text must be a string of 1 to 200,000 characters; got 0 characters."),
        (b"x" * 200_001, "text must be a string of 1 to 200,000 characters; got 200,001 char"),
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
    assert shown == MATH or at.session_state["fingerprint"] == text_hash(shown.text)


def test_a_run_is_computed_once_for_all_readers():
    first, second = (run_of(visit("loss", seed="11")) for _ in range(2))
    assert first is second
    assert first is kept_run(replace(START, seed=11))


def test_a_kept_run_is_counted_with_what_was_computed_on_demand(monkeypatch):
    settings = replace(START, seed=12)
    result, before = kept_run(settings), CACHE.nbytes
    added = result.trace["d_W_hz_t"].nbytes
    weigh_again(result)
    assert CACHE.nbytes == before + added
    assert kept_run(settings) is result
    with monkeypatch.context() as changed:
        changed.setattr(type(result), "nbytes", property(lambda _: BUDGET))
        weigh_again(result)
    forgotten = weakref.ref(result)
    assert kept_run(settings) is result, "while somebody holds it"
    del result
    assert forgotten() is None, "too large to be kept for nobody"


# Sentences hold under other settings.

ONLY_HERE = {
    "prediction": "All rows of the head are equal",
    "loss": "Whatever dropout does, the loss is ln V",
    "time": "All units have the same weights",
    "embedding": "an embedding of ones",
    "update": "Only the head changes",
    "gradients": "Everything below the head is exactly zero",
}


@pytest.mark.parametrize("slug", ONLY_HERE)
def test_what_is_said_of_equal_weights_is_said_of_them_alone(slug):
    sentence = ONLY_HERE[slug]
    assert sentence in notes(visit(slug, preset="linear_algebra"))
    assert sentence not in notes(visit(slug, preset="linear_algebra", updates=5))
    assert sentence not in notes(visit(slug, preset="start"))


@pytest.mark.parametrize("slug", ["prediction", "loss"])
def test_what_is_said_of_an_equal_head_is_not_said_where_all_is_dropped(slug):
    at = visit(slug, hidden_size=1, dropout=0.95, batch_size=1, context_length=1)
    assert not run_of(at).trace["mask_h"].any()
    assert ONLY_HERE[slug] not in notes(at)


def test_what_is_proposed_is_not_there_already():
    for initial, said in (("uniform", True), ("orthogonal", False)):
        at = newcomer(initial=initial)
        at.session_state["open-past"] = True
        at.switch_page(page_of("gradients")).run()
        (words,) = (m.value for m in at.markdown if m.value.startswith("Both have their initial"))
        assert ("*orthogonal*" in words) == said


@pytest.mark.parametrize("wanted", ["W_in", "b_hn", "nonsense", "<b>"])
def test_a_link_chooses_the_parameter_if_there_is_one(wanted):
    for slug, key, default in (("gradients", "weight", "W_hz"), ("update", "parameter", "W_o")):
        at = visit(slug, **{key: wanted})
        there = wanted in run_of(at).update.before
        assert at.selectbox(key=key).value == (wanted if there else default)
        assert not at.error
        at.radio(key="variant").set_value("reset_before").run()
        kept = at.selectbox(key=key).value
        assert kept == (wanted if wanted == "W_in" else default)
        assert f"new_{kept}" in run_of(at).update


def test_the_tasks_of_a_link_are_chosen():
    at = visit("gates", **{"task": "reset", "length": 40, "task-seed": 3})
    chosen = (at.radio(key="task").value, at.slider(key="length").value)
    assert (*chosen, at.number_input(key="task-seed").value) == ("reset", 40, 3)
    at.switch_page(page_of("cell")).run()
    at.switch_page(page_of("gates")).run()
    assert (at.radio(key="task").value, at.slider(key="length").value) == ("reset", 40)
    at = visit("gates", **{"task": "fly", "length": 1_000, "task-seed": "x"})
    assert not at.error
    assert (at.radio(key="task").value, at.slider(key="length").value) == ("skip", 20)


def test_a_text_of_ones_own_comes_back_after_a_look_at_another_preset():
    own = "the cat sat on the mat and the dog sat on the log"
    at = visit("cell", preset="your_text", text=own)
    at.selectbox(key="preset").set_value("math").run()
    assert run_of(at).settings == PRESETS["math"]
    at.selectbox(key="preset").set_value("your_text").run()
    assert run_of(at).settings == replace(PRESETS["your_text"], text=own)


def test_a_run_too_large_to_keep_is_computed_once_for_a_page(monkeypatch):
    computed = []

    def counted(settings, *given, **others):
        computed.append(settings)
        return run_batch(settings, *given, **others)

    monkeypatch.setattr(current_run, "run_batch", counted)
    size = {"batch_size": 32, "context_length": 35, "hidden_size": 256}
    at = visit("cell", preset="story", **size)
    assert computed == [replace(PRESETS["story"], **size)]
    assert run(computed[0]).nbytes > BUDGET // 4
    at.run()
    assert len(computed) == 2


def shown_network(at):
    return [m.value for m in at.markdown if m.value.startswith("This is the network")]


@pytest.mark.parametrize("slug", [c.slug for c in (HOME, *CHAPTERS)])
def test_a_chapter_with_a_trained_network_says_so(slug):
    assert not shown_network(visit(slug))
    found = shown_network(visit(slug, updates=5, batch_index=2))
    if slug in ("tokens", "training", "gates", "own"):  # they show no run, or say it themselves
        assert not found
    else:
        count = run_of(visit()).batch.count
        assert "**after 5 updates**" in found[0]
        assert f"on batch 2 of 0–{count - 1}." in found[0]


def test_a_drawn_batch_of_a_trained_network_is_one_of_no_number():
    (words,) = shown_network(visit("cell", updates=1, windows="random", batch_index=7))
    assert "**after 1 update**, on batch 7. For" in words


def test_the_sources_figures_stand_beside_the_sources_settings():
    for preset, words, other in (
        ("math", "epoch 1 ends at 1.3024", {"hidden_size": 8}),
        ("linear_algebra", "falls “by about 6 %”", {"learning_rate": 1.0}),
    ):
        assert words in notes(visit("update", preset=preset))
        assert words not in notes(visit("update", preset=preset, **other))
    assert "falls “by about 6 %”" in notes(visit("update", preset="linear_algebra", hidden_size=8))
    assert "1.2346" in notes(visit("dropout", preset="linear_algebra"))
    assert "1.2346" not in notes(visit("dropout", dropout=0.1))
    masks = "draws new dropout masks"
    assert masks in " ".join(m.value for m in visit("update", preset="linear_algebra").markdown)
    still = visit("update", preset="linear_algebra", training="false")
    assert masks not in " ".join(m.value for m in still.markdown)


@pytest.mark.parametrize("query", [{"training": "false"}, {"preset": "math"}])
def test_where_nothing_is_dropped_no_mask_is_drawn(query):
    at = visit("dropout", **query)
    words = notes(at) + " ".join(m.value for m in at.markdown)
    assert "independently" not in words
    assert "all of them are 1" in words


@pytest.mark.parametrize("windows", ["in_order", "sequential", "random"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_right_batch_is_proved_right(windows, batch_size):
    at = visit("batches", windows=windows, batch_size=batch_size, context_length=5)
    (line,) = (c.value for c in at.caption if "**Checked" in c.value)
    assert "rows whose targets are not what comes next: **0** from" in line


def test_a_wrong_batch_is_found():
    result = run(replace(PRESETS["start"], windows="sequential", batch_size=4))
    wrong = result.batch.targets.copy()
    for count, place in ((1, (2, -1)), (2, (0, 3))):
        wrong[place] += 1
        changed = replace(result, batch=replace(result.batch, targets=wrong.copy()))
        assert verify(changed, ["batches"])[0].difference == count


def test_tokens_and_characters_are_counted_alike():
    for preset, ratio in (("story", 1), ("math", 1)):
        at = visit("tokens", preset=preset)
        counts = {m.label: int(m.value.replace(",", "")) for m in at.metric}
        assert counts["characters"] == ratio * counts["tokens"]
    at = visit("tokens")
    at.slider(key="merge").set_value(0).run()
    (line,) = (c.value for c in at.caption if c.value.startswith("after: "))
    tokens, characters, vocabulary = map(int, re.findall(r"\d+", line))
    assert tokens == characters
    most = len(tokenize(PRESETS["start"])[0].merges)
    assert vocabulary == len(tokenize(PRESETS["start"])[0]) - most


# Edits.

EDIT = "W_hz.0.1:0.5;z.*.*.2:1;h.0.3.*:0.25;ids.0.2:5;learning_rate:0.5"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.slug)
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_every_chapter_shows_the_edited_run(chapter, variant):
    at = visit(chapter.slug, edit=EDIT, variant=variant)
    assert not at.error
    result = run_of(at)
    assert set(result.edits) == {"W_hz", "z", "h", "ids", "learning_rate"}
    wanted = run(replace(START, variant=variant), edits=edits_from_link({"edit": EDIT}))
    assert result.trace["loss"] == wanted.trace["loss"] != run(START).trace["loss"]
    lines = [m.value for m in at.markdown if m.value.startswith("**What if:**")]
    assert len(lines) == (not chapter.scene), "a stage has a bar of its own"
    for line in lines:
        assert "`W_hz[0,1]` changed to 0.5 · `z[*,*,2]` held at 1" in line
        assert "`h[0,3,*]` held at 0.25" in line
    proof = [c.value for c in at.caption if c.value.startswith("**Proof")]
    assert not any("not checked" in text for text in proof)
    for found in re.findall(r"\*\*(\d\.\de[-+]\d+|\d+)\*\* from", " ".join(proof)):
        assert float(found) < 1e-10, proof


@pytest.mark.parametrize("slug", sorted(STAGED))
def test_a_stage_has_the_run_and_its_edits(slug):
    at = visit(slug, edit=EDIT)
    assert run_of(at).edits
    assert stage(at).data["edit"] == EDIT
    assert stage(at).named()
    # the browser makes the edits
    assert_sent_as_computed(stage(at), run(START))


def test_a_stage_of_a_large_run_makes_the_edits_itself():
    at = visit("cell", preset="story", hidden_size="128", edit="W_hz.0.1:0.5")
    assert run_of(at).edits
    assert json.loads(stage(at).data["checked"])["edit"] == "W_hz.0.1:0.5"
    assert_sent_as_computed(stage(at), run(replace(PRESETS["story"], hidden_size=128)))


def test_what_is_edited_on_the_stage_is_shown_around_it():
    at = say(visit("cell"), "edit", "W_hz.0.1:0.5;z.0.2.1:1")
    assert set(run_of(at).edits) == {"W_hz", "z"}
    assert stage(at).data["edit"] == at.text_input(key="edit").value == "W_hz.0.1:0.5;z.0.2.1:1"
    assert not run_of(say(at, "edit", "")).edits
    for nonsense in (None, 5, ["z:1"], "z" * 5_000):
        assert not run_of(say(at, "edit", nonsense)).edits


def test_all_edits_are_taken_back_at_once():
    at = visit("batches", edit="z:1")
    assert (run_of(at).trace["z"] == 1).all()
    at.button(key="reset-edits").click().run()
    assert not run_of(at).edits
    assert "edit" not in at.query_params
    assert not [b for b in at.button if b.key == "reset-edits"]


def test_edits_stay_from_chapter_to_chapter_and_go_with_a_preset():
    at = visit("cell", edit="z.0.2.1:1")
    at.switch_page(page_of("loss")).run()
    assert set(run_of(at).edits) == {"z"}
    at.selectbox(key="preset").set_value("math").run()
    assert not run_of(at).edits


def test_edits_can_be_written_in_the_sidebar():
    at = visit("cell")
    at.text_input(key="edit").set_value("z.*.*.2:1;nonsense").run()
    assert set(run_of(at).edits) == {"z"}
    assert [e.value for e in at.error]
    at.text_input(key="edit").set_value("").run()
    assert not run_of(at).edits
    assert not at.error


@pytest.mark.parametrize(
    ("edit", "left"),
    [
        ("zz:1", ()),
        ("z.0.0.99:1", ()),
        ("ids.0.0:1e6", ()),
        ("<b>z</b>:1;n:0.5", ("n",)),
        ("z:nan;n:0.5", ("n",)),
        ("z.0.0.0:1;" * 500, ()),
    ],
)
def test_edits_that_can_not_be_are_a_sentence_and_the_settings_work(edit, left):
    at = visit("cell", edit=edit, hidden_size="3")
    assert len(at.error) == 1
    result = run_of(at)
    assert result.settings.hidden_size == 3
    assert set(result.edits) == set(left)


def test_open_any_number_says_what_was_changed_or_is_held():
    at = visit("cell", edit="z.0.0.0:1", **{"open-number": "true"})
    at.selectbox(key="open-first pass").set_value("z").run()
    assert any("held at 1.0000; by itself" in c.value for c in at.code)


# Take it away.


def downloads(at):
    return [b.proto.label for b in at.get("download_button") if b.proto.label != "Download as CSV"]


def test_a_small_run_can_be_taken_away_in_every_form():
    at = visit("cell", preset="math", edit="z.0.0.0:1")
    files = ["This page (.html)", "Notebook (.ipynb)", "Spreadsheet (.xlsx)", "Equations (.tex)"]
    assert downloads(at) == [*files, "Worksheet", "Key", "Answers (CSV)"]
    at.multiselect(key="worksheet-equations").set_value([]).run()
    assert downloads(at) == files
    assert "equations must be one or more" in " ".join(sentences_of(at))
    at = visit("cell", preset="math", updates="2")
    assert downloads(at) == files


def test_a_page_is_taken_away_at_the_present_place(monkeypatch):
    made = {}
    keep = lambda label, name, mime, make: made.update({label: make})  # noqa: E731
    monkeypatch.setattr(export_panel, "download", keep)
    query = {"t": "2", "sequence": "1", "digits": "4", "cell": "d_h:1,2,0", "present": "true"}
    visit("gradients", preset="math", weight="W_in", edit="z.0.0.0:1", **query)
    page = made["This page (.html)"]().decode()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    wanted = {"t": "2", "sequence": "1", "digits": "4", "cell": "d_h:1,2,0", "weight": "W_in"}
    assert {k: v for k, v in parse_qsl(data["query"]) if not k.startswith("open_")} == wanted
    assert data["edit"] == "z.0.0.0:1"
    shown = {
        r["name"]
        for lane in json.loads(data["meta"])["scene"]
        for b in lane["bands"]
        for r in b["rows"]
    }
    assert "d_W_in" in shown


def sentences_of(at):
    return [re.sub(r"\\(.)", r"\1", c.value) for c in at.caption]


def test_a_large_run_says_why_it_can_not_be_taken_away():
    at = visit("cell", preset="story")
    assert downloads(at) == ["This page (.html)", "Notebook (.ipynb)", "Equations (.tex)"]
    said = " ".join(sentences_of(at))
    assert re.search(r"The run has [\d,]+ numbers; a spreadsheet takes at most 20,000", said)
    assert "too large to compute by hand" in said


# The way on.


def test_every_chapter_but_the_last_leads_to_the_next():
    for chapter, following in pairwise(CHAPTERS):
        links = [link.proto.label for link in visit(chapter.slug).get("page_link")]
        assert links[-1] == f"Next: **{following.title}** → {following.question}"
        assert sum("Next:" in link for link in links) == 1
    assert not visit(CHAPTERS[-1].slug).get("page_link")


# The answer first.


def test_the_largest_gradient_is_named_first():
    at = visit("gradients")
    trace = run_of(at).trace
    norms = {n: np.linalg.norm(trace[f"d_{n}"]) for n in run_of(at).update.before}
    largest = max(norms, key=norms.get)
    lengths = np.sqrt((trace[f"d_{largest}_t"] ** 2).sum((1, 2)))
    (said,) = [m.value for m in at.markdown if m.value.startswith("The largest gradient")]
    assert f"`{largest}`" in said
    assert f"**{norms[largest]:.4f}**" in said
    assert f"time step {lengths.argmax()}" in said
    assert f"{lengths.max():.4f}" in said


def test_the_parameters_are_listed_by_their_gradients():
    table = visit("update").dataframe[0].value
    assert table["‖gradient‖"].is_monotonic_decreasing


def test_a_chosen_parameter_goes_along_to_other_chapters():
    at = visit("update")
    at.selectbox(key="parameter").set_value("W_ir").run()
    at.switch_page(page_of("gradients")).run()
    assert at.selectbox(key="weight").value == "W_ir"
    at.selectbox(key="weight").set_value("W_hz").run()
    at.switch_page(page_of("update")).run()
    assert at.selectbox(key="parameter").value == "W_hz"


def test_one_button_leads_back_to_the_presets_values():
    at = visit("cell", preset="math", hidden_size="5", variant="reset_after", edit="z:1")
    assert run_of(at).settings.hidden_size == 5
    at.button(key="back-to-preset").click().run()
    assert run_of(at).settings == PRESETS["math"]
    assert not run_of(at).edits


def test_a_place_that_is_not_there_is_the_first():
    at = visit("cell", sequence="7", t="99")
    assert json.loads(stage(at).data["place"]) == {"sequence": 0, "t": 0}


def styles(block):
    """What is written as HTML anywhere, styles too."""
    if getattr(block, "type", "") == "html":
        yield block.proto.body
    for child in getattr(block, "children", {}).values():
        yield from styles(child)


def test_a_setting_is_found_by_its_words_and_none_is_forgotten():
    at = visit("cell", seed="7", dropout="0.3")
    for wanted, shown, hidden in (
        ("dropout", "dropout_kind", "merges"),
        ("BYTE-pair", "tokenizer", "dropout"),
        ("gate variant", "variant", "batch_size"),
    ):
        at.text_input(key="find-setting").set_value(wanted).run()
        (style,) = (text for text in styles(at._tree) if ".st-key-input" in text)
        keys = set(re.findall(r"\.st-key-(\w+)", style))
        assert hidden in keys
        assert shown not in keys
        assert run_of(at).settings == replace(START, seed=7, dropout=0.3)
    at.text_input(key="find-setting").set_value("</style><b>").run()
    assert any("No setting says that" in c.value for c in at.caption)
    assert not any("<b>" in text for text in styles(at._tree))
