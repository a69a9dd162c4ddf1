"""What was tolerated, told once and at the caller's line."""

import sys
import warnings
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import NamedTuple

from dicomet.errors import one_line

# As many as the core keeps.
MAX_CHARACTERS = 100
_PACKAGE = frozenset({"dicomet", "functools", "contextlib"})


class Once:
    """Tells the first who asks, of all threads; nobody waits, so that a warning may call back."""

    def __init__(self) -> None:
        """Nobody has asked."""
        self._asked = Lock()

    def __call__(self) -> bool:
        """Return True the first time."""
        return self._asked.acquire(blocking=False)


class Notice(NamedTuple):
    """A problem of an element that does not prevent the request. `message` begins with the name of the element."""

    element: str
    message: str


class WarnOnce:
    """Warns once of each element of one image, however many frames have a problem with it."""

    def __init__(self) -> None:
        """Start without warnings."""
        self._warned: set[str] = set()

    def __call__(self, notices: Iterable[Notice]) -> None:
        """Warn of the elements that have not been warned of."""
        for element, message in notices:
            if element not in self._warned:
                self._warned.add(element)
                warn(one_line(message))


def warn(message: str) -> None:
    """Warn the first caller outside dicomet, and outside the decorators that call back into it."""
    level, frame = 1, sys._getframe()  # noqa: SLF001 - the documented way to walk the stack without building it
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PACKAGE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def warn_all(messages: Sequence[str]) -> None:
    """Warn once of a list of like messages: the first, and how many more. Of very many not all have been kept."""
    if messages:
        more = f" (and {len(messages) - 1} more warnings like this)" if len(messages) > 1 else ""
        if len(messages) >= MAX_CHARACTERS:
            more = f" (and {MAX_CHARACTERS - 1} or more warnings like this)"
        warn(messages[0] + more)
