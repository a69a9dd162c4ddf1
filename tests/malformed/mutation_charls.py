"""The samples of mutated JPEG-LS codestreams by a reader that follows the standard, and by CharLS."""

import functools
import multiprocessing
import os
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import imagecodecs
import jpeg_ls
import numpy as np
from jpeg_ls_headers import TooLargeError, read, read_image
from jpeg_ls_reader import RefusedError
from mutation_libjpeg import fragments_of, stored_samples

EQUAL, BOTH_REFUSE, OTHER_SIZE, PADDING = "equal", "both refuse", "of another size or depth", "no end, and a zero"
BY_PLUGIN, TOO_LARGE, OTHER = "by a plugin", "not compared: too large", "OTHER"
OF_PLUGIN = "whether it holds all samples is not checked"
"""The warning about a codestream that dicomet does not decode itself."""
DEPTH = ("the codestream has sample bits", "the codestream has sample bytes", "which cannot hold")
MAY_BE_PADDING = "a last byte that may be padding"
MOST_BYTES = 1 << 17
ITEM = b"\xfe\xff\x00\xe0"
TOO_SLOW, SECONDS = "takes too long", 0.15
KEPT = 4096
"""Results of each decoder that are kept: each stream is needed several times, and many frames are not mutated."""


class Form(NamedTuple):
    """What the data set says about samples."""

    shape: tuple[int, ...]
    """Rows, columns and components."""
    stored: int
    signed: bool


@functools.lru_cache(KEPT)
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


class Decoded(NamedTuple):
    """What CharLS, and pydicom's plugins, do with a stream."""

    components: np.ndarray | str
    """Of shape (rows, columns, components), or why there are none: by the version of imagecodecs."""
    ends: bool
    """Whether this, and the decoders of pydicom's plugins, end in time. libjpeg does not if there are 0 lines."""


PLUGINS = [jpeg_ls.decode_pixel_data]
with suppress(ImportError):
    import libjpeg

    PLUGINS.append(functools.partial(libjpeg.decode_pixel_data, version=2))


class CharLs:
    """CharLS in a process of its own, which is ended if it takes too long: some damaged frames take seconds."""

    def __init__(self) -> None:
        self._process: multiprocessing.Process | None = None
        self._owner = 0

    @functools.lru_cache(KEPT)  # noqa: B019 - there is one
    def decode(self, stream: bytes) -> Decoded:
        """Decode a stream."""
        if self._process is None or self._owner != os.getpid():
            self._start()
        self._pipe.send(stream)
        components = self._received()
        # The plugins are not tried if CharLS has ended the process.
        return Decoded(components, self._process is not None and self._received() is None)

    def _received(self) -> Any:
        """The next answer of the process."""
        if not self._pipe.poll(SECONDS):
            self._process.kill()
            self._process.join()
            self._process = None
            return TOO_SLOW
        try:
            return self._pipe.recv()
        except EOFError:
            self._process = None
            return "ends the process"

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_answer, args=(theirs, self._pipe), daemon=True)
        self._process.start()
        self._owner = os.getpid()
        theirs.close()


def _answer(pipe: Connection, theirs: Connection) -> None:
    theirs.close()
    while True:
        try:
            stream = pipe.recv()
        except EOFError:
            return
        try:
            found = imagecodecs.jpegls_decode(stream)
            pipe.send(found.reshape(*found.shape[:2], -1))
        except Exception as error:  # noqa: BLE001 - imagecodecs has an exception for each of its modules
            pipe.send(f"refuses ({str(error).rpartition('returned ')[2]:.60})")
        for decode in PLUGINS:
            with suppress(Exception):
                decode(stream)
        pipe.send(None)


CHARLS = CharLs()


def codestreams(source: Any, parsed: Any) -> list[bytes] | None:
    """The codestream of each frame of a file or a data set; None if its fragments are not those of the frames."""
    fragments = fragments_of(source) if parsed.is_dataset else fragments_of_file(source, parsed.value.start)
    count = frames_of(parsed)
    if fragments and len(fragments) == count:
        return fragments
    return [b"".join(fragments)] if count == 1 and fragments else None


def fragments_of_file(data: bytes, at: int) -> list[bytes]:
    """The fragments of the pixel data whose value begins at this offset."""
    found = []
    while data[at : at + 4] == ITEM:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return [fragment for fragment in found[1:] if fragment]


def frames_of(parsed: Any) -> int:
    """The number of frames of the description, if that is a number."""
    try:
        return int(parsed.attributes.get("number_of_frames") or 1)
    except (TypeError, ValueError):
        return -1


def form_of(attributes: dict[str, Any]) -> Form:
    """What the description says about samples."""
    names = ("rows", "columns", "samples_per_pixel", "bits_stored")
    rows, columns, samples, stored = (int(attributes[name]) for name in names)
    return Form((rows, columns, samples), stored, int(attributes.get("pixel_representation") or 0) == 1)


def judged_frames(components: np.ndarray, said: str, streams: list[bytes], form: Form) -> list[str]:
    """How all frames compare with the standard. `components`: dicomet's, without a conversion of colors."""
    frames = components if components.ndim == 3 + (form.shape[2] > 1) else components[None]
    if len(frames) != len(streams):
        return ["not compared: other fragments than frames"]
    return [judged(frame, said, stream, form) for frame, stream in zip(frames, streams, strict=True)]


def judged(found: np.ndarray | None, said: str, stream: bytes, form: Form) -> str:
    """How dicomet's outcome for one frame compares with the standard.

    `found`: the samples without a conversion of colors, or None; `said`: the error or the warnings.
    """
    expected = by_standard(stream)
    if expected is None:
        return TOO_LARGE
    if found is None:
        return _of_error(said, stream, expected, form)
    if not isinstance(expected, str) and not any((image := read(stream)).tables):
        # The words of signed samples are two's complement in the precision, if that is less than Bits Stored.
        form = form._replace(stored=min(form.stored, image.bits))
    return _of_samples(found, said, expected, form)


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


def with_charls(stream: bytes, *, is_whole: bool) -> str:
    """How CharLS's samples compare with those of the standard. `is_whole`: it has some."""
    expected, found = by_standard(stream), CHARLS.decode(stream).components
    if isinstance(found, str):
        return f"{found} what is whole" if is_whole else f"{found.partition(' (')[0]}: {expected}"
    if not is_whole:
        return f"accepts: {expected}"
    if found.shape == expected.shape and (found == expected).all():
        return EQUAL
    return next((name for name, holds in UNKNOWN.items() if holds(read(stream))), f"{OTHER} samples")


UNKNOWN = {
    "has other samples where MAXVAL is": lambda image: image.preset[0] not in (0, 2**image.bits - 1),
    "has other thresholds where some are given": lambda image: any(image.preset[1:4]) and not all(image.preset[1:4]),
    "does not apply mapping tables": lambda image: any(image.tables),
    "orders components otherwise": lambda image: image.scans > 1,
}
"""What CharLS does not decode as the standard says."""
