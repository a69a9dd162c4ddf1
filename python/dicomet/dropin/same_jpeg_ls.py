"""For which JPEG-LS frames dicomet has the values of pydicom's plugins, and their form.

Lossless and near-lossless codestreams have one right result (ISO/IEC 14495-1), which all plugins have for plain frames.
"""

from pydicom.uid import JPEGLSLossless, JPEGLSNearLossless

from dicomet._native import Codestream
from dicomet.dropin.jpeg_ls_segments import read_scan
from dicomet.dropin.jpeg_segments import Frame, UnusualFrameError
from dicomet.dropin.shape import Declined, Shape

JPEG_LS = frozenset({JPEGLSLossless, JPEGLSNearLossless})
BITS = 8


def check_plugin(plugin: str, shape: Shape) -> None:
    """Raise `Declined` for images that the plugin refuses, or whose samples it may order in another way."""
    if plugin == "gdcm" and shape.bits_stored < BITS:
        raise Declined("JPEG-LS of less than 8 bits stored, with GDCM")
    if plugin == "gdcm" and shape.planar_configuration:
        raise Declined("JPEG-LS with Planar Configuration 1, with GDCM")


def check_iteration(plugin: str, shape: Shape) -> None:
    """Raise `Declined` where pydicom fails to correct the sign of all frames, because GDCM's memory is read-only."""
    is_corrected = shape.pixel_representation and shape.bits_stored < shape.bits_allocated
    if shape.codec == "JPEG-LS" and plugin == "gdcm" and is_corrected:
        raise Declined("an iteration over signed JPEG-LS samples with unused bits, with GDCM")


def check_frame(frame: Frame, header: Codestream, shape: Shape, transfer_syntax: str) -> None:
    """Raise `Declined` for a frame that does not conform, or about which decoders may disagree."""
    try:
        scan = read_scan(frame)
    except UnusualFrameError as unusual:
        raise Declined(str(unusual)) from None
    if scan.near and transfer_syntax == JPEGLSLossless:
        raise Declined("near-lossless JPEG-LS in the transfer syntax of lossless JPEG-LS")
    if shape.correct_unused_bits and header.precision != shape.bits_stored:
        # pydicom takes the sign from the precision.
        raise Declined("JPEG-LS whose precision is not Bits Stored")


def is_planar(plugin: str | None, headers: list[Codestream], shape: Shape) -> bool:
    """Return whether the plugin returns planes: pyjpegls does for components that are not interleaved."""
    modes = {not header.interleave for header in headers}
    if plugin != "pyjpegls" or shape.samples_per_pixel == 1 or modes == {False}:
        return False
    if len(modes) > 1 or shape.to_rgb:
        raise Declined("JPEG-LS in planes, with a color conversion or with other frames")
    return True
