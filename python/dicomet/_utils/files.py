"""All files below a folder, by one rule for all commands."""

import os
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple


class FoundFile(NamedTuple):
    """A file, or a folder that cannot be listed, which has an error. `relative_path`: from the root folder."""

    path: str
    relative_path: PurePosixPath
    error: OSError | None = None


def files_below(root: str, skipped: str | os.PathLike[str] | None = None) -> Iterator[FoundFile]:
    """Yield everything but folders at any depth below a folder: by name, and the subfolders after the files.

    Links are followed, but no folder is visited twice. `skipped` is a folder to leave out, unless it is the root.
    """
    waiting = [(root, PurePosixPath())]
    visited: set[str] = set()
    left_out = None if skipped is None else os.path.realpath(skipped)
    while waiting:
        folder, relative_path = waiting.pop()
        real = os.path.realpath(folder)
        if real in visited or (real == left_out and visited):
            continue
        visited.add(real)
        try:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield FoundFile(folder, relative_path, error)
            continue
        for entry in inside:
            if not _is_dir(entry):
                yield FoundFile(entry.path, relative_path / entry.name)
        waiting.extend((entry.path, relative_path / entry.name) for entry in reversed(inside) if _is_dir(entry))


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A circular link: opening it reports the error.
        return False
