"""The checked description of an image (PS3.3 C.7.6.3), built once, before its pixel data is read."""

import operator
from collections.abc import Hashable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from dicomet._decoding.color_rule import ColorDecision, Components, Conversion, decide, unconverted
from dicomet._native import Codestream, Decoder, Image
from dicomet._parsing import tags
from dicomet._parsing.decode_options import DEFAULT, DecodeOptions
from dicomet._parsing.parsed import Parsed
from dicomet._parsing.tags import Tag
from dicomet._parsing.transfer_syntax import CODECS, EXPLICIT_VR_BIG_ENDIAN, Codec, name_of, unsupported
from dicomet._utils.warn import warn
from dicomet.errors import MissingElementError, PixelDataError, short_repr

_REQUIRED = (
    tags.BITS_ALLOCATED,
    tags.BITS_STORED,
    tags.COLUMNS,
    tags.PHOTOMETRIC_INTERPRETATION,
    tags.PIXEL_REPRESENTATION,
    tags.ROWS,
    tags.SAMPLES_PER_PIXEL,
)
_NOT_OF_FLOATS = frozenset({tags.BITS_STORED, tags.PIXEL_REPRESENTATION})
"""Required elements that Float and Double Float Pixel Data do not have."""


class ImageDescription(NamedTuple):
    """The description of an image, and how the caller wants it decoded.

    `frame_shape`: ``(rows, columns[, samples])``. `element`: the pixel data element, as messages name it. `ow_swapped`:
    8-bit samples are stored as big-endian words. `allow_excess_frames`: the result includes frames in excess of Number
    of Frames. `requires_all_frames`: a native value must hold all frames, even if the caller requests only one, as in
    pydicom for a Dataset; of a truncated file, the frames before the end can be decoded. `color`: the meaning of the
    samples; None if it depends on the codestream of each frame. `always_rgb`: colors that cannot be converted to RGB
    are an error; `pixel_array` returns some of them unconverted. `reduce`: the resolution levels that are discarded;
    `image` has the size of the rest. `decoder`: that of native frames; None if frames are encapsulated.
    """

    image: Image
    dtype: np.dtype
    frame_shape: tuple[int, ...]
    codec: Codec
    transfer_syntax: str
    options: DecodeOptions
    element: str
    big_endian: bool
    ow_swapped: bool
    raw: bool
    allow_excess_frames: bool
    requires_all_frames: bool
    always_rgb: bool
    color: ColorDecision | None
    reduce: int = 0
    decoder: Decoder | None = None

    @property
    def _wants_rgb(self) -> bool:
        options = self.options
        return options.as_rgb and not (self.raw or options.force_ybr or options.force_rgb)

    def decide_color(self, header: Codestream | None = None) -> ColorDecision:
        """Return the meaning of the decoded components of a frame, by the color rule."""
        return decide(self.image.photometric_interpretation, self.image.samples_per_pixel, header)

    def conversion(self, components: Components) -> Conversion | None:
        """Return the color conversion for samples that are `components`.

        As in pydicom, YBR_PARTIAL_422 and YBR_PARTIAL_420 are not converted, except if the caller requires RGB.
        """
        if self.raw:
            return None
        if self.options.force_ybr:
            return "rgb_to_ybr"
        if self.options.force_rgb:
            return "ybr_to_rgb"
        return components.conversion if self._wants_rgb and not self._is_left(components) else None

    def _is_left(self, components: Components) -> bool:
        """Return whether samples that are not RGB stay unconverted."""
        is_partial = components is Components.PARTIAL_YCBCR
        return components is Components.UNKNOWN or (is_partial and not self.always_rgb)

    def color_warning(self, color: ColorDecision) -> str | None:
        """Return the warning about the colors of a frame, if there is one.

        Raises
        ------
        PixelDataError
            They cannot be converted to RGB, and the caller requires RGB.

        """
        if not self._wants_rgb or not self._is_left(color.components):
            return color.contradiction
        message = unconverted(self.image.photometric_interpretation, color.components)
        if self.always_rgb:
            raise PixelDataError(message, element=tags.PHOTOMETRIC_INTERPRETATION.label)
        return message

    def build_decoder(self) -> Decoder:
        """Return the decoder of native, encapsulated uncompressed and RLE Lossless frames."""
        return Decoder.native(
            self.image,
            big_endian=self.big_endian,
            ow_swapped=self.ow_swapped,
            correct_unused_bits=self.options.correct_unused_bits,
            conversion=self.conversion((self.color or self.decide_color()).components),
        )


def build_description(parsed: Parsed, *, raw: bool, always_rgb: bool = False) -> ImageDescription:
    """Check the attributes and options of `parsed`, and return them as a description. Warn about deviations.

    Raises
    ------
    MissingElementError
        A required element is missing.
    UnsupportedTransferSyntaxError
        The transfer syntax is unknown, or not one of images.
    PixelDataError
        A value is not allowed, or contradicts another.

    """
    key = _key(parsed, raw=bool(raw), always_rgb=always_rgb)
    description = _cached.get(key)
    if description is None:
        description = _describe(parsed, raw=bool(raw), always_rgb=always_rgb)
        if key is not None:
            if len(_cached) >= MAX_CACHED:
                _cached.clear()
            _cached[key] = description
    if description.image.warning:
        warn(description.image.warning)
    color_warning = None if description.color is None else description.color_warning(description.color)
    if color_warning:
        warn(color_warning)
    return description


def _key(parsed: Parsed, *, raw: bool, always_rgb: bool) -> Hashable:
    """Return the key of the description in the cache; None if the description is not cached.

    Options for plugins may be mutable.
    """
    if parsed.key is None or parsed.options.plugin_options:
        return None
    # None for the usual options: it hashes faster than a dataclass.
    options = None if parsed.options is DEFAULT else parsed.options
    return parsed.key, options, parsed.undefined_length, raw, always_rgb


# The files of a series have equal descriptions.
MAX_CACHED = 256
_cached: dict[Hashable, ImageDescription] = {}


def _describe(parsed: Parsed, *, raw: bool, always_rgb: bool) -> ImageDescription:
    options = parsed.options
    codec = _codec_of(parsed)
    if options.force_rgb and options.force_ybr:
        raise PixelDataError("'force_ybr' and 'force_rgb' cannot both be True")
    image = _image(parsed.attributes, parsed.keyword)
    big_endian = parsed.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN
    ow_swapped = big_endian and parsed.vr == "OW" and image.bits_allocated == 8  # noqa: PLR2004
    description = ImageDescription(
        image=image,
        dtype=np.dtype(image.dtype),
        frame_shape=tuple(image.frame_shape),
        codec=codec,
        transfer_syntax=parsed.transfer_syntax,
        options=options,
        element=parsed.element,
        big_endian=big_endian,
        ow_swapped=options.be_swap_ow or ow_swapped,
        raw=raw,
        requires_all_frames=parsed.is_dataset,
        always_rgb=always_rgb,
        color=None if codec.is_codestream else decide(image.photometric_interpretation, image.samples_per_pixel),
        allow_excess_frames=_allow_excess_frames(parsed, codec),
    )
    if codec.is_encapsulated:
        return description
    return description._replace(decoder=description.build_decoder())


def _allow_excess_frames(parsed: Parsed, codec: Codec) -> bool:
    allowed = parsed.options.allow_excess_frames
    # As in pydicom, which counts excess frames of native pixel data in a Dataset, but not in a file.
    return parsed.is_dataset or codec.is_encapsulated if allowed is None else allowed


def _codec_of(parsed: Parsed) -> Codec:
    transfer_syntax = parsed.transfer_syntax
    codec = CODECS.get(transfer_syntax)
    if codec is None:
        raise unsupported(transfer_syntax)
    if not codec.is_encapsulated and parsed.undefined_length:
        raise PixelDataError(
            f"{parsed.element}: found an undefined length, expected a length in bytes for the transfer syntax "
            f"{name_of(transfer_syntax)}",
            element=parsed.element,
        )
    if codec.is_encapsulated and parsed.keyword != "PixelData":
        raise PixelDataError(
            f"{parsed.element}: found the transfer syntax {name_of(transfer_syntax)}, expected an uncompressed one",
            element=parsed.element,
        )
    return codec


def _image(attributes: Mapping[str, Any], keyword: str) -> Image:
    is_float = keyword != tags.PIXEL_DATA.keyword
    values: dict[str, Any] = {"bits_stored": 0, "pixel_representation": 0, "planar_configuration": 0}
    for tag in _REQUIRED:
        if is_float and tag in _NOT_OF_FLOATS:
            continue
        name = tag.option_name
        value = attributes.get(name)
        if value is None:
            raise _missing(tag)
        values[name] = _text(value, tag) if tag == tags.PHOTOMETRIC_INTERPRETATION else _integer(value, tag)
    if values["samples_per_pixel"] == 3:  # noqa: PLR2004 - any other number is refused
        planar = attributes.get("planar_configuration")
        if planar is None:
            raise _missing(tags.PLANAR_CONFIGURATION)
        values["planar_configuration"] = _integer(planar, tags.PLANAR_CONFIGURATION)
    high_bit = attributes.get("high_bit")
    return Image(
        number_of_frames=_number_of_frames(attributes["number_of_frames"]),
        high_bit=_integer(high_bit, tags.HIGH_BIT) if isinstance(high_bit, int) else None,
        keyword=keyword,
        **values,
    )


def _number_of_frames(value: Any) -> int:
    """Return Number of Frames as an integer: text is converted; None and 0 become 1, as in pydicom."""
    number = value
    if isinstance(value, str):
        with suppress(ValueError):
            number = int(value)
    if number is None or number == 0:
        warn(f"{tags.NUMBER_OF_FRAMES.label}: found {short_repr(value)}, expected 1 or more: 1 is assumed")
        number = 1
    return _integer(number, tags.NUMBER_OF_FRAMES)


def _missing(tag: Tag) -> MissingElementError:
    return MissingElementError(f"Missing required element: {tag.quoted}", element=tag.label)


def _integer(value: Any, tag: Tag) -> int:
    """Return `value` as an integer that fits into 64 bits."""
    try:
        number = operator.index(value)
    except Exception:  # noqa: BLE001 - an object in a data set may raise anything
        number = None
    if number is None or not -(2**63) <= number < 2**63:
        message = f"{tag.label}: found {short_repr(value)}, expected one integer"
        raise PixelDataError(message, element=tag.label) from None
    return number


def _text(value: Any, tag: Tag) -> str:
    if isinstance(value, str) and value.isascii():
        return str.__str__(value)
    raise PixelDataError(f"{tag.label}: found {short_repr(value)}, expected one defined term", element=tag.label)
