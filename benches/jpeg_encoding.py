"""Frames in JPEG for the benchmarks, as archives store them: encoded by libjpeg-turbo (imagecodecs, or Pillow).

These are imported on demand: other benchmarks do without them.
"""

import io
from dataclasses import dataclass

import numpy as np

BASELINE, EXTENDED, SV1 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.70"
QUALITY = 90
BYTE_BITS = 8


@dataclass(frozen=True)
class JpegEncoding:
    """How frames are encoded.

    `subsampling`: "444", "422" or "420" for colors that become YCbCr, None for samples that stay as they are.
    """

    transfer_syntax: str
    subsampling: str | None = None
    progressive: bool = False

    def encode(self, frame: np.ndarray, bits: int) -> bytes:
        """Return the codestream of a frame of unsigned samples of `bits` bits."""
        frame = np.ascontiguousarray(frame.astype(np.uint8 if bits <= BYTE_BITS else np.uint16))
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


def decode(codestream: bytes, out: np.ndarray | None = None, *, to_rgb: bool = False) -> np.ndarray:
    """Return a frame by libjpeg-turbo; with `to_rgb` converted from YCbCr."""
    import imagecodecs  # noqa: PLC0415

    options = {"colorspace": "ycbcr", "outcolorspace": "rgb"} if to_rgb else {}
    return imagecodecs.jpeg8_decode(codestream, out=out, **options)
