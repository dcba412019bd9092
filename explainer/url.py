"""The table of the address, and links: settings and view state as a query, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from explainer.errors import (
    ExplainerError,
    InvalidValueError,
    WrongTypeError,
    must_be,
    names_of,
    shorten,
)
from explainer.fingerprints import missing_numbers, missing_text, text_hash
from explainer.number_table import NumberTable
from explainer.presets import PRESETS
from explainer.setting_fields import check_field
from explainer.settings import Settings, must_be_settings
from explainer.url_edits import EDITS_IN_LINK, Places, parse_edits, write_edits
from explainer.view_state import ViewState

TEXT_IN_LINK = 2_000
"""Longest text, in characters, that a link carries; of a longer one it carries the fingerprint."""


SETTINGS: Mapping[str, Field[Any]] = {f.name: f for f in fields(Settings)}
"""Every setting by its name in an address, with default and range."""
VIEW: Mapping[str, Field[Any]] = {f.name.replace("_", "-"): f for f in fields(ViewState)}
"""Every part of the view state by its name in an address."""


def write_query(settings: Settings, base: Settings | None = None) -> dict[str, str]:
    """Return what a link must say: the preset, and every choice that differs from it.

    Args:
        settings: what the link shows.
        base: the preset to start from; None takes the one that leaves least to say.

    Raises:
        ValueError: `base` is not a preset.
    """
    candidates = [n for n, p in PRESETS.items() if base is None or p == base]
    if not candidates:
        raise InvalidValueError("base", "None or a preset, such as PRESETS['math']", shorten(base))

    def differs(name: str) -> list[Field[Any]]:
        return [
            f
            for f in fields(settings)
            if getattr(settings, f.name) != getattr(PRESETS[name], f.name)
        ]

    preset = min(candidates, key=lambda name: len(differs(name)))
    query = {} if preset == "start" else {"preset": preset}
    for f in differs(preset):
        value = getattr(settings, f.name)
        if f.name == "values":
            query["values"] = value.fingerprint if value else ""
        elif f.name == "text" and settings.values is not None:
            continue
        elif f.name == "text" and len(value) > TEXT_IN_LINK:
            query["fingerprint"] = text_hash(value)
        else:
            query[f.name] = query_value(value)
    return query


def read_query(
    query: Mapping[str, str], text: str | None = None, values: NumberTable | None = None
) -> tuple[Settings, list[ExplainerError]]:
    """Return the settings of a link, and an error for each part that could not be used.

    Raises:
        TypeError: `query` does not map strings to strings, or `text` is no string.
    """
    query = query_of(query)
    if text is not None:
        must_be("text", text, str, "a string")
    problems: list[ExplainerError] = []
    preset = query.get("preset", "start")
    if preset not in PRESETS:
        expected = f"one of {names_of(PRESETS)}"
        shown = "The preset start is shown."
        problems.append(InvalidValueError("preset", expected, shorten(preset), shown))
        preset = "start"
    settings = PRESETS[preset]
    found: dict[str, Any] = {}
    for f in fields(Settings):
        left_empty = f.name == "text" and not query.get(f.name)
        if f.name in query and f.name != "values" and not left_empty:
            try:
                found[f.name] = read_field(f, query[f.name])
            except InvalidValueError as error:
                problems.append(error.also("The preset's value is shown."))
    wanted = query.get("fingerprint")
    if wanted:  # empty where nothing was uploaded
        if text is not None and text_hash(text) == wanted:
            found["text"] = text
        else:
            problems.append(missing_text(wanted))
    if wanted := query.get("values"):
        if values is not None and values.fingerprint == wanted:
            found["values"] = values
        else:
            problems.append(missing_numbers(wanted))
    try:
        return replace(settings, **found), problems
    except InvalidValueError as error:
        return settings, [*problems, error.also("The preset's values are shown.")]


def write_view(view: ViewState) -> dict[str, str]:
    """Return what a link must say of where the user looks: what differs from its default."""
    values = {name: getattr(view, f.name) for name, f in VIEW.items()}
    return {name: query_value(v) for name, v in values.items() if v != VIEW[name].default}


def read_view(query: Mapping[str, str]) -> tuple[ViewState, list[ExplainerError]]:
    """Return where a link looks, and an error for each part that could not be used."""
    view, problems = ViewState(), list[ExplainerError]()
    for name in VIEW.keys() & query.keys():
        f = VIEW[name]
        try:
            view = replace(view, **{f.name: read_field(f, query[name])})
        except InvalidValueError as error:
            problems.append(error)
    return view, problems


def to_link(
    settings: Settings,
    chapter: str = "",
    view: ViewState | None = None,
    base: Settings | None = None,
    edits: Mapping[str, Any] | None = None,
) -> str:
    """Return a link, such as "/cell?preset=math&hidden_size=8&edit=z.*.*.2:1&t=3".

    Args:
        settings: what the link shows. Of a long text it has the fingerprint only.
        chapter: the page's slug, such as "cell"; empty for the first page.
        view: where the user looks there; None for the beginning.
        base: the preset to start from; None takes the one that leaves least to say.
        edits: numbers changed and held, as for `run`.

    Raises:
        TypeError: the edits have something that is no index or number.
        ValueError: `base` is not a preset, `chapter` is no slug, or the edits are too many.
    """
    if not (isinstance(chapter, str) and re.fullmatch("[a-z]*", chapter)):
        raise InvalidValueError("chapter", "the slug of a page, such as 'cell'", shorten(chapter))
    if view is not None:
        must_be("view", view, ViewState, "a ViewState or None")
    must_be_settings(settings)
    edit = "" if edits is None else write_edits(edits)
    written = {"edit": edit} if edit else {}
    query = write_query(settings, base) | written | write_view(view or ViewState())
    return f"/{chapter}?{urlencode(query, safe=':,;*')}".removesuffix("?")


def from_link(
    link: str | Mapping[str, str], text: str | None = None, values: NumberTable | None = None
) -> Settings:
    """Return the settings that a link says.

    Args:
        link: a whole address, its part after the "?", or names and values as they stand in it;
            what says edits and where the user looks is left alone.
        text: the long text, where the link has only its fingerprint.
        values: the numbers, of which it never has more.

    Raises:
        ValueError: what is wrong with the link, one sentence for each problem.
    """
    settings, problems = read_query(query_of(link), text, values)
    if problems:
        raise problems[0].also(*map(str, problems[1:]))
    return settings


def edits_from_link(link: str | Mapping[str, str]) -> dict[str, Places]:
    """Return the edits that a link says, as `run` takes them.

    Args:
        link: as in `from_link`; whatever else it says is left alone.

    Returns:
        By name numbers by index, None for all of an axis; the index () means every number.

    Raises:
        ValueError: what is wrong with the edits, one sentence for each problem.
    """
    edits, problems = parse_edits(query_of(link).get("edit", ""))
    if problems:
        raise problems[0].also(*map(str, problems[1:]))
    return edits


def view_from_link(link: str | Mapping[str, str]) -> ViewState:
    """Return where the user looks, as a link says it.

    Args:
        link: as in `from_link`; what says the settings is left alone.

    Raises:
        ValueError: what is wrong with the link, one sentence for each problem.
    """
    view, problems = read_view(query_of(link))
    if problems:
        raise problems[0].also(*map(str, problems[1:]))
    return view


def query_of(link: str | Mapping[str, str]) -> Mapping[str, str]:
    """Return names and values of a link's query.

    Raises:
        TypeError: it is neither a link nor a mapping from strings to strings.
    """
    if isinstance(link, str):
        query = link.partition("?")[2] if "?" in link or "=" not in link else link
        link = dict(parse_qsl(query.partition("#")[0], keep_blank_values=True))
    must_be("link", link, Mapping, "a link, or a mapping such as {'preset': 'math'}")
    for name, value in link.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            pair = f"{shorten(name)}: {shorten(value)}"
            raise WrongTypeError("link", "a mapping from strings to strings", pair)
    return link


def view_table() -> dict[str, dict[str, Any]]:
    """Return the address's table for JavaScript: default, kind, bounds and options by name.

    It has the view state and the edits; settings are the server's.
    """
    table: dict[str, dict[str, Any]] = {
        "edit": {"default": "", "kind": "str", "high": EDITS_IN_LINK}
    }
    for name, f in VIEW.items():
        bounds = {k: f.metadata[k] for k in ("low", "high") if k in f.metadata}
        options = {"options": list(f.metadata["options"])} if "options" in f.metadata else {}
        kind = f.metadata["kind"].__name__
        table[name] = {"default": f.default, "kind": kind, **bounds, **options}
    return table


def read_field(f: Field[Any], value: str) -> Any:
    """Return a field's value from a link, checked.

    Raises:
        ValueError: it can't be used; the message says what is possible.
    """
    if f.name == "text" and len(value) > TEXT_IN_LINK:
        expected = f"a string of at most {TEXT_IN_LINK:,} characters in a link"
        given = f"{len(value):,} characters"
        raise InvalidValueError("text", expected, given, "Upload it instead.")
    try:
        return check_field(f, parse(f, value))
    except WrongTypeError as error:  # everything in a link is a string: its value is at fault
        raise InvalidValueError(*error.args) from None


def query_value(value: Any) -> str:
    """Return a field's value as a link says it."""
    if value is None:
        return "0"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse(f: Field[Any], value: str) -> Any:
    """Read a field's value from a link; what is no number stays as it is written.

    Raises:
        ValueError: it is neither true nor false.
    """
    kind = f.metadata["kind"]
    if kind in (str, tuple, NumberTable):
        return value
    if f.metadata.get("optional") and (value == "" or (value == "0" and f.metadata["low"] > 0)):
        return None  # 0 switches off what can't be 0
    if kind is bool:
        if value not in ("true", "false"):
            raise InvalidValueError(f.name, "true or false", shorten(value))
        return value == "true"
    try:
        return kind(value)
    except ValueError:
        return value
