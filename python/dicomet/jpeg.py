"""JPEG, JPEG-LS, JPEG 2000 and HTJ2K frames (PS3.5 A.4.1, A.4.3, A.4.4): handed to pydicom's decoding plugins.

The plugins (pylibjpeg, pyjpegls, ...) are C and C++: dicomet's promise of memory safety ends here. What they return is
placed into the result like any other frame.
"""

from typing import Any

from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes

from dicomet._native import Codestream, Plan, with_neutral_colors
from dicomet.color_rule import ColorDecision, Components, Conversion
from dicomet.description import Description
from dicomet.errors import PIXEL_DATA, PixelDataError
from dicomet.source import Buffer
from dicomet.transfer_syntax import name_of

_COLORS = 3
# XRsiz and YRsiz: the two for which OpenJPEG's plugins have a conversion.
_CONVERTED_BY_OPENJPEG = ([(1, 1), (2, 1), (2, 1)], [(1, 1), (2, 2), (2, 2)])
_ALL_FAILED = "Unable to decode as exceptions were raised by all available plugins:"
# Options that speak of the whole value, where a plugin is given one frame.
_NOT_OF_A_FRAME = frozenset({"number_of_frames", "extended_offsets", "transfer_syntax_uid", "high_bit", "use_pdh"})


def decode(
    frame: Buffer, index: int, description: Description, decoding_plugin: str
) -> tuple[Plan, Buffer, str | None]:
    """Decode one frame to words. Return what is to be done to them, the words, and a warning about their colors."""
    header = description.image.check_codestream(frame, index, description.coding)
    color = description.decide_color(header)
    warning = description.color_warning(color)
    samples, properties, plugin = _call_plugins(frame, index, description, decoding_plugin, header)
    plan = Plan.codec(
        description.image,
        bits_allocated=properties["bits_allocated"],
        planar=properties.get("planar_configuration", 0) == 1,
        kept_bits=_kept_bits((header.precision, header.signed), properties["photometric_interpretation"], description),
        conversion=_conversion(plugin, header, color, index, description),
        color_bits=header.precision,
    )
    # The plugin has made these samples for us alone: read-only, they need not be copied before the GIL is released.
    return plan, memoryview(samples).toreadonly(), warning


def _call_plugins(
    frame: Buffer, index: int, description: Description, decoding_plugin: str, header: Codestream
) -> tuple[Buffer, dict[str, Any], str]:
    """Return samples, their properties, and the name of the plugin that decoded them."""
    decoder = get_decoder(description.transfer_syntax)
    if not decoder.is_available:
        raise PixelDataError(missing_plugin(description.transfer_syntax), element=PIXEL_DATA)
    options = {name: value for name, value in description.options.items() if name not in _NOT_OF_A_FRAME}
    codestream = bytes(frame)
    if options["samples_per_pixel"] == _COLORS:
        codestream, options["photometric_interpretation"] = with_neutral_colors(codestream), "RGB"
    reasons = []
    for plugin in (decoding_plugin,) if decoding_plugin else decoder.available_plugins:
        unusable = _unusable(plugin, header)
        if unusable is not None:
            reasons.append(f"{plugin}: {unusable}")
            continue
        try:
            samples, properties = decoder.as_buffer(
                encapsulate([codestream], has_bot=False),
                index=0,
                validate=False,
                decoding_plugin=plugin,
                number_of_frames=1,
                **options,
            )
        except (MemoryError, AttributeError):
            raise
        except Exception as error:  # noqa: BLE001 - plugins raise what they like
            reasons.append(" ".join(str(error).removeprefix(_ALL_FAILED).split()))
            if not str(error).startswith(_ALL_FAILED):
                break
        else:
            return samples, dict(properties), plugin
    name = name_of(description.transfer_syntax)
    message = f"{PIXEL_DATA}, frame {index}: the codec for {name} failed: {' '.join(reasons)}"
    raise PixelDataError(message, element=PIXEL_DATA, frame=index)


# What the plugins do with colors. A frame of three components reaches them through `with_neutral_colors`: without JFIF
# and with an Adobe marker that says "no transform", or without JP2 boxes. They return then
#
# ========== ====================== ======================== =========================================================
# plugin     JPEG                   JPEG-LS                  JPEG 2000 (always after the inverse component transform)
# ========== ====================== ======================== =========================================================
# pylibjpeg  components             components, without the  components; RGB for chrominance of half width, with or
#                                   inverse HP transform     without half height (OpenJPEG's integers, exact to 1)
# pillow     components                                      components; misplaced samples if they are subsampled
# gdcm       components             components               components; an error if they are subsampled
# pyjpegls                          components
# ========== ====================== ======================== =========================================================
#
# Left alone, Pillow converts by the Adobe marker and fails for identifiers "R", "G", "B", GDCM ends the process for an
# Adobe transform of 2, and Pillow and pylibjpeg convert JPEG 2000 in JP2 boxes that say sYCC.


def _unusable(plugin: str, header: Codestream) -> str | None:
    """Return why `plugin` would return wrong colors, if it would."""
    if plugin == "pylibjpeg" and header.hp_transform:
        return f"does not invert the HP color transform {header.hp_transform}"
    if plugin == "pillow" and header.family == "JPEG 2000" and header.is_subsampled:
        return "misplaces the samples of subsampled components"
    return None


def _returns_rgb(plugin: str, header: Codestream) -> bool:
    """Tell whether `plugin` converts these components to RGB, whatever it is asked for."""
    return plugin == "pylibjpeg" and header.family == "JPEG 2000" and header.sampling in _CONVERTED_BY_OPENJPEG


def _conversion(
    plugin: str, header: Codestream, color: ColorDecision, index: int, description: Description
) -> Conversion | None:
    if not _returns_rgb(plugin, header):
        return description.conversion(color.components)
    conversion = description.conversion(Components.YCBCR)
    if conversion is None:
        message = (
            f"{PIXEL_DATA}, frame {index}: the plugin {plugin!r} returns RGB for JPEG 2000 with chrominance of half "
            "width, expected its components (without raw=True and as_rgb=False it is decoded)"
        )
        raise PixelDataError(message, element=PIXEL_DATA, frame=index)
    return conversion if conversion == "rgb_to_ybr" else None


def missing_plugin(transfer_syntax: str) -> str:
    """Say which plugin is missing, and how to install it."""
    if transfer_syntax in JPEG2000TransferSyntaxes:
        packages, licence = '"pylibjpeg>=2.0" "pylibjpeg-openjpeg>=2.0"', "MIT"
    elif transfer_syntax in JPEGLSTransferSyntaxes:
        packages, licence = '"pyjpegls>=1.2"', "MIT"
    else:
        packages, licence = '"pylibjpeg>=2.0" "pylibjpeg-libjpeg>=2.1"', "GPL-3.0"
    return (
        f"{PIXEL_DATA}: the transfer syntax {name_of(transfer_syntax)} ({transfer_syntax}) needs a decoding plugin "
        f"that is not installed (licence: {licence}): pip install {packages}"
    )


def _kept_bits(codestream: tuple[int, bool], photometric_interpretation: str, description: Description) -> int | None:
    """Return the number of low bits that count, where the bits above them must be corrected, by pydicom's rules.

    JPEG 2000 knows the sign, and needs a correction only where it is not that of Pixel Representation; JPEG-LS does not
    know it, so that signed samples always need one. Plain JPEG is treated like native samples.
    """
    options, transfer_syntax = description.options, description.transfer_syntax
    signed = options["pixel_representation"] == 1
    precision, codestream_signed = codestream
    if transfer_syntax in JPEG2000TransferSyntaxes:
        monochrome = photometric_interpretation in ("MONOCHROME1", "MONOCHROME2")
        wanted = monochrome and codestream_signed != signed and options.get("apply_j2k_sign_correction", True)
        return precision if wanted else None
    if transfer_syntax in JPEGLSTransferSyntaxes:
        return precision if signed and options.get("apply_jls_sign_correction", True) else None
    return options["bits_stored"] if description.correct_unused_bits else None
