"""From the names on the command line to files: all files below a folder, all members of an archive."""

import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dicomet._parsing.dicom_file import is_archive
from dicomet._utils.files import files_below
from dicomet.convert.jobs import failure_reason

STDIN = "-"


class UnusableSourceError(Exception):
    """A named source does not exist, or contains nothing."""


class InputFile(NamedTuple):
    """A file, and its place in the folder layout that outputs keep."""

    source: str
    place: PurePosixPath
    """Folders and name, relative to the output folder."""
    member: str | None = None
    offset: int = 0
    data: bytes | None = None
    was_named: bool = False
    fault: str = ""


def find(sources: list[str], out: Path) -> list[InputFile]:
    """Return all files, in the order of their names.

    The folders below a source are kept. With several sources, each folder and archive gets a folder of its own name.

    Raises
    ------
    UnusableSourceError
        A source does not exist or cannot be read as a whole, or there are no files.

    """
    if sources.count(STDIN) > 1:
        raise UnusableSourceError("standard input can be read only once")
    found: dict[tuple[str, int], InputFile] = {}
    for source in sources:
        for file in _find(source, out, several=len(sources) > 1):
            where = file.source if file.data is not None else os.path.abspath(file.source)  # noqa: PTH100 - no links
            found.setdefault((where if file.member is None else f"{where}//{file.member}", file.offset), file)
    if not found:
        raise UnusableSourceError(f"no files in {', '.join(map(repr, sources))}")
    return list(found.values())


def _find(source: str, out: Path, *, several: bool) -> Iterator[InputFile]:
    path = Path(source)
    if source == STDIN:
        if sys.stdin is None:
            raise UnusableSourceError("standard input is closed")
        yield InputFile(STDIN, PurePosixPath("stdin"), data=sys.stdin.buffer.read(), was_named=True)
    elif not source:
        # `Path("")` would be the current folder.
        raise UnusableSourceError("no such file or folder: ''")
    elif path.is_dir():
        yield from _in_folder(source, PurePosixPath(path.resolve().name if several else ""), out)
    elif not path.exists() and not path.is_symlink():
        raise UnusableSourceError(f"no such file or folder: {source!r}")
    elif is_archive(path):
        yield from _in_archive(source, PurePosixPath(path.stem if several else ""))
    else:
        yield InputFile(source, PurePosixPath(path.name), was_named=True)


def _in_folder(folder: str, place: PurePosixPath, out: Path) -> Iterator[InputFile]:
    """Yield the files of a folder, except those in the output folder."""
    for file in files_below(folder, skipped=out):
        if file.error is None:
            yield InputFile(file.path, place / file.place)
        elif file.path == folder:
            reason = failure_reason(file.error)
            raise UnusableSourceError(f"the folder {folder!r} cannot be listed: {reason}") from file.error
        else:
            fault = f"the folder cannot be listed: {failure_reason(file.error)}"
            yield InputFile(file.path, place / file.place, fault=fault)


def _in_archive(path: str, place: PurePosixPath) -> Iterator[InputFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    # NotImplementedError: a later version of the zip format than `zipfile` knows.
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise UnusableSourceError(f"{path!r} cannot be read as an archive: {failure_reason(error)}") from error
    for info in sorted(members, key=lambda info: (info.filename, info.header_offset)):
        # Stay inside the output folder, whatever the name of the member is.
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        # A colon would name a drive on Windows.
        inside = [part.replace(":", "_") for part in parts if part not in {"/", "//", ".."}]
        yield InputFile(path, place.joinpath(*inside or ["unnamed"]), member=info.filename, offset=info.header_offset)
