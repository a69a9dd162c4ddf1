"""The identity of a file, independent of its name."""

import os
from typing import Any


def file_id(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Return device and inode of a file, which are equal for all its names; None if it does not exist."""
    try:
        about = os.stat(path)  # noqa: PTH116 - called for every source
    except (OSError, ValueError):
        return None
    return about.st_dev, about.st_ino


def file_of(src: Any) -> tuple[int, int] | None:
    """Return the identity of the file of `src`: a path, an open file, or a data set that was read from a file."""
    path = src if isinstance(src, str | os.PathLike) else getattr(src, "filename", None) or getattr(src, "name", None)
    return file_id(path) if isinstance(path, str | os.PathLike) else None
