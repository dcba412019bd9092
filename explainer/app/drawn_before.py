"""A part of the page that is made anew only when one of its widgets has another value.

Streamlit makes every widget of a page again with each change of any of them. All settings stand on
every page, so those that nobody has touched were half of a change's work. Here what a part sent to
the browser stays with its session, and is sent again. Sessions in which all is alike share it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from weakref import WeakValueDictionary

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

from explainer.app.session import session

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Sent:
    """What the browser was sent for a part of a page."""

    messages: tuple[ForwardMsg, ...]


SENT: WeakValueDictionary[Hashable, Sent] = WeakValueDictionary()
"""That of all sessions, by place and contents."""


@dataclass(frozen=True)
class Drawing:
    """A part as it was drawn.

    Attributes:
        asked: page, place and whatever else it was drawn for.
        said: what its widgets had, in the session and in the address, by key.
        sent: what the browser was sent.
        widgets: ids of its widgets.
        value: what drawing it came to.
    """

    asked: Hashable
    said: dict[str, tuple[Any, str | None]]
    sent: Sent
    widgets: frozenset[str]
    value: object


def draw_or_repeat(
    name: str, container: DeltaGenerator, about: Hashable, draw: Callable[[], Value]
) -> Value:
    """Draw a part of the page, or send again what it was.

    Args:
        name: which part.
        container: holds it, and nothing else.
        about: what it shows besides its widgets' values.
        draw: draws it, and returns what its values come to; every widget in it has a key.
    """
    run = get_script_run_ctx()
    if run is None or container._cursor is None:  # a script without a server
        with container:
            return draw()
    asked = run.page_script_hash, *container._cursor.delta_path, about
    kept = session().drawings.pop(name, None)
    is_as_before = kept and kept.asked == asked and kept.said == said_of(kept.said)
    if kept and is_as_before and not run.is_history_navigation:
        for widget in kept.widgets:
            run.shared.widget_ids_this_run.check_and_add(widget)
        for message in kept.sent.messages:
            run.enqueue(message)
        session().drawings[name] = kept
        return cast(Value, kept.value)
    ids, keys = run.shared.widget_ids_this_run, run.shared.widget_user_keys_this_run
    ids_before, keys_before = ids.snapshot(), keys.snapshot()
    with container, messages_of(run) as messages:
        value = draw()
    if all(map(may_be_sent_again, messages)):
        said = said_of(keys.snapshot() - keys_before)
        widgets = ids.snapshot() - ids_before
        alike = asked, tuple(message.hash for message in messages)
        sent = SENT.setdefault(alike, Sent(tuple(messages)))
        session().drawings[name] = Drawing(asked, said, sent, widgets, value)
    return value


def said_of(keys: Iterable[str]) -> dict[str, tuple[Any, str | None]]:
    """Return what widgets have by now, in the session and in the address."""
    query = st.query_params.to_dict()
    return {key: (st.session_state.get(key), query.get(key)) for key in keys}


@contextmanager
def messages_of(run: ScriptRunContext) -> Iterator[list[ForwardMsg]]:
    """Collect what a run of the script sends to the browser."""
    messages: list[ForwardMsg] = []
    send = run._enqueue

    def record(message: ForwardMsg) -> None:
        messages.append(message)
        send(message)

    run._enqueue = record
    try:
        yield messages
    finally:
        run._enqueue = send


def may_be_sent_again(message: ForwardMsg) -> bool:
    """Tell whether a message says the same at any time.

    One that gives a widget another value than the browser has would take back what a user does
    meanwhile, unless the widget is for reading only; one that refers to an earlier message needs
    that one.
    """
    if message.WhichOneof("type") != "delta":
        return False
    new = message.delta.new_element
    kind = new.WhichOneof("type")
    widget = getattr(new, kind) if kind else None
    return not getattr(widget, "set_value", False) or getattr(widget, "disabled", False)
