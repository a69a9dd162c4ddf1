"""An image that stays open, for access to single frames in any order."""

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self, Unpack, overload

import numpy as np

from dicomet._decoding.frame_reader import FrameReader
from dicomet._decoding.options import DecodingOptions, checks_arguments
from dicomet._parsing.parse import parse
from dicomet.errors import with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable


class OpenImage:
    """The frames of an image, one behind the other, decoded when they are asked for.

    The header is parsed once, and the places of the frames are found once: by the offset table, or else by a walk over
    the headers of all fragments when a frame is first asked for. All methods may be called from any number of threads
    at the same time; the GIL is released while samples are read and decoded (but for JPEG plugins that hold it).

    Attributes
    ----------
    shape : tuple of int
        ``(frames, rows, columns)`` or ``(frames, rows, columns, samples)``; frames also where there is only one, unlike
        that of `pixel_array`. To count frames may raise `PixelDataError`, for a file that is damaged.
    dtype : numpy.dtype
        As of `pixel_array`.
    ndim : int
        3 or 4.

    """

    @checks_arguments
    def __init__(
        self,
        src: "Readable | Dataset",
        *,
        raw: bool = False,
        decoding_plugin: str = "",
        workers: int | None = None,
        max_bytes: int | None = None,
        **kwargs: Unpack[DecodingOptions],
    ) -> None:
        """See `dicomet.open`."""
        self._naming = with_filename(src)
        with self._naming:
            self._frames: FrameReader | None = FrameReader(
                parse(src, {**kwargs}),
                raw=raw,
                decoding_plugin=decoding_plugin,
                workers=workers,
                max_bytes=max_bytes,
                whole=False,
            )

    def _open(self) -> FrameReader:
        if self._frames is None:
            raise ValueError("the image is closed")
        return self._frames

    def __len__(self) -> int:
        """Return how many frames there are."""
        with self._naming:
            return self._open().count

    @property
    def shape(self) -> tuple[int, ...]:
        """``(frames, rows, columns[, samples])``."""
        return (len(self), *self._open().frame_shape)

    @property
    def dtype(self) -> np.dtype:
        """As of `pixel_array`."""
        return self._open().dtype

    @property
    def ndim(self) -> int:
        """3, or 4 with samples."""
        return 1 + len(self._open().frame_shape)

    def frame(self, index: int, out: np.ndarray | None = None) -> np.ndarray:
        """Return one frame.

        Parameters
        ----------
        index : int
            The number of the frame, from 0; from -1 backwards from the last.
        out : numpy.ndarray, optional
            Decode into this array, which has the shape and dtype of a frame and is C-contiguous. It is returned.

        Returns
        -------
        numpy.ndarray
            Of shape ``(rows, columns[, samples])``.

        Raises
        ------
        FrameIndexError
            There is no such frame: a `PixelDataError` that is also an `IndexError`.
        PixelDataError, OSError
            As `pixel_array` does.

        """
        frames = self._open()
        with self._naming:
            return frames.read(frames.number_of(index), 1, frames.frame_shape, out)

    @overload
    def __getitem__(self, key: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, key: slice) -> np.ndarray: ...
    def __getitem__(self, key: int | slice) -> np.ndarray:
        """Return a frame, or for a slice an array of frames, of shape ``(frames, rows, columns[, samples])``."""
        if not isinstance(key, slice):
            if not hasattr(key, "__index__"):
                raise TypeError(f"frames are taken by one integer or slice, found {type(key).__name__}")
            return self.frame(key)
        frames = self._open()
        frame_numbers = range(len(self))[key]
        with self._naming:
            return self._slice(frames, frame_numbers)

    @staticmethod
    def _slice(frames: FrameReader, frame_numbers: range) -> np.ndarray:
        shape = (len(frame_numbers), *frames.frame_shape)
        if frame_numbers.step == 1:
            return frames.read(frame_numbers.start, len(frame_numbers), shape, None)
        frames.check_size(len(frame_numbers))
        for number in frame_numbers:
            frames.check(number, 1)
        array = np.empty(shape, frames.dtype)
        for place, number in zip(array, frame_numbers, strict=True):
            frames.read(number, 1, frames.frame_shape, place)
        return array

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield all frames in their order: of a damaged file, those before the damage, and then raise."""
        with self._naming:
            for number in self._open().frame_numbers():
                yield self._open().read(number, 1, self._open().frame_shape)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:  # noqa: FBT001
        """Return all frames, for `numpy.asarray`."""
        array = self[:]
        if copy is False and array.flags.owndata:
            raise ValueError("without a copy there are only views of stored samples, with view_only=True")
        return array if dtype is None else array.astype(dtype, copy=False)

    def __repr__(self) -> str:
        """Tell what it is, without looking for frames."""
        if self._frames is None:
            return "<dicomet.OpenImage, closed>"
        frames, description = self._frames, self._frames.description
        return f"<dicomet.OpenImage, {description.image.number_of_frames} x {frames.frame_shape} {frames.dtype}>"

    def __reduce__(self) -> NoReturn:
        """Refuse to be sent to another process."""
        raise TypeError("an open image cannot be sent to another process: open it there")

    @property
    def closed(self) -> bool:
        """Tell whether `close` has been called."""
        return self._frames is None

    def close(self) -> None:
        """Close the file, if one was opened here; frames that are being decoded in other threads are finished."""
        self._frames = None

    def __enter__(self) -> Self:
        """Return this image."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


@checks_arguments
def open(  # noqa: A001 - as in gzip, tarfile, PIL.Image
    src: "Readable | Dataset",
    *,
    raw: bool = False,
    decoding_plugin: str = "",
    workers: int | None = None,
    max_bytes: int | None = None,
    **kwargs: Unpack[DecodingOptions],
) -> OpenImage:
    """Open an image for access to its frames in any order, from any number of threads.

    >>> with dicomet.open("us.dcm") as image:
    ...     len(image), image.shape, image.dtype
    ...     frame = image.frame(41)
    ...     part = image[10:20]

    Parameters
    ----------
    src, raw, decoding_plugin, workers, max_bytes, **kwargs
        As for `pixel_array`. A file object is not closed. No file may be changed while the image is open.

    Returns
    -------
    OpenImage
        Its frames are had by number (from -1 backwards, too), by slice, or one after the other. It is closed by
        `close`, at the end of a ``with`` block, or when it is forgotten. A child that is forked may go on with that of
        a path; to another process none can be sent.

    Raises
    ------
    PixelDataError, OSError, TypeError
        As `pixel_array` does.

    """
    return OpenImage(src, raw=raw, decoding_plugin=decoding_plugin, workers=workers, max_bytes=max_bytes, **kwargs)
