"""DICOM files as one lazy dask array: `from_files`. Needs the extra ``dask``."""

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

# The options that `dicomet.open` takes, too.
_OF_OPEN = argument_names(dicomet.open)


def from_files(
    paths: Path | Iterable[Path],
    *,
    values: Values = "stored",
    index: int | None = None,
    chunks: int = 1,
    **options: Unpack[ReaderOptions],
) -> da.Array:
    """Return the frames of one file, or the images of many, as an array that is decoded when it is computed.

    >>> from dicomet.dask import from_files
    >>> volume = from_files(sorted(Path("series").glob("*.dcm")), values="modality")
    >>> volume.mean(axis=0).compute()

    Only the first file is opened here, for shape and dtype; of 100,000 slices no other is touched before its chunk is
    computed. There each must have the same shape and dtype, or a `PixelDataError` names it. Chunks are decoded without
    the GIL, so that threads are as good as processes; to other processes paths are sent, and not pixels.

    Parameters
    ----------
    paths : path, or iterable of paths
        One file gives its frames; several give the image of each, in this order. They are made absolute, as a worker
        may have another working directory; it must see the same files.
    values : {"stored", "modality", "display"}
        As of `pixel_array`, of `modality_values`, or of `to_display`.
    index : int, optional
        Of several files take this frame, from 0, or from -1 backwards.
    chunks : int
        So many frames of one file, or so many of several files, are a chunk. dask takes up to a millisecond for each,
        so that slices of a CT should be some dozens.
    **options
        As of the function that gives the values, such as ``window=(40, 400)``. Without ``dtype``, modality values are
        float32, so that files with other slopes have the same. ``workers`` is 1 by default: threads are dask's.

    Returns
    -------
    dask.array.Array
        Of shape ``(frames, rows, columns[, samples])`` for one file, also where it has one frame. Of several files, of
        shape ``(files, rows, columns[, samples])``, or ``(files, frames, rows, columns[, samples])`` where they have
        more frames than one and `index` is not given. The dtype is that of the function. To compute it again is to read
        the files again.

    Raises
    ------
    PixelDataError, OSError
        The first file is wrong; all others, when they are computed. For ``"display"`` a frame of it is displayed,
        because its colours may come from a palette.
    ValueError, TypeError
        Arguments that do not make an array, or an option that does not exist or belongs to other `values`.

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
    return os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps "..", and is slow for many


def _of_one_file(path: str, values: Values, size: int, options: dict[str, Any]) -> da.Array:
    frames, shape, dtype = _first(path, values, 0, options)
    return _lazy([path] * frames, list(range(frames)), size, _Reader(values, options, shape, dtype))


def _of_files(files: list[str], values: Values, index: int | None, size: int, options: dict[str, Any]) -> da.Array:
    frames, shape, dtype = _first(files[0], values, index or 0, options)
    if index is None and frames > 1:
        shape = (frames, *shape)
    return _lazy(files, [index] * len(files), size, _Reader(values, options, shape, dtype))


def _first(path: str, values: Values, index: int, options: dict[str, Any]) -> tuple[int, tuple[int, ...], np.dtype]:
    """Return how many frames a file has, and shape and dtype of a frame."""
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
    """Decodes a chunk, in whichever thread or process."""

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
    """Return an array of a chunk for each `size` of the images."""
    # Two arrays of the same files are not one: the files may have changed.
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
