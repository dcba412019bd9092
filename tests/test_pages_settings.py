"""Settings from links, presets and widgets, and what a page says of those that can not be."""

from dataclasses import fields, replace

import pytest
from app_pages import DRAWN, MATH, START, ask, at_place, figures, page_of, run_of, sentences, visit
from test_payload import STAGED

from explainer import PRESETS, Settings
from explainer.stage.chapters import CHAPTERS, HOME
from explainer.url import read_query, write_query

pytestmark = pytest.mark.page


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
