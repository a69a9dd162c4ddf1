"""The resolution at which codestreams are decoded: JPEG 2000 has several (ISO/IEC 15444-1 F.3)."""

from dicomet._decoding.color_rule import Components
from dicomet._decoding.description import ImageDescription
from dicomet._native import Codestream, Image
from dicomet._parsing.tags import PIXEL_DATA
from dicomet.errors import PixelDataError


def reduced(description: ImageDescription, header: Codestream | None) -> ImageDescription:
    """Return the description of the image at the resolution that the caller requests.

    Parameters
    ----------
    description : ImageDescription
        The description of the stored image.
    header : Codestream, optional
        The header of the first frame; None if frames are not in JPEG 2000.

    Raises
    ------
    PixelDataError
        The caller requests to discard more resolution levels than there are.

    """
    levels = _levels(description, header)
    if not levels:
        return description
    if header is None:
        message = f"'reduce': found {levels}, expected 0: only JPEG 2000 and HTJ2K have resolution levels"
        raise PixelDataError(message)
    image = description.image.reduced(header, levels)
    return description._replace(image=image, frame_shape=tuple(image.frame_shape), reduce=levels)


def check_reduced_size(description: ImageDescription, stored: Image, header: Codestream, index: int) -> None:
    """Check that frame number `index`, with this header, has the size of the first one at the lower resolution."""
    found = tuple(stored.reduced(header, description.reduce).frame_shape)
    if found != description.frame_shape:
        message = (
            f"{PIXEL_DATA.label}, frame {index}: at the lower resolution found shape {found}, expected "
            f"{description.frame_shape} as in the first frame"
        )
        raise PixelDataError(message, element=PIXEL_DATA.label, frame=index)


def _levels(description: ImageDescription, header: Codestream | None) -> int:
    """Return the number of resolution levels to discard."""
    reduce, image = description.options.reduce, description.image
    if isinstance(reduce, int):
        return reduce
    if header is None or description.decide_color(header).components is Components.PALETTE:
        # Indices of a palette have no mean.
        return 0
    rows, columns = reduce
    images = (image.reduced(header, levels) for levels in range(1, header.discardable_levels + 1))
    return sum(smaller.rows >= rows and smaller.columns >= columns for smaller in images)
