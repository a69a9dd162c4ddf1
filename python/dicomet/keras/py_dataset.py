"""`DicomPyDataset`: batches of the DICOM files of class folders, for any backend of Keras."""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal

import keras
import numpy as np

from dicomet._decoding.options import checks_arguments
from dicomet._utils.arrays import COLOR
from dicomet._utils.interpolation import INTERPOLATIONS, Interpolation
from dicomet.display.values import Values
from dicomet.display.voi_selection import WindowArguments
from dicomet.keras.data_format import is_channels_first
from dicomet.loaders.bad_files import BadFiles, OnError
from dicomet.loaders.class_folder import SUBSETS, LabelMode, Labels, list_class_folder, resolve_seed, select
from dicomet.loaders.keras_arguments import ColorMode, DataFormat, ImageArguments, OneFrame
from dicomet.loaders.loading import check_one_of
from dicomet.loaders.resizing import ImageLoader

if TYPE_CHECKING:
    from dicomet.display.voi_selection import WindowSpec


class DicomPyDataset(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of the DICOM files of class folders, for any backend of Keras, without TensorFlow.

    The arguments, the files, their labels and the split are those of `image_dataset_from_directory`. Two things differ.
    Images are resized with antialiasing, and display values rounded to integers, as by Pillow and
    ``keras.utils.load_img`` (and so by `ImageDataGenerator.flow_from_directory`). All files are shuffled before each
    epoch, instead of within a buffer.

    Parameters
    ----------
    directory, labels, label_mode, class_names, color_mode, image_size, follow_links, crop_to_aspect_ratio
        As for `image_dataset_from_directory`.
    pad_to_aspect_ratio, data_format, verbose, values, frames, checked, window, default, percentiles
        As for `image_dataset_from_directory`. Display values are rounded to integers.
    on_error : {"raise", "skip"} or callable
        As for `image_dataset_from_directory`, but a file that is left out makes its batch smaller, so that the number
        of batches stays; a batch of which nothing would be left has the next good file instead. A function returns an
        array of the shape of one image of the batch.
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
        The files, in the order of the current epoch, with those that are left out of their batches.
    bad_files : sequence of (path, reason)
        As that of `dicomet.torch.DicomDataset`: the bad files that all threads and processes have met so far.

    Raises
    ------
    ValueError, FileNotFoundError
        As for `image_dataset_from_directory`; also from `__getitem__` if all files are left out.
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
        values: Values = "display",
        frames: OneFrame = "middle",
        on_error: OnError = "raise",
        checked: str | os.PathLike[str] | None = None,
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
        image = ImageArguments(
            values,
            color_mode,
            image_size,
            check_one_of("interpolation", interpolation, INTERPOLATIONS),
            crop_to_aspect_ratio,
            pad_to_aspect_ratio,
            frames,
            WindowArguments(window, default, percentiles),
        )
        files = list_class_folder(
            directory, labels, label_mode, class_names, follow_links=follow_links, verbose=verbose, checked=checked
        )
        (part,) = select(files, self._seed if shuffle else None, validation_split, subset, verbose=verbose)
        self.class_names, self.file_paths = part.class_names, part.paths
        self.bad_files = BadFiles(on_error, len(part))
        self._labels = part.encoded_labels(label_mode)
        self._load = ImageLoader(
            load=image.loader(min(image.channels, COLOR)),
            channels=image.channels,
            size=image.size,
            interpolation=interpolation,
            pad=pad_to_aspect_ratio,
            channels_first=is_channels_first(data_format),
        )

    def __repr__(self) -> str:
        """Show the number of batches, files and classes, but no names or paths, which may identify patients."""
        classes = f", {len(self.class_names)} classes" if self.class_names else ""
        return f"<dicomet.keras.DicomPyDataset, {len(self)} batches of {len(self.file_paths)} files{classes}>"

    def __len__(self) -> int:
        """Return the number of batches."""
        return math.ceil(len(self.file_paths) / self.batch_size)

    def __getitem__(self, index: int) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Return a batch: the images as float32, display values from 0 to 255, with their labels if there are any."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        first, count = index * self.batch_size, len(self.file_paths)
        good = list(self._good(range(first, min(first + self.batch_size, count))))
        if not good:
            # After the last file, the first one follows.
            others = chain(range(first + self.batch_size, count), range(first))
            good = list(islice(self._good(others), 1))
        if not good:
            raise self.bad_files.no_good_file()
        images = np.stack([image for _, image in good])
        return images if self._labels is None else (images, self._labels[[number for number, _ in good]])

    def _good(self, numbers: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the files `numbers` with their images, without those that are left out."""
        for number in numbers:
            image = self.bad_files.read(self.file_paths[number], self._load)
            if image is not None:
                yield number, np.asarray(image, np.float32)

    def on_epoch_end(self) -> None:
        """Shuffle the files for the next epoch."""
        if not self.shuffle:
            return
        self._epoch += 1
        order = np.random.default_rng([self._seed, self._epoch]).permutation(len(self.file_paths))
        self.file_paths = [self.file_paths[number] for number in order]
        self._labels = None if self._labels is None else self._labels[order]
