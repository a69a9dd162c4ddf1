"""The public function `decode_frame`: the samples of one frame, whose bytes the caller has."""

from typing import TYPE_CHECKING, Unpack

import numpy as np

from dicomet._decoding.frame_reader import FrameReader
from dicomet._decoding.options import DecodingOptions, checks_arguments
from dicomet._parsing.frame import parse_frame
from dicomet._parsing.limits import ReadLimits
from dicomet.errors import with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.frame import Metadata
    from dicomet._parsing.source import Readable


@checks_arguments
def decode_frame(  # noqa: PLR0913 - the arguments of `pixel_array`
    data: "Readable",
    description: "Dataset | Metadata | None" = None,
    *,
    media_type: str | None = None,
    raw: bool = False,
    decoding_plugin: str = "",
    out: np.ndarray | None = None,
    workers: int | None = None,
    max_bytes: int | None = None,
    **kwargs: Unpack[DecodingOptions],
) -> np.ndarray:
    """Return the stored values of one frame, given its bytes alone.

    For frames that do not come from a DICOM file: those of DICOMweb (WADO-RS, PS3.18 10.4), of a database or of a tile
    server. Checks, colors and warnings are those of `pixel_array`.

    >>> dicomet.decode_frame(data, metadata, media_type="image/jp2; transfer-syntax=1.2.840.10008.1.2.4.90")
    >>> dicomet.decode_frame(data, dataset)
    >>> dicomet.decode_frame(data, transfer_syntax_uid="1.2.840.10008.1.2.4.80", rows=512, columns=512,
    ...                      samples_per_pixel=1, photometric_interpretation="MONOCHROME2", bits_allocated=16,
    ...                      bits_stored=12, pixel_representation=0)

    Parameters
    ----------
    data : bytes-like, binary file object or path
        The frame: its samples in native form, or what is coded in its fragments (PS3.5 A.4), one after the other,
        without items. A frame in native form begins with the first bit of the first byte.
    description : pydicom.dataset.Dataset, mapping or sequence of one mapping, optional
        The Image Pixel module (PS3.3 C.7.6.3) and, if known, the transfer syntax: a data set, with or without pixel
        data; or the metadata of an instance in the DICOM JSON Model (PS3.18 F), as DICOMweb returns it. Pixel data in
        it, and Number of Frames, are not used. Not needed if `**kwargs` has all of it.
    media_type : str, optional
        The Content-Type of the frame, such as ``image/jls``. Its parameter ``transfer-syntax``, or else the default
        transfer syntax of the media type (PS3.18 8.7.3), replaces that of `description`: a server may transcode.
    raw, decoding_plugin, out, workers, max_bytes, **kwargs
        As for `pixel_array`. `**kwargs` replaces what `description` and `media_type` say. The number of frames, excess
        frames and offset tables do not apply.

    Returns
    -------
    numpy.ndarray
        Array of shape ``(rows, columns[, samples])``, as `pixel_array` returns it.

    Raises
    ------
    PixelDataError
        As for `pixel_array`; or the media type is not one of frames.
    TypeError
        `data` or `description` is not one of the types above, or an argument name is unknown.
    OSError
        `data` cannot be read.

    """
    with with_filename(data):
        parsed = parse_frame(data, description, {**kwargs}, media_type=media_type, max_bytes=max_bytes)
        frames = FrameReader(parsed, ReadLimits(decoding_plugin, workers, max_bytes), raw=raw, whole=True)
        return frames.read(*frames.select_frames(None), out)
