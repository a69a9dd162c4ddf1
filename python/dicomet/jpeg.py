"""JPEG, JPEG-LS, JPEG 2000 and HTJ2K frames (PS3.5 A.4.1, A.4.3, A.4.4): handed to pydicom's decoding plugins.

The plugins (pylibjpeg, pyjpegls, ...) are C and C++: dicomet's promise of memory safety ends here. What they return is
placed into the result like any other frame.
"""

from typing import Any

from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes

from dicomet._native import Plan
from dicomet.description import Description
from dicomet.errors import PIXEL_DATA, PixelDataError
from dicomet.source import Buffer
from dicomet.transfer_syntax import name_of

_ALL_FAILED = "Unable to decode as exceptions were raised by all available plugins:"
# Options that speak of the whole value, where a plugin is given one frame.
_NOT_OF_A_FRAME = frozenset({"number_of_frames", "extended_offsets", "transfer_syntax_uid", "high_bit", "use_pdh"})


def decode(frame: Buffer, index: int, description: Description, decoding_plugin: str) -> tuple[Plan, Buffer]:
    """Decode one frame to words, and return these and what is to be done to them."""
    codestream = description.image.check_codestream(frame, index, description.coding)
    samples, properties = _call_plugin(frame, index, description, decoding_plugin)
    plan = Plan.codec(
        description.image,
        bits_allocated=properties["bits_allocated"],
        planar=properties.get("planar_configuration", 0) == 1,
        kept_bits=_kept_bits(codestream, properties["photometric_interpretation"], description),
        conversion=description.conversion(properties["photometric_interpretation"]),
    )
    # The plugin has made these samples for us alone: read-only, they need not be copied before the GIL is released.
    return plan, memoryview(samples).toreadonly()


def _call_plugin(
    frame: Buffer, index: int, description: Description, decoding_plugin: str
) -> tuple[Buffer, dict[str, Any]]:
    decoder = get_decoder(description.transfer_syntax)
    if not decoder.is_available:
        raise PixelDataError(missing_plugin(description.transfer_syntax), element=PIXEL_DATA)
    options = {name: value for name, value in description.options.items() if name not in _NOT_OF_A_FRAME}
    try:
        samples, properties = decoder.as_buffer(
            encapsulate([bytes(frame)], has_bot=False),
            index=0,
            validate=False,
            decoding_plugin=decoding_plugin,
            number_of_frames=1,
            **options,
        )
    except (MemoryError, AttributeError):
        raise
    except Exception as error:
        reason = " ".join(str(error).removeprefix(_ALL_FAILED).split())
        name = name_of(description.transfer_syntax)
        message = f"{PIXEL_DATA}, frame {index}: the codec for {name} failed: {reason}"
        raise PixelDataError(message, element=PIXEL_DATA, frame=index) from error
    return samples, dict(properties)


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
