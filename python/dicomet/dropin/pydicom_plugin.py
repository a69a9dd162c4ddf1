"""The plugin ``dicomet`` for pydicom's decoders of JPEG, JPEG-LS, JPEG 2000 and RLE Lossless.

Also for its encoder of RLE Lossless. The names and signatures are those of pydicom's guides "Decoder plugins" and
"Encoder plugins".
"""

from pydicom.misc import warn_and_log
from pydicom.pixels.common import PhotometricInterpretation
from pydicom.pixels.decoders.base import DecodeRunner
from pydicom.pixels.encoders.base import EncodeRunner
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from dicomet._native import encode_rle
from dicomet._parsing.transfer_syntax import CODECS
from dicomet.dropin.codestream_codec import decode_words
from dicomet.dropin.environment import enabled
from dicomet.dropin.rle_codec import decode_planes

LABEL = "dicomet"
ENCODER_DEPENDENCIES = {RLELossless: ("dicomet",)}
_JPEG_2000 = (JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
_DECODED = (
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    *_JPEG_2000,
    RLELossless,
)
_TRANSFORMED = (PhotometricInterpretation.YBR_ICT, PhotometricInterpretation.YBR_RCT)
DECODER_DEPENDENCIES = dict.fromkeys(_DECODED, ("dicomet",))


def is_available(uid: str) -> bool:
    """Return whether frames of this transfer syntax can be decoded."""
    return uid in DECODER_DEPENDENCIES and enabled()


def decode_frame(src: bytes, runner: DecodeRunner) -> bytearray:
    """Return one decoded frame, little endian: RLE Lossless with Planar Configuration 1, others with 0.

    The samples of codestreams are the components as they are coded, in words of Bits Allocated. Signed ones of JPEG
    2000 are sign-extended, and its component transform is inverted, so that YBR_ICT and YBR_RCT become RGB.

    Raises
    ------
    PixelDataError
        The frame cannot be decoded.
    NotImplementedError
        RLE Lossless: an option requires another order of segments or bytes, or Bits Allocated is not a whole number of
        bytes.

    """
    is_rle = runner.transfer_syntax == RLELossless
    frame, warnings = _rle_frame(src, runner) if is_rle else _codestream_frame(src, runner)
    for warning in warnings:
        warn_and_log(warning)
    runner.set_option("planar_configuration", int(is_rle))
    if runner.transfer_syntax in _JPEG_2000 and runner.photometric_interpretation in _TRANSFORMED:
        runner.set_option("photometric_interpretation", PhotometricInterpretation.RGB)
    return frame


def _codestream_frame(src: bytes, runner: DecodeRunner) -> tuple[bytearray, list[str]]:
    return decode_words(
        src,
        CODECS[runner.transfer_syntax].name,
        rows=runner.rows,
        columns=runner.columns,
        samples_per_pixel=runner.samples_per_pixel,
        bits_allocated=runner.bits_allocated,
    )


def _rle_frame(src: bytes, runner: DecodeRunner) -> tuple[bytearray, list[str]]:
    _refuse_other_forms(runner)
    return decode_planes(
        src,
        rows=runner.rows,
        columns=runner.columns,
        samples_per_pixel=runner.samples_per_pixel,
        bits_allocated=runner.bits_allocated,
        strict=False,
    )


def encode_frame(src: bytes, runner: EncodeRunner) -> bytes:
    """Return one frame in RLE Lossless, with each row in the fewest possible bytes.

    Raises
    ------
    PixelDataError
        A pixel has more than 15 bytes, or the length of `src` is not that of the image.
    NotImplementedError
        An option requires another byte order, or Bits Allocated is not a whole number of bytes.

    """
    _refuse_other_forms(runner)
    return encode_rle(
        src,
        rows=runner.rows,
        columns=runner.columns,
        samples_per_pixel=runner.samples_per_pixel,
        sample_bytes=runner.bits_allocated // 8,
        big_endian=False,
    )


def _refuse_other_forms(runner: DecodeRunner | EncodeRunner) -> None:
    """Leave single bits, and orders of segments or bytes that are not the standard's, to other plugins."""
    for option, standard in (("rle_segment_order", ">"), ("byteorder", "<")):
        if runner.get_option(option, standard) != standard:
            raise NotImplementedError(f"the option {option} is left to other plugins")
    if runner.bits_allocated % 8:
        raise NotImplementedError(f"RLE Lossless with Bits Allocated {runner.bits_allocated} is left to other plugins")
