"""Pages run without a browser: a reader who opens a link, and what is on the page."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest
from test_payload import Sent

from explainer import PRESETS
from explainer.app.current_run import kept_run

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


# A text that is too long for a link.

LONG = "It was a dark and stormy night; " * 100


def upload(at, data, name="text.txt"):
    return at.file_uploader(key="upload").set_value((name, data, "text/plain")).run()
