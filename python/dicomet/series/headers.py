"""The headers of many files in one call, on all cores."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dicomet._native import Source, scan_elements, scan_files
from dicomet._parsing.header import reads_by_default
from dicomet._parsing.header_values import (
    HeaderValues,
    NamedElement,
    dataset_values,
    named_element,
    scanned_values,
    tags_of,
)
from dicomet._parsing.limits import check_workers
from dicomet._parsing.parse import is_dataset
from dicomet._parsing.source import open_source
from dicomet.errors import PixelDataError
from dicomet.series.sources import ArchiveMember, Candidates, candidates_of, is_dicom, name_of

HEADER_ELEMENTS = (
    *("Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "SOPClassUID", "SOPInstanceUID"),
    *("InstanceNumber", "ImageType", "FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient"),
    *("PixelSpacing", "SliceThickness", "NumberOfFrames", "Rows", "Columns", "RescaleSlope", "RescaleIntercept"),
)
"""The elements that `read_headers` returns by default."""

if TYPE_CHECKING:
    from dicomet.series.sources import SeriesFile

# The beginning of a member of an archive, which usually holds the header.
_HEAD_BYTES = 1 << 16


def read_headers(
    source: "str | os.PathLike[str] | Iterable[SeriesFile]",
    elements: Iterable[str] = HEADER_ELEMENTS,
    *,
    workers: int | None = None,
) -> list[dict[str, Any]]:
    """Return elements of the headers of many files, read on all cores, without their pixel data.

    >>> import pandas
    >>> table = pandas.DataFrame(dicomet.read_headers("archive", ["SeriesInstanceUID", "ImagePositionPatient"]))

    Parameters
    ----------
    source : path, or iterable of files
        A folder with all that is below it, an archive (zip, tar, tar.gz), or files: paths, binary file objects, bytes
        or pydicom.dataset.Dataset. In a folder or archive, hidden files, a ``DICOMDIR`` and files that are not DICOM
        (by the suffix ``.dcm`` or ``.dicom``, or by the prefix ``DICM``, PS3.10 7.1) are skipped.
    elements : iterable of str
        Keywords of PS3.6. Elements of the data set itself are read, not those in its sequences.
    workers : int, optional
        Maximum number of threads. By default, the value of the environment variable ``DICOMET_WORKERS``, or else the
        number of CPUs that the process may use.

    Returns
    -------
    list of dict
        One for each file, in order: folders and archives by name. ``"file"`` is the path (text for a member of an
        archive, None for bytes or a data set), and each keyword has the value of the element: a float (DS, FL, FD), an
        int (IS, US, ...; AT: the tag), a str or bytes, or None if it is missing or empty. An element that may have
        several values (VM other than 1 in PS3.6) has a tuple of these, even of a single one; an element of VM 1 has
        the value itself, or a tuple if the file has several all the same. ``"error"`` says why a file, or the first
        unreadable value of it, could not be read; otherwise it is None.

    Raises
    ------
    OSError
        The folder or the archive cannot be read.
    ValueError
        An element is not in PS3.6, or is a sequence.
    TypeError
        `source` is not a path or an iterable of files.

    """
    named = [named_element(keyword) for keyword in elements]
    found = headers_of(candidates_of(source), named, workers)
    return [{"file": name_of(file), **header.values, "error": header.error} for file, header in found]


def headers_of(
    candidates: Candidates, elements: Sequence[NamedElement], workers: int | None
) -> "list[tuple[SeriesFile, HeaderValues]]":
    """Return the DICOM files among `candidates` with the values of `elements`."""
    tags = tags_of(elements)
    scanned = iter(_scan_paths([_as_path(file) for file in candidates.files], tags, workers))
    found: list[tuple[SeriesFile, HeaderValues]] = []
    for file in candidates.files:
        result = next(scanned) if _as_path(file) is not None else None
        if isinstance(result, tuple):
            found.append((file, scanned_values(result, elements)))
            continue
        try:
            if isinstance(result, OSError):
                raise result
            if candidates.is_given or is_dicom(file):
                found.append((file, _header(file, elements, tags)))
        except (PixelDataError, OSError) as error:
            reason = error.reason if isinstance(error, PixelDataError) else error.strerror or str(error)
            found.append((file, HeaderValues(dict.fromkeys(element.keyword for element in elements), error=reason)))
    return found


def _as_path(file: "SeriesFile") -> str | None:
    return os.fsdecode(file) if isinstance(file, str | os.PathLike) else None


def _scan_paths(paths: "Sequence[str | None]", tags: list[int], workers: int | None) -> list[Any]:
    """Return the result of the scanner, or an exception, for each path that is not None."""
    opened = [path for path in paths if path is not None]
    if not reads_by_default():
        return [None] * len(opened)
    return scan_files(opened, tags=tags, workers=check_workers(workers))


def _header(file: "SeriesFile", elements: Sequence[NamedElement], tags: list[int]) -> HeaderValues:
    """Return the header of a file that is not a path, or one that the scanner leaves to pydicom's parser."""
    if is_dataset(file):
        return dataset_values(file, elements)
    if isinstance(file, ArchiveMember):
        return _member_header(file, elements, tags)
    source = open_source(file)
    return _source_header(source, elements, tags)


def _member_header(member: ArchiveMember, elements: Sequence[NamedElement], tags: list[int]) -> HeaderValues:
    found = scan_elements(member.source(_HEAD_BYTES), tags=tags) if reads_by_default() else None
    # A header that ends with the bytes that were read may continue.
    if found is not None and found[1]:
        return scanned_values(found, elements)
    return _source_header(member.source(), elements, tags)


def _source_header(source: Source, elements: Sequence[NamedElement], tags: list[int]) -> HeaderValues:
    found = scan_elements(source, tags=tags) if reads_by_default() else None
    if found is not None:
        return scanned_values(found, elements)
    from dicomet._parsing.pydicom_parser import read_elements  # noqa: PLC0415 - imports pydicom

    return dataset_values(read_elements(source, tags), elements)
