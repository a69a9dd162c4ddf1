"""Images with overlays, for the tests of overlays: made by pydicom, bit by bit where pydicom makes none."""

import numpy as np
from display_images import image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

GROUP = 0x6000


def frames_image(stored: np.ndarray, bits: int, syntax=ExplicitVRLittleEndian) -> Dataset:
    """Return a native image of `stored`, which has the shape (frames, rows, columns)."""
    ds = image(stored.reshape(-1, stored.shape[-1]), bits, syntax)
    ds.Rows, ds.Columns = stored.shape[1:]
    ds.NumberOfFrames = len(stored)
    return ds


def add_overlay(  # noqa: PLR0913 - the elements of an overlay
    ds: Dataset,
    mask: np.ndarray,
    *,
    group: int = GROUP,
    origin: tuple[int, int] = (1, 1),
    kind: str = "G",
    label: str = "",
    first_frame: int | None = None,
    vr: str = "OW",
    frames: int | None = None,
) -> Dataset:
    """Add an overlay in Overlay Data. `first_frame`: Image Frame Origin, counted from 1."""
    ds.add_new(group << 16 | 0x10, "US", mask.shape[-2])
    ds.add_new(group << 16 | 0x11, "US", mask.shape[-1])
    frames = len(mask) if mask.ndim > 2 else frames
    if frames is not None:
        ds.add_new(group << 16 | 0x15, "IS", str(frames))
    ds.add_new(group << 16 | 0x40, "CS", kind)
    ds.add_new(group << 16 | 0x50, "SS", list(origin))
    if first_frame is not None:
        ds.add_new(group << 16 | 0x51, "US", first_frame)
    ds.add_new(group << 16 | 0x100, "US", 1)
    ds.add_new(group << 16 | 0x102, "US", 0)
    if label:
        ds.add_new(group << 16 | 0x1500, "LO", label)
    ds.add_new(group << 16 | 0x3000, vr, packed(mask, swapped=_is_big(ds) and vr == "OW"))
    return ds


def packed(mask: np.ndarray, *, swapped: bool = False) -> bytes:
    """Return the bits of a mask, the first one in the least significant bit of a byte, or of a big-endian word."""
    value = np.packbits(mask.ravel(), bitorder="little").tobytes()
    value += b"\0" * (len(value) % 2)
    return np.frombuffer(value, "<u2").astype(">u2").tobytes() if swapped else value


def _is_big(ds: Dataset) -> bool:
    return ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian


def embedded(
    stored: np.ndarray, bits: int, masks: dict[int, np.ndarray], syntax=ExplicitVRLittleEndian, encode=None
) -> Dataset:
    """Return an image of 16 bits with overlays in unused bits. `masks`: by bit position, from group 6000 on."""
    words = stored.astype(np.int64) & ((1 << bits) - 1)
    for position, mask in masks.items():
        words |= mask.astype(np.int64) << position
    words = words.astype(np.uint16).view(stored.dtype)
    ds = frames_image(words, bits, ExplicitVRLittleEndian if encode else syntax)
    if encode:
        ds.file_meta.TransferSyntaxUID = syntax
        ds.PixelData = encapsulate([encode(frame) for frame in words])
        ds["PixelData"].VR = "OB"
    for number, position in enumerate(masks):
        group = GROUP + 2 * number
        ds.add_new(group << 16 | 0x10, "US", stored.shape[1])
        ds.add_new(group << 16 | 0x11, "US", stored.shape[2])
        ds.add_new(group << 16 | 0x40, "CS", "G")
        ds.add_new(group << 16 | 0x50, "SS", [1, 1])
        ds.add_new(group << 16 | 0x100, "US", 16)
        ds.add_new(group << 16 | 0x102, "US", position)
    return ds


def drawn(image: np.ndarray, mask: np.ndarray, origin: tuple[int, int], white: float, *, roi: bool) -> np.ndarray:
    """Return an image with an overlay, pixel by pixel: the oracle."""
    result = image.copy()
    rows, columns = mask.shape

    def is_set(row: int, column: int) -> bool:
        # The part of an overlay that is outside of the image does not count.
        inside = 0 <= row + origin[0] - 1 < image.shape[0] and 0 <= column + origin[1] - 1 < image.shape[1]
        return inside and 0 <= row < rows and 0 <= column < columns and bool(mask[row, column])

    for row in range(rows):
        for column in range(columns):
            neighbors = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
            if is_set(row, column) and not (roi and all(is_set(*neighbor) for neighbor in neighbors)):
                result[row + origin[0] - 1, column + origin[1] - 1] = white
    return result
