"""The files in which series are searched: those of a folder, an archive or a list."""

import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile

from dicomet._decoding.prefetch import checked_sources
from dicomet._native import Source
from dicomet._parsing.archives import ArchiveError, ArchiveFormat, Member, archive_format, members, read_member
from dicomet._parsing.dicom_file import HEAD, has_prefix, is_named_dicom
from dicomet._utils.files import files_below
from dicomet._utils.regular import special_file_kind
from dicomet.errors import PixelDataError, filename_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

# PS3.10 8.6: the directory of a storage medium is a DICOM file with this name, without an image.
DIRECTORY = "DICOMDIR"


class ArchiveMember:
    """A file in an archive. Its text is ``"archive.zip//folder/file.dcm"``."""

    def __init__(self, archive: str, member: Member) -> None:
        """Store the arguments; read nothing."""
        self._archive, self._member = archive, member
        self.name = member.name

    def __str__(self) -> str:
        """Return the path of the archive and the name of the member."""
        return f"{self._archive}//{self.name}"

    __repr__ = __str__

    def source(self, count: int | None = None) -> Source:
        """Return the content, or only the first `count` bytes.

        Raises
        ------
        PixelDataError
            The archive is malformed.
        OSError
            It cannot be read.

        """
        with _as_pixel_data_error(str(self)):
            return read_member(self._archive, self._member, count)

    def read(self) -> bytes:
        """Return the content as bytes, such as for `dicomet.pixel_array`; raise as `source` does."""
        content = self.source()
        return bytes(content.read(0, content.length))


if TYPE_CHECKING:
    SeriesFile = Readable | Dataset | ArchiveMember
    """A file of a series: a path, a member of an archive, or any other source that the caller has given."""


class Candidates(NamedTuple):
    """Files that may be DICOM.

    `is_given`: the caller names each file, so that one that is not DICOM is an error.
    """

    files: "list[SeriesFile]"
    is_given: bool


def candidates_of(source: "str | os.PathLike[str] | Iterable[SeriesFile]") -> Candidates:
    """Return the files of a folder or archive, without hidden ones and a ``DICOMDIR``; or those of a list.

    Raises
    ------
    OSError
        The folder or the archive cannot be read.
    TypeError
        `source` is none of these.

    """
    if not isinstance(source, str | os.PathLike):
        return Candidates(list(checked_sources("source", source)), is_given=True)
    path = Path(source)
    if path.is_dir():
        return Candidates(list(_in_folder(os.fspath(source))), is_given=False)
    form = archive_format(path)
    if form is not None:
        return Candidates(list(_in_archive(os.fspath(source), form)), is_given=False)
    return Candidates([source], is_given=True)


def is_dicom(file: "SeriesFile") -> bool:
    """Return whether a file that was found is DICOM: by its suffix, or by the prefix after the preamble."""
    if isinstance(file, ArchiveMember):
        return is_named_dicom(file.name) or has_prefix(bytes(file.source(HEAD).read(0, HEAD)))
    if not isinstance(file, str | os.PathLike) or is_named_dicom(file):
        return True
    # Reading anything but a regular file, such as a FIFO, could block.
    if special_file_kind(file) is not None:
        return False
    with Path(file).open("rb", buffering=0) as opened:
        return has_prefix(opened.read(HEAD))


def name_of(file: "SeriesFile") -> str | None:
    """Return the name of a file in messages; None for bytes or a data set."""
    return str(file) if isinstance(file, ArchiveMember) else filename_of(file)


def _in_folder(folder: str) -> Iterator[str]:
    for file in files_below(folder):
        if file.error is not None:
            raise file.error
        if _is_candidate(file.relative_path):
            yield file.path


def _in_archive(archive: str, form: ArchiveFormat) -> "Iterator[SeriesFile]":
    """Yield the files in an archive, by name."""
    with _as_pixel_data_error(archive):
        found = sorted(members(archive, form), key=lambda member: (member.name, member.offset))
    for member in found:
        if _is_candidate(PurePosixPath(member.name)):
            yield ArchiveMember(archive, member)


def _is_candidate(relative_path: PurePosixPath) -> bool:
    # Names in an archive may lead out of it.
    parts = [part for part in relative_path.parts if part != ".."]
    is_hidden = any(part.startswith(".") for part in parts) or parts[:1] == ["__MACOSX"]
    return not is_hidden and relative_path.name.upper() != DIRECTORY


@contextmanager
def _as_pixel_data_error(name: str) -> Iterator[None]:
    """Convert the exceptions for a malformed, encrypted or unsupported archive."""
    try:
        yield
    except PixelDataError:
        raise
    except (ArchiveError, BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError) as error:
        message = f"cannot be read from the archive: {str(error) or type(error).__name__}"
        raise PixelDataError(message, filename=name) from error
