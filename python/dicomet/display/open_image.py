"""`OpenImage`: an image that stays open, for access to single frames in any order."""

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self, Unpack, overload

import numpy as np

from dicomet._decoding.frame_reader import FrameReader
from dicomet._decoding.options import DecodingOptions, checks_arguments
from dicomet._parsing.limits import ReadLimits
from dicomet._parsing.parse import is_dataset, parse
from dicomet._parsing.source import open_source
from dicomet.errors import with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._decoding.pixel_matrix import PixelMatrix
    from dicomet._native import Source
    from dicomet._parsing.source import Readable
    from dicomet.display.preview import Preview


class OpenImage:
    """A sequence of the frames of an image, decoded on access. A notebook shows it as a contact sheet of some frames.

    The header is parsed once, and the frames are located once: by the offset table, or else by a walk over the headers
    of all fragments on the first access to a frame. All methods are thread-safe; the GIL is released while samples are
    read and decoded, except by plugins that hold it.
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
        self._pixel_matrix: PixelMatrix | None = None
        with self._naming:
            source: Source | Dataset = src if is_dataset(src) else open_source(src, max_bytes)
            limits = ReadLimits(decoding_plugin, workers, max_bytes)
            self._frames: FrameReader | None = FrameReader(parse(source, {**kwargs}), limits, raw=raw)
        self._shown: tuple[Source | Dataset, DecodingOptions, ReadLimits] | None = (source, kwargs, limits)
        self._preview: Preview | None = None

    def _open(self) -> FrameReader:
        if self._frames is None:
            raise _closed()
        return self._frames

    def __len__(self) -> int:
        """Return the number of frames."""
        with self._naming:
            return self._open().count

    @property
    def shape(self) -> tuple[int, ...]:
        """``(frames, rows, columns)`` or ``(frames, rows, columns, samples)``.

        Unlike the shape of `pixel_array`, it includes the number of frames even for a single frame. For a malformed
        file, counting the frames may raise `PixelDataError`.
        """
        return (len(self), *self._open().frame_shape)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the frames, as for `pixel_array`."""
        return self._open().dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions: 3, or 4 if pixels have several samples."""
        return 1 + len(self._open().frame_shape)

    @property
    def pixel_matrix(self) -> "PixelMatrix":
        """The total pixel matrix of a tiled image, such as a whole slide (PS3.3 C.8.12.14).

        The positions of the tiles are read on the first access.

        Raises
        ------
        MissingElementError
            The image is not tiled: it has no total pixel matrix, or its frames have no positions. Also an
            `AttributeError`, so that `hasattr` tells whether an image is tiled.
        PixelDataError
            The elements that describe the matrix or the positions contradict each other: the number of frames that of
            the tiles, a position the size of the matrix, or two positions each other.

        """
        frames, shown, matrix = self._open(), self._shown, self._pixel_matrix
        if shown is None:
            raise _closed()
        if matrix is None:
            from dicomet._decoding.pixel_matrix import PixelMatrix  # noqa: PLC0415 - imports pydicom
            from dicomet._parsing.slide_elements import read_slide_elements  # noqa: PLC0415 - imports pydicom

            with self._naming:
                self._pixel_matrix = matrix = PixelMatrix(frames, read_slide_elements(shown[0]), self._naming)
        return matrix

    def frame(self, index: int, out: np.ndarray | None = None) -> np.ndarray:
        """Return one frame.

        Parameters
        ----------
        index : int
            The number of the frame, counted from 0. Negative numbers count from the end.
        out : numpy.ndarray, optional
            Decode into this array, which must have the shape and dtype of a frame and be C-contiguous, and return it.

        Returns
        -------
        numpy.ndarray
            The frame, of shape ``(rows, columns[, samples])``.

        Raises
        ------
        FrameIndexError
            The index is out of range: a `PixelDataError` that is also an `IndexError`.
        PixelDataError, OSError
            As for `pixel_array`.

        """
        frames = self._open()
        with self._naming:
            return frames.read(frames.number_of(index), 1, frames.frame_shape, out)

    @overload
    def __getitem__(self, key: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, key: slice) -> np.ndarray: ...
    def __getitem__(self, key: int | slice) -> np.ndarray:
        """Return a frame, or, for a slice, an array of shape ``(frames, rows, columns[, samples])``."""
        if not isinstance(key, slice):
            if not hasattr(key, "__index__"):
                raise TypeError(f"frame index: found {type(key).__name__}, expected an integer or a slice")
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
        for frame, number in zip(array, frame_numbers, strict=True):
            frames.read(number, 1, frames.frame_shape, frame)
        return array

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield all frames in order. For a malformed file, yield the frames before the defect, then raise."""
        with self._naming:
            for number in self._open().frame_numbers():
                yield self._open().read(number, 1, self._open().frame_shape)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:  # noqa: FBT001
        """Return all frames, for `numpy.asarray`."""
        array = self[:]
        if copy is False and array.flags.owndata:
            raise ValueError("an array without a copy needs stored samples that are the result, and view_only=True")
        return array if dtype is None else array.astype(dtype, copy=False)

    def __repr__(self) -> str:
        """Return shape and dtype by the description, without locating the frames."""
        if self._frames is None:
            return "<dicomet.OpenImage, closed>"
        frames, description = self._frames, self._frames.description
        return f"<dicomet.OpenImage, {description.image.number_of_frames} x {frames.frame_shape} {frames.dtype}>"

    def _repr_png_(self) -> bytes | None:
        """Return a contact sheet of up to 6 frames for a notebook; None if the image is closed or cannot be shown."""
        found = self._previewed()
        return None if found is None else found.sheet

    def _repr_html_(self) -> str | None:
        """Return the description, the contact sheet and what is wrong for a notebook; None if the image is closed."""
        from dicomet.display.preview import as_html, image_lines  # noqa: PLC0415 - imports pydicom

        found, frames = self._previewed(), self._frames
        return None if found is None or frames is None else as_html(image_lines(frames.description), found)

    def _previewed(self) -> "Preview | None":
        """Return what a notebook shows, made on the first call."""
        from dicomet.display.preview import preview  # noqa: PLC0415 - imports pydicom

        frames, shown = self._frames, self._shown
        if frames is None or shown is None:
            return None
        if self._preview is None:
            self._preview = preview(*shown, frames)
        return self._preview

    def __reduce__(self) -> NoReturn:
        """Refuse pickling: an open image cannot be sent to another process."""
        raise TypeError("an open image cannot be sent to another process: open it there")

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._frames is None

    def close(self) -> None:
        """Close the file, if this image has opened one. Other threads finish the frames that they are decoding."""
        self._frames = self._shown = self._pixel_matrix = None

    def __enter__(self) -> Self:
        """Return this image."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the image."""
        self.close()


def _closed() -> ValueError:
    return ValueError("the image is closed")


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
    """Open an image for access to its frames in any order, from any thread.

    >>> with dicomet.open("us.dcm") as image:
    ...     len(image), image.shape, image.dtype
    ...     frame = image.frame(41)
    ...     part = image[10:20]

    Parameters
    ----------
    src, raw, decoding_plugin, workers, max_bytes, **kwargs
        As for `pixel_array`. A file object is not closed. The file must not be modified while the image is open.

    Returns
    -------
    OpenImage
        A sequence of frames: index it, slice it, or iterate over it (negative indices work). It is closed by `close`,
        at the end of a ``with`` block, or when the last reference to it is gone. A forked child process may continue to
        use an image that was opened by its path; an open image cannot be sent to another process.

    Raises
    ------
    PixelDataError, OSError, TypeError
        As for `pixel_array`.

    """
    return OpenImage(src, raw=raw, decoding_plugin=decoding_plugin, workers=workers, max_bytes=max_bytes, **kwargs)
