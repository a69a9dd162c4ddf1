"""Warnings of one thread: `warnings.catch_warnings` catches those of all threads, and several read files."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock, get_ident
from typing import TextIO

_lock = Lock()
_captures: dict[int, list[str]] = {}
_patch = ExitStack()


@contextmanager
def capture_warnings() -> Iterator[list[str]]:
    """Yield a list that collects the texts of this thread's warnings, which are not shown."""
    with _lock:
        if not _captures:
            _listen()
        messages = _captures[get_ident()] = []
    try:
        yield messages
    finally:
        with _lock:
            del _captures[get_ident()]
            if not _captures:
                _patch.close()


def _listen() -> None:
    show = warnings.showwarning

    def record(  # noqa: PLR0913, PLR0917 - the signature of `showwarning`
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        messages = _captures.get(get_ident())
        if messages is None:
            show(message, category, filename, lineno, file, line)
        else:
            messages.append(str(message))

    _patch.enter_context(warnings.catch_warnings())
    warnings.simplefilter("always")
    warnings.showwarning = record
