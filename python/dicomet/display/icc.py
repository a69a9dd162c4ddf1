"""ICC profiles (PS3.3 C.11.15): conversion of device colors to sRGB with Pillow's LittleCMS."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomet._parsing.tags import ICC_PROFILE, OPTICAL_PATH_SEQUENCE
from dicomet._utils.extras import needs
from dicomet.display.elements import items
from dicomet.errors import PixelDataError, short_repr

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PROFILE_TAGS = (ICC_PROFILE, OPTICAL_PATH_SEQUENCE)
# ISO 15076-1 7.2: the header, with the size of the profile, its color space, and a signature.
_HEADER, _RGB, _SIGNATURE = 128, b"RGB ", b"acsp"


def profile_of(dataset: "Dataset") -> bytes | None:
    """Return the ICC Profile of an image, or of its first optical path (PS3.3 C.11.15, C.8.12.5).

    Raises
    ------
    PixelDataError
        Its value is not of bytes.

    """
    paths = items(dataset, OPTICAL_PATH_SEQUENCE)
    profile = dataset.get("ICCProfile", None) or (paths[0].get("ICCProfile", None) if paths else None)
    if profile and not isinstance(profile, bytes):
        name = ICC_PROFILE.label
        raise PixelDataError(f"{name}: found {short_repr(profile)}, expected bytes", element=name)
    return profile or None


def checked_profile(profile: bytes) -> bytes:
    """Return a profile of RGB values without the bytes that follow it.

    Raises
    ------
    PixelDataError
        Its header is not that of a profile of RGB values.

    """
    size = int.from_bytes(profile[:4], "big")
    if not _HEADER <= size <= len(profile) or profile[16:20] != _RGB or profile[36:40] != _SIGNATURE:
        found = f"{len(profile)} bytes that begin with {profile[:4].hex(' ')}"
        raise PixelDataError(
            f"{ICC_PROFILE.label}: found {found}, expected a profile of RGB values", element=ICC_PROFILE.label
        )
    return profile[:size]


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
