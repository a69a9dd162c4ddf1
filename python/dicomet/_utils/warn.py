"""Warnings about tolerated deviations: once, and with the caller's line."""

import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dicomet.errors import one_line

# The core keeps at most this number of warnings.
MAX_WARNINGS = 100
_NUMBERS = re.compile(r"[0-9]+")
_PACKAGE = frozenset({"dicomet", "functools", "contextlib"})


class Notice(NamedTuple):
    """A problem with an element that does not prevent decoding. `message` begins with the name of the element."""

    element: str
    message: str


class WarnOnce:
    """Warns once about each topic of one image, across threads, even if many frames have it.

    Holds no lock. A warning handler may therefore decode the same image, and a process that is forked while a thread
    warns does not wait for that thread.
    """

    def __init__(self) -> None:
        """Start without topics."""
        self._topics: dict[str, object] = {}

    def is_first(self, topic: str) -> bool:
        """Return True on the first call with `topic`, and False afterwards."""
        first = object()
        # `setdefault` is atomic: only one thread finds its own object.
        return self._topics.setdefault(topic, first) is first

    def __call__(self, messages: Iterable[Notice | str]) -> None:
        """Warn about new topics: the elements of notices, and texts apart from numbers, such as frames or offsets."""
        for message in messages:
            topic, text = message if isinstance(message, Notice) else (_NUMBERS.sub("", message), message)
            if self.is_first(topic):
                warn(one_line(text))


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
        if len(messages) >= MAX_WARNINGS:
            more = f" (and {MAX_WARNINGS - 1} or more warnings like this)"
        warn(messages[0] + more)
