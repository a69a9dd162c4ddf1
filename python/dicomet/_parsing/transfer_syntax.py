"""The transfer syntaxes of images (PS3.5 A, PS3.6 A.1), and their codecs."""

from typing import Literal

Codec = Literal["native", "uncompressed frames", "RLE", "JPEG", "JPEG-LS", "JPEG 2000"]

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"

CODECS: dict[str, Codec] = {
    IMPLICIT_VR_LITTLE_ENDIAN: "native",
    EXPLICIT_VR_LITTLE_ENDIAN: "native",
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: "native",
    EXPLICIT_VR_BIG_ENDIAN: "native",
    ENCAPSULATED_UNCOMPRESSED: "uncompressed frames",
    RLE_LOSSLESS: "RLE",
    "1.2.840.10008.1.2.4.50": "JPEG",  # JPEG Baseline (Process 1)
    "1.2.840.10008.1.2.4.51": "JPEG",  # JPEG Extended (Process 2 and 4)
    "1.2.840.10008.1.2.4.57": "JPEG",  # JPEG Lossless, Non-Hierarchical (Process 14)
    "1.2.840.10008.1.2.4.70": "JPEG",  # the same with Selection Value 1
    "1.2.840.10008.1.2.4.80": "JPEG-LS",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.81": "JPEG-LS",  # JPEG-LS Lossy (Near-Lossless)
    "1.2.840.10008.1.2.4.90": "JPEG 2000",  # JPEG 2000 (Lossless Only)
    "1.2.840.10008.1.2.4.91": "JPEG 2000",  # JPEG 2000
    "1.2.840.10008.1.2.4.201": "JPEG 2000",  # High-Throughput JPEG 2000 (Lossless Only)
    "1.2.840.10008.1.2.4.202": "JPEG 2000",  # the same with RPCL Options
    "1.2.840.10008.1.2.4.203": "JPEG 2000",  # High-Throughput JPEG 2000
}
# The codecs whose frames are codestreams, which plugins decode; named by the standard of the codestream.
CODESTREAMS = frozenset({"JPEG", "JPEG-LS", "JPEG 2000"})


def name_of(transfer_syntax: str) -> str:
    """Return the name of a transfer syntax in PS3.6."""
    from pydicom.uid import UID  # noqa: PLC0415 - for messages only

    return UID(transfer_syntax).name
