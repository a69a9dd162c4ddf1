"""Compressed frames for the benchmarks, as archives store them, and the libraries that dicomet is compared with.

imagecodecs, Pillow and pyjpegls are imported on demand: other benchmarks do without them.
"""

import io
from dataclasses import dataclass
from typing import Protocol

import numpy as np

BASELINE, EXTENDED, SV1 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.70"
JPEG_LS, JPEG_LS_NEAR = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS, JPEG_2000, HTJ2K_LOSSLESS = (f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 201))
JPEG_XL_LOSSLESS, JPEG_XL = "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.112"
IRREVERSIBLE = frozenset({BASELINE, EXTENDED, JPEG_2000, JPEG_XL})
"""The transfer syntaxes whose samples decoders round differently."""
QUALITY = 90
BYTE_BITS = 8


class Encoding(Protocol):
    """How frames are encoded."""

    @property
    def transfer_syntax(self) -> str:
        """The UID."""

    @property
    def photometric(self) -> str:
        """Photometric Interpretation of color images."""

    def encode(self, frame: np.ndarray, bits: int) -> bytes:
        """Return the codestream of a frame of unsigned samples of `bits` bits."""


def _words(frame: np.ndarray, bits: int) -> np.ndarray:
    return np.ascontiguousarray(frame.astype(np.uint8 if bits <= BYTE_BITS else np.uint16))


@dataclass(frozen=True)
class JpegEncoding:
    """JPEG (ISO/IEC 10918-1), by libjpeg-turbo.

    `subsampling`: "444", "422" or "420" for colors that become YCbCr, None for samples that stay as they are.
    """

    transfer_syntax: str
    subsampling: str | None = None
    progressive: bool = False

    @property
    def photometric(self) -> str:
        """Photometric Interpretation of color images."""
        return "YBR_FULL_422" if self.subsampling else "RGB"

    def encode(self, frame: np.ndarray, bits: int) -> bytes:
        """Return the codestream of a frame."""
        frame = _words(frame, bits)
        if self.progressive:
            from PIL import Image  # noqa: PLC0415

            stream = io.BytesIO()
            Image.fromarray(frame).save(stream, "JPEG", quality=QUALITY, progressive=True)
            return stream.getvalue()
        if self.transfer_syntax == SV1:
            options = {"lossless": True, "predictor": 1}
        else:
            options = {"level": QUALITY, "subsampling": self.subsampling}
        if bits > BYTE_BITS:
            options["bitspersample"] = bits
        if self.subsampling:
            options |= {"colorspace": "rgb", "outcolorspace": "ycbcr"}
        import imagecodecs  # noqa: PLC0415

        return bytes(imagecodecs.jpeg8_encode(frame, **options))


@dataclass(frozen=True)
class JpegLsEncoding:
    """JPEG-LS (ISO/IEC 14495-1), by CharLS. `interleave` is ILV: 0 for none, 1 for line, 2 for sample."""

    near: int = 0
    interleave: int = 0
    photometric = "RGB"

    @property
    def transfer_syntax(self) -> str:
        """The UID."""
        return JPEG_LS_NEAR if self.near else JPEG_LS

    def encode(self, frame: np.ndarray, bits: int) -> bytes:
        """Return the codestream of a frame."""
        import jpeg_ls  # noqa: PLC0415

        rows, columns, *samples = frame.shape
        # CharLS gets planes, or pixels, which it arranges in lines.
        ordered = frame.transpose(2, 0, 1) if samples and self.interleave == 0 else frame
        return bytes(
            jpeg_ls.encode_buffer(
                _words(ordered, bits).tobytes(),
                rows,
                columns,
                samples[0] if samples else 1,
                bits,
                lossy_error=self.near,
                interleave_mode=self.interleave,
            )
        )


@dataclass(frozen=True)
class Jpeg2000Encoding:
    """JPEG 2000 (ISO/IEC 15444-1), by OpenJPEG. `level`: the quality of irreversible codestreams; 0 for reversible."""

    level: float = 0

    @property
    def transfer_syntax(self) -> str:
        """The UID."""
        return JPEG_2000 if self.level else JPEG_2000_LOSSLESS

    @property
    def photometric(self) -> str:
        """Photometric Interpretation of color images."""
        return "YBR_ICT" if self.level else "YBR_RCT"

    def encode(self, frame: np.ndarray, bits: int) -> bytes:
        """Return the codestream of a frame."""
        import imagecodecs  # noqa: PLC0415

        form = {"codecformat": "j2k", "mct": frame.ndim > 2, "level": self.level, "reversible": not self.level}
        return bytes(imagecodecs.jpeg2k_encode(_words(frame, bits), bitspersample=bits, **form))


@dataclass(frozen=True)
class HighThroughputEncoding:
    """HTJ2K (ISO/IEC 15444-15), reversible, by OpenJPH, which codes all bits of the words."""

    photometric = "YBR_RCT"
    transfer_syntax = HTJ2K_LOSSLESS

    def encode(self, frame: np.ndarray, bits: int) -> bytes:
        """Return the codestream of a frame."""
        import imagecodecs  # noqa: PLC0415

        return bytes(imagecodecs.htj2k_encode(_words(frame, bits), reversible=True))


@dataclass(frozen=True)
class JpegXlEncoding:
    """JPEG XL (ISO/IEC 18181), by libjxl. `distance` 0 is lossless."""

    distance: float = 0
    photometric = "RGB"

    @property
    def transfer_syntax(self) -> str:
        """The UID."""
        return JPEG_XL if self.distance else JPEG_XL_LOSSLESS

    def encode(self, frame: np.ndarray, bits: int) -> bytes:
        """Return the codestream of a frame."""
        import imagecodecs  # noqa: PLC0415

        options = {"distance": self.distance} if self.distance else {"lossless": True}
        return bytes(imagecodecs.jpegxl_encode(_words(frame, bits), bitspersample=bits, usecontainer=False, **options))


CODECS = {
    **dict.fromkeys((BASELINE, EXTENDED, SV1), "libjpeg-turbo"),
    **dict.fromkeys((JPEG_LS, JPEG_LS_NEAR), "CharLS"),
    **dict.fromkeys((JPEG_2000_LOSSLESS, JPEG_2000), "OpenJPEG"),
    HTJ2K_LOSSLESS: "OpenJPH",
    **dict.fromkeys((JPEG_XL_LOSSLESS, JPEG_XL), "libjxl"),
}
"""The library that decodes a transfer syntax for comparison (imagecodecs)."""


def decode(
    codestream: bytes, transfer_syntax: str, out: np.ndarray | None = None, *, to_rgb: bool = False
) -> np.ndarray:
    """Return a frame by the library of its transfer syntax, on one thread; with `to_rgb` converted from YCbCr.

    The result is `out`, or for JPEG-LS in planes a view of its memory.
    """
    import imagecodecs  # noqa: PLC0415

    match CODECS[transfer_syntax]:
        case "CharLS":
            return _by_charls(codestream, out)
        case "OpenJPEG":
            return imagecodecs.jpeg2k_decode(codestream, numthreads=1, out=out)
        case "OpenJPH":
            return imagecodecs.htj2k_decode(codestream, out=out)
        case "libjxl":
            return imagecodecs.jpegxl_decode(codestream, numthreads=1, out=out)
        case _:
            options = {"colorspace": "ycbcr", "outcolorspace": "rgb"} if to_rgb else {}
            return imagecodecs.jpeg8_decode(codestream, out=out, **options)


def _by_charls(codestream: bytes, out: np.ndarray | None) -> np.ndarray:
    """Return a frame by CharLS, which writes components that are not interleaved (ILV 0) as planes."""
    import imagecodecs  # noqa: PLC0415

    scan = codestream.index(b"\xff\xda") + 4
    is_planar = codestream[scan + 2 + 2 * codestream[scan]] == 0
    if out is not None and is_planar and out.ndim > 2:
        out = out.reshape(-1, *out.shape[:2])
    return imagecodecs.jpegls_decode(codestream, out=out)
