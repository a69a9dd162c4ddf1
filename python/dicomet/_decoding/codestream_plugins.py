"""Decoding of frames by pydicom's plugins (PS3.5 A.4): one that the caller names, or for what dicomet does not decode.

dicomet does not decode some kinds of JPEG and JPEG-LS (A.4.1, A.4.3). Plugins (pylibjpeg, pyjpegls, ...) are written in
C and C++: dicomet does not guarantee memory safety here. Their samples are copied to the result like those of any other
frame. A frame whose codestream does not hold all its samples is refused before the call: plugins make up missing ones.
"""

from typing import NamedTuple

from dicomet._decoding import plugins, stored_bits
from dicomet._decoding.codestream import words_decoder
from dicomet._decoding.color_rule import ColorDecision, Components, Conversion
from dicomet._decoding.description import ImageDescription
from dicomet._native import Codestream, Decoder, complete_codestream, with_neutral_colors
from dicomet._parsing.source import Buffer
from dicomet._parsing.tags import BITS_STORED, PIXEL_DATA
from dicomet.errors import PixelDataError

_COLORS = 3
# XRsiz and YRsiz of the components for which the OpenJPEG plugin converts to RGB.
_CONVERTED_BY_OPENJPEG = ([(1, 1), (2, 1), (2, 1)], [(1, 1), (2, 2), (2, 2)])


class Decoded(NamedTuple):
    """A decoded frame.

    Attributes
    ----------
    decoder : Decoder
        The decoder that turns the words into samples of the result.
    words : memoryview
        The words that the plugin has returned, read-only.
    warnings : list of str
        Warnings about the colors, deviations of the codestream that do not change samples, and contradictions about
        its bits.

    """

    decoder: Decoder
    words: Buffer
    warnings: list[str]


def decode(
    frame: Buffer, index: int, description: ImageDescription, decoding_plugin: str, unsupported: str | None = None
) -> Decoded:
    """Decode frame number `index` to words by a plugin.

    `unsupported` is what keeps dicomet from decoding it, if that is not in its header.

    Raises
    ------
    PixelDataError
        The codestream contradicts the description or does not hold all its samples, or no plugin decodes it.

    """
    header = description.image.check_codestream(frame, index, description.codec.name)
    color = description.decide_color(header)
    color_warning = description.color_warning(color)
    unsupported = header.unsupported or unsupported
    if unsupported is None:
        plugins.check_installed(description.transfer_syntax)
    else:
        plugins.check_able(index, unsupported, description.transfer_syntax, decoding_plugin)
    repaired, warnings = complete_codestream(frame, index, description.codec.name)
    codestream = bytes(frame if repaired is None else repaired)
    if description.image.samples_per_pixel == _COLORS:
        codestream = with_neutral_colors(codestream)
    samples = plugins.decode(plugins.Frame(index, header, unsupported, codestream), description, decoding_plugin)
    decoder = words_decoder(
        header,
        description,
        bits_allocated=samples.bits_allocated,
        planar=samples.planar,
        conversion=_conversion(samples.plugin, header, color, index, description),
    )
    # No one else refers to the plugin's buffer. As a read-only view, it is not copied before the GIL is released.
    words = memoryview(samples.words).toreadonly()
    colors = [color_warning] if color_warning else []
    return Decoded(decoder, words, [*colors, *warnings, *stored_bits.warnings(header, description)])


def _returns_rgb(plugin: str, header: Codestream) -> bool:
    """Return whether `plugin` converts these components to RGB, regardless of its options."""
    return plugin == "pylibjpeg" and header.family == "JPEG 2000" and header.sampling in _CONVERTED_BY_OPENJPEG


def _conversion(
    plugin: str, header: Codestream, color: ColorDecision, index: int, description: ImageDescription
) -> Conversion | None:
    if not _returns_rgb(plugin, header):
        return description.conversion(color.components)
    conversion = description.conversion(Components.YCBCR)
    if conversion is None:
        message = (
            f"{PIXEL_DATA.label}, frame {index}: the plugin {plugin!r} returns RGB for JPEG 2000 with chrominance of "
            "half width, expected its components (without raw=True and as_rgb=False it is decoded)"
        )
        raise PixelDataError(message, element=PIXEL_DATA.label, frame=index)
    if stored_bits.color_bits(header, description) < header.precision:
        message = (
            f"{PIXEL_DATA.label}, frame {index}: the plugin {plugin!r} converts all {header.precision} bits of the "
            f"codestream to RGB, expected the {description.image.bits_stored} of {BITS_STORED.label}"
        )
        raise PixelDataError(message, element=PIXEL_DATA.label, frame=index)
    return conversion if conversion == "rgb_to_ybr" else None
