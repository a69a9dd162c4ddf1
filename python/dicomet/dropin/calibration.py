"""The arithmetic of pydicom's color conversion on this machine.

pydicom computes a 32-bit floating-point matrix product with the BLAS library that NumPy was built with. Some libraries
fuse multiplication and addition, others round each product. The results differ for a few inputs only, and these are
passed to pydicom's own functions, to find out.
"""

from collections.abc import Callable
from functools import cache
from typing import Literal

import numpy as np
from pydicom.pixels import processing

from dicomet._native import convert_color

Arithmetic = Literal["exact", "float", "fused float"]
Conversion = Literal["ybr_to_rgb", "rgb_to_ybr"]

# pydicom's functions whose results must be reproduced.
NAMES: dict[Conversion, str] = {"ybr_to_rgb": "_convert_YBR_FULL_to_RGB", "rgb_to_ybr": "_convert_RGB_to_YBR_FULL"}
ORIGINALS: dict[Conversion, Callable[[np.ndarray], np.ndarray]] = {
    conversion: getattr(processing, name) for conversion, name in NAMES.items()
}
# A library may have special kernels for narrow matrices.
WIDTHS = (2, 3, 4, 5, 7, 8, 15, 16, 33, 256)


@cache
def arithmetic_of_pydicom(conversion: Conversion, *, planar: bool, single_column: bool) -> Arithmetic | None:
    """Return the arithmetic that reproduces pydicom's result, or None if no arithmetic does.

    `planar`: pixels lie in planes. `single_column`: Columns is 1, so that the product has a vector operand.
    """
    pixels = _doubtful(conversion)
    candidates: tuple[Arithmetic, ...] = ("fused float", "float", "exact")
    for width in (1,) if single_column else WIDTHS:
        rows = pixels[: len(pixels) // width * width].reshape(-1, width, 3)
        if planar:
            rows = np.ascontiguousarray(rows.transpose(2, 0, 1)).transpose(1, 2, 0)
        found = ORIGINALS[conversion](rows).reshape(-1, 3)
        candidates = tuple(
            arithmetic
            for arithmetic in candidates
            if np.array_equal(_converted(pixels, conversion, arithmetic)[: len(found)], found)
        )
    return next(iter(candidates), None)


def _converted(pixels: np.ndarray, conversion: Conversion, arithmetic: Arithmetic) -> np.ndarray:
    out = np.empty_like(pixels)
    convert_color(pixels, out, conversion=conversion, arithmetic=arithmetic, plane_bytes=None)
    return out


def _doubtful(conversion: Conversion) -> np.ndarray:
    """Return the inputs whose exact result lies halfway between two bytes: only for these does rounding matter."""
    if conversion == "ybr_to_rgb":
        luminance = np.arange(256)
        return np.concatenate(
            [np.stack(np.broadcast_arrays(luminance, cb, cr), axis=-1) for cb, cr in ((78, 178), (178, 78))]
        ).astype(np.uint8)
    red, green = np.meshgrid(np.arange(256), np.arange(256), indexing="ij")
    # 299 R + 587 G + 114 B = 500 modulo 1000, solved for B; 57 * 193 = 1 modulo 500.
    rest = (500 - 299 * red - 587 * green) % 1000
    blue = rest // 2 * 193 % 500
    solved = (rest % 2 == 0) & (blue < 256)  # noqa: PLR2004
    return np.stack([red[solved], green[solved], blue[solved]], axis=-1).astype(np.uint8)
