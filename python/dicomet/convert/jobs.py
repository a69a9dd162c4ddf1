"""One file to convert: a description that can be sent to any process, and the function that runs it."""

from pathlib import Path
from typing import NamedTuple

from dicomet._native import Source
from dicomet._parsing.archives import ArchiveFormat, Member, read_member
from dicomet._parsing.dicom_file import HEAD, NOT_DICOM, has_prefix, head_of, is_named_dicom, is_plausible, not_dicom
from dicomet._parsing.tags import PIXEL_DATA, TRANSFER_SYNTAX_UID
from dicomet._utils.text import plain
from dicomet._utils.thread_warnings import capture_warnings
from dicomet.convert.api import Converted, convert
from dicomet.convert.options import Options
from dicomet.convert.video import NotVideoError
from dicomet.errors import MissingElementError, failure_reason, one_line

NO_IMAGE = "no pixel data"


class Job(NamedTuple):
    """One file to convert. A job can be sent to another process, and run again."""

    source: str
    """The path of a file or of an archive."""
    out: str
    """The output file, as for `dicomet.convert_file`."""
    options: Options
    member: Member | None = None
    """The file in the archive."""
    data: bytes | None = None
    """The content, if it was not read from a file."""
    was_named: bool = False
    """Whether the user named the file, so that it fails if it has no image; other files are skipped."""
    fault: str = ""
    """Why the file cannot be read, if that is known already."""

    @property
    def name(self) -> str:
        """The name in reports."""
        if self.member is None or self.member.format is ArchiveFormat.GZIP:
            return self.source
        return f"{self.source}/{self.member.name}"


def run_job(job: Job) -> Converted:
    """Convert a file. Any error but an interrupt is returned as a result with the status ``"failed"``."""
    with capture_warnings() as messages:
        try:
            done = _run(job)
        except Exception as error:  # noqa: BLE001 - one file must not stop the run, whatever is wrong with it
            return Converted(job.name, "failed", reason=failure_reason(error))
    return done._replace(source=job.name, reason=done.reason or one_line("; ".join(dict.fromkeys(messages))))


def _run(job: Job) -> Converted:
    if job.fault:
        return Converted(job.name, "failed", reason=job.fault)
    source = _source(job)
    head = bytes(source.read(0, HEAD)) if isinstance(source, Source) else head_of(source)
    if not is_plausible(head):
        return _not_dicom(job, not_dicom(head))
    try:
        return convert(source, Path(job.out), job.options)
    except NotVideoError as error:
        return _no_image(job, error.reason)
    except MissingElementError as error:
        if error.element == PIXEL_DATA.label:
            return _no_image(job, NO_IMAGE)
        if error.element == TRANSFER_SYNTAX_UID.label:
            return _no_transfer_syntax(job, head, error)
        raise


def _no_transfer_syntax(job: Job, head: bytes, error: MissingElementError) -> Converted:
    if not has_prefix(head):
        return _no_image(job, f"{NOT_DICOM}: no preamble (PS3.10 7.1) and no {TRANSFER_SYNTAX_UID.label}")
    return Converted(job.name, "failed", reason=plain(error.reason))


def _no_image(job: Job, reason: str) -> Converted:
    return Converted(job.name, "failed" if job.was_named else "skipped", reason=reason)


def _not_dicom(job: Job, reason: str) -> Converted:
    """Skip a file that merely lies in the same folder, and fail one that the user or its suffix declares as DICOM."""
    wanted = job.was_named or is_named_dicom(job.source if job.member is None else job.member.name)
    return Converted(job.name, "failed" if wanted else "skipped", reason=reason)


def _source(job: Job) -> str | Source:
    if job.data is not None:
        return Source.from_buffer(job.data)
    return job.source if job.member is None else read_member(job.source, job.member)
