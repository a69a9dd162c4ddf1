"""The public function `convert_file`."""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from dicomet._decoding.frame_reader import FrameSelection
from dicomet._decoding.options import checks_arguments
from dicomet._utils import atomic
from dicomet._utils.interpolation import Interpolation
from dicomet._utils.same_file import file_id, file_of
from dicomet.convert.formats import Format, FrameSequence, format_of
from dicomet.convert.frames import FrameSource
from dicomet.convert.options import Channels, Options, Size
from dicomet.convert.video import Video
from dicomet.display.overlay_planes import OverlayNames
from dicomet.display.values import Values
from dicomet.display.voi_selection import WindowOver, WindowSpec
from dicomet.errors import with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

# Zero-padded, so that the files of up to 9999 frames sort by name.
DIGITS = 4

Status = Literal["converted", "existing", "skipped", "failed"]


class Converted(NamedTuple):
    """The outcome of converting one file.

    Attributes
    ----------
    source : str
        The name of the source.
    status : str
        ``"converted"``, or ``"existing"`` if all outputs already existed. `dicomet convert` adds ``"skipped"``, if the
        source is not a DICOM file or has no image, and ``"failed"``.
    outputs : tuple of str
        The files that were written, or already existed.
    frames : int
        The number of frames written; of a video, Number of Frames.
    reason : str
        Why the source was skipped or failed. `dicomet convert` also puts the warnings of a converted file here.

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
    window_over: WindowOver = "frame",
    overlays: OverlayNames = False,
    dtype: str | None = None,
    size: Size | None = None,
    interpolation: Interpolation = "bilinear",
    frames: FrameSelection = "all",
    channels: Channels = 0,
    values: Values = "display",
    raw: bool = False,
    quality: int = 90,
    skip_existing: bool = False,
    workers: int | None = None,
) -> Converted:
    """Convert one DICOM file to image files, or to an array on disk.

    >>> dicomet.convert_file("ct.dcm", "ct.png", window=(40, 400))
    >>> dicomet.convert_file("us.dcm", "us.png")                       # us_0001.png, us_0002.png, ...
    >>> dicomet.convert_file("mr.dcm", "mr.png", values="stored")
    >>> dicomet.convert_file("ct.dcm", "ct.npy", values="modality")    # Hounsfield units

    The result depends on the arguments alone and a call can be repeated, in any process, so that an executor or a
    cluster can run it as it is.

    Parameters
    ----------
    src : path, binary file object, bytes-like or pydicom.dataset.Dataset
        As for `dicomet.pixel_array`.
    out : str or os.PathLike
        The output file. Its suffix selects the format: .png, .jpg, .tiff, .npy, .npz (which names the array ``image``),
        or .video, which writes the stream of a video object as it is; the suffix of the stream (.mp4, .mpg, .ts, ...)
        then replaces .video, and you can also name it. No option that changes pixels applies to it. Several frames
        become the pages of one TIFF file or the first axis of one array; PNG and JPEG get one file for each frame,
        ``NAME_0001.png`` for the first. Missing folders are created, and existing files are replaced. All files of one
        call appear at once, when the last one is complete.
    window, window_over, overlays : optional
        As for `dicomet.to_display`; `window_over` also without `window`, if a file has none.
    dtype : str, optional
        For display values, ``"uint8"`` (the default), ``"uint16"`` (not in JPEG) or ``"float32"`` from 0 to 1 (in TIFF,
        NPY and NPZ). For modality values, any dtype that `dicomet.modality_values` takes; the default is the one it
        chooses, the same for all frames.
    size : int or (int, int), optional
        One number: the length of the shorter side; the other side keeps the proportions, as in torchvision. Two
        numbers: rows and columns, regardless of the proportions, as in torchvision and Keras (Pillow's order is width,
        height). Antialiased.
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos"}
        The filter of the resize, by Pillow's names. Use ``"nearest"`` for label images.
    frames : {"all", "middle"} or int
        The frames to convert: all, the middle one (``frames // 2``), or one by its index, counted from 0; negative
        numbers count from the end.
    channels : {0, 1, 3}
        The channels of the output: 0 for those of the file, 1 for gray, 3 for RGB. Gray values are repeated; colors
        become their luma (Rec. ITU-R BT.601), as in Pillow.
    values : {"display", "stored", "modality"}
        The values to write. ``"display"``: display values. ``"stored"``: the stored values with all their bits, as
        `dicomet.pixel_array` returns them; signed, float and 32-bit values need TIFF, NPY or NPZ. ``"modality"``: the
        result of `dicomet.modality_values`, such as Hounsfield units, in TIFF, NPY and NPZ only.
    raw : bool
        As for `dicomet.pixel_array`, for stored values only: write the components as they are coded, without
        conversion to RGB.
    quality : int
        The JPEG quality, 1 to 100.
    skip_existing : bool
        Write only the files that do not exist. A file exists only once it is complete, so that this resumes an
        interrupted run. Files that an earlier run wrote with other options stay as they are.
    workers : int, optional
        As for `dicomet.pixel_array`.

    Returns
    -------
    Converted
        ``(source, status, outputs, frames, reason)``.

    Raises
    ------
    ValueError
        An option or a combination of options is invalid, the format cannot hold the values, or an output would replace
        `src`.
    FrameIndexError
        There is no frame of that number. A `PixelDataError` that is also an `IndexError`.
    TypeError
        There is no argument of that name; the message suggests the nearest one.
    PixelDataError, OSError
        As `dicomet.pixel_array` does; no file is written then.
    ImportError
        Pillow, which JPEG needs, or tifffile, which TIFF needs, is not installed; both come with the extra ``convert``.

    """
    options = Options(
        window=window,
        window_over=window_over,
        overlays=overlays,
        dtype=dtype,
        size=size,
        interpolation=interpolation,
        frames=frames,
        channels=channels,
        values=values,
        raw=raw,
        quality=quality,
        skip_existing=skip_existing,
        workers=workers,
    )
    with with_filename(src):
        return convert(src, Path(out), options)


def convert(src: "Readable | Dataset", out: Path, options: Options) -> Converted:
    """Convert one file, as `convert_file` does, with checked options."""
    form = format_of(str(out))
    options.check_format(form)
    name = str(src) if isinstance(src, str | os.PathLike) else type(src).__name__
    _keep(src, [out])
    write = form.write
    if write is None:
        return _convert_video(src, name, out, skip_existing=options.skip_existing)
    if options.skip_existing and out.is_file():
        return Converted(name, "existing", (str(out),))
    source = FrameSource(src, options)
    places = output_names(out, form, source.count, source.numbers)
    _keep(src, places.values())
    missing = {number: path for number, path in places.items() if not (options.skip_existing and path.is_file())}
    if not missing:
        return Converted(name, "existing", tuple(map(str, places.values())))
    form.check_installed()
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic.write_group() as files:
        for path, frames in _contents(source, form, missing):
            form.check_frame(frames.first)
            files.write(path, partial(write, frames, options.quality))
    return Converted(name, "converted", files.paths, len(missing))


def _convert_video(src: "Readable | Dataset", name: str, out: Path, *, skip_existing: bool) -> Converted:
    """Write the video stream of a source."""
    if skip_existing and out.is_file():
        return Converted(name, "existing", (str(out),))
    video = Video(src)
    path = video.path(out)
    _keep(src, [path])
    if skip_existing and path.is_file():
        return Converted(name, "existing", (str(path),))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.write_group() as files:
        files.write(path, video.write)
    return Converted(name, "converted", files.paths, video.frames)


def _contents(source: FrameSource, form: Format, missing: Mapping[int, Path]) -> Iterator[tuple[Path, FrameSequence]]:
    """Yield each file and its frames."""
    frames = source.read(list(missing))
    if form.multiframe:
        path = next(iter(missing.values()))
        yield path, FrameSequence(next(frames), frames, len(missing), stacked=len(missing) > 1)
        return
    for path, frame in zip(missing.values(), frames, strict=True):
        yield path, FrameSequence(frame, iter(()), 1, stacked=False)


def _keep(src: "Readable | Dataset", places: Iterable[Path]) -> None:
    file = file_of(src)
    for path in dict.fromkeys(places) if file is not None else ():
        if file_id(path) == file:
            raise ValueError(f"out: {str(path)!r} would replace the source")


def output_names(out: Path, form: Format, count: int, numbers: range) -> dict[int, Path]:
    """Return the file of each frame: `out`, or a numbered file where the format holds one frame and there are more."""
    if form.multiframe or len(numbers) == 1:
        return dict.fromkeys(numbers, out)
    digits = max(DIGITS, len(str(count)))
    return {number: out.with_name(f"{out.stem}_{number + 1:0{digits}}{out.suffix}") for number in numbers}
