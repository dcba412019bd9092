"""The settings in the sidebar; every widget is bound to the address, so a link says it all."""

from __future__ import annotations

from dataclasses import Field, replace
from typing import Any

import streamlit as st

from explainer.app.address import BOUND, unfolding
from explainer.app.drawn_before import draw_or_repeat
from explainer.app.more_settings import apply_preset, changed, more_settings, text_area
from explainer.app.session import session
from explainer.errors import ExplainerError, InvalidValueError
from explainer.presets import PRESETS
from explainer.settings import Settings
from explainer.url import SETTINGS, query_value, read_field, read_query
from explainer.url_edits import parse_edits, write_edits

PRESET_WORDS = {
    "start": "A first look: a short text, a small network, random weights.",
    "math": "The tutorial *GRUs explained with matrices*, number for number.",
    "linear_algebra": "The notebook *RNN GRU Explainer*, number for number.",
    "story": "A longer text and a network that learns it, scaled down to fit the screen.",
    "your_text": "A text of your own.",
}
LADDERS: dict[str, tuple[float, ...]] = {
    "hidden_size": (
        *range(1, 17),
        20,
        24,
        28,
        32,
        40,
        48,
        56,
        64,
        80,
        96,
        112,
        128,
        192,
        256,
        384,
        512,
    ),
    "learning_rate": (
        *(float(f"{m}e{e}") for e in range(-4, 2) for m in (1, 2, 5)),
        100.0,
    ),
}
"""Steps of the two sliders; a value from a link is added to them."""


def sidebar() -> tuple[Settings, str, list[str]]:
    """Draw all settings and the edits.

    Returns:
        The settings, the edits as in an address, and a sentence for each that could not be used.
    """
    problems = first_link()
    with st.sidebar:
        preset = st.selectbox(
            "Preset",
            list(PRESETS),
            key="preset",
            bind=BOUND,
            on_change=apply_preset,
        )
        st.caption(PRESET_WORDS[preset])
        base = PRESETS[preset]
        values: dict[str, Any] = {}
        if preset == "your_text":
            values["text"] = text_area(base, preset)
        for name in LADDERS:
            values[name] = slider(SETTINGS[name], getattr(base, name))
        part, about = unfolding("open-settings"), (preset, session().uploads)
        more = draw_or_repeat("settings", part, about, lambda: more_settings(preset))
    problems += more.problems
    values = {**more.values, **values}
    values["text"] = more.uploaded or values["text"] or base.text
    try:
        settings = replace(base, **values)
    except InvalidValueError as error:
        settings = own[0] if (own := session().last_good) else base
        if error.field not in {problem.field for problem in problems}:
            shown = "last settings that worked" if own else "preset's values"
            problems.append(error.also(f"The {shown} are shown."))
    return settings, more.edit, list(map(str, problems))


def first_link() -> list[ExplainerError]:
    """Return what is wrong with the link that opened the app, as long as nothing was changed."""
    own = session()
    if own.link_problems is None:
        query = st.query_params.to_dict()
        _, own.link_problems = read_query(
            {n: value for n, value in query.items() if n not in ("fingerprint", "values")}
        )
        for name in LADDERS:
            own.steps[name] = []
        # widgets read the link themselves, and fail on what they can't read or spell otherwise
        clean = {n: value for n, value in query.items() if n not in SETTINGS or n == "values"}
        if clean.get("preset", "start") not in PRESETS:
            del clean["preset"]
        for name in SETTINGS.keys() & query.keys() - {"values"}:
            try:
                value = read_field(SETTINGS[name], query[name])
            except InvalidValueError:
                continue
            clean[name] = query_value(value)
            if name in LADDERS:
                own.steps[name].append(value)
        edits, wrong = parse_edits(query.get("edit", ""))
        if wrong:
            own.link_problems += wrong
            clean["edit"] = write_edits(edits)
        if clean != query:
            st.query_params.from_dict(clean)
            st.rerun()
    return list(own.link_problems)


def slider(f: Field[Any], default: float) -> float:
    """Draw one of the two sliders."""
    # steps that once were there stay, or moving the slider would make it a new one
    extra = session().steps[f.name]
    now = st.session_state.get(f.name, default)
    for value in (default, now):
        if value not in extra and value not in LADDERS[f.name]:
            extra.append(value)
    options = sorted({*LADDERS[f.name], *extra})
    options = [v for v in options if f.metadata["low"] <= v <= f.metadata["high"]]
    chosen: float = st.select_slider(
        f.metadata["label"], options, default, key=f.name, bind=BOUND, on_change=changed,
        format_func=query_value, help=f.metadata["help"],
    )  # fmt: skip
    return chosen
