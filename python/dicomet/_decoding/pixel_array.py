"""The public functions `pixel_array` and `iter_pixels`, with the signatures of pydicom's functions."""

from collections.abc import Iterable, Iterator, Sized
from typing import TYPE_CHECKING, Unpack

import numpy as np

from dicomet._decoding.frame_reader import FrameReader
from dicomet._decoding.options import DecodingOptions, checks_arguments
from dicomet._parsing.limits import ReadLimits
from dicomet._parsing.parse import parse
from dicomet._parsing.parsed import Parsed
from dicomet.errors import with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable


@checks_arguments
def pixel_array(  # noqa: PLR0913 - the signature is pydicom's
    src: "Readable | Dataset",
    *,
    ds_out: "Dataset | None" = None,
    specific_tags: list[int] | None = None,
    index: int | None = None,
    raw: bool = False,
    decoding_plugin: str = "",
    out: np.ndarray | None = None,
    workers: int | None = None,
    max_bytes: int | None = None,
    **kwargs: Unpack[DecodingOptions],
) -> np.ndarray:
    """Return the pixel data of `src` as an array of stored values (PS3.3 C.7.6.3).

    Parameters
    ----------
    src : path, binary file object, bytes-like or pydicom.dataset.Dataset
        A DICOM file: its path, a file object open for reading in binary mode, or its contents in memory; or a data set
        that pydicom has read. The position of a seekable file object is restored; one that can only `read`, such as a
        socket or an HTTP response, is read from its position to its end.
    ds_out : pydicom.dataset.Dataset, optional
        Updated with the File Meta Information, group 0028 and `specific_tags` if `src` is a file.
    specific_tags : list of int, optional
        Additional tags for `ds_out`.
    index : int, optional
        Return only this frame, without reading the others. Frames are counted from 0; negative numbers count from the
        end, as in NumPy.
    raw : bool
        Return the components as they are coded. By default, YCbCr is converted to RGB (PS3.3 C.7.6.3.1.2): native
        samples in ``YBR_FULL`` and ``YBR_FULL_422``, and components of a codestream that are YCbCr by its own statement
        (PS3.5 8.2.1 to 8.2.4), or, without one, by Photometric Interpretation. With and without `raw`, a contradiction
        between both gives a warning, subsampled chrominance is upsampled to full size, and JPEG 2000 is returned after
        the inverse of its own multiple component transform, which gives RGB. ``YBR_PARTIAL_422`` and
        ``YBR_PARTIAL_420``, and terms without a conversion, are returned unconverted, with a warning; `to_display`
        converts or refuses them.
    decoding_plugin : str, optional
        Decode JPEG, JPEG-LS, JPEG 2000 and HTJ2K with this pydicom plugin only; ``"dicomet"``: decode without any
        plugin. By default, dicomet decodes them itself, and tries the installed plugins, in pydicom's order, of plugins
        with equal values the fastest first, for the kinds that it does not decode. dicomet always decodes all other
        syntaxes itself.
    out : numpy.ndarray, optional
        Decode into this array, which must have the shape and dtype of the result and be C-contiguous, and return it.
        If an error is raised, its contents are undefined.
    workers : int, optional
        Maximum number of threads (1 or more). By default, the value of the environment variable ``DICOMET_WORKERS``,
        or else the number of CPUs that the process may use. The calling thread decodes small images without others.
    max_bytes : int, optional
        Maximum size of the array in bytes; a larger one is refused before it is allocated. Also the maximum that is
        read of a file object that is not seekable. By default, the value of the
        environment variable ``DICOMET_MAX_BYTES``, or else no limit except that the file must be able to hold the
        samples.
    **kwargs
        pydicom's decoding options (`DecodingOptions`), such as ``rows=512``, which overrides the data set. With
        ``view_only=True`` the result is a read-only view, without a copy, if the stored samples are the result already:
        a view of memory, or of a memory-mapped file, which must not be truncated during the lifetime of the array.

    Returns
    -------
    numpy.ndarray
        C-contiguous, writeable, owned by the caller, in native byte order, of shape ``(rows, columns[, samples])``, or
        ``(frames, rows, columns[, samples])`` if there is more than one frame and `index` is None. The dtype is
        ``uint8`` to ``int64``, by Bits Allocated and Pixel Representation; ``float32`` or ``float64`` for Float and
        Double Float Pixel Data. Bits above Bits Stored are cleared, or filled with the sign. With ``view_only=True`` it
        may be a read-only view.

    Raises
    ------
    PixelDataError
        The description or the pixel data is malformed, or a plugin is missing. The message begins with the file name,
        if there is one (attribute ``filename``). Subclasses: a missing element is also an `AttributeError`, an
        unsupported transfer syntax also a `NotImplementedError`, a frame index out of range also an `IndexError`.
    TypeError
        `src` is not one of the types above, or an argument name is unknown; the message suggests the nearest name.
    OSError
        `src` cannot be read.

    """
    with with_filename(src):
        parsed = parse(src, {**kwargs}, _tags(ds_out, specific_tags), max_bytes=max_bytes)
        limits = ReadLimits(decoding_plugin, workers, max_bytes)
        frames = FrameReader(parsed, limits, raw=raw, whole=index is None)
        array = frames.read(*frames.select_frames(index), out)
    if ds_out is not None:
        _fill(ds_out, parsed)
    return array


@checks_arguments
def iter_pixels(  # noqa: PLR0913 - the signature is pydicom's
    src: "Readable | Dataset",
    *,
    ds_out: "Dataset | None" = None,
    specific_tags: list[int] | None = None,
    indices: Iterable[int] | None = None,
    raw: bool = False,
    decoding_plugin: str = "",
    out: np.ndarray | None = None,
    workers: int | None = None,
    max_bytes: int | None = None,
    **kwargs: Unpack[DecodingOptions],
) -> Iterator[np.ndarray]:
    """Yield the frames of `src`, one after the other, with memory for about one frame.

    The call itself only checks the names of the arguments; `src` is opened when the first frame is requested.

    Parameters
    ----------
    src, ds_out, specific_tags, raw, decoding_plugin, workers, max_bytes, **kwargs
        As for `pixel_array`. `ds_out` is filled before the first frame is yielded.
    indices : iterable of int, optional
        Yield these frames in this order; numbers as for `index` of `pixel_array`. All frames by default, and, as in
        pydicom, for an empty list.
    out : numpy.ndarray, optional
        Decode every frame into this array of the shape of one frame, and yield it each time.

    Yields
    ------
    numpy.ndarray
        A frame of shape ``(rows, columns[, samples])``, as `pixel_array` returns it for `index`.

    Raises
    ------
    PixelDataError, OSError, TypeError
        As for `pixel_array`.

    """
    with with_filename(src):
        parsed = parse(src, {**kwargs}, _tags(ds_out, specific_tags), max_bytes=max_bytes)
        if ds_out is not None:
            _fill(ds_out, parsed)
        frames = FrameReader(parsed, ReadLimits(decoding_plugin, workers, max_bytes), raw=raw)
        for index in _indices(indices, frames):
            yield frames.read(frames.number_of(index), 1, frames.frame_shape, out)


def _indices(indices: Iterable[int] | None, frames: FrameReader) -> Iterable[int]:
    """Return `indices`, or all frame numbers if it is None or, as in pydicom, an empty list or range."""
    if indices is not None and not (isinstance(indices, Sized) and len(indices) == 0):
        return indices
    return frames.frame_numbers()


def _tags(ds_out: "Dataset | None", specific_tags: list[int] | None) -> list[int] | None:
    """Return the additional tags to read; None if there is no `ds_out` to receive them."""
    return None if ds_out is None else (specific_tags or [])


def _fill(ds_out: "Dataset", parsed: Parsed) -> None:
    """Copy the elements that were read to `ds_out`, as raw elements, like pydicom."""
    if parsed.dataset is None or parsed.is_dataset:
        return
    ds_out.file_meta = parsed.dataset.file_meta
    ds_out.set_original_encoding(*parsed.dataset.original_encoding)
    ds_out._dict.update(parsed.dataset._dict)  # noqa: SLF001 - no public access to raw elements
