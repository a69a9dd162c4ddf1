"""Class folders of DICOM files for Keras, as a `tf.data.Dataset` or as a `keras.utils.PyDataset` for any backend.

>>> import dicomet.keras
>>> batches = dicomet.keras.image_dataset_from_directory("train", image_size=(224, 224))
>>> batches = dicomet.keras.DicomPyDataset("train", image_size=(224, 224), workers=4)
>>> model.fit(batches)
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dicomet._utils.arrays import COLOR, COLOR_AND_ALPHA, GRAY
from dicomet._utils.extras import needs
from dicomet._utils.interpolation import INTERPOLATIONS, Interpolation

try:
    import keras
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs("dicomet.keras", "Keras", "keras"), name=error.name) from error

from dicomet._decoding.options import checks_arguments
from dicomet._parsing.decode_options import reduce_for
from dicomet.display.voi_selection import WindowArguments
from dicomet.loaders.class_folder import (
    SUBSETS,
    ClassFolder,
    LabelMode,
    Labels,
    Subset,
    list_class_folder,
    resolve_seed,
    select,
)
from dicomet.loaders.loading import FrameLoader, check_one_of
from dicomet.loaders.resizing import ImageLoader, check_aspect, check_size

if TYPE_CHECKING:
    import tensorflow as tf

    from dicomet.display.voi_selection import WindowSpec

__all__ = ["DicomPyDataset", "image_dataset_from_directory"]

ColorMode = Literal["grayscale", "rgb", "rgba"]
DataFormat = Literal["channels_last", "channels_first"]
FrameSelection = int | Literal["middle"]

_CHANNELS = {"grayscale": GRAY, "rgb": COLOR, "rgba": COLOR_AND_ALPHA}
_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
# Keras' sizes of the shuffle buffer: in batches, or in images if the data set is not batched.
_SHUFFLED_BATCHES, _SHUFFLED_IMAGES = 8, 1024


@checks_arguments
def image_dataset_from_directory(  # noqa: PLR0913, PLR0917 - the signature is Keras'
    directory: str | os.PathLike[str],
    labels: Labels = "inferred",
    label_mode: LabelMode = "int",
    class_names: Sequence[str] | None = None,
    color_mode: ColorMode = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,  # noqa: FBT001, FBT002 - Keras' signature, here and below
    seed: int | None = None,
    validation_split: float | None = None,
    subset: Subset = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,  # noqa: FBT001, FBT002
    crop_to_aspect_ratio: bool = False,  # noqa: FBT001, FBT002
    pad_to_aspect_ratio: bool = False,  # noqa: FBT001, FBT002
    data_format: DataFormat | None = None,
    format: Literal["tf"] = "tf",  # noqa: A002
    verbose: bool = True,  # noqa: FBT001, FBT002
    *,
    frames: FrameSelection = "middle",
    window: "WindowSpec" = None,
    default: "WindowSpec" = None,
    percentiles: tuple[float, float] = (1.0, 99.0),
) -> Any:
    """Return the `tf.data.Dataset` of ``keras.utils.image_dataset_from_directory``, directly from DICOM files.

    Images, labels, their order, the split and the attributes are the same as those of Keras' function for a folder of
    8-bit PNG files with the display values of the same images (`dicomet.to_display`). A file counts as DICOM by its
    suffix (``.dcm``, ``.dicom``) or by its contents (PS3.10 7.1). Needs TensorFlow, with any backend of Keras.

    Parameters
    ----------
    directory, labels, label_mode, class_names, color_mode, batch_size, image_size, shuffle, seed, validation_split
        As for Keras' function.
    subset, interpolation, follow_links, crop_to_aspect_ratio, pad_to_aspect_ratio, data_format, verbose
        As for Keras' function. Images are resized with ``tf.image.resize``, as there; JPEG 2000 is decoded at the
        lowest resolution of at least `image_size`, unless the interpolation is ``"nearest"``.
    format : {"tf"}
        Only ``"tf"``. `DicomPyDataset` replaces ``"grain"``.
    frames : {"middle"} or int
        The frame of each file: the middle one of ``n``, ``n // 2``, or one by its index, counted from 0; negative
        numbers count from the end.
    window, default, percentiles
        As for `dicomet.to_display`, for example ``window=(40, 400)`` for soft tissue in CT.

    Returns
    -------
    tf.data.Dataset
        Data set of ``images`` or ``(images, labels)``, with the attributes ``class_names`` and ``file_paths``. Images
        are float32 from 0 to 255 of shape ``(batch, rows, columns, channels)``. Labels are int32 of shape ``(batch,)``,
        for binary float32 of ``(batch, 1)``, for categorical float32 of ``(batch, classes)``. For ``subset="both"``, a
        list of two data sets.

    Raises
    ------
    ValueError
        An argument is invalid.
    FileNotFoundError
        The folder has no DICOM file.
    tf.errors.InvalidArgumentError
        On iteration: a file is malformed. The message names the file and the problem.

    """
    import dicomet.tf  # noqa: F401, PLC0415 - reports a missing TensorFlow before the files are listed

    check_one_of("format", format, ("tf",))
    seed = resolve_seed(seed, needed=shuffle and validation_split is not None)
    files = list_class_folder(directory, labels, label_mode, class_names, follow_links=follow_links, verbose=verbose)
    parts = select(files, seed if shuffle else None, validation_split, subset, verbose=verbose)
    size = check_size(image_size)
    dataset = _TfDataset(
        load=FrameLoader(
            channels=_channels(color_mode),
            frames=_one_frame(frames),
            windows=WindowArguments(window, default, percentiles),
            aspect=size if crop_to_aspect_ratio else None,
            reduce=reduce_for(size, interpolation),
        ),
        size=size,
        interpolation=check_one_of("interpolation", interpolation.lower(), _INTERPOLATIONS),
        pad=check_aspect(crop=crop_to_aspect_ratio, pad=pad_to_aspect_ratio),
        channels_first=_is_channels_first(data_format),
        label_mode=label_mode,
        batch_size=batch_size,
    )
    # Of two subsets, only the one for training is shuffled again in each epoch, as in Keras.
    datasets = [dataset(part, seed if shuffle and number == 0 else None) for number, part in enumerate(parts)]
    return datasets if subset == "both" else datasets[0]


@dataclass(frozen=True)
class _TfDataset:
    """Builds a `tf.data.Dataset` from files, with the same steps as Keras, in the same order."""

    load: FrameLoader
    size: tuple[int, int]
    interpolation: str
    pad: bool
    channels_first: bool
    label_mode: LabelMode
    batch_size: int | None

    def __call__(self, files: ClassFolder, seed: int | None) -> "tf.data.Dataset":
        """Return the images of `files`, shuffled if there is a `seed`, and their labels."""
        import tensorflow as tf  # noqa: PLC0415 - `DicomPyDataset` does not need it

        labels = files.encoded_labels(self.label_mode)
        elements = (files.paths,) if labels is None else (files.paths, labels)
        dataset = tf.data.Dataset.from_tensor_slices(elements)
        if seed is not None:
            at_once = _SHUFFLED_IMAGES if self.batch_size is None else self.batch_size * _SHUFFLED_BATCHES
            dataset = dataset.shuffle(at_once, seed=seed)
        dataset = dataset.map(self._images if labels is None else self._labelled, num_parallel_calls=tf.data.AUTOTUNE)
        if self.batch_size is not None:
            dataset = dataset.batch(self.batch_size)
        dataset = dataset.prefetch(tf.data.AUTOTUNE)
        dataset.class_names = files.class_names
        dataset.file_paths = files.paths
        return dataset

    def _images(self, path: "tf.Tensor") -> "tf.Tensor":
        """Return the image of a file as float32, resized to `size`."""
        import tensorflow as tf  # noqa: PLC0415 - as above

        from dicomet.tf import image_tensor  # noqa: PLC0415 - as above

        resize = tf.image.resize_with_pad if self.pad else tf.image.resize
        size = self.size if self.pad else (self.size,)
        image = resize(image_tensor(self.load, path, tf.uint8), *size, method=self.interpolation)
        return tf.transpose(image, (2, 0, 1)) if self.channels_first else image

    def _labelled(self, path: "tf.Tensor", label: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
        return self._images(path), label


class DicomPyDataset(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of the DICOM files of class folders, for any backend of Keras, without TensorFlow.

    The arguments, the files, their labels and the split are those of `image_dataset_from_directory`. Two things differ.
    Images are resized with antialiasing and rounded to integers, as by Pillow and ``keras.utils.load_img`` (and so by
    `ImageDataGenerator.flow_from_directory`). All files are shuffled before each epoch, instead of within a buffer.

    Parameters
    ----------
    directory, labels, label_mode, class_names, color_mode, image_size, follow_links, crop_to_aspect_ratio
        As for `image_dataset_from_directory`.
    pad_to_aspect_ratio, data_format, verbose, frames, window, default, percentiles
        As for `image_dataset_from_directory`.
    batch_size : int
        Number of images per batch. The last batch may have fewer.
    shuffle, seed
        Shuffle the files, and again after each epoch. With a number as `seed`, the orders are reproducible.
    validation_split, subset
        As for `image_dataset_from_directory`, but without ``"both"``: create one object for each subset.
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos"}
        As for ``keras.utils.load_img``.
    workers, use_multiprocessing, max_queue_size
        As for ``keras.utils.PyDataset``. Threads can use all cores, because files are decoded without the GIL.

    Attributes
    ----------
    class_names : list of str, or None
        Class names, in the order of their labels.
    file_paths : list of str
        The files, in the order of the current epoch.

    Raises
    ------
    ValueError, FileNotFoundError
        As for `image_dataset_from_directory`.
    PixelDataError
        From `__getitem__`: a file is malformed. The message names the file.

    """

    @checks_arguments
    def __init__(  # noqa: PLR0913, PLR0917 - the signature is Keras'
        self,
        directory: str | os.PathLike[str],
        labels: Labels = "inferred",
        label_mode: LabelMode = "int",
        class_names: Sequence[str] | None = None,
        color_mode: ColorMode = "rgb",
        batch_size: int = 32,
        image_size: int | tuple[int, int] = (256, 256),
        shuffle: bool = True,  # noqa: FBT001, FBT002 - Keras' signature, here and below
        seed: int | None = None,
        validation_split: float | None = None,
        subset: Literal["training", "validation"] | None = None,
        interpolation: Interpolation = "bilinear",
        follow_links: bool = False,  # noqa: FBT001, FBT002
        crop_to_aspect_ratio: bool = False,  # noqa: FBT001, FBT002
        pad_to_aspect_ratio: bool = False,  # noqa: FBT001, FBT002
        data_format: DataFormat | None = None,
        verbose: bool = True,  # noqa: FBT001, FBT002
        *,
        frames: FrameSelection = "middle",
        window: "WindowSpec" = None,
        default: "WindowSpec" = None,
        percentiles: tuple[float, float] = (1.0, 99.0),
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ) -> None:
        """List the files. Decodes none yet."""
        super().__init__(workers=workers, use_multiprocessing=use_multiprocessing, max_queue_size=max_queue_size)
        check_one_of("subset", subset, (None, *SUBSETS))
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"'batch_size': found {batch_size!r}, expected 1 or more")
        self.batch_size, self.shuffle = batch_size, shuffle
        self._seed, self._epoch = resolve_seed(seed, needed=shuffle and validation_split is not None), 0
        files = list_class_folder(
            directory, labels, label_mode, class_names, follow_links=follow_links, verbose=verbose
        )
        (part,) = select(files, self._seed if shuffle else None, validation_split, subset, verbose=verbose)
        self.class_names, self.file_paths = part.class_names, part.paths
        self._labels = part.encoded_labels(label_mode)
        size, channels = check_size(image_size), _channels(color_mode)
        self._load = ImageLoader(
            load=FrameLoader(
                channels=min(channels, COLOR),
                frames=_one_frame(frames),
                windows=WindowArguments(window, default, percentiles),
                aspect=size if crop_to_aspect_ratio else None,
                reduce=reduce_for(size, interpolation),
            ),
            channels=channels,
            size=size,
            interpolation=check_one_of("interpolation", interpolation, INTERPOLATIONS),
            pad=check_aspect(crop=crop_to_aspect_ratio, pad=pad_to_aspect_ratio),
            channels_first=_is_channels_first(data_format),
        )

    def __repr__(self) -> str:
        """Show the number of batches, files and classes, but no names or paths, which may identify patients."""
        classes = f", {len(self.class_names)} classes" if self.class_names else ""
        return f"<dicomet.keras.DicomPyDataset, {len(self)} batches of {len(self.file_paths)} files{classes}>"

    def __len__(self) -> int:
        """Return the number of batches."""
        return math.ceil(len(self.file_paths) / self.batch_size)

    def __getitem__(self, index: int) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Return a batch: the images as float32 from 0 to 255, with their labels if there are any."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        images = np.stack([self._load(path) for path in self.file_paths[part]])
        return images if self._labels is None else (images, self._labels[part])

    def on_epoch_end(self) -> None:
        """Shuffle the files for the next epoch."""
        if not self.shuffle:
            return
        self._epoch += 1
        order = np.random.default_rng([self._seed, self._epoch]).permutation(len(self.file_paths))
        self.file_paths = [self.file_paths[number] for number in order]
        self._labels = None if self._labels is None else self._labels[order]


def _channels(color_mode: str) -> int:
    """Return the number of channels of a color mode."""
    return _CHANNELS[check_one_of("color_mode", color_mode, tuple(_CHANNELS))]


def _one_frame(frames: FrameSelection) -> FrameSelection:
    """Return `frames`, if it selects one frame per file: all images of a batch have the same shape."""
    if frames != "middle" and not isinstance(frames, int):
        raise TypeError(f"'frames': found {frames!r}, expected 'middle' or a number")
    return frames


def _is_channels_first(data_format: str | None) -> bool:
    """Tell whether the channels come first. Without `data_format`, Keras' configuration decides."""
    found = keras.config.image_data_format() if data_format is None else data_format
    return check_one_of("data_format", found, ("channels_last", "channels_first")) == "channels_first"
