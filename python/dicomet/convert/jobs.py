"""One file to convert: a description that any process can be given, and the function that does it."""

import zipfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from dicomet._decoding.limits import MAX_BYTES, check_max_bytes
from dicomet._parsing.dicom_file import NOT_DICOM, has_prefix, head_of, is_named_dicom, is_plausible, not_dicom
from dicomet.cli.terminal import plain
from dicomet.convert.api import Converted, convert
from dicomet.convert.options import Options
from dicomet.convert.thread_warnings import capture_warnings
from dicomet.errors import PIXEL_DATA, TRANSFER_SYNTAX_UID, MissingElementError, PixelDataError, one_line

NO_IMAGE = "no pixel data"


class Job(NamedTuple):
    """One file to convert. It can be sent to another process, and done again."""

    source: str
    """A file, or a zip archive."""
    out: str
    """The file that it becomes, as for `dicomet.convert_file`."""
    options: Options
    member: str | None = None
    """The name in the archive."""
    offset: int = 0
    """Where in the archive: names may be there twice."""
    data: bytes | None = None
    """What was read from elsewhere, instead of the file."""
    was_named: bool = False
    """By the user, who wants it to be an image: else a file that is none is skipped."""
    fault: str = ""
    """Why it cannot be read, known before."""

    @property
    def name(self) -> str:
        """As it is reported."""
        return self.source if self.member is None else f"{self.source}/{self.member}"


def run_job(job: Job) -> Converted:
    """Convert a file. It never raises but for an interrupt: what is wrong is told by the result."""
    with capture_warnings() as odd:
        try:
            done = _run(job)
        except Exception as error:  # noqa: BLE001 - one file must not end the rest, whatever is wrong with it
            return Converted(job.name, "failed", reason=failure_reason(error))
    return done._replace(source=job.name, reason=done.reason or one_line("; ".join(dict.fromkeys(odd))))


def _run(job: Job) -> Converted:
    if job.fault:
        return Converted(job.name, "failed", reason=job.fault)
    source = _source(job)
    head = head_of(source)
    if not is_plausible(head):
        return _not_dicom(job, not_dicom(head))
    try:
        return convert(source, Path(job.out), job.options)
    except MissingElementError as error:
        if error.element == PIXEL_DATA:
            return _no_image(job, NO_IMAGE)
        if error.element == TRANSFER_SYNTAX_UID and not has_prefix(head):
            return _no_image(job, f"{NOT_DICOM}: no preamble (PS3.10 7.1) and no {TRANSFER_SYNTAX_UID}")
        if error.element == TRANSFER_SYNTAX_UID:
            return Converted(job.name, "failed", reason=plain(error.reason))
        raise


def _no_image(job: Job, reason: str) -> Converted:
    return Converted(job.name, "failed" if job.was_named else "skipped", reason=reason)


def _not_dicom(job: Job, reason: str) -> Converted:
    """Skip what only lies in the same folder, and fail for what its name says is DICOM."""
    wanted = job.was_named or is_named_dicom(job.member or job.source)
    return Converted(job.name, "failed" if wanted else "skipped", reason=reason)


def _source(job: Job) -> str | bytes:
    if job.data is not None:
        return job.data
    if job.member is None:
        return job.source
    about = Path(job.source).stat()
    archive = _archive(job.source, about.st_mtime_ns, about.st_size)
    info = next(info for info in _members(archive)[job.member] if info.header_offset == job.offset)
    limit = check_max_bytes(None)
    if limit is not None and info.file_size > limit:
        raise ValueError(f"found {info.file_size} bytes to inflate, expected at most {limit} ({MAX_BYTES})")
    return archive.read(info)


@lru_cache(maxsize=2)
def _archive(path: str, modified: int, size: int) -> zipfile.ZipFile:  # noqa: ARG001 - another file is opened anew
    """Open an archive once, not for each member: its directory is read as a whole."""
    return zipfile.ZipFile(path)


@lru_cache(maxsize=2)
def _members(archive: zipfile.ZipFile) -> dict[str, list[zipfile.ZipInfo]]:
    members: dict[str, list[zipfile.ZipInfo]] = {}
    for info in archive.infolist():
        members.setdefault(info.filename, []).append(info)
    return members


def failure_reason(error: BaseException) -> str:
    """Return what an exception says, in one line; with its type where that does not speak for itself."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, PixelDataError):
        # The file is named beside it.
        return error.reason
    text = one_line(str(error))
    return (
        text
        if text and isinstance(error, OSError | ValueError | ImportError | IndexError)
        else f"{type(error).__name__}: {text}"
    )
