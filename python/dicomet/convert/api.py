"""The public function `convert_file`."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from dicomet._decoding.frame_reader import FrameSelection
from dicomet._decoding.options import checks_arguments
from dicomet._utils import atomic
from dicomet._utils.interpolation import Interpolation
from dicomet._utils.same_file import file_id, file_of
from dicomet.convert.formats import DEFAULT_FRAME_TIME, Format, FrameSequence, WriteOptions, format_of
from dicomet.convert.frames import FrameSource
from dicomet.convert.options import Channels, Options, ProfileUse, Size, sidecar_keywords
from dicomet.convert.sidecar import sidecar_content, sidecar_path
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
    icc_profile: ProfileUse = "keep",
    square: bool = False,
    frame_rate: float | None = None,
    sidecar: bool | Sequence[str] = False,
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
        .gif, .webp or .apng (animations of 8 bits, of which Pillow holds all frames in memory; GIF has 256 colors),
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
        The quality of JPEG and WebP, 1 to 100; WebP of 100 is lossless.
    icc_profile : {"keep", "apply", "drop"}
        The ICC profile of colors: keep it in the file (not in GIF, NPY and NPZ); convert display values of uint8 to
        sRGB, which needs Pillow; or neither.
    square : bool
        Resize to square pixels, by Pixel Spacing or Pixel Aspect Ratio (PS3.3 10.7.1, C.7.6.3.1.7): the side with the
        larger spacing grows. `size` as one number is then that of the result's shorter side.
    frame_rate : float, optional
        Frames per second of an animation. By default that of the file (Recommended Display Frame Rate, Cine Rate or
        Frame Time, PS3.3 C.7.6.5), or else 10.
    sidecar : bool or sequence of str
        Write ``NAME.json`` beside the results: their names, frames, size and pixel spacing, and the elements of
        `dicomet.info.ELEMENTS`, none of which identifies a patient. A sequence of keywords (PS3.6) adds elements,
        whatever they identify. Elements in functional groups are those of the first frame.
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
        icc_profile=icc_profile,
        square=square,
        frame_rate=frame_rate,
        sidecar=sidecar_keywords(sidecar),
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
    beside = None if options.sidecar is None else sidecar_path(out)
    is_beside = beside is None or beside.is_file()
    if options.skip_existing and out.is_file() and is_beside:
        return Converted(name, "existing", (str(out),))
    source = FrameSource(src, options)
    paths = output_names(out, form, source.count, source.numbers)
    _keep(src, [*paths.values(), *([beside] if beside is not None else [])])
    missing = {number: path for number, path in paths.items() if not (options.skip_existing and path.is_file())}
    if not missing and is_beside:
        return Converted(name, "existing", tuple(map(str, paths.values())))
    form.check_installed()
    out.parent.mkdir(parents=True, exist_ok=True)
    to_file = WriteOptions(options.quality, source.icc_profile, _frame_time(form, source, options))
    with atomic.write_group() as files:
        for path, frames in _contents(source, form, missing):
            form.check_frame(frames.first)
            files.write(path, partial(write, frames, to_file))
        if beside is not None:
            written = tuple(dict.fromkeys(paths.values()))
            files.write(beside, sidecar_content(source, options.values, written))
    return Converted(name, "converted", files.paths, len(missing))


def _frame_time(form: Format, source: FrameSource, options: Options) -> float:
    """Return the time for which a frame of an animation is shown, in ms."""
    if not form.is_animated:
        return DEFAULT_FRAME_TIME
    return source.elements.frame_time() if options.frame_rate is None else 1000 / options.frame_rate


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
    if not missing:
        return
    frames = source.read(list(missing))
    if form.multiframe:
        path = next(iter(missing.values()))
        yield path, FrameSequence(next(frames), frames, len(missing), stacked=len(missing) > 1)
        return
    for path, frame in zip(missing.values(), frames, strict=True):
        yield path, FrameSequence(frame, iter(()), 1, stacked=False)


def _keep(src: "Readable | Dataset", paths: Iterable[Path]) -> None:
    file = file_of(src)
    for path in dict.fromkeys(paths) if file is not None else ():
        if file_id(path) == file:
            raise ValueError(f"out: {str(path)!r} would replace the source")


def output_names(out: Path, form: Format, count: int, numbers: range) -> dict[int, Path]:
    """Return the file of each frame: `out`, or a numbered file where the format holds one frame and there are more."""
    if form.multiframe or len(numbers) == 1:
        return dict.fromkeys(numbers, out)
    digits = max(DIGITS, len(str(count)))
    return {number: out.with_name(f"{out.stem}_{number + 1:0{digits}}{out.suffix}") for number in numbers}
