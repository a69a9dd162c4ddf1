"""The transfer syntaxes of images (PS3.5 A, PS3.6 A.1), and their codecs."""

from dataclasses import dataclass

from dicomet._parsing.tags import TRANSFER_SYNTAX_UID
from dicomet.errors import UnsupportedTransferSyntaxError


@dataclass(frozen=True, slots=True)
class Codec:
    """How the frames of a transfer syntax are coded.

    Attributes
    ----------
    name : str
        The name in messages, and that of the standard of a codestream.
    is_encapsulated : bool
        Whether frames are fragments in items (PS3.5 A.4).
    is_codestream : bool
        Whether frames are codestreams: they end with a marker, and their headers state the bits and the colors of the
        samples, which may contradict the data set.
    is_built_in : bool
        Whether dicomet decodes the frames; otherwise pydicom's plugins do.

    """

    name: str
    is_encapsulated: bool = True
    is_codestream: bool = False
    is_built_in: bool = True


BUILT_IN = "dicomet"
"""The decoding plugin that names dicomet's own decoders, as in pydicom."""

NATIVE = Codec("native", is_encapsulated=False)
UNCOMPRESSED_FRAMES = Codec("uncompressed")
RLE = Codec("RLE Lossless")
JPEG = Codec("JPEG", is_codestream=True)
JPEG_LS = Codec("JPEG-LS", is_codestream=True, is_built_in=False)
JPEG_2000 = Codec("JPEG 2000", is_codestream=True, is_built_in=False)

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"

CODECS = {
    IMPLICIT_VR_LITTLE_ENDIAN: NATIVE,
    EXPLICIT_VR_LITTLE_ENDIAN: NATIVE,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: NATIVE,
    EXPLICIT_VR_BIG_ENDIAN: NATIVE,
    ENCAPSULATED_UNCOMPRESSED: UNCOMPRESSED_FRAMES,
    RLE_LOSSLESS: RLE,
    "1.2.840.10008.1.2.4.50": JPEG,  # JPEG Baseline (Process 1)
    "1.2.840.10008.1.2.4.51": JPEG,  # JPEG Extended (Process 2 and 4)
    "1.2.840.10008.1.2.4.53": JPEG,  # JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8), retired
    "1.2.840.10008.1.2.4.55": JPEG,  # JPEG Full Progression, Non-Hierarchical (Process 10 and 12), retired
    "1.2.840.10008.1.2.4.57": JPEG,  # JPEG Lossless, Non-Hierarchical (Process 14)
    "1.2.840.10008.1.2.4.70": JPEG,  # the same with Selection Value 1
    "1.2.840.10008.1.2.4.80": JPEG_LS,  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.81": JPEG_LS,  # JPEG-LS Lossy (Near-Lossless)
    "1.2.840.10008.1.2.4.90": JPEG_2000,  # JPEG 2000 (Lossless Only)
    "1.2.840.10008.1.2.4.91": JPEG_2000,  # JPEG 2000
    "1.2.840.10008.1.2.4.201": JPEG_2000,  # High-Throughput JPEG 2000 (Lossless Only)
    "1.2.840.10008.1.2.4.202": JPEG_2000,  # the same with RPCL Options
    "1.2.840.10008.1.2.4.203": JPEG_2000,  # High-Throughput JPEG 2000
}


def name_of(transfer_syntax: str) -> str:
    """Return the name of a transfer syntax in PS3.6."""
    from pydicom.uid import UID  # noqa: PLC0415 - for messages only

    return UID(transfer_syntax).name


def unsupported(transfer_syntax: str) -> UnsupportedTransferSyntaxError:
    """Return the error for an unsupported transfer syntax, with pydicom's message."""
    return UnsupportedTransferSyntaxError(
        f"Unable to decode the pixel data as a {TRANSFER_SYNTAX_UID.quoted} value of '{name_of(transfer_syntax)}' is "
        "not supported",
        element=TRANSFER_SYNTAX_UID.label,
    )
