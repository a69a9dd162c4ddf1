"""Prefetching: many files, read and decoded before the caller requests them."""

import operator
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import numpy as np

from dicomet._decoding.frame_reader import FrameReader
from dicomet._decoding.options import DecodingOptions, checks_arguments
from dicomet._decoding.pixel_array import pixel_array
from dicomet._native import DecodeFuture, DecodePool, Source
from dicomet._parsing.limits import ReadLimits, check_workers
from dicomet._parsing.parse import is_dataset, parse
from dicomet.errors import PixelDataError, with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

# A function that returns the array of a source, or raises its error, when the caller requests it.
Result = Callable[[], np.ndarray]
Submit = Callable[[], Result]
Item = TypeVar("Item")


@checks_arguments
def pixel_arrays(  # noqa: PLR0913 - the arguments of `pixel_array`
    sources: "Iterable[Readable | Dataset]",
    *,
    index: int | None = None,
    raw: bool = False,
    decoding_plugin: str = "",
    workers: int | None = None,
    max_bytes: int | None = None,
    **kwargs: Unpack[DecodingOptions],
) -> Iterator[np.ndarray]:
    """Yield the pixel data of many files, in order, while threads read and decode the next ones.

    >>> for array in dicomet.pixel_arrays(sorted(Path("series").glob("*.dcm"))):
    ...     volume.append(array)

    The threads are dicomet's own and never need the GIL. They are therefore faster than a `ThreadPoolExecutor` for
    slices that decode in less time than Python's threads need to hand over the GIL. While the caller's thread waits, it
    also opens files and decodes small images. It decodes data sets, bytes and file objects, and all frames that plugins
    decode, when they are requested.

    Parameters
    ----------
    sources : iterable
        Sources as for `pixel_array`. From an iterator, ``2 * workers + 2`` sources are taken in advance to be opened,
        and as many to be decoded. A single source, such as the path of a folder, is a `TypeError`.
    index, raw, decoding_plugin, max_bytes, **kwargs
        As for `pixel_array`, the same for all sources.
    workers : int, optional
        The number of threads in addition to the caller's. By default, the value of the environment variable
        ``DICOMET_WORKERS``, or else the number of CPUs that the process may use.

    Yields
    ------
    numpy.ndarray
        The array of one source, as `pixel_array` returns it.

    Raises
    ------
    PixelDataError, OSError
        As for `pixel_array`, when the array of that source is requested. The iteration ends there. An error that is not
        a `PixelDataError` has a note that names the file.
    TypeError
        Raised by the call itself: `sources` is not an iterable of sources, or an argument name is unknown.

    """
    line = iter(checked_sources("sources", sources))
    # The threads of the pool decode one array each.
    limits = ReadLimits(decoding_plugin, 1, max_bytes)
    image = _ImageArguments(None if index is None else operator.index(index), raw, limits, {**kwargs})
    return _arrays(line, image, workers)


@dataclass(frozen=True, slots=True)
class _ImageArguments:
    """The arguments that are the same for all sources."""

    index: int | None
    raw: bool
    limits: ReadLimits
    options: dict[str, Any]

    def read(self, src: "Readable | Dataset") -> np.ndarray:
        """Read and decode a source at once."""
        plugin, workers, max_bytes = self.limits
        return pixel_array(
            src,
            index=self.index,
            raw=self.raw,
            decoding_plugin=plugin,
            workers=workers,
            max_bytes=max_bytes,
            **self.options,
        )


def checked_sources(name: str, sources: Iterable[Item]) -> Iterable[Item]:
    """Return `sources`, the argument `name`. Refuse a single source: its characters or bytes are not sources.

    Raises
    ------
    TypeError
        `sources` is a single source, or not iterable.

    """
    is_one = isinstance(sources, str | os.PathLike | bytes | bytearray | memoryview) or hasattr(sources, "read")
    if is_one or is_dataset(sources) or not isinstance(sources, Iterable):
        hint = "; list the files of a folder, or give [source] for one file"
        raise TypeError(f"{name!r}: found {type(sources).__name__}, expected an iterable of sources{hint}")
    return sources


def _arrays(
    sources: "Iterator[Readable | Dataset]", image: _ImageArguments, workers: int | None
) -> Iterator[np.ndarray]:
    pool = DecodePool(workers=check_workers(workers))
    prefetcher = _Prefetcher(pool, image)
    try:
        yield from prefetcher.arrays(sources)
    finally:
        prefetcher.clear()
        pool.close()


class _Prefetcher:
    """Two queues: the sources that are being opened, and those that are being decoded."""

    def __init__(self, pool: DecodePool, image: _ImageArguments) -> None:
        self._pool = pool
        self._image = image
        self._length = 2 * pool.workers + 2
        # Each entry has its source, which is None for an error of the caller's iterator.
        self._opening: deque[tuple[Readable | Dataset | None, Submit]] = deque()
        self._decoding: deque[tuple[Readable | Dataset | None, Result]] = deque()

    def arrays(self, sources: "Iterator[Readable | Dataset]") -> Iterator[np.ndarray]:
        while True:
            self._fill(sources)
            if not self._decoding:
                return
            src, result = self._decoding.popleft()
            try:
                with with_filename(src):
                    array = result()
            except Exception as error:
                _add_source_note(error, src)
                # It refers to the error, whose traceback refers to this frame.
                del result
                raise
            yield array

    def clear(self) -> None:
        """Drop all entries: errors among them refer to this object by their tracebacks, and files would stay open."""
        self._opening.clear()
        self._decoding.clear()

    def _fill(self, sources: "Iterator[Readable | Dataset]") -> None:
        while len(self._opening) < self._length:
            try:
                src = next(sources)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - raised when its array is requested
                self._opening.append((None, _raise_later(error)))
                break
            self._opening.append((src, self._open(src)))
        while self._opening and len(self._decoding) < self._length:
            source, submit = self._opening.popleft()
            self._decoding.append((source, submit()))

    def _open(self, src: "Readable | Dataset") -> Submit:
        try:
            future = self._pool.open(src) if isinstance(src, str | os.PathLike) else None
        except Exception as error:  # noqa: BLE001 - as above
            return _raise_later(error)
        return partial(self._submit, src, future)

    def _submit(self, src: "Readable | Dataset", future: DecodeFuture | None) -> Result:
        """Parse a file and submit its frames. Other sources are decoded when their array is requested."""
        if future is None:
            return partial(self._image.read, src)
        try:
            return self._decode(future.result())
        except Exception as error:  # noqa: BLE001 - raised when its array is requested
            return partial(_raise, error)

    def _decode(self, source: Source) -> Result:
        image = self._image
        frames = FrameReader(parse(source, image.options), image.limits, raw=image.raw, whole=image.index is None)
        return frames.submit(image.index, self._pool)


def _add_source_note(error: Exception, src: "Readable | Dataset | None") -> None:
    """Add a note with the file name to an error that has no attribute for it."""
    if isinstance(error, PixelDataError):
        return
    # The class of an exception or path may be the caller's own, and raise anything.
    with suppress(Exception):
        note = f"while reading {os.fspath(src)!r}" if isinstance(src, str | os.PathLike) else None
        if note is not None and note not in getattr(error, "__notes__", ()):
            error.add_note(note)


def _raise_later(error: Exception) -> Submit:
    return lambda: partial(_raise, error)


def _raise(error: Exception) -> np.ndarray:
    try:
        raise error
    finally:
        # Its traceback refers to this frame.
        del error
