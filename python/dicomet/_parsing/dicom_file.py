"""Detection of the format of a file by its first bytes: the DICOM File Format (PS3.10 7.1), or another one."""

import os
import re
from contextlib import suppress
from pathlib import Path

from dicomet._utils.regular import special_file_kind
from dicomet.errors import counted

PREAMBLE, PREFIX = 128, b"DICM"
# Enough bytes to distinguish all formats below.
HEAD = 512
# A data set without preamble and prefix begins with an element of group 0002 or 0008, in either byte order (PS3.10 7.1
# and PS3.5 7.1).
GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x08", b"\x00\x02")
SUFFIXES = frozenset({".dcm", ".dicom"})
NOT_DICOM = "not a DICOM file"

SHOWN_BYTES, SHOWN_CHARACTERS = 4, 24
# Offset and magic number of formats that are often taken for DICOM, or found in place of an archive.
_MAGIC = (
    (0, b"\x1f\x8b", "gzip"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"PK\x05\x06", "a zip archive"),
    (0, b"%PDF", "PDF"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"II+\0", "a TIFF picture"),
    (0, b"MM\0+", "a TIFF picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5"),
    (0, b"\0\x05\x16\x07", "an AppleDouble file of macOS"),
    (257, b"ustar", "a tar archive"),
)
_TEXTS = (
    (r"<!doctype html|(<\?xml[^>]*>\s*)?(<![^>]*>\s*)*<(html|head|body)\b", "HTML"),
    (r"<\?xml|<[a-z_!]", "XML"),
    (r"(mime-version|content-type):|--[^\s]{1,70}[ \t]*\r?\n(content-|mime-)", "multipart MIME"),
    (r"--[^\s]{1,70}[ \t]*\r?\n", "multipart MIME"),
    (r"http/\d", "an HTTP response"),
    (r"version https://git-lfs", "a Git LFS pointer, whose file has not been fetched"),
    (r"[{\[]", "JSON"),
)
_IN_FRONT = ("--", "\r\n--", "HTTP/", "Content-", "content-", "MIME-")
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def head_of(path: str) -> bytes:
    """Return the first bytes of a file.

    Raises
    ------
    OSError
        The file cannot be read, or is not a regular file.

    """
    # Do not open a special file: opening a pipe may block until there is a writer, and some devices have no end.
    if (kind := special_file_kind(path)) is not None:
        raise OSError(f"found {kind}, expected a file")
    with Path(path).open("rb") as file:
        return file.read(HEAD)


def has_prefix(head: bytes) -> bool:
    """Return whether a file has the prefix of the DICOM File Format."""
    return head[PREAMBLE : PREAMBLE + len(PREFIX)] == PREFIX


def is_plausible(head: bytes) -> bool:
    """Return whether a file that begins with `head` may be DICOM."""
    return has_prefix(head) or head[: len(GROUPS[0])] in GROUPS


def may_be_dicom(path: str) -> bool:
    """Return whether a file may be DICOM, by its first bytes; True if they cannot be read."""
    try:
        return is_plausible(head_of(path))
    except OSError:
        return True


def is_named_dicom(name: str | os.PathLike[str]) -> bool:
    """Return whether the file name has a suffix of DICOM, and is not that of a hidden file."""
    path = Path(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def not_dicom(head: bytes) -> str:
    """Return the message for a file that is not DICOM and begins with `head`, with the format that it looks like."""
    if not head:
        return f"{NOT_DICOM}: it is empty"
    if not any(head):
        return f"{NOT_DICOM}: begins with {counted(len(head), 'byte')} of 0"
    for offset, magic, name in _MAGIC:
        if head.startswith(magic, offset):
            return f"{NOT_DICOM}: begins with {_shown_bytes(head)} (looks like {name})"
    text = _text(head) or _text_in_front(head)
    if text is None:
        # The file may be a data set without File Meta Information, whose encoding only the caller knows.
        return f"{NOT_DICOM}: begins with {_shown_bytes(head)}; of a data set alone, 'transfer_syntax_uid' is required"
    start = text.lstrip()
    name = next((name for pattern, name in _TEXTS if re.match(pattern, start, re.IGNORECASE)), "plain text")
    return f"{NOT_DICOM}: begins with {start[:SHOWN_CHARACTERS]!a} (looks like {name})"


def _shown_bytes(head: bytes) -> str:
    return head[:SHOWN_BYTES].hex(" ").upper()


def _text(head: bytes) -> str | None:
    """Return `head` as text; None if it is not text. The last character may be incomplete."""
    mark, encoding = next((known for known in _BYTE_ORDER_MARKS if head.startswith(known[0])), (b"", "utf-8"))
    rest = head[len(mark) :]
    for cut in range(4):
        with suppress(UnicodeDecodeError):
            return _printable(rest[: len(rest) - cut].decode(encoding))
    # Error pages of older web servers are in ISO 8859-1.
    return _printable(rest.decode("latin-1")) if rest[:8].isascii() else None


def _text_in_front(head: bytes) -> str | None:
    """Return the text before binary data, such as the headers of multipart MIME; None if it is not such text."""
    start = _CONTROL.split(head.decode("latin-1"), maxsplit=1)[0]
    return start if start.startswith(_IN_FRONT) else None


def _printable(text: str) -> str | None:
    return None if _CONTROL.search(text) else text
