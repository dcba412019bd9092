"""The settings that are folded at first, and what a user does to all of them."""

from __future__ import annotations

from dataclasses import Field, dataclass
from typing import Any

import streamlit as st

from explainer.app.address import BOUND
from explainer.app.session import session
from explainer.app.uploaded_numbers import uploaded_numbers
from explainer.app.uploaded_text import uploaded_text
from explainer.errors import ExplainerError
from explainer.presets import PRESETS
from explainer.settings import Settings
from explainer.url import SETTINGS, TEXT_IN_LINK, query_value
from explainer.url_edits import EDITS_IN_LINK, parse_edits, write_edits

MOST_BUTTONS = 4
"""A choice between more is a list that unfolds."""
MORE = {
    "Text": (
        *("tokenizer", "merges", "ties", "count_overlaps", "min_frequency"),
        *("normalization", "alphabet", "end_of_text", "unknown_token"),
    ),
    "Batches": (
        *("batch_size", "context_length", "batch_index", "windows", "carry_state"),
        *("lengths", "answers"),
    ),
    "Network": (
        *("input", "embedding_size", "variant", "gate_activation", "candidate_activation"),
        *("initial", "seed", "head_bias", "precision"),
    ),
    "Dropout": ("dropout", "dropout_kind", "training", "redraw_masks"),
    "Updates": ("clip_norm", "updates"),
}


@dataclass(frozen=True)
class MoreSettings:
    """What stands under *More settings*.

    Attributes:
        values: of settings, by name.
        uploaded: a longer text; empty where there is none.
        edit: what is changed and held, as in an address.
        problems: what is wrong with any of them.
    """

    values: dict[str, Any]
    uploaded: str
    edit: str
    problems: list[ExplainerError]


def more_settings(preset: str) -> MoreSettings:
    """Draw the settings that are folded at first."""
    base = PRESETS[preset]
    values: dict[str, Any] = {}
    problems = []
    if preset != "your_text":
        values["text"] = text_area(base, preset)
    uploaded, problem = uploaded_text(changed)
    if problem:
        # the text of *Your text* stands above
        written = values["text"] if "text" in values else st.session_state.get("text")
        shown = "shorter text" if written else "preset's text"
        problems.append(problem.also(f"Until then the {shown} is shown."))
    values["values"], wrong = uploaded_numbers(changed)
    problems += [error.also("Until then the text is shown.") for error in wrong]
    st.button(
        "Undo all my settings",
        key="back-to-preset",
        on_click=apply_preset,
        help="Every setting gets the value that it has in the chosen preset.",
        width="stretch",
    )
    found = find_settings()
    for group, names in MORE.items():
        if found.intersection(names):
            st.markdown(f"**{group}**")
        for name in names:
            values[name] = setting_widget(SETTINGS[name], getattr(base, name))
    edit, wrong = edit_input()
    return MoreSettings(values, uploaded, edit, [*problems, *wrong])


def find_settings() -> set[str]:
    """Let the user look for settings; return those whose words have what was written.

    The others are only hidden: a widget that is not drawn forgets its value.
    """
    wanted = st.text_input("Find a setting", key="find-setting", placeholder="dropout, seed …")
    words = wanted.casefold().split()
    names = {name for group in MORE.values() for name in group}
    found = {n for n in names if all(word in setting_words(n) for word in words)}
    if wanted and not found:
        st.caption("No setting says that. An empty field shows all of them.")
    if others := sorted(names - found):
        hidden = ", ".join(f'[data-testid="stSidebar"] .st-key-{name}' for name in others)
        st.html(f"<style>{hidden} {{ display: none }}</style>")
    return found


def setting_words(name: str) -> str:
    """Return all that is said of a setting, in lower case."""
    meta = SETTINGS[name].metadata
    options = [word for pair in meta.get("options", {}).items() for word in pair]
    group = next(group for group, names in MORE.items() if name in names)
    return " ".join([name, group, meta["label"], meta.get("help") or "", *options]).casefold()


def setting_widget(f: Field[Any], default: Any) -> Any:
    """Draw a setting as its kind asks for."""
    meta = f.metadata
    common: dict[str, Any] = {"key": f.name, "bind": BOUND, "on_change": changed}
    common["help"] = meta.get("help")
    if "options" in meta:
        names, words = zip(*meta["options"].items(), strict=True)
        # the option itself stands in the link, so its words are a caption
        if len(names) > MOST_BUTTONS:
            chosen = st.selectbox(meta["label"], names, names.index(default), **common)
            st.caption(meta["options"][chosen])
            return chosen
        return st.radio(meta["label"], names, names.index(default), captions=words, **common)
    if meta["kind"] is bool:
        return st.toggle(meta["label"], default, **common)
    if meta["kind"] is tuple:
        written = query_value(default)
        return st.text_input(meta["label"], written, placeholder="8, 5", **common)
    if meta["kind"] is str:
        return st.text_input(meta["label"], default, max_chars=meta["high"], **common)
    step = 1 if meta["kind"] is int else 0.05 if meta["high"] < 1 else 0.5
    number = {"step": step, "format": "%d" if meta["kind"] is int else "%.3g", **common}
    if meta.get("optional"):  # an empty field could not be told from the preset's in a link
        label = f"{meta['label']} (0: off)"
        return st.number_input(label, 0.0, meta["high"], default or 0.0, **number) or None
    return st.number_input(meta["label"], meta["low"], meta["high"], default, **number)


def changed() -> None:
    """Forget what was wrong with the first link: the user has taken over."""
    session().link_problems = []


def apply_preset() -> None:
    """Set every widget to the chosen preset's value."""
    changed()
    preset = st.session_state.get("preset", "start")
    base = PRESETS[preset]
    for name in SETTINGS:
        if name not in ("text", "values"):
            value = getattr(base, name)
            shown = query_value(value) if isinstance(value, tuple) else value
            st.session_state[name] = 0.0 if value is None else shown
    own = session()
    own.uploads += 1
    st.session_state["text"] = (own.own_text or base.text) if preset == "your_text" else ""
    st.session_state["fingerprint"] = st.session_state["values"] = ""
    st.session_state["edit"] = ""


def edit_input() -> tuple[str, list[ExplainerError]]:
    """Draw the field for edits; return those that can be read, and what is wrong with others."""
    st.markdown("**What if**")
    written = st.text_input(
        "Numbers changed or held",
        key="edit",
        max_chars=EDITS_IN_LINK,
        bind=BOUND,
        on_change=changed,
        placeholder="W_hz.0.1:0.5;z.*.*.2:1",
        help="A name, an index (`*` for all of an axis), a colon and a number; semicolons between "
        "several. Given numbers are changed, computed ones held.",
    )
    edits, problems = parse_edits(written or "")
    return write_edits(edits), problems


def text_area(base: Settings, preset: str) -> str:
    """Draw the field for a text of the user's own."""
    written = st.text_area(
        "Your text" if preset == "your_text" else "Another text (empty: the preset's)",
        base.text if preset == "your_text" else "",
        key="text",
        max_chars=TEXT_IN_LINK,
        bind=BOUND,
        on_change=changed,
        height=120,
    )
    # a browser leaves out, without a word, what a field has no room for
    where = "under *More settings*" if preset == "your_text" else "below"
    st.caption(
        f"A paste of more than {TEXT_IN_LINK:,} characters is not accepted: upload it {where}."
    )
    if preset == "your_text":  # comes back with it after a look at another preset
        session().own_text = written or base.text
    return written or ""
