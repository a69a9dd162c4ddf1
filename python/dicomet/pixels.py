"""The public functions `pixel_array` and `iter_pixels`, with the signatures of pydicom."""

from collections.abc import Iterable, Iterator, Sized
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomet.frames import Frames, checked_index
from dicomet.parse import parse
from dicomet.parsed import Parsed

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet.source import Readable


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
        Return the components as they are coded. By default YCbCr becomes RGB (PS3.3 C.7.6.3.1.2): native samples of
        ``YBR_FULL`` and ``YBR_FULL_422``, and the components of a codestream that are YCbCr by what it states (PS3.5
        8.2.1 to 8.2.4), or else by Photometric Interpretation. A contradiction between both is a warning in both cases.
        ``YBR_PARTIAL_422`` and ``YBR_PARTIAL_420``, and terms without a conversion, are returned as they are, with a
        warning; `to_display` converts or refuses them. Subsampled chrominance is expanded to full size in both cases.
        JPEG 2000 is always returned after the inverse of its own component transform, which makes it RGB.
    decoding_plugin : str, optional
        Decode JPEG syntaxes by this plugin of pydicom alone. By default by the fastest one that is installed and able
        to. All other syntaxes are decoded by dicomet itself.
    out : numpy.ndarray, optional
        Decode into this array, which has the shape and dtype of the result and is C-contiguous. It is returned.
        If an error is raised, its contents are undefined.
    workers : int, optional
        Decode with at most so many threads (1 or more). By default as many as the environment variable
        ``DICOMET_WORKERS`` says, or else as the process may use; small images are decoded by the calling thread alone.
    max_bytes : int, optional
        Refuse an array of more bytes, before it is allocated. By default as many as the environment variable
        ``DICOMET_MAX_BYTES`` says, or else no limit but that the file must be able to hold so much.
    **kwargs
        pydicom's decoding options: ``correct_unused_bits=False`` keeps bits above Bits Stored,
        ``apply_j2k_sign_correction=False`` and ``apply_jls_sign_correction=False`` return the words of JPEG 2000 and
        JPEG-LS as decoded. Among them are values in place of those of the data set, such as ``rows=512``. With
        ``view_only=True`` the result is a read-only view, without a copy, where the stored samples are the answer
        already: of memory, or of a file that is mapped, and must not be truncated as long as the array lives.

    Returns
    -------
    numpy.ndarray
        C-contiguous, writeable, owned by the caller, in native byte order, of shape ``(rows, columns[, samples])``, or
        ``(frames, rows, columns[, samples])`` where there is more than one frame and `index` is not given. The dtype is
        ``uint8`` to ``int64`` by Bits Allocated and Pixel Representation; ``float32`` or ``float64`` for Float and
        Double Float Pixel Data. Bits above Bits Stored are cleared, or filled with the sign. With ``view_only=True`` it
        may be a read-only view.

    Raises
    ------
    PixelDataError
        The description or the pixel data is wrong, or a plugin is missing. A missing element raises a subclass that
        is also an `AttributeError`, an unsupported transfer syntax one that is also a `NotImplementedError`.
    OSError
        `src` cannot be read.

    """
    number = None if index is None else checked_index(index)
    parsed = parse(src, kwargs, _tags(ds_out, specific_tags))
    frames = Frames(
        parsed, raw=raw, decoding_plugin=decoding_plugin, workers=workers, max_bytes=max_bytes, whole=number is None
    )
    array = frames.read(*frames.span(number), out)
    if ds_out is not None:
        _fill(ds_out, parsed)
    return array


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
    **kwargs: Any,
) -> Iterator[np.ndarray]:
    """Yield the frames of `src`, one after the other, in the memory of about one frame.

    Nothing is opened or checked before the first frame is asked for.

    Parameters
    ----------
    src, ds_out, specific_tags, raw, decoding_plugin, workers, max_bytes, **kwargs
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
    parsed = parse(src, kwargs, _tags(ds_out, specific_tags))
    if ds_out is not None:
        _fill(ds_out, parsed)
    frames = Frames(parsed, raw=raw, decoding_plugin=decoding_plugin, workers=workers, max_bytes=max_bytes, whole=False)
    for index in _indices(indices, frames):
        number = checked_index(index)
        frames.check_exists(number)
        yield frames.read(number, 1, frames.frame_shape, out)


def _indices(indices: Iterable[int] | None, frames: Frames) -> Iterable[int]:
    """Return `indices`; all frames where there are none, which in pydicom includes an empty list or range."""
    if indices is not None and not (isinstance(indices, Sized) and len(indices) == 0):
        return indices
    return frames.numbers()


def _tags(ds_out: "Dataset | None", specific_tags: list[int] | None) -> list[int] | None:
    """Return what is to be read besides; None where nobody will see it."""
    return None if ds_out is None else (specific_tags or [])


def _fill(ds_out: "Dataset", parsed: Parsed) -> None:
    """Give back the elements that were read on the way, not converted, as pydicom does."""
    if parsed.dataset is None or parsed.is_dataset:
        return
    ds_out.file_meta = parsed.dataset.file_meta
    ds_out.set_original_encoding(*parsed.dataset.original_encoding)
    ds_out._dict.update(parsed.dataset._dict)  # noqa: SLF001 - raw elements have no public way in
