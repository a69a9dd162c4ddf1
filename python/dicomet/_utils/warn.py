"""Warnings about tolerated deviations: once, and with the caller's line."""

import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import NamedTuple

from dicomet.errors import one_line

# Maximum number of warnings that the core keeps.
MAX_CHARACTERS = 100
_NUMBERS = re.compile(r"[0-9]+")
_PACKAGE = frozenset({"dicomet", "functools", "contextlib"})


class Once:
    """True on the first call only, across threads. Never blocks, so that a warning handler may re-enter."""

    def __init__(self) -> None:
        """Start without calls."""
        self._asked = Lock()

    def __call__(self) -> bool:
        """Return True on the first call, and False afterwards."""
        return self._asked.acquire(blocking=False)


class OncePerKind:
    """Warns once about each kind of deviation of one image, even if many frames have it.

    Messages that differ only in numbers, such as frame numbers or offsets, are of one kind. Never blocks, as `Once`.
    """

    def __init__(self) -> None:
        """Start without warnings."""
        self._warned: dict[str, object] = {}

    def __call__(self, messages: Iterable[str]) -> None:
        """Warn with those messages whose kind is new."""
        for message in messages:
            first = object()
            # `setdefault` is atomic: only one thread finds its own object.
            if self._warned.setdefault(_NUMBERS.sub("", message), first) is first:
                warn(message)


class Notice(NamedTuple):
    """A problem with an element that does not prevent decoding. `message` begins with the name of the element."""

    element: str
    message: str


class WarnOnce:
    """Warns once about each element of one image, even if many frames have a problem with it."""

    def __init__(self) -> None:
        """Start without warnings."""
        self._warned: set[str] = set()

    def __call__(self, notices: Iterable[Notice]) -> None:
        """Warn about those elements for which there was no warning before."""
        for element, message in notices:
            if element not in self._warned:
                self._warned.add(element)
                warn(one_line(message))


def warn(message: str) -> None:
    """Warn with the line of the first caller outside dicomet, and outside the decorators that call back into it."""
    level, frame = 1, sys._getframe()  # noqa: SLF001 - the documented way to walk the stack without building it
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PACKAGE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def warn_all(messages: Sequence[str]) -> None:
    """Warn once about similar messages: show the first, and the number of others. The core keeps a limited number."""
    if messages:
        more = f" (and {len(messages) - 1} more warnings like this)" if len(messages) > 1 else ""
        if len(messages) >= MAX_CHARACTERS:
            more = f" (and {MAX_CHARACTERS - 1} or more warnings like this)"
        warn(messages[0] + more)
