"""Loading of images in one size for batches, without a framework. Resizing antialiases, as in Pillow."""

import operator
from dataclasses import dataclass

import numpy as np

from dicomet._parsing.decode_options import Reduce, reduce_for
from dicomet._utils.arrays import COLOR, COLOR_AND_ALPHA, OPAQUE, in_proportion, resize_image
from dicomet._utils.interpolation import Interpolation
from dicomet.loaders.casting import checked_cast
from dicomet.loaders.loading import FrameLoader

# Dimensions of an image with channels.
_IMAGE = 3


@dataclass(frozen=True)
class Resizing:
    """Resizes images, or frames of images. Without a size it returns them as they are. Picklable.

    Attributes
    ----------
    size : (int, int) or int, optional
        Rows and columns; or the length of the shorter side.
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos"}
        Filter, by Pillow's name.

    """

    size: int | tuple[int, int] | None
    interpolation: Interpolation

    def __post_init__(self) -> None:
        """Check the size.

        Raises
        ------
        ValueError
            It is neither a positive integer nor a pair of positive integers.

        """
        if self.size is not None:
            rows, columns = check_size(self.size, "size")
            is_pair = isinstance(self.size, tuple | list)
            object.__setattr__(self, "size", (rows, columns) if is_pair else rows)

    def __bool__(self) -> bool:
        """Return whether there is a size."""
        return self.size is not None

    @property
    def options(self) -> dict[str, Reduce]:
        """The options for decoding. A shorter side needs the full resolution, whose proportions are exact."""
        return {"reduce": reduce_for(self.size, self.interpolation)} if isinstance(self.size, tuple) else {}

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return images of shape ``([frames, ]rows, columns, channels)`` in the same dtype.

        Raises
        ------
        ValueError
            The dtype is not uint8, uint16, int16 or float32.

        """
        if self.size is None:
            return images
        rows, columns = images.shape[-3:-1]
        size = in_proportion(rows, columns, self.size) if isinstance(self.size, int) else self.size
        if images.ndim == _IMAGE:
            return resize_image(images, size, self.interpolation)
        return np.stack([resize_image(image, size, self.interpolation) for image in images])


@dataclass(frozen=True)
class ImageLoader:
    """Reads one image per file as float32, resized to a fixed size. Display values are from 0 to 255. Picklable.

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
        if self.load.dtype is not None:
            image = checked_cast(image, self.load.dtype, f"{path}: ")
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


def check_size(size: int | tuple[int, int], name: str = "image_size") -> tuple[int, int]:
    """Return the rows and columns that `size`, the argument `name`, stands for.

    Raises
    ------
    ValueError
        `size` is neither a positive integer nor a pair of positive integers.

    """
    given = size if isinstance(size, tuple | list) else (size, size)
    found = tuple(operator.index(number) for number in given)
    if len(found) != 2 or min(found) < 1:  # noqa: PLR2004 - rows and columns
        raise ValueError(f"{name!r}: found {size!r}, expected (rows, columns), or a number for both")
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
