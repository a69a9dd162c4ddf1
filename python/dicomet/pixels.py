"""The public functions: `pixel_array` and `iter_pixels`, with the signatures of pydicom."""

import io
import operator
import os
from collections.abc import Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from pydicom.dataset import Dataset

from dicomet.description import Description, describe
from dicomet.encapsulated import EncapsulatedFrames
from dicomet.errors import PixelDataError, shown
from dicomet.native import NativeFrames
from dicomet.parse import Parsed, parse_dataset, parse_file, parse_memory
from dicomet.value import FileValue
from dicomet.warn import warn

Source = str | os.PathLike[str] | BinaryIO | bytes | bytearray | memoryview | Dataset
Frames = NativeFrames | EncapsulatedFrames


def pixel_array(  # noqa: PLR0913 - the signature is pydicom's
    src: Source,
    *,
    ds_out: Dataset | None = None,
    specific_tags: list[int] | None = None,
    index: int | None = None,
    raw: bool = False,
    decoding_plugin: str = "",
    out: np.ndarray | None = None,
    **kwargs: Any,
) -> np.ndarray:
    """Return the pixel data of `src` as an array of stored values (PS3.3 C.7.6.3).

    Parameters
    ----------
    src : path, binary file object, bytes-like or pydicom.dataset.Dataset
        A DICOM file, by name, open for reading in binary mode and seekable (its position is restored), or as a whole in
        memory; or a data set that has been read before.
    ds_out : pydicom.dataset.Dataset, optional
        Is updated with the file meta information, group 0028 and `specific_tags` of a file in `src`.
    specific_tags : list of int, optional
        More tags for `ds_out`.
    index : int, optional
        Return this frame alone, counted from 0, and do not read the others.
    raw : bool
        Return ``YBR_FULL`` and ``YBR_FULL_422`` samples as they are stored. By default they are converted to RGB
        (PS3.3 C.7.6.3.1.2). Native ``YBR_FULL_422`` is expanded to full size in both cases.
    decoding_plugin : str, optional
        The pydicom plugin for the JPEG syntaxes. All others are decoded by dicomet itself.
    out : numpy.ndarray, optional
        Decode into this array, which has the shape and dtype of the result and is C-contiguous. It is returned.
        If an error is raised, its contents are undefined.
    **kwargs
        pydicom's decoding options, among them values in place of those of the data set, such as ``rows=512``.

    Returns
    -------
    numpy.ndarray
        C-contiguous, writeable, owned by the caller, in native byte order, of shape ``(rows, columns[, samples])``, or
        ``(frames, rows, columns[, samples])`` where there is more than one frame and `index` is not given. The dtype is
        ``uint8`` to ``int64`` by Bits Allocated and Pixel Representation; ``float32`` or ``float64`` for Float and
        Double Float Pixel Data. Bits above Bits Stored are cleared, or filled with the sign.

    Raises
    ------
    PixelDataError
        The description or the pixel data is wrong, or a plugin is missing. A missing element raises a subclass that
        is also an `AttributeError`, an unsupported transfer syntax one that is also a `NotImplementedError`.
    OSError
        `src` cannot be read.

    """
    if index is not None:
        index = _checked_index(index)
    with _parsed(src, kwargs, ds_out, specific_tags) as parsed:
        description = describe(parsed, raw=raw)
        frames = _frames(parsed, description, decoding_plugin, whole=index is None)
        first, count = (0, frames.count) if index is None else (index, 1)
        if index is not None:
            _check_exists(index, frames, description)
        frames.check(first, count)
        if parsed.warning:
            warn(parsed.warning)
        array = _result(description, count, out)
        frames.decode(first, count, array.view(np.ndarray))
    if ds_out is not None:
        _fill(ds_out, parsed)
    return array


def iter_pixels(  # noqa: PLR0913 - the signature is pydicom's
    src: Source,
    *,
    ds_out: Dataset | None = None,
    specific_tags: list[int] | None = None,
    indices: Iterable[int] | None = None,
    raw: bool = False,
    decoding_plugin: str = "",
    out: np.ndarray | None = None,
    **kwargs: Any,
) -> Iterator[np.ndarray]:
    """Yield the frames of `src`, one after the other, in the memory of about one frame.

    Nothing is opened or checked before the first frame is asked for.

    Parameters
    ----------
    src, ds_out, specific_tags, raw, decoding_plugin, **kwargs
        As for `pixel_array`. `ds_out` is filled before the first frame is yielded.
    indices : iterable of int, optional
        Yield these frames, counted from 0, in this order. All frames by default, and, as in pydicom, where this is an
        empty list.
    out : numpy.ndarray, optional
        Decode every frame into this array of one frame, and yield it each time.

    Yields
    ------
    numpy.ndarray
        A frame of shape ``(rows, columns[, samples])``, as `pixel_array` returns it for its index.

    Raises
    ------
    PixelDataError, OSError
        As `pixel_array` does.

    """
    with _parsed(src, kwargs, ds_out, specific_tags) as parsed:
        if ds_out is not None:
            _fill(ds_out, parsed)
        description = describe(parsed, raw=raw)
        frames = _frames(parsed, description, decoding_plugin, whole=False)
        warned = False
        for number in _indices(indices, frames, description):
            index = _checked_index(number)
            _check_exists(index, frames, description)
            frames.check(index, 1)
            if parsed.warning and not warned:
                warned = True
                warn(parsed.warning)
            array = _result(description, 1, out)
            frames.decode(index, 1, array.view(np.ndarray))
            yield array


def _indices(indices: Iterable[int] | None, frames: Frames, description: Description) -> Iterable[int]:
    """Return `indices`; all frames where there are none, which in pydicom includes an empty list or range."""
    if indices is not None and not (isinstance(indices, Sized) and len(indices) == 0):
        return indices
    return _all_frames(frames, description)


def _all_frames(frames: Frames, description: Description) -> Iterator[int]:
    """Count to Number of Frames, and only then ask how many there are: frames before a damage are yielded."""
    yield from range(description.image.number_of_frames)
    yield from range(description.image.number_of_frames, frames.count)


def _checked_index(index: int) -> int:
    number = operator.index(index)
    if number < 0:
        raise PixelDataError("'index' must be greater than or equal to 0")
    return number


def _check_exists(index: int, frames: Frames, description: Description) -> None:
    """Raise for a frame that does not exist. Frames are counted only where Number of Frames does not tell."""
    if index >= description.image.number_of_frames and index >= frames.count:
        raise PixelDataError(
            f"(0028,0008) Number of Frames: found index {shown(index)}, expected 0 to {frames.count - 1}",
            element="(0028,0008) Number of Frames",
            frame=index,
        )


@contextmanager
def _parsed(
    src: Source, options: dict[str, Any], ds_out: Dataset | None, specific_tags: list[int] | None
) -> Iterator[Parsed]:
    """Parse `src` and keep it open; in the end close what was opened here, and put what was not back in its place."""
    tags = None if ds_out is None else (specific_tags or [])
    with ExitStack() as stack:
        if isinstance(src, Dataset):
            parsed = parse_dataset(src, options)
            if isinstance(parsed.value, FileValue):
                stack.callback(_restore, parsed.value.file, parsed.value.start)
            yield parsed
        elif isinstance(src, bytes | bytearray | memoryview):
            yield parse_memory(bytes(src), options, tags)
        elif hasattr(src, "read"):
            if isinstance(src, io.TextIOBase):
                raise TypeError("'src' is open in text mode, expected a file open for reading in binary mode")
            file = cast("BinaryIO", src)
            stack.callback(_restore, file, file.tell())
            yield parse_file(file, options, tags)
        else:
            yield parse_file(stack.enter_context(Path(src).open("rb")), options, tags)


def _restore(file: BinaryIO, position: int) -> None:
    """Put `file` back to where it was, if the caller has not closed it while a generator was waiting."""
    if not getattr(file, "closed", False):
        file.seek(position)


def _frames(parsed: Parsed, description: Description, decoding_plugin: str, *, whole: bool) -> Frames:
    if description.coding == "native":
        return NativeFrames(description, parsed.value)
    value = parsed.value.load() if whole else parsed.value
    return EncapsulatedFrames(description, value, decoding_plugin)


def _result(description: Description, count: int, out: np.ndarray | None) -> np.ndarray:
    """Return `out`, or a new array, for `count` frames."""
    image = description.image
    shape = tuple(image.frame_shape)
    if count > 1:
        shape = (count, *shape)
    image.check_result(count)
    dtype = np.dtype(image.dtype)
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"'out': found {type(out).__name__}, expected a numpy.ndarray")
    if out.dtype != dtype or out.shape != shape:
        raise PixelDataError(
            f"'out': found an array of shape {out.shape} and dtype {out.dtype}, expected {shape} and {dtype}"
        )
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise PixelDataError("'out': found an array that is not C-contiguous or not writeable, expected both")
    return out


def _fill(ds_out: Dataset, parsed: Parsed) -> None:
    """Give back the elements that were read on the way, not converted, as pydicom does."""
    if parsed.dataset is None or parsed.is_dataset:
        return
    ds_out.file_meta = parsed.dataset.file_meta
    ds_out.set_original_encoding(*parsed.dataset.original_encoding)
    ds_out._dict.update(parsed.dataset._dict)  # noqa: SLF001 - raw elements have no public way in
