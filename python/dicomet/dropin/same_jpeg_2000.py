"""For which JPEG 2000 and HTJ2K frames dicomet has the values of pydicom's plugins, and their form.

Reversible codestreams have one right result (ISO/IEC 15444-1), which all plugins have for plain frames. Irreversible
ones leave freedom in rounding: those of OpenJPEG, which all plugins contain, may differ by one level from dicomet's.
"""

from pydicom.uid import HTJ2K, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, JPEG2000Lossless

from dicomet._native import Codestream
from dicomet.dropin.jpeg_2000_segments import read_styles
from dicomet.dropin.jpeg_segments import Frame, UnusualFrameError
from dicomet.dropin.shape import YBR_FULL, YBR_TRANSFORMED, Declined, Shape

HIGH_THROUGHPUT = frozenset({HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K})
JPEG_2000 = HIGH_THROUGHPUT | {JPEG2000Lossless, JPEG2000}
LOSSY_2000 = frozenset({JPEG2000, HTJ2K})
BITS = 8


def check_plugin(plugin: str, shape: Shape) -> None:
    """Raise `Declined` for images that the plugin refuses."""
    if plugin == "pillow" and shape.samples_per_pixel > 1 and shape.bits_allocated > BITS:
        raise Declined("JPEG 2000 in color with more than 8 bits, with Pillow")


def check_frame(frame: Frame, header: Codestream, shape: Shape, transfer_syntax: str, plugin: str) -> None:
    """Raise `Declined` for a frame that does not conform, or about which decoders may disagree."""
    try:
        styles = read_styles(frame)
    except UnusualFrameError as unusual:
        raise Declined(str(unusual)) from None
    if styles.high_throughput != (transfer_syntax in HIGH_THROUGHPUT):
        raise Declined("JPEG 2000 in the transfer syntax of HTJ2K, or the reverse")
    if not styles.reversible and transfer_syntax not in LOSSY_2000:
        raise Declined("irreversible JPEG 2000 in a transfer syntax of lossless JPEG 2000")
    if header.signed != bool(shape.pixel_representation):
        raise Declined("JPEG 2000 whose sign is not that of Pixel Representation")
    if shape.correct_unused_bits and header.precision != shape.bits_stored:
        raise Declined("JPEG 2000 whose precision is not Bits Stored, if unused bits are corrected")
    _check_term(header, shape)
    if not styles.reversible and plugin != "dicomet":
        raise Declined("irreversible JPEG 2000, for which the plugin may have other values")


def _check_term(header: Codestream, shape: Shape) -> None:
    """Raise `Declined` if Photometric Interpretation contradicts the codestream."""
    if shape.samples_per_pixel == 1:
        return
    expected = {"RGB", *(YBR_TRANSFORMED if header.component_transform else YBR_FULL)}
    if shape.photometric_interpretation not in expected:
        raise Declined("JPEG 2000 colors that are not those of Photometric Interpretation")
