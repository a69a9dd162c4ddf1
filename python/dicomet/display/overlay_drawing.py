"""Drawing overlay planes over an image (PS3.3 C.9.2, which leaves the way of drawing open)."""

import numpy as np

from dicomet._decoding.description import ImageDescription
from dicomet.display.overlay_planes import OverlayPlane
from dicomet.display.overlay_reader import OverlayReader


def draw(overlays: OverlayReader, index: int, frame: np.ndarray, description: ImageDescription, value: float) -> None:
    """Draw all selected planes over a displayed frame: graphics as they are, a region of interest as its outline.

    Parameters
    ----------
    overlays : OverlayReader
        The planes.
    index : int
        The number of the frame in the image.
    frame : numpy.ndarray
        The frame, of shape ``(rows, columns)`` or ``(rows, columns, 3)``.
    description : ImageDescription
        The description of the frame. At a lower resolution, a pixel is drawn if any pixel that it stands for is.
    value : float
        The value of the drawn pixels.

    """
    for plane in overlays.planes:
        mask = _visible(overlays, plane, index)
        if mask is not None:
            frame[_reduced(mask, description.reduce)[: frame.shape[0], : frame.shape[1]]] = value


def outline(region: np.ndarray) -> np.ndarray:
    """Return the pixels of a region that have a neighbor above, below, left or right that is not in the region."""
    padded = np.pad(region, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: np.ndarray = region & ~inner
    return edge


def _visible(overlays: OverlayReader, plane: OverlayPlane, index: int) -> np.ndarray | None:
    """Return the part of a plane that lies in the image, as a mask of the image; None if nothing does."""
    # Overlay Origin counts from 1; a part of the plane may lie outside of the image.
    top, left = (number - 1 for number in plane.origin)
    rows, columns = _common(top, plane.rows, overlays.size[0]), _common(left, plane.columns, overlays.size[1])
    if not rows or not columns:
        return None
    found = overlays.rows(plane, index, range(rows.start - top, rows.stop - top))
    if found is None:
        return None
    part = found[:, columns.start - left : columns.stop - left]
    mask = np.zeros(overlays.size, bool)
    mask[rows.start : rows.stop, columns.start : columns.stop] = outline(part) if plane.is_roi else part
    return mask


def _common(first: int, length: int, size: int) -> range:
    """Return the indices of an image side of `size` that `length` pixels from `first` on cover."""
    return range(max(first, 0), min(first + length, size))


def _reduced(mask: np.ndarray, levels: int) -> np.ndarray:
    """Return a mask without some resolution levels, each of which halves the sides, rounded up."""
    for _ in range(levels):
        rows, columns = mask.shape
        even = np.pad(mask, ((0, rows % 2), (0, columns % 2)))
        mask = even[::2, ::2] | even[1::2, ::2] | even[::2, 1::2] | even[1::2, 1::2]
    return mask
