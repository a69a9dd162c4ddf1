"""`from_files`: DICOM files as one lazy dask array. Needs the extra ``dask``."""

import operator
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from dicomet._utils.extras import needs

try:
    import dask.array as da
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs("dicomet.dask", "dask", "dask"), name=error.name) from error

import dicomet
from dicomet import PixelDataError
from dicomet._decoding.frame_reader import number_among
from dicomet._decoding.options import OPTION_NAMES, argument_names
from dicomet.display.values import VALUES, Values
from dicomet.errors import with_filename
from dicomet.loaders.loading import READERS, check_one_of
from dicomet.loaders.reader_options import ReaderOptions, check_reader_options

Path = str | os.PathLike[str]

# The options that `dicomet.open` also takes.
_OF_OPEN = argument_names(dicomet.open)


def from_files(
    paths: Path | Iterable[Path],
    *,
    values: Values = "stored",
    index: int | None = None,
    chunks: int = 1,
    **options: Unpack[ReaderOptions],
) -> da.Array:
    """Return the frames of one file, or the images of many files, as an array that is decoded on computation.

    >>> from dicomet.dask import from_files
    >>> volume = from_files(sorted(Path("series").glob("*.dcm")), values="modality")
    >>> volume.mean(axis=0).compute()

    This function opens only the first file, for shape and dtype. Each other file, even of 100,000 slices, is opened
    when its chunk is computed; it must have the same shape and dtype, otherwise a `PixelDataError` names it. Chunks are
    decoded without the GIL, so that threads scale as well as processes. Other processes receive paths, not pixels.

    Parameters
    ----------
    paths : path, or iterable of paths
        One path for the frames of a file; several for the image of each file, in this order. Paths are made absolute,
        because a worker may have another working directory. All workers must see the same files.
    values : {"stored", "modality", "display"}
        Values of the array: those of `pixel_array`, `modality_values` or `to_display`.
    index : int, optional
        The frame of each file, for several files. It counts from 0; negative numbers count from the end.
    chunks : int
        Frames (one file) or files (several files) per chunk. dask spends up to a millisecond on each chunk, so a chunk
        of CT slices should have some dozens.
    **options
        Options of the function for `values`, such as ``window=(40, 400)``. Modality values are float32 by default, so
        that files with different slopes have the same dtype. ``workers`` is 1 by default, because dask has its own
        threads.

    Returns
    -------
    dask.array.Array
        For one file, an array of shape ``(frames, rows, columns[, samples])``, even for a single frame. For several
        files, ``(files, rows, columns[, samples])``, or ``(files, frames, rows, columns[, samples])`` if they have
        several frames and `index` is not given. The dtype is that of the function for `values`. Each computation reads
        the files again.

    Raises
    ------
    PixelDataError, OSError
        The first file is malformed or cannot be read; for the other files, on computation. For ``"display"`` one frame
        of the first file is decoded, because its colors may come from a palette.
    ValueError, TypeError
        An argument is invalid, or an option does not exist or belongs to other `values`.

    """
    checked = _checked(values, {**options})
    size = operator.index(chunks)
    if size < 1:
        raise ValueError(f"'chunks': found {size}, expected 1 or more")
    if isinstance(paths, str | os.PathLike):
        if index is not None:
            raise ValueError("'index' is for several files: of one file, take a frame of the array")
        return _of_one_file(_absolute(paths), values, size, checked)
    files = [_absolute(path) for path in paths]
    if not files:
        raise ValueError("'paths': found no files, expected one or more")
    return _of_files(files, values, None if index is None else operator.index(index), size, checked)


def _checked(values: Values, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the function for `values`, with the defaults of `from_files`."""
    check_one_of("values", values, VALUES)
    check_reader_options("from_files", options, values, argument_names(from_files) - OPTION_NAMES)
    defaults: dict[str, Any] = {"workers": 1}
    if values == "modality":
        defaults["dtype"] = np.float32
    return defaults | options


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps "..", and is slow for many files


def _of_one_file(path: str, values: Values, size: int, options: dict[str, Any]) -> da.Array:
    frames, shape, dtype = _first(path, values, 0, options)
    return _lazy([path] * frames, list(range(frames)), size, _Reader(values, options, shape, dtype))


def _of_files(files: list[str], values: Values, index: int | None, size: int, options: dict[str, Any]) -> da.Array:
    frames, shape, dtype = _first(files[0], values, index or 0, options)
    if index is None and frames > 1:
        shape = (frames, *shape)
    return _lazy(files, [index] * len(files), size, _Reader(values, options, shape, dtype))


def _first(path: str, values: Values, index: int, options: dict[str, Any]) -> tuple[int, tuple[int, ...], np.dtype]:
    """Return the number of frames of a file, and the shape and dtype of a frame."""
    of_decoding = {name: value for name, value in options.items() if name in _OF_OPEN}
    with with_filename(path), dicomet.open(path, **of_decoding) as image:
        frames, *shape = image.shape
        dtype = image.dtype
        number_among(frames, index)
    if values == "stored":
        return frames, tuple(shape), dtype
    if values == "modality":
        return frames, tuple(shape), np.dtype(options["dtype"])
    frame = _read(values, path, index, options)
    return frames, frame.shape, frame.dtype


def _read(values: Values, path: str, index: int | None, options: dict[str, Any]) -> np.ndarray:
    return READERS[values](path, index=index, **options)


@dataclass(frozen=True)
class _Reader:
    """Decodes a chunk, in any thread or process."""

    values: Values
    options: dict[str, Any]
    shape: tuple[int, ...]
    dtype: np.dtype

    def __call__(self, files: list[str], indices: list[int | None]) -> np.ndarray:
        if len(files) == 1:
            return self._image(files[0], indices[0])[np.newaxis]
        chunk = np.empty((len(files), *self.shape), self.dtype)
        for place, path, index in zip(chunk, files, indices, strict=True):
            place[...] = self._image(path, index)
        return chunk

    def _image(self, path: str, index: int | None) -> np.ndarray:
        array = _read(self.values, path, index, self.options)
        if array.shape != self.shape or array.dtype != self.dtype:
            found = f"an array of shape {array.shape} and dtype {array.dtype}"
            message = f"found {found}, expected {self.shape} and {self.dtype}, as in the first file"
            raise PixelDataError(message, filename=path)
        return array


def _lazy(files: list[str], indices: list[int | None] | list[int], size: int, reader: _Reader) -> da.Array:
    """Return an array with one chunk per `size` images."""
    # A unique name, so that dask never shares results between arrays of the same files, which may have changed.
    name = f"dicomet-{uuid.uuid4().hex}"
    rest = (0,) * len(reader.shape)
    starts = range(0, len(files), size)
    graph = {
        (name, number, *rest): (reader, files[start : start + size], indices[start : start + size])
        for number, start in enumerate(starts)
    }
    lengths = tuple(min(size, len(files) - start) for start in starts)
    chunks = (lengths, *((length,) for length in reader.shape))
    return da.Array(graph, name, chunks, meta=np.empty((0,) * len(chunks), reader.dtype))
