"""The color rule: the meaning of the decoded components of an image, and the conversion that gives RGB.

A single sample per pixel is gray, or the index of a palette (PS3.3 C.7.6.3.1.2), regardless of the codestream. For
three samples, Photometric Interpretation ("PI" below) and the header of the frame's codestream, if there is one, decide
together. PS3.5 8.2.1: PI shall agree with the codestream; if it does not, the characteristics that the codestream
states explicitly control the decompression. If the codestream states nothing, PI decides. Decoders handle the
codestream's own transforms: the components below are those after the inverse multiple component transform of JPEG 2000,
and before any other conversion. They do not depend on the decoder. With ``raw=True`` these components are the result.

Native form, RLE Lossless, encapsulated uncompressed (PS3.5 8.1, 8.2.2; PS3.3 C.7.6.3.1.2):

=== ============================== ================================================ ==================================
row PI                             components                                       conversion
=== ============================== ================================================ ==================================
N1  RGB                            RGB                                              none
N2  YBR_FULL, YBR_FULL_422         YCbCr                                            YCbCr to RGB
N3  YBR_PARTIAL_422 and _420       YCbCr of partial range (retired, PS3.3-2004)     partial YCbCr to RGB
N4  any other                      unknown: YBR_ICT and YBR_RCT exist in JPEG 2000  none; display refuses
                                   only; HSV, ARGB, CMYK (retired) and XYB have no
                                   conversion here; MONOCHROME1 and 2 and PALETTE
                                   COLOR are for one sample
=== ============================== ================================================ ==================================

JPEG and JPEG-LS (PS3.5 8.2.1, 8.2.3). The first row that applies decides: JFIF takes precedence over Adobe, and Adobe
over component identifiers.

=== ============================================== ================================ ==================================
row codestream                                     PI                               components
=== ============================================== ================================ ==================================
J1  HP color transform (APP8 "mrfx", JPEG-LS)      any                              RGB: the decoder inverts it
J2  JFIF (ISO/IEC 10918-5)                         any                              YCbCr
J3  Adobe APP14, transform 0 (ISO/IEC 10918-6)     any                              RGB
J4  Adobe APP14, transform 1                       any                              YCbCr
J5  Adobe APP14, transform 2 or more, which is     any                              YCbCr, always with a warning
    not for three components
J6  component identifiers "R", "G", "B" or         any                              RGB
    "r", "g", "b"
J7  none of these, subsampled                      RGB                              YCbCr: only chrominance has fewer
                                                                                    samples
J8  none of these                                  RGB                              RGB
J9  none of these                                  YBR_FULL, YBR_FULL_422           YCbCr
J10 none of these                                  YBR_PARTIAL_422 and _420         YCbCr of partial range
J11 none of these, DCT (processes 1, 2, 4)         any other                        YCbCr, always with a warning: the
                                                                                    convention of such streams
J12 none of these, lossless (process 14, JPEG-LS)  any other                        unknown
=== ============================================== ================================ ==================================

The identifiers 1, 2, 3 (and 0, 1, 2, and all others) state nothing: they mean YCbCr only in JFIF, by the definition of
JFIF. PI therefore decides for all codestreams without a statement, lossless or DCT, in rows J7 to J12.

JPEG 2000 and HTJ2K (PS3.5 8.2.4, CP-2650; ISO/IEC 15444-1 G.2, G.3). "MCT": the multiple component transform in COD.

=== ============================================== ================================ ==================================
row codestream                                     PI                               components
=== ============================================== ================================ ==================================
K1  MCT                                            any                              RGB
K2  no MCT, subsampled (XRsiz, YRsiz)              RGB, YBR_RCT                     YCbCr: only chrominance has fewer
                                                                                    samples
K3  no MCT                                         RGB                              RGB
K4  no MCT                                         YBR_FULL, YBR_FULL_422           YCbCr; half-width and half-height
                                                                                    chrominance is legal (CP-2650)
K5  no MCT                                         YBR_PARTIAL_422 and _420         YCbCr of partial range
K6  no MCT                                         YBR_ICT                          YCbCr: the matrix of G.3, which
                                                                                    no decoder inverts; RGB if the JP2
                                                                                    boxes say sRGB
K7  no MCT                                         YBR_RCT                          RGB: the components of G.2 have
                                                                                    one bit more; YCbCr if the JP2
                                                                                    boxes say sYCC
K8  no MCT                                         any other                        unknown
=== ============================================== ================================ ==================================

JPEG XL (PS3.5 8.2.15; ISO/IEC 18181-1 F.2, L.2; 18181-2). "Recompressed": the container has the data to reconstruct the
JPEG codestream from which the codestream was made, and its components are decoded as those of JPEG are.

=== ============================================== ================================ ==================================
row codestream                                     PI                               components
=== ============================================== ================================ ==================================
X1  recompressed, YCbCr                            any                              YCbCr
X2  recompressed, without transform                any                              RGB
X3  XYB, or YCbCr that is not recompressed         any                              RGB: the decoder inverts it
X4  no transform                                   RGB, XYB                         RGB
X5  no transform                                   YBR_FULL, YBR_FULL_422           YCbCr
X6  no transform                                   YBR_PARTIAL_422 and _420         YCbCr of partial range
X7  no transform                                   any other                        unknown
=== ============================================== ================================ ==================================

The color encoding of JPEG XL (ISO/IEC 18181-1 D.3.5), an ICC profile included, decides nothing: it describes how to
display RGB, and encoders write sRGB whatever the components are. Samples are not converted by it, except that the RGB
of XYB is that of the encoding, or sRGB if there is an ICC profile.

JP2 boxes are not allowed in DICOM, and PI takes their role (PS3.5 A.4.4): they decide in K6 and K7 only.

A contradiction is a PI that means components other than the decided ones. RGB with MCT (K1) is not a contradiction: the
decoded components are RGB, as PI says.
"""

from enum import Enum
from typing import Literal, NamedTuple

from dicomet._native import Codestream
from dicomet._parsing.tags import PHOTOMETRIC_INTERPRETATION

Conversion = Literal["ybr_to_rgb", "partial_ybr_to_rgb", "rgb_to_ybr"]
_DATA_SET = PHOTOMETRIC_INTERPRETATION.label

_RGB_IDS = ([82, 71, 66], [114, 103, 98])
# ISO/IEC 15444-1 table I.10.
_SRGB, _SYCC = 16, 18
_COLORS = 3


class Components(Enum):
    """The meaning of the samples of a pixel."""

    GRAY = "gray"
    PALETTE = "palette index"
    RGB = "RGB"
    YCBCR = "YCbCr"
    PARTIAL_YCBCR = "YCbCr of partial range"
    UNKNOWN = "not known"

    @property
    def conversion(self) -> Conversion | None:
        """The conversion that gives RGB; None if there is none, or none is needed."""
        return _CONVERSIONS.get(self)


_CONVERSIONS: dict[Components, Conversion] = {
    Components.YCBCR: "ybr_to_rgb",
    Components.PARTIAL_YCBCR: "partial_ybr_to_rgb",
}
# The components that each term means, for native samples and for a codestream that states nothing itself.
_TERMS = {
    "RGB": Components.RGB,
    "YBR_FULL": Components.YCBCR,
    "YBR_FULL_422": Components.YCBCR,
    "YBR_PARTIAL_422": Components.PARTIAL_YCBCR,
    "YBR_PARTIAL_420": Components.PARTIAL_YCBCR,
}
_TRANSFORMED = frozenset({"YBR_ICT", "YBR_RCT"})
# The terms for JPEG XL whose transform the decoder inverts: that of the codestream, or that of the decoded components.
_TERMS_OF_TRANSFORM = {"XYB": {"RGB", "XYB"}, "YCbCr": {"RGB", "YBR_FULL", "YBR_FULL_422"}}


class ColorDecision(NamedTuple):
    """The result of the color rule.

    Attributes
    ----------
    components : Components
        The meaning of the decoded components.
    subsampled : bool
        Whether some components have fewer samples in the codestream, which the decoder replicates or interpolates.
    reason : str
        The part of the codestream or the data set that decided.
    contradiction : str or None
        A message with the statements of the data set and of the codestream, if they differ.

    """

    components: Components
    subsampled: bool = False
    reason: str = _DATA_SET
    contradiction: str | None = None


def decide(term: str, samples_per_pixel: int, header: Codestream | None = None) -> ColorDecision:
    """Return the meaning of the decoded components, by the tables of this module.

    Parameters
    ----------
    term : str
        Photometric Interpretation.
    samples_per_pixel : int
        Samples per Pixel: 1 or 3.
    header : Codestream, optional
        The header of the frame's codestream; None for native samples, RLE Lossless and encapsulated uncompressed.

    """
    if samples_per_pixel != _COLORS:
        return ColorDecision(Components.PALETTE if term.startswith("PALETTE") else Components.GRAY)
    if header is None:
        return ColorDecision(_TERMS.get(term, Components.UNKNOWN))
    by_header = {"JPEG 2000": _by_jpeg_2000, "JPEG XL": _by_jpeg_xl}.get(header.family, _by_jpeg)
    components, reason = by_header(term, header)
    return ColorDecision(components, header.is_subsampled, reason, _contradiction(term, header, components, reason))


def _by_jpeg(term: str, header: Codestream) -> tuple[Components, str]:
    """Return the components and the reason, by rows J1 to J12."""
    stated = _stated_by_jpeg(header)
    if stated is not None:
        return stated
    if term == "RGB" and header.is_subsampled:
        return Components.YCBCR, "the subsampled components of the codestream"
    if term in _TERMS:
        return _TERMS[term], _DATA_SET
    if header.family == "JPEG-LS" or header.lossless:
        return Components.UNKNOWN, _DATA_SET
    return Components.YCBCR, "the convention for DCT codestreams without color markers"


def _stated_by_jpeg(header: Codestream) -> tuple[Components, str] | None:
    """Return the components and the reason, by rows J1 to J6; None if the codestream states nothing."""
    if header.hp_transform:
        return Components.RGB, f"the HP color transform {header.hp_transform} of the codestream"
    if header.jfif:
        return Components.YCBCR, "the JFIF marker of the codestream"
    if header.adobe_transform is not None:
        components = Components.RGB if header.adobe_transform == 0 else Components.YCBCR
        return components, f"the Adobe marker of the codestream (transform {header.adobe_transform})"
    if header.component_ids in _RGB_IDS:
        ids = bytes(header.component_ids).decode()
        return Components.RGB, f"the component identifiers {ids!r} of the codestream"
    return None


def _by_jpeg_2000(term: str, header: Codestream) -> tuple[Components, str]:
    """Return the components and the reason, by rows K1 to K8."""
    if header.component_transform:
        return Components.RGB, "the multiple component transform of the codestream"
    no_transform = "the codestream without multiple component transform"
    if header.is_subsampled and term in {"RGB", "YBR_RCT"}:
        return Components.YCBCR, "the subsampled components of the codestream"
    if term == "YBR_ICT":
        return (Components.RGB if header.color_space == _SRGB else Components.YCBCR), no_transform
    if term == "YBR_RCT":
        return (Components.YCBCR if header.color_space == _SYCC else Components.RGB), no_transform
    return _TERMS.get(term, Components.UNKNOWN), _DATA_SET


def _by_jpeg_xl(term: str, header: Codestream) -> tuple[Components, str]:
    """Return the components and the reason, by rows X1 to X7."""
    transform = header.color_transform
    if header.recompressed:
        components = Components.YCBCR if transform else Components.RGB
        return components, f"the recompressed JPEG in the codestream ({transform or 'without color transform'})"
    if transform:
        return Components.RGB, f"the {transform} transform of the codestream"
    if term == "XYB":
        return Components.RGB, "the codestream without XYB transform"
    return _TERMS.get(term, Components.UNKNOWN), _DATA_SET


def _contradiction(term: str, header: Codestream, components: Components, reason: str) -> str | None:
    if components is Components.UNKNOWN or _agrees(term, header, components):
        return None
    return (
        f"{_DATA_SET}: found {term}, expected a term for {components.value} components by {reason}: "
        "the codestream counts"
    )


def _agrees(term: str, header: Codestream, components: Components) -> bool:
    """Return whether `term` means `components`, and the codestream has no undefined statement (row J5)."""
    if header.component_transform:
        return term == "RGB" or term in _TRANSFORMED
    if header.color_transform and not header.recompressed:
        return term in _TERMS_OF_TRANSFORM[header.color_transform]
    odd_adobe = not header.jfif and (header.adobe_transform or 0) > 1
    return _TERMS.get(term) is components and not odd_adobe


def unconverted(term: str, components: Components) -> str:
    """Return the message for samples that are not RGB and are not converted to RGB."""
    message = f"{_DATA_SET}: found {term} for three samples per pixel"
    if components is Components.UNKNOWN:
        return f"{message}, expected RGB, YBR_FULL or YBR_FULL_422: the samples are not RGB, and cannot be converted"
    return f"{message}: the samples are {components.value}, not RGB, as they are stored"
