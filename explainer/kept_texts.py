"""What was made of texts, kept for the next time, within a bound of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar, cast

Value = TypeVar("Value")


class KeptTexts:
    """Values by key; those that were not asked for longest leave first.

    Args:
        most: most bytes of all values and keys together.
    """

    def __init__(self, most: int) -> None:
        self.nbytes = 0
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(
        self, key: Hashable, make: Callable[[], Value], nbytes: Callable[[Value], int]
    ) -> Value:
        """Return the value of a key.

        Args:
            key: equal keys have equal values.
            make: makes the value where there is none.
            nbytes: the size of the value and its key in bytes; one above the bound is not kept.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast(Value, self._kept[key][0])
        value = make()
        size = nbytes(value)
        with self._lock:
            if key not in self._kept and size <= self._most:
                self._kept[key] = value, size
                self.nbytes += size
            while self.nbytes > self._most:
                _, (_, size) = self._kept.popitem(last=False)
                self.nbytes -= size
        return value
