"""Writing frames as PNG, JPEG, TIFF, NPY and NPZ."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import BinaryIO

import numpy as np

from dicomet._utils import png
from dicomet._utils.extras import install_command
from dicomet.convert.options import Options, check_dtype

NPZ_NAME = "image"
COLOR_NDIM = 3
# libjpeg's limit, less than the 65535 of the format.
MAX_JPEG_SIDE = 65500
# A classic TIFF has 32-bit offsets; the remainder leaves room for everything but the pixels.
MAX_CLASSIC_TIFF_BYTES = 2**32 - 2**25
NEEDS = {"jpg": ("PIL", "JPEG files are written by Pillow"), "tiff": ("tifffile", "TIFF files are written by tifffile")}


@dataclass(frozen=True, slots=True)
class FrameSequence:
    """Frames of one shape and dtype, read lazily."""

    first: np.ndarray
    rest: Iterator[np.ndarray]
    count: int
    stacked: bool
    """Whether the frames have an axis of their own."""

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield all frames."""
        yield self.first
        yield from self.rest

    @property
    def nbytes(self) -> int:
        """Bytes of all frames."""
        return self.first.nbytes * self.count


def check_installed(kind: str) -> None:
    """Check, before anything is decoded, that the library of a format is installed.

    Raises
    ------
    ImportError
        The format needs a library that is not installed.

    """
    module, what = NEEDS.get(kind, ("", ""))
    if module and find_spec(module) is None:
        raise ImportError(f"{what}, which is not installed: {install_command('convert')}")


def image_encoder(kind: str, options: Options) -> Callable[[np.ndarray, BinaryIO], object]:
    """Return the function that writes one frame to a file, for formats that hold one frame."""
    return _write_png if kind == "png" else partial(_write_jpg, quality=options.quality)


def write_all(frames: FrameSequence, file: BinaryIO, kind: str) -> None:
    """Write all frames to one file, for formats that hold several."""
    {"tiff": _write_tiff, "npy": _write_npy, "npz": _write_npz}[kind](frames, file)


def _write_png(frame: np.ndarray, file: BinaryIO) -> None:
    check_dtype("png", frame.dtype.name)
    file.write(png.encode(frame))


def _write_jpg(frame: np.ndarray, file: BinaryIO, *, quality: int) -> None:
    check_dtype("jpg", frame.dtype.name)
    if max(frame.shape[:2]) > MAX_JPEG_SIDE:
        rows, columns = frame.shape[:2]
        holds = f"at most {MAX_JPEG_SIDE} of each: PNG, TIFF, NPY and NPZ can"
        raise ValueError(f"JPG cannot hold {rows} rows and {columns} columns, only {holds}")
    from PIL import Image  # noqa: PLC0415 - an extra

    Image.fromarray(frame).save(file, "jpeg", quality=quality)


def _write_tiff(frames: FrameSequence, file: BinaryIO) -> None:
    import tifffile  # noqa: PLC0415 - an extra

    photometric, planes = ("rgb", "contig") if frames.first.ndim == COLOR_NDIM else ("minisblack", None)
    with tifffile.TiffWriter(file, bigtiff=frames.nbytes > MAX_CLASSIC_TIFF_BYTES) as writer:
        for frame in frames:
            writer.write(
                frame,
                photometric=photometric,
                planarconfig=planes,
                metadata=None,
                contiguous=False,
                software="dicomet",
            )


def _write_npy(frames: FrameSequence, file: BinaryIO) -> None:
    axes = (frames.count,) if frames.stacked else ()
    header = {
        "shape": axes + frames.first.shape,
        "descr": np.lib.format.dtype_to_descr(frames.first.dtype),
        "fortran_order": False,
    }
    np.lib.format.write_array_header_1_0(file, header)
    file.writelines(np.ascontiguousarray(frame).data.cast("B") for frame in frames)


def _write_npz(frames: FrameSequence, file: BinaryIO) -> None:
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{NPZ_NAME}.npy", "w", force_zip64=True) as member,
    ):
        _write_npy(frames, member)  # type: ignore[arg-type]
