"""Warnings of one thread: `warnings.catch_warnings` takes those of all, and the workers of a cluster have several."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock, get_ident
from typing import TextIO

_lock = Lock()
_ears: dict[int, list[str]] = {}
_caught = ExitStack()


@contextmanager
def heard() -> Iterator[list[str]]:
    """Give a list that gets the texts of all warnings of this thread, which are not shown."""
    with _lock:
        if not _ears:
            _listen()
        told = _ears[get_ident()] = []
    try:
        yield told
    finally:
        with _lock:
            del _ears[get_ident()]
            if not _ears:
                _caught.close()


def _listen() -> None:
    shown = warnings.showwarning

    def hear(  # noqa: PLR0913, PLR0917 - as `showwarning` has it
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        told = _ears.get(get_ident())
        if told is None:
            shown(message, category, filename, lineno, file, line)
        else:
            told.append(str(message))

    _caught.enter_context(warnings.catch_warnings())
    warnings.simplefilter("always")
    warnings.showwarning = hear
