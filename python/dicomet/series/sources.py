"""The files in which series are searched: those of a folder, a zip archive or a list."""

import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from dicomet._decoding.prefetch import checked_sources
from dicomet._parsing.dicom_file import PREAMBLE, PREFIX, is_archive, is_named_dicom
from dicomet._utils.files import files_below
from dicomet._utils.regular import special_file_kind
from dicomet.errors import PixelDataError, filename_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

# PS3.10 8.6: the directory of a storage medium is a DICOM file with this name, without an image.
DIRECTORY = "DICOMDIR"

# What a member of an archive may inflate to, which is read as a whole.
MAX_INFLATED = 1 << 32


class Archive:
    """A zip archive, which stays open as long as one of its members is referred to."""

    def __init__(self, path: str) -> None:
        """Open the archive.

        Raises
        ------
        OSError
            The archive cannot be read.
        PixelDataError
            It is malformed.

        """
        self.path = path
        with _as_pixel_data_error(path):
            self._file = ZipFile(path)

    def members(self) -> list["ArchiveMember"]:
        """Return the files in the archive, by name, without hidden ones."""
        found = (ArchiveMember(self, info) for info in self._file.infolist() if not info.is_dir())
        return sorted(
            (member for member in found if _is_candidate(PurePosixPath(member.name))), key=lambda member: member.name
        )

    def read(self, info: ZipInfo, count: int = -1) -> bytes:
        """Return the first `count` bytes of a member, or all for -1."""
        with _as_pixel_data_error(f"{self.path}//{info.filename}"):
            # bzip2 and LZMA inflate a few bytes to gigabytes at once.
            if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
                raise NotImplementedError(f"found compression method {info.compress_type}, expected stored or deflated")
            if info.file_size > MAX_INFLATED:
                raise ValueError(f"found {info.file_size} bytes to inflate, expected at most {MAX_INFLATED}")
            with self._file.open(info) as file:
                return file.read(info.file_size if count < 0 else count)


class ArchiveMember:
    """A file in a zip archive. Its text is ``"archive.zip//folder/file.dcm"``."""

    def __init__(self, archive: Archive, info: ZipInfo) -> None:
        """Store the arguments; read nothing."""
        self._archive, self._info = archive, info
        self.name = info.filename

    def __str__(self) -> str:
        """Return the path of the archive and the name of the member."""
        return f"{self._archive.path}//{self.name}"

    __repr__ = __str__

    def read(self, count: int = -1) -> bytes:
        """Return the first `count` bytes, or all for -1."""
        return self._archive.read(self._info, count)


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
    if is_archive(path):
        return Candidates(list(Archive(os.fspath(source)).members()), is_given=False)
    return Candidates([source], is_given=True)


def is_dicom(file: "SeriesFile") -> bool:
    """Return whether a file that was found is DICOM: by its suffix, or by the prefix after the preamble."""
    if isinstance(file, ArchiveMember):
        return is_named_dicom(file.name) or file.read(PREAMBLE + len(PREFIX))[PREAMBLE:] == PREFIX
    if not isinstance(file, str | os.PathLike) or is_named_dicom(file):
        return True
    # Reading anything but a regular file, such as a FIFO, could block.
    if special_file_kind(file) is not None:
        return False
    with Path(file).open("rb", buffering=0) as opened:
        return opened.read(PREAMBLE + len(PREFIX))[PREAMBLE:] == PREFIX


def name_of(file: "SeriesFile") -> str | None:
    """Return the name of a file in messages; None for bytes or a data set."""
    return str(file) if isinstance(file, ArchiveMember) else filename_of(file)


def _in_folder(folder: str) -> Iterator[str]:
    for file in files_below(folder):
        if file.error is not None:
            raise file.error
        if _is_candidate(file.place):
            yield file.path


def _is_candidate(place: PurePosixPath) -> bool:
    is_hidden = any(part.startswith(".") for part in place.parts) or place.parts[:1] == ("__MACOSX",)
    return not is_hidden and place.name.upper() != DIRECTORY


@contextmanager
def _as_pixel_data_error(name: str) -> Iterator[None]:
    """Convert the exceptions of `zipfile` for a malformed, encrypted or unsupported archive."""
    try:
        yield
    except PixelDataError:
        raise
    except (BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError) as error:
        message = f"cannot be read from the archive: {str(error) or type(error).__name__}"
        raise PixelDataError(message, filename=name) from error
