"""Writing the stream of a video object (PS3.5 8.2.5 to 8.2.11, A.4.5 to A.4.10) to a file, as it is."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dicomet._parsing.parse import parse
from dicomet._parsing.tags import ENCAPSULATED_LENGTH, PIXEL_DATA, TRANSFER_SYNTAX_UID
from dicomet._parsing.transfer_syntax import BY_UID, name_of
from dicomet._utils.warn import warn
from dicomet.convert.formats import VIDEO
from dicomet.convert.stream_bytes import StreamBytes
from dicomet.convert.video_stream import VideoStream, recognize
from dicomet.errors import PixelDataError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.parsed import Parsed
    from dicomet._parsing.source import Readable

_SHOWN_BYTES = 8


class NotVideoError(PixelDataError):
    """The transfer syntax is not one of video."""


class Video:
    """The video stream of a source. `frames`: Number of Frames, which does not change the stream."""

    def __init__(self, src: "Readable | Dataset") -> None:
        """Locate and recognize the stream, and compare it with the transfer syntax.

        Raises
        ------
        NotVideoError
            The source has another transfer syntax.
        PixelDataError, OSError
            The items are malformed, the value is no video stream, or it is coded otherwise than the transfer syntax
            says.

        """
        parsed = parse(src, {}, (ENCAPSULATED_LENGTH,))
        known = BY_UID.get(parsed.transfer_syntax)
        if known is None or not known.video:
            message = f"{TRANSFER_SYNTAX_UID.label}: found {name_of(parsed.transfer_syntax)}, expected one of video"
            raise NotVideoError(message, element=TRANSFER_SYNTAX_UID.label)
        self._bytes = StreamBytes(parsed.value, delimited=parsed.delimited)
        self._stream = _recognized(self._bytes)
        _check_coding(self._stream, known.video)
        self._length = min(self._stream.length, _stated_length(parsed, self._bytes))
        self.frames = int(parsed.attributes["number_of_frames"])

    def path(self, out: Path) -> Path:
        """Return the file to write: `out`, with the suffix of the stream in place of that of the format.

        Raises
        ------
        ValueError
            `out` has the suffix of another kind of stream.

        """
        suffixes = self._stream.suffixes
        if out.suffix.lower() == VIDEO.suffixes[0]:
            return out.with_suffix(suffixes[0])
        if out.suffix.lower() not in suffixes:
            expected = f"a name that ends in {' or '.join(suffixes)} for {self._stream.name}"
            raise ValueError(f"out: found {str(out)!r}, expected {expected}, or in {VIDEO.suffixes[0]} for any")
        return out

    def write(self, file: BinaryIO) -> None:
        """Write the stream, in pieces."""
        file.writelines(self._bytes.chunks(self._length))


def _recognized(data: StreamBytes) -> VideoStream:
    found = recognize(data)
    if found is None:
        head = data.read(0, _SHOWN_BYTES).hex(" ").upper()
        message = f"{PIXEL_DATA.label}: found bytes that begin with {head}, expected a video stream"
        raise PixelDataError(message, element=PIXEL_DATA.label)
    return found


def _check_coding(stream: VideoStream, expected: str) -> None:
    if not stream.codings:
        warn(f"{PIXEL_DATA.label}: found {stream.name} that does not say how it is coded, expected {expected}")
    elif expected not in stream.codings:
        found = f"{stream.name} ({' and '.join(sorted(stream.codings))})"
        message = f"{PIXEL_DATA.label}: found {found}, expected {expected} as the transfer syntax says"
        raise PixelDataError(message, element=PIXEL_DATA.label)


def _stated_length(parsed: "Parsed", data: StreamBytes) -> int:
    """Return the length without padding that the data set states, if only a zero follows; otherwise the whole length.

    Encapsulated Pixel Data Value Total Length (PS3.3 C.7.6.3.1) does not count a byte that makes the length even.
    """
    element = None if parsed.dataset is None else parsed.dataset.get(int(ENCAPSULATED_LENGTH))
    stated = None if element is None else element.value
    is_padded = stated == data.length - 1 and data.read(data.length - 1, 1) == b"\0"
    return data.length - 1 if is_padded else data.length
