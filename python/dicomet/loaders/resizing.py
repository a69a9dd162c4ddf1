"""Loading of images in one size for batches, without a framework. Resizing antialiases, as in Pillow."""

import operator
from dataclasses import dataclass

import numpy as np

from dicomet._utils.arrays import COLOR, COLOR_AND_ALPHA, OPAQUE, resize_image
from dicomet._utils.interpolation import Interpolation
from dicomet.loaders.loading import FrameLoader


@dataclass(frozen=True)
class ImageLoader:
    """Reads one image per file as float32 from 0 to 255, resized to a fixed size. Picklable.

    Attributes
    ----------
    load : FrameLoader
        Loader of the images, with 1 or 3 channels.
    channels : int
        1, 3 or 4. The fourth channel is an opaque alpha.
    size : (int, int)
        Rows and columns of the result.
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos"}
        Filter, by Pillow's name.
    pad : bool
        Keep the aspect ratio, and fill the rest with 0.
    channels_first : bool
        Return shape ``(channels, rows, columns)`` instead of ``(rows, columns, channels)``.

    """

    load: FrameLoader
    channels: int
    size: tuple[int, int]
    interpolation: Interpolation
    pad: bool
    channels_first: bool

    def __call__(self, path: str) -> np.ndarray:
        """Return the image of `path`.

        Raises
        ------
        PixelDataError, OSError
            As `FrameLoader` does.

        """
        image = self.load(path)
        rows, columns = fit_inside(image.shape, self.size) if self.pad else self.size
        part = resize_image(image, (rows, columns), self.interpolation)
        top, left = (self.size[0] - rows) // 2, (self.size[1] - columns) // 2
        result = np.zeros((*self.size, self.channels), np.float32)
        place = result[top : top + rows, left : left + columns]
        place[..., :COLOR] = part
        if self.channels == COLOR_AND_ALPHA:
            place[..., COLOR] = OPAQUE
        return np.ascontiguousarray(result.transpose(2, 0, 1)) if self.channels_first else result


def fit_inside(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size within `size` with the aspect ratio of `shape`, and at least one row and one column."""
    ratio = max(shape[0] / size[0], shape[1] / size[1])
    return max(1, int(shape[0] / ratio)), max(1, int(shape[1] / ratio))


def check_size(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return the rows and columns that `size` stands for.

    Raises
    ------
    ValueError
        `size` is neither a positive integer nor a pair of positive integers.

    """
    given = size if isinstance(size, tuple | list) else (size, size)
    found = tuple(operator.index(number) for number in given)
    if len(found) != 2 or min(found) < 1:  # noqa: PLR2004 - rows and columns
        raise ValueError(f"'image_size': found {size!r}, expected (rows, columns), or a number for both")
    return found


def check_aspect(*, crop: bool, pad: bool) -> bool:
    """Check that not both `crop` and `pad` are true, and return `pad`.

    Raises
    ------
    ValueError
        Both are true: a cropped image already has the requested aspect ratio.

    """
    if crop and pad:
        raise ValueError("'crop_to_aspect_ratio', 'pad_to_aspect_ratio': found both, expected at most one of them")
    return pad
