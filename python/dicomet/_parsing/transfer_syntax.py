"""The transfer syntaxes of PS3.6 A.1, their codecs, and what can be done about those that dicomet does not decode."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomet._parsing.tags import TRANSFER_SYNTAX_UID
from dicomet.errors import UnsupportedTransferSyntaxError

if TYPE_CHECKING:
    from pydicom.uid import UID


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
        Whether frames are codestreams: their headers state the bits and the colors of the samples, which may contradict
        the data set.
    has_end_marker : bool
        Whether codestreams end with the end-of-image marker of JPEG, which separates frames without an offset table.
    is_built_in : bool
        Whether dicomet decodes the frames; otherwise pydicom's plugins do.
    has_plugins : bool
        Whether pydicom has plugins for the codestreams.
    process : str
        What keeps dicomet from decoding frames of JPEG, as their headers say it.

    """

    name: str
    is_encapsulated: bool = True
    is_codestream: bool = False
    has_end_marker: bool = True
    is_built_in: bool = True
    has_plugins: bool = True
    process: str = ""


BUILT_IN = "dicomet"
"""The decoding plugin that names dicomet's own decoders, as in pydicom."""

NATIVE = Codec("native", is_encapsulated=False)
UNCOMPRESSED_FRAMES = Codec("uncompressed")
RLE = Codec("RLE Lossless")
DEFLATED_FRAMES = Codec("deflated")
JPEG = Codec("JPEG", is_codestream=True)
JPEG_ARITHMETIC = Codec("JPEG", is_codestream=True, is_built_in=False, process="arithmetic coding")
JPEG_HIERARCHICAL = Codec("JPEG", is_codestream=True, is_built_in=False, process="the hierarchical mode")
JPEG_LS = Codec("JPEG-LS", is_codestream=True)
JPEG_2000 = Codec("JPEG 2000", is_codestream=True)
JPEG_2000_PART_2 = Codec("JPEG 2000", is_codestream=True, has_plugins=False)
JPEG_XL = Codec("JPEG XL", is_codestream=True, has_end_marker=False, has_plugins=False)


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """A transfer syntax, and what dicomet does with its pixel data.

    Attributes
    ----------
    uid : str
        The UID.
    name : str
        The name in PS3.6, as pydicom writes it.
    codec : Codec or None
        How frames are coded; None if dicomet refuses the transfer syntax.
    remedy : str
        What can be done if dicomet refuses it.
    short_name : str
        The name in tables, if there is a shorter one.
    is_retired : bool
        Whether PS3.6 marks it as retired.
    is_implicit_vr, is_deflated : bool
        How data sets are encoded (PS3.5 A.1, A.5).
    is_referenced : bool
        Whether a data set has a URL in place of pixel data (PS3.5 A.6, A.7).
    plugin_syntax : str
        The transfer syntax whose plugins decode the frames, if pydicom has none for this one.
    video : str
        How the video stream is coded that the pixel data is: ``"MPEG-2"``, ``"H.264"`` or ``"HEVC"``.

    """

    uid: str
    name: str
    codec: Codec | None
    remedy: str = ""
    short_name: str = ""
    is_retired: bool = False
    is_implicit_vr: bool = False
    is_deflated: bool = False
    is_referenced: bool = False
    plugin_syntax: str = ""
    video: str = ""


IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57"
JPEG_XL_RECOMPRESSION = "1.2.840.10008.1.2.4.111"

MPEG_2, H_264, HEVC = "MPEG-2", "H.264", "HEVC"
_REAL_TIME = "it is for streams in real time, not for files"
_NO_IMAGE = "it does not encode pixel data"


def _retired_jpeg(uid: str, name: str, codec: Codec, plugin_syntax: str = JPEG_EXTENDED) -> TransferSyntax:
    return TransferSyntax(uid, name, codec, is_retired=True, plugin_syntax=plugin_syntax)


def _video(uid: str, name: str, video: str) -> TransferSyntax:
    remedy = "its value is a video stream: dicomet convert --format video writes it to a file, for a video decoder"
    return TransferSyntax(uid, name, None, remedy, video=video)


def _jpip(uid: str, name: str, *, is_deflated: bool = False) -> TransferSyntax:
    remedy = "its pixel data is on a server: fetch it from the Pixel Data Provider URL (0028,7FE0) with a JPIP client"
    return TransferSyntax(uid, name, None, remedy, is_deflated=is_deflated, is_referenced=True)


TRANSFER_SYNTAXES = (
    TransferSyntax(
        IMPLICIT_VR_LITTLE_ENDIAN, "Implicit VR Little Endian", NATIVE, short_name="Implicit LE", is_implicit_vr=True
    ),
    TransferSyntax(EXPLICIT_VR_LITTLE_ENDIAN, "Explicit VR Little Endian", NATIVE, short_name="Explicit LE"),
    TransferSyntax(
        "1.2.840.10008.1.2.1.98",
        "Encapsulated Uncompressed Explicit VR Little Endian",
        UNCOMPRESSED_FRAMES,
        short_name="Encapsulated LE",
    ),
    TransferSyntax(
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        "Deflated Explicit VR Little Endian",
        NATIVE,
        short_name="Deflated LE",
        is_deflated=True,
    ),
    TransferSyntax(EXPLICIT_VR_BIG_ENDIAN, "Explicit VR Big Endian", NATIVE, short_name="Explicit BE", is_retired=True),
    TransferSyntax("1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)", JPEG, short_name="JPEG Baseline"),
    TransferSyntax(JPEG_EXTENDED, "JPEG Extended (Process 2 and 4)", JPEG, short_name="JPEG Extended"),
    _retired_jpeg("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 and 5)", JPEG_ARITHMETIC),
    _retired_jpeg("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)", JPEG),
    _retired_jpeg(
        "1.2.840.10008.1.2.4.54", "JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)", JPEG_ARITHMETIC
    ),
    _retired_jpeg("1.2.840.10008.1.2.4.55", "JPEG Full Progression, Non-Hierarchical (Process 10 and 12)", JPEG),
    _retired_jpeg(
        "1.2.840.10008.1.2.4.56", "JPEG Full Progression, Non-Hierarchical (Process 11 and 13)", JPEG_ARITHMETIC
    ),
    TransferSyntax(JPEG_LOSSLESS, "JPEG Lossless, Non-Hierarchical (Process 14)", JPEG, short_name="JPEG Lossless"),
    _retired_jpeg(
        "1.2.840.10008.1.2.4.58", "JPEG Lossless, Non-Hierarchical (Process 15)", JPEG_ARITHMETIC, JPEG_LOSSLESS
    ),
    _retired_jpeg("1.2.840.10008.1.2.4.59", "JPEG Extended, Hierarchical (Process 16 and 18)", JPEG_HIERARCHICAL),
    _retired_jpeg("1.2.840.10008.1.2.4.60", "JPEG Extended, Hierarchical (Process 17 and 19)", JPEG_HIERARCHICAL),
    _retired_jpeg(
        "1.2.840.10008.1.2.4.61", "JPEG Spectral Selection, Hierarchical (Process 20 and 22)", JPEG_HIERARCHICAL
    ),
    _retired_jpeg(
        "1.2.840.10008.1.2.4.62", "JPEG Spectral Selection, Hierarchical (Process 21 and 23)", JPEG_HIERARCHICAL
    ),
    _retired_jpeg(
        "1.2.840.10008.1.2.4.63", "JPEG Full Progression, Hierarchical (Process 24 and 26)", JPEG_HIERARCHICAL
    ),
    _retired_jpeg(
        "1.2.840.10008.1.2.4.64", "JPEG Full Progression, Hierarchical (Process 25 and 27)", JPEG_HIERARCHICAL
    ),
    _retired_jpeg(
        "1.2.840.10008.1.2.4.65", "JPEG Lossless, Hierarchical (Process 28)", JPEG_HIERARCHICAL, JPEG_LOSSLESS
    ),
    _retired_jpeg(
        "1.2.840.10008.1.2.4.66", "JPEG Lossless, Hierarchical (Process 29)", JPEG_HIERARCHICAL, JPEG_LOSSLESS
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.70",
        "JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])",
        JPEG,
        short_name="JPEG LL SV1",
    ),
    TransferSyntax("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless Image Compression", JPEG_LS, short_name="JPEG-LS"),
    TransferSyntax(
        "1.2.840.10008.1.2.4.81",
        "JPEG-LS Lossy (Near-Lossless) Image Compression",
        JPEG_LS,
        short_name="JPEG-LS Near",
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.90",
        "JPEG 2000 Image Compression (Lossless Only)",
        JPEG_2000,
        short_name="J2K Lossless",
    ),
    TransferSyntax("1.2.840.10008.1.2.4.91", "JPEG 2000 Image Compression", JPEG_2000, short_name="J2K"),
    TransferSyntax(
        "1.2.840.10008.1.2.4.92",
        "JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)",
        JPEG_2000_PART_2,
        short_name="J2K MC Lossless",
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.93",
        "JPEG 2000 Part 2 Multi-component Image Compression",
        JPEG_2000_PART_2,
        short_name="J2K MC",
    ),
    _jpip("1.2.840.10008.1.2.4.94", "JPIP Referenced"),
    _jpip("1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", is_deflated=True),
    _video("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level", MPEG_2),
    _video("1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level", MPEG_2),
    _video("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level", MPEG_2),
    _video("1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level", MPEG_2),
    _video("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", H_264),
    _video("1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1", H_264),
    _video("1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", H_264),
    _video("1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", H_264),
    _video("1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", H_264),
    _video("1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", H_264),
    _video("1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", H_264),
    _video("1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", H_264),
    _video("1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", H_264),
    _video("1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", H_264),
    _video("1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1", HEVC),
    _video("1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1", HEVC),
    TransferSyntax("1.2.840.10008.1.2.4.110", "JPEG XL Lossless", JPEG_XL),
    TransferSyntax(JPEG_XL_RECOMPRESSION, "JPEG XL JPEG Recompression", JPEG_XL, short_name="JPEG XL JPEG"),
    TransferSyntax("1.2.840.10008.1.2.4.112", "JPEG XL", JPEG_XL),
    TransferSyntax(
        "1.2.840.10008.1.2.4.201",
        "High-Throughput JPEG 2000 Image Compression (Lossless Only)",
        JPEG_2000,
        short_name="HTJ2K Lossless",
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.202",
        "High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)",
        JPEG_2000,
        short_name="HTJ2K RPCL",
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000 Image Compression", JPEG_2000, short_name="HTJ2K"
    ),
    _jpip("1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced"),
    _jpip("1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate", is_deflated=True),
    TransferSyntax("1.2.840.10008.1.2.5", "RLE Lossless", RLE),
    TransferSyntax("1.2.840.10008.1.2.6.1", "RFC 2557 MIME encapsulation", None, _NO_IMAGE, is_retired=True),
    TransferSyntax("1.2.840.10008.1.2.6.2", "XML Encoding", None, _NO_IMAGE, is_retired=True),
    TransferSyntax("1.2.840.10008.1.2.7.1", "SMPTE ST 2110-20 Uncompressed Progressive Active Video", None, _REAL_TIME),
    TransferSyntax("1.2.840.10008.1.2.7.2", "SMPTE ST 2110-20 Uncompressed Interlaced Active Video", None, _REAL_TIME),
    TransferSyntax("1.2.840.10008.1.2.7.3", "SMPTE ST 2110-30 PCM Digital Audio", None, _REAL_TIME),
    TransferSyntax(
        "1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", DEFLATED_FRAMES, short_name="Deflated frames"
    ),
    TransferSyntax(
        "1.2.840.10008.1.20",
        "Papyrus 3 Implicit VR Little Endian",
        None,
        "Papyrus 3 keeps images in private elements: convert the file with a program that reads Papyrus",
        is_retired=True,
        is_implicit_vr=True,
    ),
)
"""All transfer syntaxes of PS3.6 A.1, by UID."""
TERMS = frozenset(term for syntax in TRANSFER_SYNTAXES for term in (syntax.uid, syntax.name))
"""What messages about files may quote: it identifies no patient."""
BY_UID = {syntax.uid: syntax for syntax in TRANSFER_SYNTAXES}
CODECS = {syntax.uid: syntax.codec for syntax in TRANSFER_SYNTAXES if syntax.codec is not None}
"""The codecs of the transfer syntaxes that dicomet, or a plugin, decodes."""


def name_of(transfer_syntax: str) -> str:
    """Return the name of a transfer syntax in PS3.6; of a private or unknown one, that in pydicom or the UID."""
    known = BY_UID.get(transfer_syntax)
    if known is not None:
        return known.name
    from pydicom.uid import UID  # noqa: PLC0415 - for messages only

    return UID(transfer_syntax).name


def encoding_of(transfer_syntax: "UID") -> tuple[bool, bool]:
    """Return whether a transfer syntax is in implicit VR, and whether it is little endian.

    pydicom does not know the newest ones. It knows the private ones that the caller has registered.

    Raises
    ------
    UnsupportedTransferSyntaxError
        The transfer syntax is unknown.

    """
    known = BY_UID.get(transfer_syntax)
    if known is not None:
        return known.is_implicit_vr, known.uid != EXPLICIT_VR_BIG_ENDIAN
    try:
        return transfer_syntax.is_implicit_VR, transfer_syntax.is_little_endian
    except ValueError:
        raise unsupported(transfer_syntax) from None


def is_deflated(transfer_syntax: str) -> bool:
    """Return whether data sets of this transfer syntax are deflated."""
    known = BY_UID.get(transfer_syntax)
    return known is not None and known.is_deflated


def check_not_referenced(transfer_syntax: str) -> None:
    """Raise if data sets of this transfer syntax have a URL in place of pixel data, which is not just missing."""
    known = BY_UID.get(transfer_syntax)
    if known is not None and known.is_referenced:
        raise unsupported(known.uid)


def unsupported(transfer_syntax: str) -> UnsupportedTransferSyntaxError:
    """Return the error for an unsupported transfer syntax: pydicom's message, and what can be done."""
    known = BY_UID.get(transfer_syntax)
    remedy = f": {known.remedy}" if known is not None and known.remedy else ""
    return UnsupportedTransferSyntaxError(
        f"Unable to decode the pixel data as a {TRANSFER_SYNTAX_UID.quoted} value of '{name_of(transfer_syntax)}' is "
        f"not supported{remedy}",
        element=TRANSFER_SYNTAX_UID.label,
    )
