"""A PyTorch `Dataset` of DICOM files.

>>> from dicomet.torch import DicomDataset
>>> images = DicomDataset("train", dtype=np.float32, transform=Resize((224, 224)))
>>> for batch, labels in DataLoader(images, batch_size=32, shuffle=True, num_workers=4):
...     ...
"""

import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np

from dicomet._utils.arrays import COLOR, GRAY, with_channels
from dicomet._utils.extras import needs

try:
    import torch
    from torch.utils.data import Dataset, get_worker_info
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs("dicomet.torch", "PyTorch", "torch"), name=error.name) from error

import dicomet
from dicomet._decoding.frame_reader import FrameSelection
from dicomet._decoding.options import OPTION_NAMES, argument_names
from dicomet.display.values import VALUES, Values
from dicomet.errors import PixelDataError, short_repr, with_filename
from dicomet.loaders.folders import find_class_files, find_files, has_folders
from dicomet.loaders.loading import READERS, check_one_of
from dicomet.loaders.reader_options import ReaderOptions, check_reader_options

PathLike = str | os.PathLike[str]
Targets = Literal["inferred"] | Sequence[Any] | Mapping[PathLike, Any] | Callable[[Path], Any] | None

# PS3.3 C.7.6.3.1.1: 1 or 3 samples per pixel, or 4 in retired color spaces.
MAX_SAMPLES = 4


class DicomFileError(PixelDataError):
    """A file of a data set cannot be decoded. It is a `PixelDataError` whose message begins with the path."""

    def __init__(self, message: str, **place: Any) -> None:
        """Keep the whole message, which is a traceback of many lines when a `DataLoader` reraises a worker's error."""
        super().__init__(message, **place)
        self.args = (message,)


class DicomDataset(Dataset[Any]):
    """Images of DICOM files as tensors of shape ``(channels, rows, columns)``, with or without targets.

    A sample is a pair of image and target, or the image alone if there are no targets. The tensor shares the memory of
    the decoded array and has its dtype. A color image is a view with the channel axis moved to the front, which a
    `DataLoader` makes contiguous when it collates the batch. PyTorch can collate and convert ``torch.uint16``,
    ``uint32`` and ``uint64``, but supports little arithmetic on them: pass ``dtype=numpy.float32`` for display or
    modality values, or convert in `transform`.

    In a worker process of a `DataLoader`, one thread decodes each image, because the processes share the cores. Without
    worker processes, large images are decoded on all cores. The data set can be pickled if its transforms can, so that
    it works with both forked and spawned processes.

    Parameters
    ----------
    source : path or iterable of paths
        A folder, for all DICOM files in it (`dicomet.loaders.folders.find_files`); or the files.
    targets : optional
        ``"inferred"``: each subfolder of a folder is a class, and its index is the target, as in torchvision's
        `ImageFolder`; a folder without subfolders, and a list of files, have no targets. None: no targets, for all
        files in the folder and its subfolders. A sequence: one target per file, for a folder in the order of
        `find_files`. A mapping from path to target. A function from `pathlib.Path` to target, which the constructor
        calls for each file.
    values : {"display", "stored", "modality"}
        Values of the images: those of `dicomet.to_display`, `dicomet.pixel_array` or `dicomet.modality_values`.
    channels : int
        1 or 3: the number of channels of every image, so that gray and color images fit into one batch. Gray values are
        repeated; colors become their luma (Rec. ITU-R BT.601). 0: the channels of each file.
    frames : {"all", "middle", "each"} or int
        ``"all"``: each file is one sample, of shape ``(channels, frames, rows, columns)`` if it has several frames.
        ``"each"``: each frame is one sample. ``"middle"``: the middle frame of every file, ``n // 2`` of ``n``. A
        number: that frame of every file, counted from 0; negative numbers count from the end. For ``"each"`` and
        ``"middle"``, the constructor reads the header of every file to count its frames.
    transform : callable, optional
        Function from the image tensor to the image of the sample.
    target_transform : callable, optional
        Function from the target to the target of the sample.
    **options
        Options of the function for `values`, such as ``window=(40, 400)``, ``dtype=numpy.float32``, ``workers=2``.

    Attributes
    ----------
    classes : list of str
        Names of the class folders, sorted. Empty if there are no classes.
    class_to_idx : dict
        Target of each class name.
    samples : list of tuple
        Path and target of each sample. The target is None if there are no targets.
    targets : list or None
        Target of each sample.
    frame_indices : list
        Frame index of each sample, or None for all frames of the file.

    Raises
    ------
    DicomFileError
        On indexing, and with ``frames="each"`` or ``"middle"`` also from the constructor: a file contradicts the
        standard or itself. The error is a `dicomet.PixelDataError` that names the file.
    OSError
        The folder or a file cannot be read; or there is no file, or a class without files (`FileNotFoundError`).
    ValueError
        The number of targets is not the number of files, or an argument has an invalid value.
    KeyError
        The mapping has no target for a file.
    TypeError
        An option does not exist, or belongs to the function for other `values`. The message says so, or names the
        nearest option.

    """

    def __init__(  # noqa: PLR0913 - the source, and how to read it
        self,
        source: PathLike | Iterable[PathLike],
        *,
        targets: Targets = "inferred",
        values: Values = "display",
        channels: Literal[0, 1, 3] = 0,
        frames: Literal["each"] | FrameSelection = "all",
        transform: Callable[[torch.Tensor], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        **options: Unpack[ReaderOptions],
    ) -> None:
        """Find the files. Reads a file only if its frames must be counted."""
        self._read = READERS[check_one_of("values", values, VALUES)]
        check_reader_options("DicomDataset", options, values, argument_names(DicomDataset) - OPTION_NAMES)
        self._values = values
        self._channels = check_one_of("channels", channels, (0, GRAY, COLOR))
        self._options: dict[str, Any] = {**options}
        self._decoding_options = {name: value for name, value in self._options.items() if name in OPTION_NAMES}
        self.transform = transform
        self.target_transform = target_transform
        self.classes, paths, found = _find(source, targets)
        self.class_to_idx = {name: index for index, name in enumerate(self.classes)}
        which = _checked_frames(frames)
        numbers = [self._numbers(path, which) for path in paths]
        every = [None] * len(paths) if found is None else found
        self.samples = [
            (str(path), target)
            for path, target, of_file in zip(paths, every, numbers, strict=True)
            for _ in of_file
        ]  # fmt: skip
        self.frame_indices = [number for of_file in numbers for number in of_file]
        self.targets = None if found is None else [target for _, target in self.samples]

    def __repr__(self) -> str:
        """Show the number of samples, files and classes, but no names or paths, which may identify patients."""
        files = len({path for path, _ in self.samples})
        classes = f", {len(self.classes)} classes" if self.classes else ""
        return f"<dicomet.torch.DicomDataset, {len(self)} samples of {files} files{classes}, values={self._values!r}>"

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def __getitem__(self, index: int) -> Any:
        """Return the image, or the pair of image and target if there are targets."""
        path, target = self.samples[index]
        image: Any = self._image(path, self.frame_indices[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.targets is None:
            return image
        return image, target if self.target_transform is None else self.target_transform(target)

    def _image(self, path: str, frame: int | None) -> torch.Tensor:
        with as_dicom_file_error(path):
            array = self._read(path, index=frame, **{"workers": workers_of_loader(), **self._options})
            has_samples = self._has_samples(array.shape, path, frame)
            if self._channels:
                array = with_channels(array if has_samples else array[..., np.newaxis], self._channels, 0)
                has_samples = True
        tensor = torch.from_numpy(array)
        return tensor.movedim(-1, 0) if has_samples else tensor.unsqueeze(0)

    def _has_samples(self, shape: tuple[int, ...], path: str, frame: int | None) -> bool:
        """Return whether `shape` ends with samples per pixel: three axes may also be ``(frames, rows, columns)``."""
        if len(shape) != 3:  # noqa: PLR2004 - rows and columns; or frames, rows, columns and samples
            return len(shape) == 4  # noqa: PLR2004
        if frame is not None:
            return True
        # A frame may also have at most 4 columns; then the number of frames decides.
        return shape[-1] <= MAX_SAMPLES and self._count(path) == 1

    def _count(self, path: PathLike) -> int:
        with dicomet.open(path, **self._decoding_options) as image:
            return len(image)

    def _numbers(self, path: Path, frames: str | int) -> list[int] | list[None]:
        """Return the frame index of each sample of a file, or a single None for all frames as one sample."""
        if frames == "all":
            return [None]
        if not isinstance(frames, str):
            return [frames]
        with as_dicom_file_error(path):
            count = self._count(path)
        return list(range(count)) if frames == "each" else [count // 2]


def workers_of_loader() -> int | None:
    """Return 1 in a worker process of a `DataLoader`, which shares the cores, and otherwise None, for all cores."""
    return None if get_worker_info() is None else 1


@contextmanager
def as_dicom_file_error(path: PathLike) -> Iterator[None]:
    """Convert a `PixelDataError` into a `DicomFileError` that names the file."""
    try:
        with with_filename(path):
            yield
    except DicomFileError:
        raise
    except PixelDataError as error:
        place = {key: getattr(error, key) for key in ("element", "frame", "segment", "offset", "filename")}
        raise DicomFileError(error.reason, **place) from error


def _checked_frames(frames: str | int) -> str | int:
    if isinstance(frames, str):
        if frames in {"all", "middle", "each"}:
            return frames
        raise ValueError(f"'frames': found {short_repr(frames)}, expected 'all', 'middle', 'each', or a number")
    return operator.index(frames)


def _find(source: PathLike | Iterable[PathLike], targets: Targets) -> tuple[list[str], list[Path], list[Any] | None]:
    """Return the class names, the files, and their targets, which are None if there are none."""
    if isinstance(targets, str):
        if targets != "inferred":
            raise ValueError(f"'targets': found {short_repr(targets)}, expected 'inferred', or the targets")
        if isinstance(source, str | os.PathLike) and has_folders(source):
            return find_class_files(source)
        targets = None
    paths = find_files(source) if isinstance(source, str | os.PathLike) else [Path(path) for path in source]
    if not paths:
        where = source if isinstance(source, str | os.PathLike) else "the list of files"
        raise FileNotFoundError(f"{where}: found no DICOM file")
    return [], paths, _targets(paths, targets)


def _targets(paths: list[Path], targets: Sequence[Any] | Mapping[PathLike, Any] | Callable[[Path], Any] | None) -> Any:
    if targets is None:
        return None
    if isinstance(targets, Mapping):
        by_path = {Path(path): target for path, target in targets.items()}
        missing = [path for path in paths if path not in by_path]
        if missing:
            raise KeyError(
                f"'targets': found none for {missing[0]}, and in all for {len(missing)} of {len(paths)} files"
            )
        return [by_path[path] for path in paths]
    if callable(targets):
        return [targets(path) for path in paths]
    if len(targets) != len(paths):
        raise ValueError(f"'targets': found {len(targets)}, expected one for each of {len(paths)} files")
    return list(targets)
