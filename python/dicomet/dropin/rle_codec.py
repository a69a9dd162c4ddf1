"""Decoding one RLE Lossless frame (PS3.5 G) into planes. Imports nothing from pydicom, which may be importing this."""

from functools import lru_cache

from dicomet._native import Decoder, FrameIndex, Image, Source
from dicomet.dropin.one_frame import one_frame


@lru_cache(maxsize=64)
def _image_and_decoder(
    rows: int, columns: int, samples_per_pixel: int, bits_allocated: int, *, strict: bool
) -> tuple[Image, Decoder]:
    image = one_frame(rows, columns, samples_per_pixel, bits_allocated)
    decoder = Decoder.native(image, big_endian=False, ow_swapped=False, correct_unused_bits=False, conversion=None)
    return image, decoder.with_output(big_endian=False, planar=True, arithmetic="exact", strict=strict)


def decode_planes(  # noqa: PLR0913 - the description, which the frame's header does not contain
    src: bytes, *, rows: int, columns: int, samples_per_pixel: int, bits_allocated: int, strict: bool
) -> tuple[bytearray, list[str]]:
    """Return the samples of one frame, little endian, with Planar Configuration 1, and warnings of tolerated defects.

    Parameters
    ----------
    src : bytes
        The encoded frame.
    rows, columns, samples_per_pixel, bits_allocated : int
        The description of the image; 8, 16, 32 or 64 bits are allocated.
    strict : bool
        Also refuse deviations from the standard that do not change the samples.

    Raises
    ------
    PixelDataError
        The frame cannot be decoded.

    """
    image, decoder = _image_and_decoder(rows, columns, samples_per_pixel, bits_allocated, strict=strict)
    encoded = FrameIndex.single(len(src))
    encoded.check_bounds(image, 0, 1, codec="RLE Lossless", number=0)
    frame = bytearray(image.check_result(1))
    value = Source.from_buffer(src)
    _, warnings, _ = decoder.decode_frames(value, encoded, 0, frame, codec="RLE Lossless", number=0, workers=1)
    return frame, warnings
