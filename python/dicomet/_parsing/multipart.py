"""The public function `frame_parts`: the frames in the body of a DICOMweb response (PS3.18 8.6.1.2, RFC 2046 5.1)."""

import re
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, NamedTuple

from dicomet._parsing.media_type import parse_media_type
from dicomet._parsing.source import open_source
from dicomet.errors import PixelDataError, short_repr, with_filename

if TYPE_CHECKING:
    from dicomet._parsing.source import Readable

# RFC 2046 5.1.1.
MAX_BOUNDARY = 70
# Longer headers are not those of a part.
MAX_HEADERS = 1 << 14
_END_OF_HEADERS = re.compile(rb"\r\n\r\n")


class FramePart(NamedTuple):
    """One part of a multipart body.

    Attributes
    ----------
    media_type : str
        The value of its header ``Content-Type``.
    data : memoryview
        Its content: the bytes of a frame. It keeps the whole body in memory.

    """

    media_type: str
    data: memoryview


def frame_parts(body: "Readable", content_type: str, *, max_bytes: int | None = None) -> Iterator[FramePart]:
    """Yield the frames in the body of a WADO-RS response, for `decode_frame`.

    >>> for part in dicomet.frame_parts(response.content, response.headers["Content-Type"]):
    ...     frame = dicomet.decode_frame(part.data, metadata, media_type=part.media_type)

    Parameters
    ----------
    body : bytes-like, binary file object or path
        The body of the response, or the response itself, if it has a method `read`.
    content_type : str
        The header ``Content-Type`` of the response: ``multipart/related`` with a boundary. A body of any other type is
        one part.
    max_bytes : int, optional
        As for `pixel_array`, for an object that is not seekable.

    Yields
    ------
    FramePart
        ``(media_type, data)``, in the order of the requested frames. A part without a type has that of the parameter
        ``type`` of `content_type` (RFC 2387 3.1).

    Raises
    ------
    PixelDataError
        The body has no parts, or ends within one. The parts before are yielded.
    TypeError
        `body` or `content_type` is of another type.
    OSError
        `body` cannot be read.

    """
    name, parameters = parse_media_type(content_type, "content_type")
    with with_filename(body):
        source = open_source(body, max_bytes)
        content = memoryview(source.read(0, source.length))
        if not name.startswith("multipart/"):
            yield FramePart(content_type, content)
            return
        for part in _parts(content, _boundary(parameters)):
            yield _frame_part(part, parameters.get("type", ""))


def _boundary(parameters: dict[str, str]) -> bytes:
    boundary = parameters.get("boundary", "")
    if not 1 <= len(boundary) <= MAX_BOUNDARY or not boundary.isascii():
        expected = f"a boundary of 1 to {MAX_BOUNDARY} characters of ASCII"
        raise PixelDataError(f"'content_type': found {short_repr(boundary)}, expected {expected}")
    return boundary.encode()


def _parts(content: memoryview, boundary: bytes) -> Iterator[memoryview]:
    """Yield what is between two delimiters: each begins with the line end of the first one."""
    # A delimiter is a whole line. Its line end belongs to the next part, which may have neither headers nor content.
    rest = rb"--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|\r?\Z)"
    delimiters, number = re.compile(rb"\r\n" + rest), 0
    found = re.compile(rest).match(content) or delimiters.search(content)
    if found is None or found[1] is not None:
        raise PixelDataError(
            f"multipart body: found no part after a line of the boundary {short_repr(boundary.decode())}"
        )
    while found[1] is None:
        start = found.end()
        found = delimiters.search(content, start)
        if found is None:
            raise PixelDataError(f"multipart body, part {number}: found the end, expected a line of the boundary")
        yield content[start : found.start()]
        number += 1


def _frame_part(part: memoryview, media_type: str) -> FramePart:
    """Separate headers and content (RFC 2046 5.1: an empty line is between them)."""
    end = _END_OF_HEADERS.search(part, 0, MAX_HEADERS)
    if end is None:
        raise PixelDataError(f"multipart body: found no empty line after the headers of {bytes(part[:32])!a}")
    headers = BytesHeaderParser().parsebytes(bytes(part[2 : end.start()]))
    return FramePart(str(headers.get("Content-Type", media_type)), part[end.end() :])
