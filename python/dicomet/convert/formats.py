"""The output formats: one row of `FORMATS` for each. Imports only light modules, for the command line."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from dicomet._utils.extras import install_command

if TYPE_CHECKING:
    import numpy as np

NPZ_NAME = "image"
MAX_QUALITY = 100
DEFAULT_FRAME_TIME = 100.0
COLOR_NDIM = 3
# A classic TIFF has 32-bit offsets; the remainder leaves room for everything but the pixels.
MAX_CLASSIC_TIFF_BYTES = 2**32 - 2**25


@dataclass(frozen=True, slots=True)
class FrameSequence:
    """Frames of one shape and dtype, read lazily."""

    first: "np.ndarray"
    rest: "Iterator[np.ndarray]"
    count: int
    stacked: bool
    """Whether the frames have an axis of their own."""

    def __iter__(self) -> "Iterator[np.ndarray]":
        """Yield all frames."""
        yield self.first
        yield from self.rest

    @property
    def nbytes(self) -> int:
        """Bytes of all frames."""
        return self.first.nbytes * self.count


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What a writer needs besides the frames.

    `quality`: of lossy formats, 1 to 100. `icc_profile`: that of RGB values. `frame_time`: of animations, in ms.
    """

    quality: int = 90
    icc_profile: bytes | None = None
    frame_time: float = DEFAULT_FRAME_TIME


Writer = Callable[[FrameSequence, WriteOptions, BinaryIO], None]
"""Writes frames to an open file: all frames, or the first if the format holds one."""


class Library(NamedTuple):
    """A library that a format needs. The extra ``convert`` installs it."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Format:
    """An output format.

    Attributes
    ----------
    name : str
        The name in messages and on the command line, in lowercase.
    suffixes : tuple of str
        The suffixes of its files; outputs of `dicomet convert` get the first.
    dtypes : tuple of str, or None
        The dtypes that it holds, None for all.
    multiframe : bool
        Whether one file holds several frames. Otherwise each of several frames gets a file of its own.
    library : Library or None
        The library that writes it.
    write : Writer or None
        The function that writes a file; None if the file is the video stream of the source as it is (`video.py`).
    max_side : int or None
        The limit of rows and of columns, None if there is none below that of DICOM.
    is_animated : bool
        Whether several frames are shown one after the other, each for some time.

    """

    name: str
    suffixes: tuple[str, ...]
    dtypes: tuple[str, ...] | None
    multiframe: bool
    library: Library | None
    write: Writer | None
    max_side: int | None = None
    is_animated: bool = False

    def check_installed(self) -> None:
        """Check, before anything is decoded, that the library of the format is installed.

        Raises
        ------
        ImportError
            The library is not installed.

        """
        if self.library is not None and find_spec(self.library.module) is None:
            what = f"{self.name.upper()} files are written by {self.library.name}, which is not installed"
            raise ImportError(f"{what}: {install_command('convert')}")

    def check_dtype(self, dtype: str) -> None:
        """Refuse a dtype that the format cannot hold.

        Raises
        ------
        ValueError
            The format cannot hold it; the message names those that can.

        """
        if not self.has_dtype(dtype):
            others = _names(form for form in FORMATS if form.has_dtype(dtype))
            raise ValueError(
                f"{self.name.upper()} cannot hold {dtype}, only {' and '.join(self.dtypes or ())}: {others}"
            )

    def check_modality_values(self) -> None:
        """Refuse a format for integers without a sign.

        Raises
        ------
        ValueError
            The format cannot hold every modality value; the message names those that can.

        """
        if self.dtypes is not None:
            others = _names(form for form in FORMATS if form.dtypes is None)
            values = "modality values, which may be negative or no whole numbers"
            raise ValueError(f"{self.name.upper()} cannot hold {values}: {others}")

    def check_frame(self, frame: "np.ndarray") -> None:
        """Refuse a frame that the format cannot hold.

        Raises
        ------
        ValueError
            The frame has another dtype, or too many rows or columns; the message names the formats that can hold it.

        """
        self.check_dtype(frame.dtype.name)
        rows, columns = frame.shape[:2]
        if not self.has_sides(rows, columns):
            others = _names(form for form in FORMATS if form.has_sides(rows, columns))
            limit = f"at most {self.max_side} of each"
            raise ValueError(
                f"{self.name.upper()} cannot hold {rows} rows and {columns} columns, only {limit}: {others}"
            )

    def has_dtype(self, dtype: str) -> bool:
        """Return whether the format holds `dtype`."""
        return self.dtypes is None or dtype in self.dtypes

    def has_sides(self, rows: int, columns: int) -> bool:
        """Return whether the format holds frames of this size."""
        return self.write is not None and (self.max_side is None or max(rows, columns) <= self.max_side)


def _names(formats: Iterator[Format]) -> str:
    *first, last = [form.name.upper() for form in formats]
    return f"{', '.join(first)} and {last} can"


def format_of(path: str) -> Format:
    """Return the format of a file, by its suffix.

    Raises
    ------
    ValueError
        No format has the suffix.

    """
    found = BY_SUFFIX.get(Path(path).suffix.lower())
    if found is None:
        raise ValueError(f"out: found {path!r}, expected a name that ends in {', '.join(BY_SUFFIX)}")
    return found


def _write_png(frames: FrameSequence, options: WriteOptions, file: BinaryIO) -> None:
    from dicomet._utils import png  # noqa: PLC0415 - imports NumPy

    file.write(png.encode(frames.first, options.icc_profile))


def _write_jpg(frames: FrameSequence, options: WriteOptions, file: BinaryIO) -> None:
    from PIL import Image  # noqa: PLC0415 - an extra

    Image.fromarray(frames.first).save(file, "jpeg", quality=options.quality, icc_profile=options.icc_profile)


def _write_tiff(frames: FrameSequence, options: WriteOptions, file: BinaryIO) -> None:
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
                iccprofile=options.icc_profile,
            )


def _write_gif(frames: FrameSequence, options: WriteOptions, file: BinaryIO) -> None:
    # A palette has no profile.
    _write_animation(frames, options, file, "gif")


def _write_webp(frames: FrameSequence, options: WriteOptions, file: BinaryIO) -> None:
    is_lossless = options.quality == MAX_QUALITY
    _write_animation(
        frames, options, file, "webp", quality=options.quality, lossless=is_lossless, icc_profile=options.icc_profile
    )


def _write_apng(frames: FrameSequence, options: WriteOptions, file: BinaryIO) -> None:
    _write_animation(frames, options, file, "png", icc_profile=options.icc_profile)


def _write_animation(
    frames: FrameSequence, options: WriteOptions, file: BinaryIO, name: str, **settings: object
) -> None:
    """Write an endless loop by Pillow, which needs all frames at once."""
    from PIL import Image  # noqa: PLC0415 - an extra

    first, *rest = map(Image.fromarray, frames)
    first.save(file, name, save_all=True, append_images=rest, duration=round(options.frame_time), loop=0, **settings)


def _write_npy(frames: FrameSequence, _options: WriteOptions, file: BinaryIO) -> None:
    import numpy as np  # noqa: PLC0415 - slow to import

    axes = (frames.count,) if frames.stacked else ()
    header = {
        "shape": axes + frames.first.shape,
        "descr": np.lib.format.dtype_to_descr(frames.first.dtype),
        "fortran_order": False,
    }
    np.lib.format.write_array_header_1_0(file, header)
    file.writelines(np.ascontiguousarray(frame).data.cast("B") for frame in frames)


def _write_npz(frames: FrameSequence, options: WriteOptions, file: BinaryIO) -> None:
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{NPZ_NAME}.npy", "w", force_zip64=True) as member,
    ):
        _write_npy(frames, options, member)  # type: ignore[arg-type]


PILLOW, TIFFFILE = Library("PIL", "Pillow"), Library("tifffile", "tifffile")
# The first suffix stands for that of the stream, which only the source determines.
VIDEO = Format(
    "video",
    (".video", ".mp4", ".mpg", ".mpeg", ".m2v", ".ts", ".m2ts", ".h264", ".hevc"),
    dtypes=(),
    multiframe=True,
    library=None,
    write=None,
)


def _animation(name: str, write: Writer, max_side: int | None) -> Format:
    return Format(
        name,
        (f".{name}",),
        ("uint8",),
        multiframe=True,
        library=PILLOW,
        write=write,
        max_side=max_side,
        is_animated=True,
    )


# 65500: libjpeg's limit, less than the 65535 of the format.
FORMATS = (
    Format("png", (".png",), ("uint8", "uint16"), multiframe=False, library=None, write=_write_png),
    Format("jpg", (".jpg", ".jpeg"), ("uint8",), multiframe=False, library=PILLOW, write=_write_jpg, max_side=65500),
    Format("tiff", (".tiff", ".tif"), None, multiframe=True, library=TIFFFILE, write=_write_tiff),
    Format("npy", (".npy",), None, multiframe=True, library=None, write=_write_npy),
    Format("npz", (".npz",), None, multiframe=True, library=None, write=_write_npz),
    _animation("gif", _write_gif, max_side=65535),
    _animation("webp", _write_webp, max_side=16383),
    _animation("apng", _write_apng, max_side=None),
    VIDEO,
)
"""All output formats. The first is the default of `dicomet convert`."""
BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}
CHOICES = tuple(suffix for form in FORMATS for suffix in (form.suffixes if form.write else form.suffixes[:1]))
"""The suffixes that select a format without the name of a file."""
FILE_SUFFIXES = frozenset({*BY_SUFFIX, ".bmp", ".dcm", ".jp2", ".nii", ".nrrd"})
"""Suffixes of images, written by dicomet or not: an output that ends in one is meant as a file, not as a folder."""
