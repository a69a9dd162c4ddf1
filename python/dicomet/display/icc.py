"""ICC profiles (PS3.3 C.11.15): conversion of device colors to sRGB with Pillow's LittleCMS."""

import io
from typing import Any

import numpy as np

from dicomet._parsing.tags import ICC_PROFILE
from dicomet._utils.extras import needs
from dicomet.errors import PixelDataError


def srgb_transform(profile: bytes) -> Any:
    """Return Pillow's transform from `profile` to sRGB, with the profile's default rendering intent.

    Raises
    ------
    PixelDataError
        The profile cannot be used.
    ModuleNotFoundError
        Pillow is not installed.

    """
    try:
        from PIL import ImageCms  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(needs("icc_profile=True", "Pillow", "convert")) from error
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        intent = ImageCms.Intent(ImageCms.getDefaultIntent(source))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(source, target, inMode="RGB", outMode="RGB", renderingIntent=intent)
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise PixelDataError(
            f"{ICC_PROFILE.label}: found a profile that cannot be used: {error}", element=ICC_PROFILE.label
        ) from error


def to_srgb(frames: np.ndarray, transform: Any) -> None:
    """Convert uint8 RGB frames to sRGB in place."""
    from PIL import Image, ImageCms  # noqa: PLC0415 - an extra

    for frame in frames.reshape(-1, *frames.shape[-3:]):
        image = Image.fromarray(frame)
        ImageCms.applyTransform(image, transform, inPlace=True)
        frame[...] = np.asarray(image)
