"""Every setting, changed on every page: no red box that the settings don't explain."""

import pytest
from app_pages import PARTS, newcomer, page_of, sentences

from explainer.batches import batch
from explainer.errors import InvalidValueError
from explainer.presets import PRESETS
from explainer.settings import Settings
from explainer.stage.chapters import CHAPTERS, HOME
from explainer.url import SETTINGS

pytestmark = [pytest.mark.page, pytest.mark.long]
KINDS = ("radio", "selectbox", "toggle", "select_slider", "slider", "number_input", "text_input")
FIXED = {
    "text": "Another text, which is long enough for every batch that is made of it. " * 4,
    "prefix": "A",
    "try-text": "a b",
    "edit": "z.0.0.0:1",
    "alphabet": "zyx",
    "lengths": "1, 2",
    "find-setting": "dropout",
}
"""What is written into fields of text."""
OPEN = ("cell", "gradients", "update")
"""Pages on which everything is unfolded."""


def other(widget):
    """Another value that a widget allows: the next option, or the next number."""
    if widget.key in FIXED:
        return FIXED[widget.key]
    if options := getattr(widget, "options", None):
        values = [widget.format_func(o) if hasattr(widget, "format_func") else o for o in options]
        at = values.index(widget.value) if widget.value in values else 0
        return options[(at + 1) % len(options)]
    if isinstance(widget.value, bool):
        return not widget.value
    step = widget.step or 1
    return widget.value + (step if widget.value + step <= widget.max else -step)


def widgets(at):
    """Every widget that can be changed, by kind and key."""
    return [
        (kind, widget.key)
        for kind in KINDS
        for widget in at.get(kind)
        if widget.key and not widget.disabled
    ]


def explained(at):
    """What is wrong with the settings that the widgets have, by themselves."""
    state = at.session_state
    base = PRESETS[state["preset"]]
    values = {name: state[name] for name in SETTINGS}
    values["text"] = values["text"] or base.text
    values["clip_norm"] = values["clip_norm"] or None
    values["values"] = None
    values["lengths"] = tuple(map(int, filter(None, state["lengths"].split(","))))
    try:
        batch(Settings(**values))
    except InvalidValueError as error:
        return [str(error)]
    return []


@pytest.mark.parametrize("slug", [c.slug for c in (HOME, *CHAPTERS)])
def test_no_setting_breaks_a_page(slug):
    at = newcomer()
    for part in PARTS:
        at.session_state[part] = slug in OPEN
    at.switch_page(page_of(slug)).run()
    changed = set()

    def change(kind, key, value=None):
        (widget,) = (w for w in at.get(kind) if w.key == key)
        widget.set_value(other(widget) if value is None else value).run()
        changed.add(key)
        assert not at.exception, (key, at.exception[0].value)
        said, expected = sentences(at), explained(at)
        assert len(said) == len(expected), (key, at.session_state[key], said)
        assert all(s.startswith(e) for s, e in zip(said, expected, strict=True)), (key, said)

    for kind, key in widgets(at):
        if key != "preset" and any(w.key == key for w in at.get(kind)):
            change(kind, key)
    change("text_area", "text", FIXED["text"])
    for preset in (*PRESETS, "start"):
        change("selectbox", "preset", preset)
    assert changed >= {*SETTINGS, "preset"} - {"values"}  # that says what was uploaded
