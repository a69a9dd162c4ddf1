"""A PyTorch `Dataset` of DICOM files.

>>> from dicomet.torch import DicomDataset
>>> images = DicomDataset("train", size=(224, 224), channels=3, dtype=np.float32, on_error="skip")
>>> for batch, labels in DataLoader(images, batch_size=32, shuffle=True, num_workers=4):
...     ...
"""

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np

from dicomet._utils.arrays import COLOR, GRAY, with_channels
from dicomet._utils.extras import needs
from dicomet._utils.interpolation import INTERPOLATIONS, Interpolation

try:
    import torch
    from torch.utils.data import Dataset, default_collate, get_worker_info
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs("dicomet.torch", "PyTorch", "torch"), name=error.name) from error

import dicomet
from dicomet._decoding.frame_reader import FrameSelection
from dicomet._decoding.options import OPTION_NAMES, argument_names
from dicomet.display.values import VALUES, Values
from dicomet.errors import PixelDataError, short_repr, with_filename
from dicomet.loaders.bad_files import BadFiles, OnError, makes_bad_file
from dicomet.loaders.checking import usable_files
from dicomet.loaders.loading import READERS, check_one_of
from dicomet.loaders.reader_options import ReaderOptions, check_reader_options
from dicomet.loaders.resizing import Resizing
from dicomet.loaders.targets import PathLike, Targets, find_samples

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

    A bad file, which dicomet or the system cannot read, need not end the training (`on_error`). With ``"skip"``, and
    with a function that returns None, a `DataLoader` leaves its samples out of their batches, which are smaller. The
    rest is as without it: ``len()`` of this data set and of the `DataLoader`, the order, and each target with its file;
    so that all processes of a distributed training have equally many batches. A batch of which nothing would be left
    has the next good sample instead. An index returns None for a sample that is left out, and iteration passes over
    it. A data set that wraps this one and calls it by index, such as `ConcatDataset`, needs
    ``collate_fn=dicomet.torch.collate_good``. To have the exact length and full batches, leave bad files out from the
    start (`checked`).

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
        repeated; colors become their luma (Rec. ITU-R BT.601). 0: the channels of each file. Without a `transform`,
        repeated channels share their memory until they are in a batch: ``clone()`` an image before you write to it.
    frames : {"all", "middle", "each"} or int
        ``"all"``: each file is one sample, of shape ``(channels, frames, rows, columns)`` if it has several frames.
        ``"each"``: each frame is one sample. ``"middle"``: the middle frame of every file, ``n // 2`` of ``n``. A
        number: that frame of every file, counted from 0; negative numbers count from the end. For ``"each"`` and
        ``"middle"``, the constructor reads the header of every file to count its frames.
    size : (int, int) or int, optional
        Resize every image, antialiased and before it gets its `channels`: to these rows and columns, or the shorter
        side to this length and the other in proportion. Values are uint8, uint16 or int16, and rounded, or float32,
        as modality values are by default. JPEG 2000 is decoded at the lowest resolution of at least ``(rows,
        columns)``.
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos"}
        The filter of `size`, by Pillow's name.
    on_error : {"raise", "skip"} or callable
        What to do with a file that cannot be read or decoded. ``"raise"``: raise the error. ``"skip"``: warn, once for
        each file, and leave its samples out of the batches (see above). A function of the path and the error: it
        returns an image, as a tensor or array of the shape of the others before `transform`, which takes the place of
        the image; or None, to leave the sample out; or it raises. Errors of the transforms are always raised.
    checked : path, optional
        The list that ``dicomet check`` has written for this folder. The files that are bad by it, with the caller's
        targets for them, are left out before anything else, so that they are not in `samples`.
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
        Frame index of each sample, or None for all frames of the file. A file whose frames cannot be counted is one
        sample, unless `on_error` is ``"raise"``.
    bad_files : sequence of (path, reason)
        The bad files that all processes have met so far. ``str()`` of it is a report with a line for each reason,
        which is also written to standard error when the data set is deleted, or the process ends.

    Raises
    ------
    DicomFileError
        On indexing, and with ``frames="each"`` or ``"middle"`` also from the constructor: a file contradicts the
        standard or itself. The error is a `dicomet.PixelDataError` that names the file.
    OSError
        The folder or a file cannot be read; or there is no file, or a class without files, or no file but bad ones
        (`FileNotFoundError`).
    ValueError
        The number of targets is not the number of files, or an argument has an invalid value; or values of another
        dtype than those above are to be resized; or no file is in the list `checked`.
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
        size: int | tuple[int, int] | None = None,
        interpolation: Interpolation = "bilinear",
        on_error: OnError = "raise",
        checked: PathLike | None = None,
        transform: Callable[[torch.Tensor], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        **options: Unpack[ReaderOptions],
    ) -> None:
        """Find the files. Reads a file only if its frames must be counted."""
        self._read = READERS[check_one_of("values", values, VALUES)]
        check_reader_options("DicomDataset", options, values, argument_names(DicomDataset) - OPTION_NAMES)
        self._values = values
        self._channels = check_one_of("channels", channels, (0, GRAY, COLOR))
        self._resize = Resizing(size, check_one_of("interpolation", interpolation, INTERPOLATIONS))
        # Interpolated values have fractions.
        of_size = {"dtype": np.float32} if self._resize and values == "modality" else {}
        self._options: dict[str, Any] = {**self._resize.options, **of_size, **options}
        self._decoding_options = {name: value for name, value in self._options.items() if name in OPTION_NAMES}
        self.transform = transform
        self.target_transform = target_transform
        self.classes, paths, found = find_samples(source, targets)
        usable = usable_files(paths, checked)
        paths, found = [paths[file] for file in usable], None if found is None else [found[file] for file in usable]
        self.bad_files = BadFiles(on_error, len(paths))
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
        """Return the image, or the pair of image and target if there are targets; None for a sample to leave out."""
        path, target = self.samples[index]
        image: Any = self.bad_files.read(path, partial(self._image, self.frame_indices[index]))
        if image is None:
            return None
        image = torch.as_tensor(image)
        if self.transform is not None:
            image = self.transform(image)
        if self.targets is None:
            return image
        return image, target if self.target_transform is None else self.target_transform(target)

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Return the samples of a batch without those that are left out, for a `DataLoader`."""
        samples = [self[index] for index in indices]
        if not self.bad_files.are_skipped:
            return samples
        good = [sample for sample in samples if sample is not None]
        return good or [self._next_good(indices[-1])]

    def __iter__(self) -> Iterator[Any]:
        """Yield the samples in order, without those that are left out."""
        for index in range(len(self)):
            sample = self[index]
            if sample is not None or not self.bad_files.are_skipped:
                yield sample

    def _next_good(self, index: int) -> Any:
        """Return the next sample after `index` that is not left out; after the last one, the first one follows."""
        for step in range(1, len(self)):
            sample = self[(index + step) % len(self)]
            if sample is not None:
                return sample
        raise self.bad_files.no_good_file()

    def _image(self, frame: int | None, path: str) -> torch.Tensor:
        with as_dicom_file_error(path):
            array = self._read(path, index=frame, **{"workers": workers_of_loader(), **self._options})
            has_samples = self._has_samples(array.shape, path, frame)
            if self._channels or self._resize:
                array = self._resize(array if has_samples else array[..., np.newaxis])
                array = array if array.shape[-1] == GRAY else with_channels(array, self._channels, 0)
                has_samples = True
        tensor = torch.from_numpy(array)
        tensor = tensor.movedim(-1, 0) if has_samples else tensor.unsqueeze(0)
        if self._channels != COLOR or len(tensor) != GRAY:
            return tensor
        # A batch copies the repeated plane directly, which saves a fifth of the time of a small image. A transform may
        # write to its image.
        repeated = tensor.expand(COLOR, *tensor.shape[1:])
        return repeated if self.transform is None else repeated.contiguous()

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
        try:
            with as_dicom_file_error(path):
                count = self._count(path)
        except Exception as error:
            if not (self.bad_files.are_skipped and makes_bad_file(error)):
                raise
            # Indexing meets the error again, and handles it.
            count = 1
        return list(range(count)) if frames == "each" else [count // 2]


def collate_good(samples: Sequence[Any]) -> Any:
    """Collate a batch without the samples that are None, for a `DataLoader` of a data set that wraps a `DicomDataset`.

    >>> DataLoader(ConcatDataset([first, second]), batch_size=32, collate_fn=dicomet.torch.collate_good)

    Returns
    -------
    The result of ``torch.utils.data.default_collate``; None if nothing is left.

    """
    good = [sample for sample in samples if sample is not None]
    return default_collate(good) if good else None


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
