"""The session's state of which a widget asks for one key, without a copy of all of it.

Most of Streamlit's widgets look whether the session has None under their key, and Streamlit reads
every other widget's value for that. All settings stand on every page, so that was a third of a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamlit.runtime.state.common import is_element_id
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX, SessionState

STATE = "filtered_state"
"""The property of Streamlit's that has all keys a script can see, with their values."""
ALL = vars(SessionState)[STATE]
"""How Streamlit itself answers it: with a copy."""


class StateByKey(Mapping[str, Any]):
    """What a script can see of a session's state; a value is read when it is asked for."""

    def __init__(self, state: SessionState) -> None:
        self._state = state

    def __getitem__(self, key: str) -> Any:
        """Return the value of a key.

        Raises:
            KeyError: a script can't see it.
        """
        if is_element_id(key) or key.startswith(STREAMLIT_INTERNAL_KEY_PREFIX):
            raise KeyError(key)
        return self._state[key]

    def __iter__(self) -> Iterator[str]:
        """Go through all keys."""
        return iter(ALL.__get__(self._state))

    def __len__(self) -> int:
        """Count the keys."""
        return len(ALL.__get__(self._state))

    def __repr__(self) -> str:
        """Write all of it."""
        return repr(dict(self))


def read_state_by_key() -> None:
    """Have all sessions of this process answer by key; done once."""
    setattr(SessionState, STATE, property(StateByKey))
