"""Links: those that were shared before still mean the same, and what is written is read back."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_settings

from explainer import PRESETS, Settings, from_link, to_link
from explainer.analysis.task_data import LENGTHS
from explainer.analysis.tasks import TASKS
from explainer.url import SETTINGS, VIEW, read_view, view_from_link, view_table
from explainer.url_edits import EDITS_IN_LINK
from explainer.view_state import ViewState

SHARED = {
    "/": ("start", {}, {}),
    "/cell?t=3": ("start", {}, {"t": 3}),
    "/cell?t=3&cell=h:0,3,1": ("start", {}, {"t": 3, "cell": "h:0,3,1"}),
    "/cell?t=3&cell=h%3A0%2C3%2C1": ("start", {}, {"t": 3, "cell": "h:0,3,1"}),
    "/cell?t=3&equation=h": ("start", {}, {"t": 3, "equation": "h"}),
    "/cell?t=3&updates=200": ("start", {"updates": 200}, {"t": 3}),
    "/cell?preset=math&t=1": ("math", {}, {"t": 1}),
    "/cell?convention=true&digits=4&range=run": (
        "start",
        {},
        {"convention": True, "digits": "4", "range": "run"},
    ),
    "/time?preset=story&sequence=3&digits=full": (
        "story",
        {},
        {"sequence": 3, "digits": "full"},
    ),
    "/loss?preset=story&cell=loss:": ("story", {}, {"cell": "loss:"}),
    "/cell?preset=story&learning_rate=1000&clip_norm=0&updates=5": (
        "story",
        {"learning_rate": 1000.0, "clip_norm": None, "updates": 5},
        {},
    ),
    "/cell?preset=story&batch_size=1&context_length=4096&hidden_size=256"
    "&input=embedding&embedding_size=256": (
        "story",
        {
            "batch_size": 1,
            "context_length": 4096,
            "hidden_size": 256,
            "input": "embedding",
            "embedding_size": 256,
        },
        {},
    ),
    "/prediction?learning_rate=100&hidden_size=128&initial=normal&updates=2": (
        "start",
        {"learning_rate": 100.0, "hidden_size": 128, "initial": "normal", "updates": 2},
        {},
    ),
    "/gradients?preset=story&batch_size=1&context_length=700&hidden_size=256": (
        "story",
        {"batch_size": 1, "context_length": 700, "hidden_size": 256},
        {},
    ),
    "/gradients?weight=W_in&t=7": ("start", {}, {"weight": "W_in", "t": 7}),
    "/update?parameter=b_hn&preset=linear_algebra": (
        "linear_algebra",
        {},
        {"parameter": "b_hn"},
    ),
    "/gates?task=reset&length=40&task-seed=3": (
        "start",
        {},
        {"task": "reset", "length": 40, "task_seed": 3},
    ),
    "/gates?example=5": ("start", {}, {"example": 5}),
    "/cell?fingerprint=&edit=": ("start", {}, {}),
    "/tokens?preset=your_text": ("your_text", {}, {}),
    "/batches?preset=your_text&text=a%2Bb%2520c%26d%3De%23f%3Bg+and+more": (
        "your_text",
        {"text": "a+b%20c&d=e#f;g and more"},
        {},
    ),
    "/batches?text=one%0Atwo%0A%09three&merges=2": (
        "start",
        {"text": "one\ntwo\n\tthree", "merges": 2},
        {},
    ),
    "/tokens?tokenizer=characters&normalization=letters&alphabet=tah&end_of_text=false": (
        "start",
        {
            "tokenizer": "characters",
            "normalization": "letters",
            "alphabet": "tah",
            "end_of_text": False,
        },
        {},
    ),
    "/batches?windows=sequential&batch_index=2&unknown_token=true": (
        "start",
        {"windows": "sequential", "batch_index": 2, "unknown_token": True},
        {},
    ),
    "/batches?hidden_size=%2B3&learning_rate=15e-1&dropout=2e-1&seed=007": (
        "start",
        {"hidden_size": 3, "learning_rate": 1.5, "dropout": 0.2, "seed": 7},
        {},
    ),
    "/dropout?dropout=0.5&dropout_kind=locked&redraw_masks=true": (
        "start",
        {"dropout": 0.5, "dropout_kind": "locked", "redraw_masks": True},
        {},
    ),
    "/dropout?preset=linear_algebra&dropout=0&training=false": (
        "linear_algebra",
        {"dropout": 0.0, "training": False},
        {},
    ),
    "/cell?preset=math&seed=5&clip_norm=0.5&carry_state=false": (
        "math",
        {"seed": 5, "clip_norm": 0.5, "carry_state": False},
        {},
    ),
    "/cell?variant=reset_before&input=one_hot&head_bias=true&initial=orthogonal": (
        "start",
        {
            "variant": "reset_before",
            "input": "one_hot",
            "head_bias": True,
            "initial": "orthogonal",
        },
        {},
    ),
    "http://localhost:8501/embedding?preset=start&hidden_size=23#top": (
        "start",
        {"hidden_size": 23},
        {},
    ),
    "preset=math&hidden_size=8&t=2": ("math", {"hidden_size": 8}, {"t": 2}),
    "/cell?embed=true&utm_source=course&seed=2": ("start", {"seed": 2}, {}),
}
"""Links as they were shared, and what they meant: preset, settings, view state."""


@pytest.mark.parametrize("link", SHARED)
def test_a_link_that_was_shared_means_the_same(link):
    preset, settings, view = SHARED[link]
    assert from_link(link) == replace(PRESETS[preset], **settings)
    assert view_from_link(link) == ViewState(**view)


@st.composite
def views(draw):
    """Any place to look at."""
    values = {}
    for f in fields(ViewState):
        meta = f.metadata
        if "options" in meta:
            drawn = st.sampled_from(list(meta["options"]))
        elif meta["kind"] is bool:
            drawn = st.booleans()
        elif meta["kind"] is str:
            cells = st.sampled_from(["", "h:0,3,1", "loss:", "W_hz:3,2"])
            drawn = cells if f.name == "cell" else st.text(max_size=12)
        elif meta["kind"] is int:
            drawn = st.integers(meta["low"], meta["high"])
        else:
            drawn = st.floats(meta["low"], meta["high"])
        values[f.name] = draw(drawn | st.just(f.default))
    return ViewState(**values)


@given(settings=any_settings(), view=views(), chapter=st.sampled_from(["", "cell", "update"]))
def test_a_link_gives_settings_and_view_back(settings, view, chapter):
    link = to_link(settings, chapter, view)
    assert link.partition("?")[0] == f"/{chapter}"
    assert from_link(link, settings.text if "fingerprint=" in link else None) == settings
    assert view_from_link(link) == view


def test_a_default_leaves_the_link_clean():
    assert to_link(PRESETS["start"]) == "/"
    assert to_link(PRESETS["math"], "cell", ViewState(t=3)) == "/cell?preset=math&t=3"
    view = ViewState(cell="h:0,3,1", open_number=True)
    assert to_link(PRESETS["start"], "cell", view) == "/cell?cell=h:0,3,1&open-number=true"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("t", "-1"),
        ("t", "three"),
        ("sequence", "9" * 400),
        ("range", "all"),
        ("convention", "yes"),
        ("cell", "h"),
        ("cell", "<b>:0"),
        ("temperature", "nan"),
        ("prefix", "x" * 201),
        ("open-number", "1"),
    ],
)
def test_a_part_that_cannot_be_used_is_named_and_the_rest_works(name, value):
    view, problems = read_view({name: value, "strip": "h"})
    assert view == ViewState(strip="h")
    assert [p.field for p in problems] == [VIEW[name].name]
    with pytest.raises(ValueError, match=VIEW[name].name):
        view_from_link({name: value})


def test_zero_is_a_place_and_nothing_is_the_default():
    assert view_from_link("target=0&merge=0") == ViewState(target=0, merge=0)
    assert view_from_link("target=&merge=") == ViewState()


@pytest.mark.parametrize("chapter", ["cell/x", "?", 3, None])
def test_a_chapter_is_a_slug(chapter):
    with pytest.raises(
        ValueError, match=r"chapter must be the slug of a page, such as 'cell'; got"
    ):
        to_link(PRESETS["start"], chapter)


def test_a_name_of_the_address_means_one_thing():
    assert not {"preset", "fingerprint", "edit", *SETTINGS} & VIEW.keys()
    assert "edit" not in SETTINGS
    assert list(SETTINGS) == [f.name for f in fields(Settings)]


def test_the_table_says_what_the_tasks_have():
    length = VIEW["length"].metadata
    assert (length["low"], length["high"]) == LENGTHS
    assert list(VIEW["task"].metadata["options"]) == list(TASKS)


def test_javascript_is_given_the_table():
    table = view_table()
    assert table.keys() == VIEW.keys() | {"edit"}
    assert table["edit"] == {"default": "", "kind": "str", "high": EDITS_IN_LINK}
    assert table["t"] == {"default": 0, "kind": "int", "low": 0, "high": 199_999}
    options = ["matrix", "time", "run"]
    assert table["range"] == {"default": "time", "kind": "str", "options": options}
    assert table["convention"] == {"default": False, "kind": "bool"}


def test_a_link_takes_only_the_text_that_it_was_written_for():
    settings = replace(PRESETS["start"], text="lorem ipsum " * 400)
    link = to_link(settings)
    assert from_link(link, settings.text) == settings
    with pytest.raises(ValueError, match="needs the text with the fingerprint"):
        from_link(link, settings.text + "!")
