"""Decoding one frame in JPEG, JPEG-LS or JPEG 2000 (PS3.5 A.4.1, A.4.3, A.4.4) into words.

Imports nothing from pydicom, which may be importing this.
"""

from functools import lru_cache

from dicomet._decoding.stored_bits import container_bits
from dicomet._native import Codestream, Decoder, FrameIndex, Image, Source
from dicomet._parsing.tags import PIXEL_DATA
from dicomet.dropin.one_frame import one_frame
from dicomet.errors import PixelDataError

MAX_PRECISION = 32


@lru_cache(maxsize=64)
def _decoder(
    shape: tuple[int, int, int], bits_allocated: int, word_bits: int, *, signed: bool
) -> tuple[Image, Decoder]:
    image = one_frame(*shape, bits_allocated, signed=signed)
    decoder = Decoder.for_codec_output(
        image,
        bits_allocated=min(word_bits, bits_allocated),
        planar=False,
        significant_bits=None,
        conversion=None,
        color_bits=8,
        signed=signed,
    )
    return image, decoder.with_output(big_endian=False, planar=False, arithmetic="exact", strict=False)


def decode_words(  # noqa: PLR0913 - the description of an image
    src: bytes, family: str, *, rows: int, columns: int, samples_per_pixel: int, bits_allocated: int | None = None
) -> tuple[bytearray, list[str]]:
    """Return the components of one frame of a family of codestreams, color-by-pixel, and warnings of tolerated defects.

    The samples are little-endian words of `bits_allocated` bits; by default of 8, 16 or 32, the smallest size that
    holds the precision. They are unsigned, or those of a signed JPEG 2000 codestream in two's complement.

    Raises
    ------
    PixelDataError
        The frame cannot be decoded.

    """
    header = Codestream.read(src)
    # A larger precision is refused below.
    bits = 8 if header is None else container_bits(min(header.precision, MAX_PRECISION))
    signed = header is not None and header.signed
    image, decoder = _decoder((rows, columns, samples_per_pixel), bits_allocated or bits, bits, signed=signed)
    header = image.check_codestream(src, 0, family)
    if header.unsupported:
        raise _unsupported(header.unsupported)
    frame = bytearray(image.check_result(1))
    value, places = Source.from_buffer(src), FrameIndex.single(len(src))
    _, warnings, unsupported = decoder.decode_frames(value, places, 0, frame, codec=header, number=0, workers=1)
    if unsupported:
        raise _unsupported(unsupported)
    return frame, warnings


def _unsupported(what: str) -> PixelDataError:
    message = f"{PIXEL_DATA.label}, frame 0: found {what}, which dicomet does not decode"
    return PixelDataError(message, element=PIXEL_DATA.label, frame=0)
