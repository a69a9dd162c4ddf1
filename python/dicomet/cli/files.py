"""The files that the arguments of a command name, for the commands that read files one by one."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pydicom

from dicomet._utils.files import files_below

LOGGERS = ("pydicom", "pylibjpeg", "openjpeg", "jpeg_ls")


class UnusablePathError(Exception):
    """A given path does not exist, or contains no files."""


class NamedFile(NamedTuple):
    """A file and its name in the report."""

    path: Path
    label: str


def find_files(paths: Sequence[str]) -> list[NamedFile]:
    """Return all files at and below `paths`, each once; without `paths`, pydicom's own test files.

    Raises
    ------
    UnusablePathError
        A path does not exist, or there are no files.

    """
    if not paths:
        folder = Path(pydicom.__file__).parent / "data" / "test_files"
        if not folder.is_dir():
            raise UnusablePathError(
                "the installed pydicom comes without its test files: give a file or folder of yours"
            )
        paths = [str(folder)]
    found: dict[Path, NamedFile] = {}
    for path in map(Path, paths):
        for file in _files_of(path, relative=len(paths) == 1):
            found.setdefault(file.path.resolve(), file)
    if not found:
        raise UnusablePathError(f"no files in {', '.join(map(repr, paths))}")
    return list(found.values())


def _files_of(path: Path, *, relative: bool) -> list[NamedFile]:
    if path.is_file():
        return [NamedFile(path, str(path))]
    if not path.exists():
        raise UnusablePathError(f"no such file or folder: {str(path)!r}")
    if not path.is_dir():
        raise UnusablePathError(f"neither a file nor a folder: {str(path)!r}")
    # A folder that cannot be listed is reported like a file that cannot be read.
    files = [Path(file.path) for file in files_below(str(path)) if file.error is not None or Path(file.path).is_file()]
    return [NamedFile(file, str(file.relative_to(path) if relative else file)) for file in sorted(files)]


@contextmanager
def silenced() -> Iterator[None]:
    """Suppress all warnings, and all log messages of pydicom and its plugins."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL + 1)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
