"""Which file a name means, whatever other names it has."""

import os
from typing import Any


def file_id(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Return what two names of one file have in common; None if there is no such file."""
    try:
        about = os.stat(path)  # noqa: PTH116 - called for every source
    except (OSError, ValueError):
        return None
    return about.st_dev, about.st_ino


def file_of(src: Any) -> tuple[int, int] | None:
    """Return the identity of the file that `src` names, or was read from: of a path, an open file, a data set."""
    path = src if isinstance(src, str | os.PathLike) else getattr(src, "filename", None) or getattr(src, "name", None)
    return file_id(path) if isinstance(path, str | os.PathLike) else None
