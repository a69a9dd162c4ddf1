"""From the names on the command line to files: all files below a folder, all members of an archive."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dicomet._parsing.archives import (
    ArchiveError,
    ArchiveFormat,
    Member,
    archive_format,
    archive_stem,
    is_named_archive,
    members,
)
from dicomet._parsing.limits import check_max_bytes
from dicomet._parsing.stream import read_to_end
from dicomet._utils.files import files_below
from dicomet.errors import PixelDataError, failure_reason, one_line

STDIN = "-"


class UnusableSourceError(Exception):
    """A named source does not exist, or contains nothing."""


class InputFile(NamedTuple):
    """A file, and where it belongs in the folder layout that outputs keep."""

    source: str
    relative_path: PurePosixPath
    """Folders and name, relative to the output folder."""
    member: Member | None = None
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
    found: dict[tuple[str, Member | None], InputFile] = {}
    for source in sources:
        for file in _find(source, out, several=len(sources) > 1):
            where = file.source if file.data is not None else os.path.abspath(file.source)  # noqa: PTH100 - no links
            found.setdefault((where, file.member), file)
    if not found:
        raise UnusableSourceError(f"no files in {', '.join(map(repr, sources))}")
    return list(found.values())


def _find(source: str, out: Path, *, several: bool) -> Iterator[InputFile]:
    path = Path(source)
    if source == STDIN:
        yield InputFile(STDIN, PurePosixPath("stdin"), data=_standard_input(), was_named=True)
    elif not source:
        # `Path("")` would be the current folder.
        raise UnusableSourceError("no such file or folder: ''")
    elif path.is_dir():
        yield from _in_folder(source, PurePosixPath(path.resolve().name if several else ""), out)
    elif not path.exists() and not path.is_symlink():
        raise UnusableSourceError(f"no such file or folder: {source!r}")
    elif (form := archive_format(path)) is not None:
        relative_path = PurePosixPath(archive_stem(path.name) if several and form is not ArchiveFormat.GZIP else "")
        yield from _in_archive(source, form, relative_path, was_named=True)
    else:
        yield InputFile(source, PurePosixPath(path.name), was_named=True)


def _standard_input() -> bytes:
    """Return all bytes, as an object that worker processes can get, up to the limit of the environment."""
    if sys.stdin is None:
        raise UnusableSourceError("standard input is closed")
    try:
        return read_to_end(sys.stdin.buffer, check_max_bytes(None)).tobytes()
    except PixelDataError as error:
        raise UnusableSourceError(f"standard input cannot be read: {error.reason}") from error


def _in_folder(folder: str, relative_path: PurePosixPath, out: Path) -> Iterator[InputFile]:
    """Yield the files of a folder, except those in the output folder, and those of the archives in it."""
    for file in files_below(folder, skipped=out):
        if file.error is None:
            yield from _in_folder_or_archive(file.path, relative_path / file.relative_path)
        elif file.path == folder:
            reason = failure_reason(file.error)
            raise UnusableSourceError(f"the folder {folder!r} cannot be listed: {reason}") from file.error
        else:
            fault = f"the folder cannot be listed: {failure_reason(file.error)}"
            yield InputFile(file.path, relative_path / file.relative_path, fault=fault)


def _in_folder_or_archive(path: str, relative_path: PurePosixPath) -> Iterator[InputFile]:
    """Yield a file, or the members of an archive, which get a folder of its name."""
    form = archive_format(Path(path)) if is_named_archive(path) else None
    if form is None:
        yield InputFile(path, relative_path)
        return
    is_file = form is ArchiveFormat.GZIP
    yield from _in_archive(
        path, form, relative_path.parent if is_file else relative_path.with_name(archive_stem(relative_path.name))
    )


def _in_archive(
    path: str, form: ArchiveFormat, relative_path: PurePosixPath, *, was_named: bool = False
) -> Iterator[InputFile]:
    """Yield the members of an archive; of a damaged one, those before the defect, then the archive as a fault."""
    count = 0
    try:
        for member in members(path, form):
            count += 1
            is_file = form is ArchiveFormat.GZIP
            yield InputFile(
                path, relative_path.joinpath(*_inside(member.name)), member, was_named=was_named and is_file
            )
    except ArchiveError as error:
        if was_named and not count:
            raise UnusableSourceError(f"{path!r} cannot be read as an archive: {one_line(str(error))}") from error
        fault = f"cannot be read as an archive after {count} files: {one_line(str(error))}"
        yield InputFile(path, relative_path / "unnamed", fault=fault)


def _inside(name: str) -> list[str]:
    """Return the folders and the name of a member, which stay inside the output folder whatever the name is."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    # A colon would name a drive on Windows.
    return [part.replace(":", "_") for part in parts if part not in {"/", "//", ".."}] or ["unnamed"]
