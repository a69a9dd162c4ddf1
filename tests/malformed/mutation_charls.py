"""The samples of mutated JPEG-LS codestreams by a reader that follows the standard, and by CharLS."""

import warnings
from typing import NamedTuple

import imagecodecs
import numpy as np
from jpeg_ls_headers import TooLargeError, read_image
from jpeg_ls_reader import RefusedError
from mutation_libjpeg import stored_samples

EQUAL, BOTH_REFUSE, OTHER_SIZE, PADDING = "equal", "both refuse", "of another size or depth", "no end, and a zero"
BY_PLUGIN, TOO_LARGE, OTHER = "by a plugin", "not compared: too large", "OTHER"
OF_PLUGIN = "whether it holds all samples is not checked"
"""The warning about a codestream that dicomet does not decode itself."""
DEPTH = ("the codestream has sample bits", "the codestream has sample bytes", "which cannot hold")
MAY_BE_PADDING = "a last byte that may be padding"
MOST_BYTES = 1 << 17


class Form(NamedTuple):
    """What the data set says about samples."""

    shape: tuple[int, ...]
    """Rows, columns and components."""
    stored: int
    signed: bool


def by_standard(stream: bytes) -> np.ndarray | str | None:
    """The components, of shape (rows, columns, components); why there are none; None for more than can be read."""
    if len(stream) > MOST_BYTES:
        return None
    try:
        return read_image(stream)
    except RefusedError as refused:
        return str(refused)
    except TooLargeError:
        return None


def by_charls(stream: bytes) -> np.ndarray | None:
    """The components, of shape (rows, columns, components); None if CharLS refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = imagecodecs.jpegls_decode(stream)
        except Exception:  # noqa: BLE001 - imagecodecs has an exception for each of its modules
            return None
    return found.reshape(*found.shape[:2], -1)


def judged(found: np.ndarray | None, said: str, stream: bytes, form: Form) -> str:
    """How dicomet's outcome for one frame compares with the standard.

    `found`: the samples without a conversion of colors, or None; `said`: the error or the warnings.
    """
    expected = by_standard(stream)
    if expected is None:
        return TOO_LARGE
    return _of_samples(found, said, expected, form) if found is not None else _of_error(said, stream, expected, form)


def _of_samples(found: np.ndarray, said: str, expected: np.ndarray | str, form: Form) -> str:
    if OF_PLUGIN in said:
        return BY_PLUGIN
    if isinstance(expected, str):
        return f"{OTHER}: samples, where the standard has none: {expected}"
    words = stored_samples(expected, form.stored, signed=form.signed)
    return EQUAL if expected.shape == form.shape and (words.reshape(found.shape) == found).all() else f"{OTHER} samples"


def _of_error(said: str, stream: bytes, expected: np.ndarray | str, form: Form) -> str:
    if isinstance(expected, str):
        return BOTH_REFUSE
    if expected.shape != form.shape or any(text in said for text in DEPTH):
        return OTHER_SIZE
    if MAY_BE_PADDING in said and stream.rstrip(b"\xff").endswith(b"\0"):
        return PADDING
    return f"{OTHER}: refused, although all samples are there: {said}"
