"""What a video stream is, by its first bytes: its container, its coding, and where it ends."""

from collections.abc import Callable
from dataclasses import dataclass

from dicomet._parsing.transfer_syntax import H_264, HEVC, MPEG_2
from dicomet.convert import transport_stream
from dicomet.convert.mp4 import Boxes
from dicomet.convert.stream_bytes import StreamBytes

HEAD = 1 << 16
_START_CODE = b"\0\0\1"
# ISO/IEC 13818-1 table 2-39 and 13818-2 table 6-1.
_PACK_HEADER, _PROGRAM_END, _SEQUENCE_HEADER = 0xBA, b"\0\0\1\xb9", 0xB3
# ISO/IEC 14496-10 table 7-1 and 23008-2 table 7-1: what an access unit begins with.
_H_264_UNITS = frozenset({6, 7, 8, 9})
_HEVC_UNITS = frozenset({32, 33, 34, 35, 39})


@dataclass(frozen=True, slots=True)
class VideoStream:
    """A recognized stream.

    Attributes
    ----------
    name : str
        The name in messages, with an article.
    suffixes : tuple of str
        The suffixes of its files; the first is the usual one.
    codings : frozenset of str
        How its video is coded, as far as it says so; empty if it does not.
    length : int
        The number of its bytes, without a byte that is provably padding.

    """

    name: str
    suffixes: tuple[str, ...]
    codings: frozenset[str]
    length: int


def recognize(data: StreamBytes) -> VideoStream | None:
    """Return what the stream is; None if it is none that DICOM defines."""
    head = data.read(0, HEAD)
    return next((found for reader in _READERS if (found := reader(data, head)) is not None), None)


def _mp4(data: StreamBytes, head: bytes) -> VideoStream | None:
    if head[4:8] != b"ftyp":
        return None
    end = _unpadded(data, Boxes(data).end())
    return VideoStream("an MP4 file", (".mp4",), Boxes(data).codings(), end)


def _transport_stream(data: StreamBytes, head: bytes) -> VideoStream | None:
    layout = transport_stream.layout_of(head)
    if layout is None:
        return None
    end = _unpadded(data, data.length - data.length % layout.packet_bytes)
    name = "an MPEG transport stream"
    return VideoStream(name, (layout.suffix,), transport_stream.codings(head, layout), end)


def _program_stream(data: StreamBytes, head: bytes) -> VideoStream | None:
    if _start_code(head) != _PACK_HEADER:
        return None
    ends = data.read(max(0, data.length - 5), 5) == _PROGRAM_END + b"\0"
    end = data.length - 1 if ends else data.length
    return VideoStream("an MPEG program stream", (".mpg", ".mpeg"), frozenset({MPEG_2}), end)


def _elementary_stream(data: StreamBytes, head: bytes) -> VideoStream | None:
    code = _start_code(head)
    if code is None:
        return None
    for coding, suffix, fits in _ELEMENTARY:
        if fits(code):
            return VideoStream(f"an elementary stream of {coding}", (suffix,), frozenset({coding}), data.length)
    return None


# Zeros may precede a start code, and follow the last unit of a stream, so that none of them is provably padding.
_ELEMENTARY: tuple[tuple[str, str, Callable[[int], bool]], ...] = (
    (MPEG_2, ".m2v", lambda code: code == _SEQUENCE_HEADER),
    # Bit 7 of a NAL unit header is 0.
    (HEVC, ".hevc", lambda code: code < 0x80 and not code & 1 and code >> 1 in _HEVC_UNITS),  # noqa: PLR2004
    (H_264, ".h264", lambda code: code < 0x80 and code & 0x1F in _H_264_UNITS),  # noqa: PLR2004
)
_READERS = (_mp4, _transport_stream, _program_stream, _elementary_stream)


def _start_code(head: bytes) -> int | None:
    """Return the byte after the start code that the stream begins with, after any zeros; None without one."""
    at = head.find(_START_CODE)
    if at < 0 or any(head[:at]) or at + len(_START_CODE) >= len(head):
        return None
    return head[at + len(_START_CODE)]


def _unpadded(data: StreamBytes, end: int) -> int:
    """Return `end` if only a zero byte that makes the length even follows (PS3.5 A.4), otherwise the whole length."""
    is_padded = end == data.length - 1 and end % 2 == 1 and data.read(end, 1) == b"\0"
    return end if is_padded else data.length
