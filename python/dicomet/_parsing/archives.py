"""Archives: zip, tar, and gzip, of a tar archive or of a single file. Nothing is extracted to the disk."""

import gzip
import tarfile
import zipfile
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import BinaryIO, NamedTuple, cast

from dicomet._native import Source
from dicomet._parsing.dicom_file import HEAD, has_prefix, is_plausible
from dicomet._parsing.limits import MAX_BYTES, check_max_bytes

SUFFIXES = (".tar.gz", ".zip", ".tar", ".tgz", ".gz")
"""Names by which archives in folders are recognized, the longest first."""
# Bounds for archives that are made to exhaust memory. Without DICOMET_MAX_BYTES, what a member inflates to:
MAX_INFLATED, MAX_RATIO = 1 << 30, 16
# The headers of a member of a tar archive, which hold its name and its extended attributes.
MAX_HEADERS = 1 << 16
MAX_GLOBAL_HEADERS = 100
MAX_MEMBERS = 1_000_000
PIECE = 1 << 20
# bzip2 and LZMA inflate a few bytes to gigabytes at once.
ZIP_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
GZIP_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"PK\3\4"


class ArchiveFormat(StrEnum):
    """The formats of archives."""

    ZIP = "zip"
    TAR = "tar"
    TAR_GZIP = "tar.gz"
    GZIP = "gzip"
    """A single file, compressed."""


class Member(NamedTuple):
    """A file in an archive.

    `offset`: where it lies in the archive, after inflating a compressed tar archive; names may be repeated. `size`: in
    bytes; 0 for a single compressed file, whose size is not known.
    """

    format: ArchiveFormat
    name: str
    offset: int = 0
    size: int = 0


class ArchiveError(Exception):
    """An archive is damaged."""


def archive_stem(name: str) -> str:
    """Return the name of an archive without its suffix."""
    suffix = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), PurePosixPath(name).suffix)
    return name[: len(name) - len(suffix)] or name


def is_named_archive(name: str) -> bool:
    """Return whether a file name has a suffix of archives."""
    return name.lower().endswith(SUFFIXES)


def archive_format(path: Path) -> ArchiveFormat | None:
    """Return the format of an archive by its contents; None for any other file.

    A DICOM file may have a preamble and an end that look like those of an archive.
    """
    try:
        # Opening a pipe would wait for a writer.
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(HEAD)
            if has_prefix(head):
                return None
            if head.startswith(ZIP_MAGIC) or zipfile.is_zipfile(file):
                return ArchiveFormat.ZIP
        if head.startswith(GZIP_MAGIC):
            return ArchiveFormat.TAR_GZIP if _is_tar(_inflated_head(path)) else ArchiveFormat.GZIP
        return ArchiveFormat.TAR if _is_tar(head) else None
    except OSError:
        return None


def _is_tar(head: bytes) -> bool:
    """Return whether a file begins with the header of a tar archive, whose checksum is right."""
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _inflated_head(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(HEAD)
    except Exception:  # noqa: BLE001 - damaged, which reading it reports
        return b""


def members(path: str, form: ArchiveFormat) -> Iterator[Member]:
    """Yield the files in an archive: those of a zip archive by name, those of a tar archive in order.

    Raises
    ------
    ArchiveError
        The archive is damaged. The members before are yielded.

    """
    try:
        if form is ArchiveFormat.ZIP:
            yield from _zip_members(path)
        elif form is ArchiveFormat.GZIP:
            yield Member(form, archive_stem(Path(path).name))
        else:
            yield from _tar_members(path, form)
    except ArchiveError:
        raise
    except Exception as error:
        raise ArchiveError(str(error) or type(error).__name__) from error


def _zip_members(path: str) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        found = [info for info in archive.infolist() if not info.is_dir()]
    for info in sorted(found, key=lambda info: (info.filename, info.header_offset)):
        yield Member(ArchiveFormat.ZIP, info.filename, info.header_offset, info.file_size)


def _tar_members(path: str, form: ArchiveFormat) -> Iterator[Member]:
    """Yield the regular files; links and devices have no content of their own."""
    with gzip.open(path) if form is ArchiveFormat.TAR_GZIP else open(path, "rb") as stream:  # noqa: PTH123 - a string
        headers = _Headers(cast("BinaryIO", stream))
        with tarfile.open(fileobj=cast("BinaryIO", headers), mode="r:") as archive:
            end = -1
            for _ in range(MAX_MEMBERS):
                headers.left = MAX_HEADERS
                info = archive.next()
                # `tarfile` keeps all members.
                archive.members = []  # type: ignore[attr-defined]
                if info is None:
                    break
                _check_header(info, archive, end)
                end = info.offset_data + info.size
                if info.isreg():
                    yield Member(form, info.name, info.offset_data, info.size)
            else:
                raise ArchiveError(f"found more than {MAX_MEMBERS} members")
            # `tarfile` takes a damaged header for the end.
            stream.seek(archive.offset)
            if any(stream.read(tarfile.BLOCKSIZE)):
                raise ArchiveError(f"found a damaged header at offset {archive.offset}")


def _check_header(info: tarfile.TarInfo, archive: tarfile.TarFile, end: int) -> None:
    if info.size < 0 or info.offset_data < end:
        raise ArchiveError(f"found a header at offset {info.offset} that leads back, expected a size of 0 or more")
    if info.issparse():
        raise ArchiveError(f"found the sparse file {info.name!a}, expected one that is stored as a whole")
    if len(archive.pax_headers) > MAX_GLOBAL_HEADERS:
        raise ArchiveError(f"found more than {MAX_GLOBAL_HEADERS} global headers")


class _Headers:
    """A file of which `tarfile` reads the headers: it would read as many bytes as they declare."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = MAX_HEADERS

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise ArchiveError(f"found headers of more than {MAX_HEADERS} bytes")
        self.left -= size
        return self._file.read(size)

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()


def read_member(path: str, member: Member, count: int | None = None) -> Source:
    """Return the content of a file in an archive; of one that is not DICOM, it may be the beginning only.

    `count`: only the first bytes, or fewer at the end.

    Raises
    ------
    ValueError
        It inflates to more than the limit, or is shorter than the archive says.
    OSError, EOFError, zipfile.BadZipFile, zlib.error
        The archive is damaged, or cannot be read.

    """
    about = Path(path).stat()
    size = member.size if count is None else min(count, member.size)
    if member.format is ArchiveFormat.TAR:
        return _checked(Source.open(path).part(member.offset, size), size)
    limit = check_max_bytes(None)
    if limit is None:
        limit = max(MAX_INFLATED, MAX_RATIO * about.st_size)
    if member.format is ArchiveFormat.GZIP:
        return _gzip_content(path, limit) if count is None else _gzip_head(path, count)
    _check_inflated(size, limit)
    if member.format is ArchiveFormat.ZIP:
        return Source.from_buffer(_zip(path, about.st_mtime_ns, about.st_size).read(member, size))
    content = _inflated(path, about.st_mtime_ns, about.st_size).read(member.offset, size)
    return _checked(Source.from_buffer(content), size)


def _checked(content: Source, size: int) -> Source:
    if content.length < size:
        raise ValueError(f"found {content.length} bytes to the end of the archive, expected {size}")
    return content


def _check_inflated(size: int, limit: int) -> None:
    if size > limit:
        raise ValueError(f"found {size} bytes to inflate, expected at most {limit} ({MAX_BYTES})")


def _gzip_head(path: str, count: int) -> Source:
    with gzip.open(path) as file:
        return Source.from_buffer(_read(cast("BinaryIO", file), count))


def _gzip_content(path: str, limit: int) -> Source:
    with gzip.open(path) as file:
        content = _read(cast("BinaryIO", file), HEAD)
        if is_plausible(content):
            content = b"".join((content, _read(cast("BinaryIO", file), limit + 1 - len(content))))
            _check_inflated(len(content), limit)
    return Source.from_buffer(content)


def _read(file: BinaryIO, size: int) -> bytes:
    """Return `size` bytes, or fewer at the end, without memory for more than there are."""
    pieces: list[bytes] = []
    while size > 0 and (piece := file.read(min(size, PIECE))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


class _Zip:
    """A zip archive that stays open, because `ZipFile` reads the whole directory."""

    def __init__(self, path: str) -> None:
        self._archive = zipfile.ZipFile(path)
        self._members = {(info.filename, info.header_offset): info for info in self._archive.infolist()}

    def read(self, member: Member, size: int) -> bytes:
        info = self._members[member.name, member.offset]
        if info.compress_type not in ZIP_METHODS:
            raise ValueError(f"found the compression method {info.compress_type} of zip, expected stored or deflated")
        # `ZipFile.read` inflates up to 1 GiB at once, whatever size the archive declares.
        with self._archive.open(info) as file:
            return _read(cast("BinaryIO", file), size)


class _Inflated:
    """A compressed tar archive that stays open: members in order are read without inflating it from the start."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = gzip.open(path)  # noqa: SIM115 - stays open
        self._lock = Lock()

    def read(self, offset: int, size: int) -> bytes:
        with self._lock:
            try:
                self._file.seek(offset)
                return _read(cast("BinaryIO", self._file), size)
            except Exception:
                # Its state after an error is not defined.
                self._file = gzip.open(self._path)  # noqa: SIM115
                raise


@lru_cache(maxsize=2)
def _zip(path: str, modified: int, size: int) -> _Zip:  # noqa: ARG001 - part of the cache key
    return _Zip(path)


@lru_cache(maxsize=2)
def _inflated(path: str, modified: int, size: int) -> _Inflated:  # noqa: ARG001 - part of the cache key
    return _Inflated(path)
