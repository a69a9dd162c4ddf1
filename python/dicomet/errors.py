"""The exceptions of dicomet: `PixelDataError`, and four subclasses.

Three of them also derive from the built-in exception that pydicom, or a sequence, raises in the same case.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dicomet.series.issues import SeriesIssue

MAX_CHARACTERS = 900
_MAX_TEXTS = 3


class PixelDataError(ValueError):
    """Pixel data, or its description, contradicts the standard or the rest of the data set.

    Attributes
    ----------
    element : str or None
        The element at fault, such as ``"(0028,0010) Rows"``.
    frame, segment : int or None
        The frame and the RLE segment (PS3.5 G) at fault, counted from 0.
    offset : int or None
        The offset in the element's value, in bytes.
    filename : str or None
        The file as the caller names it: the path, or the name of a file object. The message begins with it.
    reason : str
        The message without the file name.

    """

    def __init__(  # noqa: PLR0913 - the parts of a message
        self,
        message: str,
        *,
        element: str | None = None,
        frame: int | None = None,
        segment: int | None = None,
        offset: int | None = None,
        filename: str | None = None,
    ) -> None:
        """Store the message, which already names the place, and the place as attributes."""
        super().__init__(one_line(message))
        self.element = element
        self.frame = frame
        self.segment = segment
        self.offset = offset
        self.filename = filename

    @property
    def reason(self) -> str:
        """The message without the file name."""
        return super().__str__()

    def __str__(self) -> str:
        """Return the message, after the file name if it is known."""
        return self.reason if self.filename is None else f"{one_line(self.filename)}: {self.reason}"


class with_filename:  # noqa: N801 - used as a function, like `contextlib.suppress`
    """Add the file name of `src` to a `PixelDataError` that leaves the block without one."""

    def __init__(self, src: object) -> None:
        """Take the caller's source: a path or a file object; anything else has no file name."""
        self._filename = filename_of(src)

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Add the file name; the exception propagates."""
        if isinstance(error, PixelDataError) and error.filename is None:
            error.filename = self._filename


def filename_of(src: object) -> str | None:
    """Return the path `src`, or the name of the file object `src`; None for anything else."""
    if type(src) is str:
        return src
    # The class of a path or file object may be the caller's own, and raise anything.
    with suppress(Exception):
        if isinstance(src, str | os.PathLike):
            return os.fsdecode(src)
        name = getattr(src, "name", None) if hasattr(src, "read") else None
        return name if isinstance(name, str) and name else None
    return None


class MissingElementError(PixelDataError, AttributeError):
    """A required element is missing or empty. Also an `AttributeError`, as in pydicom."""


class UnsupportedTransferSyntaxError(PixelDataError, NotImplementedError):
    """A transfer syntax that is unknown, or not one of images. Also a `NotImplementedError`, as in pydicom."""


class FrameIndexError(PixelDataError, IndexError):
    """A frame index out of range. Also an `IndexError`, as for any sequence."""


class SeriesError(PixelDataError):
    """The images of a series are not one volume.

    Attributes
    ----------
    issues : tuple of dicomet.SeriesIssue
        What prevents it, each with the files that have it.

    """

    issues: "tuple[SeriesIssue, ...]" = ()


def one_line(message: str) -> str:
    """Return `message` as one printable line of limited length.

    Messages quote values of files and texts of other libraries, which may contain any characters.
    """
    text = message
    if not text.isprintable():
        characters = " ".join(text.splitlines())
        text = "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
            for character in characters
        )
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + " ..."


def failure_reason(error: BaseException) -> str:
    """Return the message of an exception in one line, with its type where the message alone is unclear."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, PixelDataError):
        # Without the file, which reports name separately.
        return error.reason
    text = one_line(str(error))
    return (
        text
        if text and isinstance(error, OSError | ValueError | ImportError | IndexError)
        else f"{type(error).__name__}: {text}"
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless the number is 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def first_of(texts: Sequence[str], separator: str = ", ") -> str:
    """Return the first three texts, and the number of the others."""
    more = [f"and {len(texts) - _MAX_TEXTS} more"] if len(texts) > _MAX_TEXTS else []
    return separator.join([*texts[:_MAX_TEXTS], *more])


def short_repr(value: Any) -> str:
    """Return a short text for `value`, of any type, for use in a message."""
    try:
        text = str(value)
        if isinstance(value, int):
            return text[:32]
    except Exception:  # noqa: BLE001 - `__str__` may raise anything
        # An integer with more digits than Python converts, or an object whose `__str__` raises.
        return f"a number of {value.bit_length()} bits" if isinstance(value, int) else f"a {type(value).__name__}"
    return repr(text[:32]) if text.isascii() else ascii(text[:32])
