"""The public function `convert_file`."""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from dicomet._decoding.options import checks_arguments
from dicomet._utils import atomic
from dicomet._utils.same_file import file_id, file_of
from dicomet.convert import formats
from dicomet.convert.frames import FrameSource
from dicomet.convert.options import (
    FRAME_BY_FRAME,
    ColorMode,
    Interpolation,
    Options,
    Size,
    format_of,
)
from dicomet.convert.options import FrameSelection as WantedFrames
from dicomet.display.values import Values
from dicomet.display.voi_selection import WindowSpec
from dicomet.errors import with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

# So that the files of up to 9999 frames are in order by name.
DIGITS = 4

Status = Literal["converted", "existing", "skipped", "failed"]


class Converted(NamedTuple):
    """What became of a file.

    Attributes
    ----------
    source : str
        Its name.
    status : str
        ``"converted"``; ``"existing"`` if all outputs were there before. `dicomet convert` has two more: ``"skipped"``,
        if it is no DICOM file or has no image, and ``"failed"``.
    outputs : tuple of str
        The files that have been written, or were there.
    frames : int
        How many frames have been written.
    reason : str
        Why it was skipped, or what failed; of `dicomet convert` also what was odd with a file that was converted.

    """

    source: str
    status: Status
    outputs: tuple[str, ...] = ()
    frames: int = 0
    reason: str = ""


@checks_arguments
def convert_file(  # noqa: PLR0913 - the options of the command
    src: "Readable | Dataset",
    out: str | os.PathLike[str],
    *,
    window: WindowSpec = None,
    dtype: str | None = None,
    size: Size | None = None,
    resample: Interpolation = "bilinear",
    frames: WantedFrames = "all",
    colour: ColorMode = "auto",
    values: Values = "display",
    quality: int = 90,
    skip_existing: bool = False,
    workers: int | None = None,
) -> Converted:
    """Convert one DICOM file into image files, or arrays on disk.

    >>> dicomet.convert_file("ct.dcm", "ct.png", window=(40, 400))
    >>> dicomet.convert_file("us.dcm", "us.png")                       # us_0001.png, us_0002.png, ...
    >>> dicomet.convert_file("mr.dcm", "mr.png", values="stored")
    >>> dicomet.convert_file("ct.dcm", "ct.npy", values="modality")    # Hounsfield units

    It depends on nothing but its arguments and can be called again, and by any process: it can be given to an executor
    or a cluster as it is.

    Parameters
    ----------
    src : path, binary file object, bytes-like or pydicom.dataset.Dataset
        As for `dicomet.pixel_array`.
    out : str or os.PathLike
        The file, whose suffix says the format: .png, .jpg, .tiff, .npy, or .npz (where the array is called ``image``).
        Several frames become pages of one TIFF file, or the first axis of one array; as PNG or JPEG each becomes a file
        of its own, ``NAME_0001.png`` for the first and so on. Folders that are missing are made. A file that is there
        is replaced. All files of one call get their names at once, when the last of them is whole.
    window : optional
        As for `dicomet.to_display`.
    dtype : str, optional
        Of what is displayed: ``"uint8"`` (by default), ``"uint16"``, which is not for JPEG, or ``"float32"``, from 0 to
        1, which is for TIFF, NPY and NPZ. Of modality values any that `dicomet.modality_values` takes, by default what
        it chooses, the same for all frames.
    size : int or (int, int), optional
        One number: of the shorter side, the other in proportion, as in torchvision. Two: rows and columns, whatever the
        proportions, as in torchvision and Keras (Pillow has them the other way round). Antialiased.
    resample : {"bilinear", "nearest", "bicubic", "lanczos"}
        How, by Pillow's names. ``"nearest"`` is for labels.
    frames : {"all", "mid"} or int
        Which: all, the one in the middle, or one by its number from 0, or from -1 backwards.
    colour : {"auto", "grey", "rgb"}
        Grey or RGB, as the file has it or in any case. RGB becomes grey by the weights of ITU-R BT.601, as in Pillow.
    values : {"display", "stored", "modality"}
        What is displayed; or the stored values with all their bits, those of `dicomet.pixel_array`, of which signed,
        float and 32-bit ones are for TIFF, NPY and NPZ; or those of `dicomet.modality_values`, such as Hounsfield
        units, for these formats alone.
    quality : int
        Of JPEG, 1 to 100.
    skip_existing : bool
        Write only what is not there. Because no file is there before it is whole, an interrupted run can go on so; with
        other options, files of before stay as they are.
    workers : int, optional
        As for `dicomet.pixel_array`.

    Returns
    -------
    Converted
        ``(source, status, outputs, frames, reason)``.

    Raises
    ------
    ValueError
        An option, or a combination of options, that cannot be; values that the format cannot hold; or a result that
        would replace `src`.
    FrameIndexError
        There is no frame of that number: a `PixelDataError` that is also an `IndexError`.
    TypeError
        There is no such argument; the message names the nearest one.
    PixelDataError, OSError
        As `dicomet.pixel_array` does; nothing is written then.
    ImportError
        JPEG needs Pillow and TIFF needs tifffile, which come with the extra ``convert``.

    """
    options = Options(window, dtype, size, resample, frames, colour, values, quality, skip_existing, workers)
    with with_filename(src):
        return convert(src, Path(out), options)


def convert(src: "Readable | Dataset", out: Path, options: Options) -> Converted:
    """Do what `convert_file` does."""
    kind = format_of(str(out))
    options.check_format(kind)
    name = str(src) if isinstance(src, str | os.PathLike) else type(src).__name__
    _keep(src, [out])
    if options.skip_existing and out.is_file():
        return Converted(name, "existing", (str(out),))
    source = FrameSource(src, options)
    places = output_names(out, kind, source.count, source.numbers)
    _keep(src, places.values())
    missing = {number: path for number, path in places.items() if not (options.skip_existing and path.is_file())}
    if not missing:
        return Converted(name, "existing", tuple(map(str, places.values())))
    formats.check_installed(kind)
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic.write_group() as files:
        if kind in FRAME_BY_FRAME:
            encode = formats.image_encoder(kind, options)
            for frame, path in zip(source.read(list(missing)), missing.values(), strict=True):
                files.write(path, partial(encode, frame))
        else:
            files.write(out, partial(formats.write_all, _frames(source), kind=kind))
    return Converted(name, "converted", files.paths, len(missing))


def _keep(src: "Readable | Dataset", places: Iterable[Path]) -> None:
    file = file_of(src)
    for path in dict.fromkeys(places) if file is not None else ():
        if file_id(path) == file:
            raise ValueError(f"out: {str(path)!r} would replace the source")


def _frames(source: FrameSource) -> formats.FrameSequence:
    rest = source.read(source.numbers)
    count = len(source.numbers)
    return formats.FrameSequence(next(rest), rest, count, stacked=count > 1)


def output_names(out: Path, kind: str, count: int, numbers: range) -> dict[int, Path]:
    """Return the file of each frame: `out` itself but for formats of one frame where several are wanted."""
    if kind not in FRAME_BY_FRAME or len(numbers) == 1:
        return dict.fromkeys(numbers, out)
    digits = max(DIGITS, len(str(count)))
    return {number: out.with_name(f"{out.stem}_{number + 1:0{digits}}{out.suffix}") for number in numbers}
