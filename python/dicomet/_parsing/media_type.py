"""The media types of frames in DICOMweb (PS3.18 8.7.3), and the transfer syntax that each stands for."""

from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import NamedTuple

from dicomet._parsing.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from dicomet.errors import PixelDataError, short_repr

TRANSFER_SYNTAXES = {
    "application/octet-stream": EXPLICIT_VR_LITTLE_ENDIAN,
    "image/jpeg": "1.2.840.10008.1.2.4.70",
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/jpx": "1.2.840.10008.1.2.4.92",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "image/jxl": "1.2.840.10008.1.2.4.110",
    # Of the standard before 2016.
    "image/x-dicom-rle": "1.2.840.10008.1.2.5",
    "image/x-jls": "1.2.840.10008.1.2.4.80",
}
"""The transfer syntax of a media type without the parameter ``transfer-syntax``."""
PARAMETER = "transfer-syntax"
# In place of a transfer syntax: any (PS3.18 8.7.3.5.2).
ANY = "*"
# A longer value is not one of a server, and the parser takes quadratic time.
MAX_CHARACTERS = 1024


class MediaType(NamedTuple):
    """A media type with its parameters, whose names are in lowercase (RFC 9110 8.3.1)."""

    name: str
    parameters: dict[str, str]


def parse_media_type(text: str, argument: str) -> MediaType:
    """Return the value of a header ``Content-Type``, which is the argument named `argument`.

    Raises
    ------
    PixelDataError
        The value is too long.
    TypeError
        The value is not text.

    """
    if not isinstance(text, str):
        raise TypeError(f"{argument!r}: found {type(text).__name__}, expected the text of a Content-Type")
    if len(text) > MAX_CHARACTERS:
        raise PixelDataError(f"{argument!r}: found {len(text)} characters, expected at most {MAX_CHARACTERS}")
    header = Message()
    header["Content-Type"] = text
    found = header.get_params() or []
    return MediaType(
        text.partition(";")[0].strip().lower(),
        {name.lower(): collapse_rfc2231_value(value) for name, value in found[1:]},
    )


def transfer_syntax_of(text: str) -> str:
    """Return the transfer syntax of a frame with the media type `text`: that of its parameter, or else its default.

    Raises
    ------
    PixelDataError
        It has no such parameter, and is not a media type of frames.

    """
    name, parameters = parse_media_type(text, "media_type")
    named = parameters.get(PARAMETER, ANY).strip()
    if named and named != ANY:
        return named
    found = TRANSFER_SYNTAXES.get(name)
    if found is None:
        expected = f"one of {', '.join(TRANSFER_SYNTAXES)}, or the parameter {PARAMETER!r}"
        raise PixelDataError(f"'media_type': found {short_repr(text)}, expected {expected}")
    return found
