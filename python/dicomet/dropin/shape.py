"""The shape of a decode: the checked values on which it depends, and how its result is made.

Nothing here warns, logs or changes anything: whatever is not clearly in order raises `Declined`.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from pydicom.pixels.common import PhotometricInterpretation
from pydicom.pixels.utils import _IMAGE_PIXEL
from pydicom.valuerep import IS

from dicomet._native import Decoder, Image
from dicomet._parsing.parsed import KEYWORDS
from dicomet.dropin.calibration import Arithmetic, arithmetic_of_pydicom

CodecName = Literal["native", "RLE", "JPEG", "JPEG-LS", "JPEG 2000"]

MAX_SIDE = 65535
SINGLE_SAMPLE = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE_COLOR"})
YBR_FULL = frozenset({"YBR_FULL", "YBR_FULL_422"})
# pydicom's plugins for JPEG 2000 return RGB for these.
YBR_TRANSFORMED = frozenset({"YBR_ICT", "YBR_RCT"})
# By both names that pydicom accepts.
PHOTOMETRIC = {term: member for member in PhotometricInterpretation for term in (member.name, member.value)}
FLOAT_BITS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
MAX_RLE_BITS = 15 * 8


class Declined(Exception):  # noqa: N818 - not an error
    """Signal that pydicom's own code must decode, and why, in words that do not depend on the file."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The checked values on which decoding depends: equal shapes are decoded alike."""

    codec: CodecName
    big_endian: bool
    keyword: str
    ow_swapped: bool
    rows: int
    columns: int
    samples_per_pixel: int
    bits_allocated: int
    bits_stored: int
    pixel_representation: int
    planar_configuration: int
    photometric_interpretation: str
    number_of_frames: int
    correct_unused_bits: bool
    to_rgb: bool

    @property
    def is_subsampled(self) -> bool:
        """Whether two pixels share their chrominance in the value."""
        return self.codec == "native" and self.photometric_interpretation == "YBR_FULL_422"

    @property
    def is_codestream(self) -> bool:
        """Whether frames are codestreams."""
        return self.codec in ("JPEG", "JPEG-LS", "JPEG 2000")

    @property
    def planar_result(self) -> bool:
        """Whether the samples of a pixel lie in planes: pydicom transposes RLE frames, and copies others."""
        return self.codec == "RLE" and self.samples_per_pixel > 1

    @property
    def owns_data(self) -> bool:
        """Whether pydicom's result owns its memory: a copy does, a view does not."""
        if self.to_rgb:
            return True
        views = self.codec != "native" or self.bits_allocated == 1 or self.ow_swapped
        return not views and not self.is_subsampled


@dataclass(frozen=True, slots=True)
class PlannedShape:
    """How a shape is decoded, and the form of its result.

    `value_bytes`: bytes of all frames, in native form. `properties`: pydicom's description of the result, in its order.
    """

    shape: Shape
    image: Image
    decoder: Decoder
    dtype: np.dtype
    value_bytes: int
    properties: dict[str, Any]


# The options on which a shape depends.
DESCRIBING = (*_IMAGE_PIXEL.values(), "pixel_keyword", "pixel_vr", "as_rgb", "correct_unused_bits")
_MISSING = object()


def plan_shape(codec: CodecName, options: dict[str, Any], *, big_endian: bool, raw: bool) -> PlannedShape:
    """Return how to decode the image that pydicom's options describe, or raise `Declined`."""
    values = tuple([options.get(name, _MISSING) for name in DESCRIBING])
    # The types are part of the key, because 1 equals True.
    return _plan_shape(codec, big_endian, bool(raw), values, tuple(map(type, values)))


@lru_cache(maxsize=256)
def _plan_shape(
    codec: CodecName,
    big_endian: bool,  # noqa: FBT001
    raw: bool,  # noqa: FBT001
    values: tuple[Any, ...],
    _types: tuple[type, ...],
) -> PlannedShape:
    """Plan once for all frames of a series, whose descriptions are equal."""
    options = {name: value for name, value in zip(DESCRIBING, values, strict=True) if value is not _MISSING}
    shape = _shape_of(codec, options, big_endian=big_endian, raw=raw)
    image = _image(shape)
    dtype = np.dtype(image.dtype)
    if shape.big_endian:
        dtype = dtype.newbyteorder(">")
    _, end_bit = image.native_frame_range(shape.number_of_frames - 1)
    return PlannedShape(shape, image, _build_decoder(shape, image), dtype, -(-end_bit // 8), _properties(shape))


def _image(shape: Shape) -> Image:
    return Image(
        rows=shape.rows,
        columns=shape.columns,
        samples_per_pixel=shape.samples_per_pixel,
        number_of_frames=shape.number_of_frames,
        bits_allocated=shape.bits_allocated,
        bits_stored=shape.bits_stored,
        high_bit=None,
        pixel_representation=shape.pixel_representation,
        planar_configuration=shape.planar_configuration,
        # Decoded frames are not subsampled.
        photometric_interpretation="YBR_FULL"
        if shape.codec != "native" and shape.photometric_interpretation == "YBR_FULL_422"
        else shape.photometric_interpretation,
        keyword=shape.keyword,
    )


def _build_decoder(shape: Shape, image: Image) -> Decoder:
    arithmetic: Arithmetic | None = "exact"
    if shape.to_rgb:
        arithmetic = arithmetic_of_pydicom("ybr_to_rgb", planar=shape.planar_result, single_column=shape.columns == 1)
    if arithmetic is None:
        raise Declined("this machine's matrix product rounds colors in a way that is not known")
    decoder = _codestream_decoder(shape, image) if shape.is_codestream else _native_decoder(shape, image)
    return decoder.with_output(
        big_endian=shape.big_endian, planar=shape.planar_result, arithmetic=arithmetic, strict=True
    )


def _native_decoder(shape: Shape, image: Image) -> Decoder:
    return Decoder.native(
        image,
        big_endian=shape.big_endian,
        ow_swapped=shape.ow_swapped,
        correct_unused_bits=shape.correct_unused_bits,
        conversion="ybr_to_rgb" if shape.to_rgb else None,
    )


def _codestream_decoder(shape: Shape, image: Image) -> Decoder:
    """Return the decoder of frames whose precision needs words of Bits Allocated."""
    return Decoder.for_codec_output(
        image,
        bits_allocated=shape.bits_allocated,
        planar=False,
        significant_bits=shape.bits_stored if shape.correct_unused_bits else None,
        conversion="ybr_to_rgb" if shape.to_rgb else None,
        color_bits=8,
        signed=False,
    )


def _properties(shape: Shape) -> dict[str, Any]:
    """Return pydicom's description of the result, with its values, types and order."""
    term = "YBR_FULL" if shape.is_subsampled else shape.photometric_interpretation
    if shape.codec == "JPEG 2000" and term in YBR_TRANSFORMED:
        term = "RGB"
    photometric = PhotometricInterpretation.RGB if shape.to_rgb else str(PhotometricInterpretation[term])
    properties = {
        "bits_allocated": shape.bits_allocated,
        "columns": shape.columns,
        "number_of_frames": 1,
        "photometric_interpretation": photometric,
        "rows": shape.rows,
        "samples_per_pixel": shape.samples_per_pixel,
    }
    if shape.samples_per_pixel > 1:
        properties["planar_configuration"] = 0
    if shape.keyword == "PixelData":
        properties["bits_stored"] = shape.bits_stored
        properties["pixel_representation"] = shape.pixel_representation
    return properties


def _shape_of(codec: CodecName, options: dict[str, Any], *, big_endian: bool, raw: bool) -> Shape:
    keyword = options.get("pixel_keyword")
    if not isinstance(keyword, str) or keyword not in KEYWORDS.values():
        raise Declined("the option pixel_keyword is missing or unknown")
    samples = _integer(options, "samples_per_pixel", 1, 3)
    bits_allocated, bits_stored, pixel_representation = _sample_format(options, keyword)
    planar = _integer(options, "planar_configuration", 0, 1) if samples > 1 else 0
    photometric = _photometric(options, samples)
    ow_swapped = (
        big_endian and bits_allocated == 8 and keyword == "PixelData" and options.get("pixel_vr") == "OW"  # noqa: PLR2004
    )
    shape = Shape(
        codec=codec,
        big_endian=big_endian,
        keyword=keyword,
        ow_swapped=ow_swapped,
        rows=_integer(options, "rows", 1, MAX_SIDE),
        columns=_integer(options, "columns", 1, MAX_SIDE),
        samples_per_pixel=samples,
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        pixel_representation=pixel_representation,
        planar_configuration=planar,
        photometric_interpretation=photometric,
        number_of_frames=number_of_frames(options),
        correct_unused_bits=keyword == "PixelData" and _corrects_bits(codec, options, pixel_representation),
        to_rgb=not raw and photometric in YBR_FULL and bool(options.get("as_rgb", True)),
    )
    _check_shape(shape)
    return shape


def _corrects_bits(codec: CodecName, options: dict[str, Any], pixel_representation: int) -> bool:
    """Return whether bits above Bits Stored are corrected; in JPEG-LS by default only those of signed samples.

    In JPEG 2000 by default none, and those of gray samples never, which makes no difference for the frames taken.
    """
    if codec == "JPEG-LS":
        return pixel_representation == 1 or bool(options.get("correct_unused_bits", False))
    return bool(options.get("correct_unused_bits", codec != "JPEG 2000"))


def _sample_format(options: dict[str, Any], keyword: str) -> tuple[int, int, int]:
    bits_allocated = _integer(options, "bits_allocated", 1, 64)
    if keyword != "PixelData":
        if bits_allocated != FLOAT_BITS[keyword]:
            raise Declined("Bits Allocated is not that of the float element")
        return bits_allocated, bits_allocated, 0
    if bits_allocated not in (1, 8, 16, 32, 64):
        raise Declined("the value of bits_allocated is missing or not allowed")
    return (
        bits_allocated,
        _integer(options, "bits_stored", 1, bits_allocated),
        _integer(options, "pixel_representation", 0, 1),
    )


def _photometric(options: dict[str, Any], samples: int) -> str:
    """Return the name of Photometric Interpretation if it goes with the number of samples."""
    term = options.get("photometric_interpretation")
    member = PHOTOMETRIC.get(term) if isinstance(term, str) else None
    if member is None or (member.name in SINGLE_SAMPLE) != (samples == 1) or samples == 2:  # noqa: PLR2004
        raise Declined("the photometric interpretation is missing, unknown, or not for this number of samples")
    return member.name


def _check_shape(shape: Shape) -> None:
    """Decline combinations for which pydicom raises an error, or returns a result in a special form."""
    if shape.to_rgb and (shape.bits_allocated != 8 or shape.pixel_representation or shape.keyword != "PixelData"):  # noqa: PLR2004
        raise Declined("a color conversion of other than unsigned 8-bit samples")
    if shape.to_rgb and shape.bits_stored != 8:  # noqa: PLR2004
        # pydicom nevertheless converts around 128, `Decoder` around 2^(Bits Stored - 1) (PS3.3 C.7.6.3.1.2).
        raise Declined("a color conversion of fewer than 8 bits stored")
    if shape.bits_allocated == 1 and (shape.samples_per_pixel > 1 or shape.codec != "native"):
        raise Declined("1 bit allocated, in color or compressed")
    if shape.ow_swapped and shape.planar_configuration == 1:
        raise Declined("planes of bytes in big-endian words")
    if shape.is_subsampled and (shape.columns % 2 or shape.planar_configuration or shape.keyword != "PixelData"):
        raise Declined("YBR_FULL_422 with odd Columns, or in planes")
    bits = shape.samples_per_pixel * shape.bits_allocated
    if shape.codec == "RLE" and (shape.keyword != "PixelData" or bits > MAX_RLE_BITS):
        raise Declined("RLE Lossless of more than 15 segments")
    if shape.is_codestream and (shape.keyword != "PixelData" or shape.bits_allocated not in (8, 16)):
        raise Declined(f"{shape.codec} with other than 8 or 16 bits allocated")
    if shape.codec == "JPEG":
        _check_jpeg(shape)
    if shape.codec == "JPEG 2000" and shape.planar_configuration:
        # As for JPEG.
        raise Declined("JPEG 2000 with Planar Configuration 1")


def _check_jpeg(shape: Shape) -> None:
    if shape.planar_configuration:
        # pydicom takes the samples, which are color-by-pixel, for planes.
        raise Declined("JPEG with Planar Configuration 1")
    if not shape.correct_unused_bits and shape.bits_stored < shape.bits_allocated:
        raise Declined("JPEG whose unused bits stay as they are")


def number_of_frames(options: dict[str, Any]) -> int:
    """Return Number of Frames if pydicom accepts it unchanged."""
    number = options.get("number_of_frames")
    if not (type(number) is int or type(number) is IS) or number < 1:
        raise Declined("Number of Frames is missing or not a positive number")
    return int(number)


def _integer(options: dict[str, Any], name: str, low: int, high: int) -> int:
    value = options.get(name)
    if type(value) is not int or not low <= value <= high:
        raise Declined(f"the value of {name} is missing or not allowed")
    return value
